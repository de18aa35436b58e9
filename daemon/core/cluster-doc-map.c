/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc-parts.h"

static const char *const map_members[] = { "schema",    "drained", "qemu",    "libvirt",
                                           "resources", "kinds",   "devices", NULL };
static const char *const resource_members[] = { "total", "free", "level", "headroom", NULL };

static void resource_clear(void *data) {
        ClusterResource *resource = data;

        cluster_word_free(resource->name);
        cluster_word_free(resource->headroom);
        g_free(resource->unknown);
}

static void device_clear(void *data) {
        ClusterDevice *device = data;

        cluster_word_free(device->address);
}

ClusterMap *cluster_map_new(void) {
        ClusterMap *map = g_new0(ClusterMap, 1);

        map->schema = 1;
        map->resources = g_array_new(FALSE, TRUE, sizeof(ClusterResource));
        map->kinds = cluster_kinds_new();
        map->devices = g_array_new(FALSE, TRUE, sizeof(ClusterDevice));
        g_array_set_clear_func(map->resources, resource_clear);
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

static bool read_resource(ClusterMap *map, const char *name, JsonObject *object, GError **error) {
        ClusterResource *resource;

        g_array_set_size(map->resources, map->resources->len + 1);
        resource = &g_array_index(map->resources, ClusterResource, map->resources->len - 1);
        resource->name = cluster_word(name);
        return cluster_json_number(object, "total", &resource->total, error) &&
               cluster_json_number_if_any(object, "free", &resource->free, error) &&
               cluster_json_number_if_any(object, "level", &resource->level, error) &&
               cluster_doc_read_word(object, "headroom", &resource->headroom, error) &&
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
                        return cluster_doc_refuse(error, "A name in 'devices' is not an address");
                if (!cluster_json_number(devices, address, &kind, error))
                        return false;
                if (kind >= map->kinds->len)
                        return cluster_doc_refuse(error, "A number in 'devices' is beyond 'kinds'");

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
            !cluster_doc_read_word(object, "qemu", &map->qemu, error) ||
            !cluster_doc_read_word(object, "libvirt", &map->libvirt, error) ||
            !cluster_json_object_if_any(object, "resources", &resources, error) ||
            !cluster_json_object_if_any(object, "devices", &devices, error) ||
            !read_resources(map, resources, error) ||
            !cluster_kinds_read(map->kinds, json_object_get_member(object, "kinds"), error) ||
            !read_devices(map, devices, error) ||
            !cluster_json_unknown(object, map_members, &map->unknown, error))
                return NULL;

        return g_steal_pointer(&map);
}

static JsonObject *resource_to_object(const ClusterResource *resource) {
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "total", resource->total);
        json_object_set_int_member(object, "free", resource->free);
        json_object_set_int_member(object, "level", resource->level);
        cluster_doc_add_text(object, "headroom", resource->headroom);
        cluster_json_add_unknown(object, resource->unknown);
        return object;
}

char *cluster_map_to_json(const ClusterMap *map) {
        JsonObject *object = json_object_new(), *resources = json_object_new(),
                   *devices = json_object_new();

        json_object_set_int_member(object, "schema", map->schema);
        if (map->drained > 0)
                json_object_set_int_member(object, "drained", map->drained);
        cluster_doc_add_text(object, "qemu", map->qemu);
        cluster_doc_add_text(object, "libvirt", map->libvirt);
        for (guint i = 0; i < map->resources->len; i++) {
                const ClusterResource *resource = &g_array_index(map->resources, ClusterResource,
                                                                 i);

                json_object_set_object_member(resources, resource->name,
                                              resource_to_object(resource));
        }
        for (guint i = 0; i < map->devices->len; i++) {
                const ClusterDevice *device = &g_array_index(map->devices, ClusterDevice, i);

                json_object_set_int_member(devices, device->address, device->kind);
        }
        json_object_set_object_member(object, "resources", resources);
        json_object_set_array_member(object, "kinds", cluster_kinds_to_array(map->kinds));
        json_object_set_object_member(object, "devices", devices);
        cluster_json_add_unknown(object, map->unknown);
        return cluster_json_end(object);
}
