/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/resource-map.h"

#include "daemon/core/resource-scan.h"
#include "daemon/core/string-table.h"

struct ResourceMap {
        GPtrArray *resources;
        GHashTable *by_id; /* borrows both */
};

static const char *const kinds[] = {
        [RESOURCE_HOST] = "host",
        [RESOURCE_NODE] = "node",
        [RESOURCE_PACKAGE] = "package",
        [RESOURCE_CORE] = "core",
        [RESOURCE_MEMORY] = "memory",
        [RESOURCE_LINK] = "link",
        [RESOURCE_PF] = "pf",
        [RESOURCE_VF_POOL] = "vf-pool",
        [RESOURCE_MDEV_TYPE] = "mdev-type",
        [RESOURCE_CXL] = "cxl",
        [RESOURCE_CACHE] = "cache",
        [RESOURCE_BANDWIDTH] = "bandwidth",
        [RESOURCE_KEY] = "key",
        [RESOURCE_OFFLOAD] = "offload",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == _RESOURCE_KIND_MAX);

const char *resource_kind_to_string(ResourceKind kind) {
        return string_table_word(kinds, _RESOURCE_KIND_MAX, kind);
}

ResourceKind resource_kind_from_string(const char *text) {
        return string_table_value(kinds, _RESOURCE_KIND_MAX, text);
}

static void resource_free(gpointer p) {
        Resource *resource = p;

        g_free(resource->id);
        g_free(resource->name);
        g_ptr_array_unref(resource->attributes);
        g_free(resource);
}

const char *resource_attribute(const Resource *resource, const char *key) {
        for (guint i = 0; i + 1 < resource->attributes->len; i += 2)
                if (g_str_equal(resource->attributes->pdata[i], key))
                        return resource->attributes->pdata[i + 1];
        return NULL;
}

bool resource_is_on_cpu_of(const Resource *core, const NumberSet *cpus) {
        const char *text = resource_attribute(core, "cpus");
        NumberSet own;

        if (!text || !number_set_from_text(text, &own))
                return false;
        for (unsigned n = number_set_next(&own, 0); n < NUMBER_SET_MAX;
             n = number_set_next(&own, n + 1))
                if (number_set_has(cpus, n))
                        return true;
        return false;
}

void resource_map_free(ResourceMap *map) {
        if (!map)
                return;

        g_hash_table_unref(map->by_id);
        g_ptr_array_unref(map->resources);
        g_free(map);
}

const GPtrArray *resource_map_list(const ResourceMap *map) {
        return map->resources;
}

Resource *resource_map_find(const ResourceMap *map, const char *id) {
        return g_hash_table_lookup(map->by_id, id);
}

const Resource *resource_map_place(const ResourceMap *map, int node) {
        g_autofree char *id = g_strdup_printf("node:%d", node);

        return resource_map_find(map, id) ?: resource_map_find(map, "host");
}

/* Filling --------------------------------------------------------------------------- */

static Resource *resource_new(char *id, const Resource *parent, ResourceKind kind,
                              const char *unit) {
        Resource *resource = g_new0(Resource, 1);

        resource->id = id;
        resource->kind = kind;
        resource->parent = parent;
        resource->unit = unit;
        resource->name = g_strdup(id);
        resource->attributes = g_ptr_array_new_with_free_func(g_free);
        return resource;
}

Resource *resource_add(ResourceMap *map, const Resource *parent, ResourceKind kind,
                       const char *unit, const char *id, ...) {
        g_autofree char *name = NULL;
        Resource *resource;
        va_list args;

        va_start(args, id);
        name = g_strdup_vprintf(id, args);
        va_end(args);
        resource = resource_map_find(map, name);
        if (resource)
                return resource;

        resource = resource_new(g_steal_pointer(&name), parent, kind, unit);
        g_ptr_array_add(map->resources, resource);
        g_hash_table_insert(map->by_id, resource->id, resource);
        return resource;
}

void resource_name(Resource *resource, const char *format, ...) {
        va_list args;

        g_free(resource->name);
        va_start(args, format);
        resource->name = g_strdup_vprintf(format, args);
        va_end(args);
}

void resource_count(Resource *resource, uint64_t total, uint64_t used) {
        resource->total = total;
        resource->used = MIN(used, total);
}

void resource_tell(Resource *resource, const char *key, const char *format, ...) {
        g_autofree char *value = NULL;
        va_list args;

        va_start(args, format);
        value = g_strdup_vprintf(format, args);
        va_end(args);
        if (!*value)
                return;

        g_ptr_array_add(resource->attributes, g_strdup(key));
        g_ptr_array_add(resource->attributes, g_steal_pointer(&value));
}

void resource_tell_set(Resource *resource, const char *key, const NumberSet *set) {
        g_autofree char *text = number_set_to_text(set);

        resource_tell(resource, key, "%s", text);
}

ResourceMap *resource_map_new(void) {
        ResourceMap *map = g_new0(ResourceMap, 1);

        map->resources = g_ptr_array_new_with_free_func(resource_free);
        map->by_id = g_hash_table_new(g_str_hash, g_str_equal);
        resource_name(resource_add(map, NULL, RESOURCE_HOST, "", "host"), "host");
        return map;
}

ResourceMap *resource_map_read(const ResourceSources *sources) {
        ResourceMap *map = resource_map_new();

        resource_scan_cpus(map, sources->sysfs);
        resource_scan_memory(map, sources->sysfs);
        resource_scan_devices(map, sources);
        resource_scan_offload(map, sources);
        resource_scan_cxl(map, sources->sysfs);
        resource_scan_shares(map, sources);
        return map;
}
