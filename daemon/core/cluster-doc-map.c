/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc.h"
#include "xml/ferry-error.h"

static const char *const map_members[] = { "schema",    "drained", "qemu",    "libvirt",
                                           "resources", "kinds",   "devices", NULL };
static const char *const resource_members[] = { "total", "free", "level", "headroom", NULL };
static const char *const kind_members[] = { "class",   "pool",     "type",    "driver",
                                            "version", "firmware", "formats", "ids",
                                            "total",   "free",     NULL };

static void resource_clear(void *data) {
        ClusterResource *resource = data;

        cluster_word_free(resource->name);
        cluster_word_free(resource->headroom);
        g_free(resource->unknown);
}

static void kind_clear(void *data) {
        ClusterKind *kind = data;

        cluster_word_free(kind->class);
        cluster_word_free(kind->pool);
        cluster_word_free(kind->type);
        cluster_word_free(kind->driver);
        cluster_word_free(kind->version);
        cluster_word_free(kind->firmware);
        cluster_word_free(kind->formats);
        cluster_word_free(kind->ids);
        g_free(kind->unknown);
}

static void device_clear(void *data) {
        ClusterDevice *device = data;

        cluster_word_free(device->address);
}

ClusterMap *cluster_map_new(void) {
        ClusterMap *map = g_new0(ClusterMap, 1);

        map->schema = 1;
        map->resources = g_array_new(FALSE, TRUE, sizeof(ClusterResource));
        map->kinds = g_array_new(FALSE, TRUE, sizeof(ClusterKind));
        map->devices = g_array_new(FALSE, TRUE, sizeof(ClusterDevice));
        g_array_set_clear_func(map->resources, resource_clear);
        g_array_set_clear_func(map->kinds, kind_clear);
        g_array_set_clear_func(map->devices, device_clear);
        return map;
}

void cluster_map_free(ClusterMap *map) {
        if (!map)
                return;

        g_array_unref(map->resources);
        g_array_unref(map->kinds);
        g_array_unref(map->devices);
        cluster_word_free(map->qemu);
        cluster_word_free(map->libvirt);
        g_free(map->unknown);
        g_free(map);
}

static bool read_word(JsonObject *object, const char *name, char **ret, GError **error) {
        const char *text;

        if (!cluster_json_text_if_any(object, name, &text, error))
                return false;

        *ret = cluster_word(text);
        return true;
}

static bool read_resource(ClusterMap *map, const char *name, JsonObject *object, GError **error) {
        ClusterResource *resource;

        g_array_set_size(map->resources, map->resources->len + 1);
        resource = &g_array_index(map->resources, ClusterResource, map->resources->len - 1);
        resource->name = cluster_word(name);
        return cluster_json_number(object, "total", &resource->total, error) &&
               cluster_json_number_if_any(object, "free", &resource->free, error) &&
               cluster_json_number_if_any(object, "level", &resource->level, error) &&
               read_word(object, "headroom", &resource->headroom, error) &&
               cluster_json_unknown(object, resource_members, &resource->unknown, error);
}

static bool read_resources(ClusterMap *map, JsonObject *resources, GError **error) {
        JsonObjectIter iter;
        const char *name;

        if (!resources)
                return true;

        json_object_iter_init(&iter, resources);
        while (json_object_iter_next(&iter, &name, NULL)) {
                JsonObject *entry;

                if (!cluster_json_entry(resources, name, &entry, error) ||
                    !read_resource(map, name, entry, error))
                        return false;
        }
        return true;
}

static bool read_kind(ClusterMap *map, JsonObject *object, GError **error) {
        ClusterKind *kind;

        g_array_set_size(map->kinds, map->kinds->len + 1);
        kind = &g_array_index(map->kinds, ClusterKind, map->kinds->len - 1);
        return read_word(object, "class", &kind->class, error) &&
               read_word(object, "pool", &kind->pool, error) &&
               read_word(object, "type", &kind->type, error) &&
               read_word(object, "driver", &kind->driver, error) &&
               read_word(object, "version", &kind->version, error) &&
               read_word(object, "firmware", &kind->firmware, error) &&
               read_word(object, "formats", &kind->formats, error) &&
               read_word(object, "ids", &kind->ids, error) &&
               cluster_json_number_if_any(object, "total", &kind->total, error) &&
               cluster_json_number_if_any(object, "free", &kind->free, error) &&
               cluster_json_unknown(object, kind_members, &kind->unknown, error);
}

static bool refuse(GError **error, const char *what) {
        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, what);
        return false;
}

static bool read_kinds(ClusterMap *map, JsonNode *node, GError **error) {
        JsonArray *kinds;

        if (!node)
                return true;
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return refuse(error, "'kinds' must be an array");

        kinds = json_node_get_array(node);
        if (json_array_get_length(kinds) > CLUSTER_KINDS_MAX)
                return refuse(error, "'kinds' must have up to 1024 members");
        for (guint i = 0; i < json_array_get_length(kinds); i++) {
                JsonNode *kind = json_array_get_element(kinds, i);

                if (!JSON_NODE_HOLDS_OBJECT(kind))
                        return refuse(error, "A member of 'kinds' must be an object");
                if (!read_kind(map, json_node_get_object(kind), error))
                        return false;
        }
        return true;
}

static bool read_devices(ClusterMap *map, JsonObject *devices, GError **error) {
        JsonObjectIter iter;
        const char *address;

        if (!devices)
                return true;

        json_object_iter_init(&iter, devices);
        while (json_object_iter_next(&iter, &address, NULL)) {
                ClusterDevice device = { NULL, 0 };
                int64_t kind;

                if (!cluster_name_is_valid(address))
                        return refuse(error, "A name in 'devices' is not an address");
                if (!cluster_json_number(devices, address, &kind, error))
                        return false;
                if (kind >= map->kinds->len)
                        return refuse(error, "A number in 'devices' is beyond 'kinds'");

                device.address = cluster_word(address);
                device.kind = (unsigned)kind;
                g_array_append_val(map->devices, device);
        }
        return true;
}

ClusterMap *cluster_map_from_json(const char *text, GError **error) {
        g_autoptr(JsonNode) root = cluster_json_parse(text, error);
        g_autoptr(ClusterMap) map = cluster_map_new();
        JsonObject *object, *resources, *devices;

        if (!root)
                return NULL;

        object = json_node_get_object(root);
        if (!cluster_json_number(object, "schema", &map->schema, error) ||
            !cluster_json_number_if_any(object, "drained", &map->drained, error) ||
            !read_word(object, "qemu", &map->qemu, error) ||
            !read_word(object, "libvirt", &map->libvirt, error) ||
            !cluster_json_object_if_any(object, "resources", &resources, error) ||
            !cluster_json_object_if_any(object, "devices", &devices, error) ||
            !read_resources(map, resources, error) ||
            !read_kinds(map, json_object_get_member(object, "kinds"), error) ||
            !read_devices(map, devices, error) ||
            !cluster_json_unknown(object, map_members, &map->unknown, error))
                return NULL;

        return g_steal_pointer(&map);
}

static void add_text(JsonObject *object, const char *name, const char *text) {
        if (text)
                json_object_set_string_member(object, name, text);
}

static JsonObject *kind_to_object(const ClusterKind *kind) {
        JsonObject *object = json_object_new();

        add_text(object, "class", kind->class);
        add_text(object, "pool", kind->pool);
        add_text(object, "type", kind->type);
        add_text(object, "driver", kind->driver);
        add_text(object, "version", kind->version);
        add_text(object, "firmware", kind->firmware);
        add_text(object, "formats", kind->formats);
        add_text(object, "ids", kind->ids);
        json_object_set_int_member(object, "total", kind->total);
        json_object_set_int_member(object, "free", kind->free);
        cluster_json_add_unknown(object, kind->unknown);
        return object;
}

static JsonObject *resource_to_object(const ClusterResource *resource) {
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "total", resource->total);
        json_object_set_int_member(object, "free", resource->free);
        json_object_set_int_member(object, "level", resource->level);
        add_text(object, "headroom", resource->headroom);
        cluster_json_add_unknown(object, resource->unknown);
        return object;
}

char *cluster_map_to_json(const ClusterMap *map) {
        JsonObject *object = json_object_new(), *resources = json_object_new(),
                   *devices = json_object_new();
        JsonArray *kinds = json_array_new();

        json_object_set_int_member(object, "schema", map->schema);
        if (map->drained > 0)
                json_object_set_int_member(object, "drained", map->drained);
        add_text(object, "qemu", map->qemu);
        add_text(object, "libvirt", map->libvirt);
        for (guint i = 0; i < map->resources->len; i++) {
                const ClusterResource *resource = &g_array_index(map->resources, ClusterResource,
                                                                 i);

                json_object_set_object_member(resources, resource->name,
                                              resource_to_object(resource));
        }
        for (guint i = 0; i < map->kinds->len; i++)
                json_array_add_object_element(
                        kinds, kind_to_object(&g_array_index(map->kinds, ClusterKind, i)));
        for (guint i = 0; i < map->devices->len; i++) {
                const ClusterDevice *device = &g_array_index(map->devices, ClusterDevice, i);

                json_object_set_int_member(devices, device->address, device->kind);
        }
        json_object_set_object_member(object, "resources", resources);
        json_object_set_array_member(object, "kinds", kinds);
        json_object_set_object_member(object, "devices", devices);
        cluster_json_add_unknown(object, map->unknown);
        return cluster_json_end(object);
}
