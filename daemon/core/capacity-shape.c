/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/capacity-shape.h"

#include <string.h>

#include "daemon/core/capacity-build.h"

/* Life ------------------------------------------------------------------------------ */

static CapacityShape *shape_new(void) {
        CapacityShape *shape = g_new0(CapacityShape, 1);

        shape->references = 1;
        shape->words = g_string_chunk_new(4096);
        shape->by_id = g_hash_table_new(g_str_hash, g_str_equal);
        shape->items = g_array_new(FALSE, TRUE, sizeof(CapacityItem));
        shape->nodes = g_array_new(FALSE, TRUE, sizeof(CapacityNode));
        shape->cores = g_array_new(FALSE, TRUE, sizeof(CapacityCore));
        shape->memories = g_array_new(FALSE, TRUE, sizeof(CapacityMemory));
        shape->regions = g_array_new(FALSE, TRUE, sizeof(CapacityRegion));
        shape->links = g_array_new(FALSE, TRUE, sizeof(CapacityLink));
        shape->devices = g_array_new(FALSE, TRUE, sizeof(CapacityDevice));
        shape->pools = g_array_new(FALSE, TRUE, sizeof(CapacityPool));
        shape->offloads = g_array_new(FALSE, TRUE, sizeof(CapacityOffload));
        shape->away = g_ptr_array_new();
        shape->chain = g_array_new(FALSE, TRUE, sizeof(int));
        return shape;
}

CapacityShape *capacity_shape_ref(CapacityShape *shape) {
        shape->references++;
        return shape;
}

void capacity_shape_unref(CapacityShape *shape) {
        if (!shape || --shape->references > 0)
                return;

        g_array_unref(shape->items);
        g_array_unref(shape->nodes);
        g_array_unref(shape->cores);
        g_array_unref(shape->memories);
        g_array_unref(shape->regions);
        g_array_unref(shape->links);
        g_array_unref(shape->devices);
        g_array_unref(shape->pools);
        g_array_unref(shape->offloads);
        g_ptr_array_unref(shape->away);
        g_array_unref(shape->chain);
        g_hash_table_unref(shape->by_id);
        g_string_chunk_free(shape->words);
        g_free(shape);
}

int capacity_shape_find(const CapacityShape *shape, const char *id) {
        return GPOINTER_TO_INT(g_hash_table_lookup(shape->by_id, id)) - 1;
}

int capacity_shape_node(const CapacityShape *shape, int number) {
        for (guint i = 0; i < shape->nodes->len; i++)
                if (SHAPE_NODE(shape, i)->number == number)
                        return i;
        return -1;
}

/* Reading --------------------------------------------------------------------------- */

const char *builder_keep(Builder *b, const char *text) {
        return text ? g_string_chunk_insert_const(b->shape->words, text) : NULL;
}

uint64_t resource_number(const Resource *resource, const char *key) {
        const char *text = resource ? resource_attribute(resource, key) : NULL;

        return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

int resource_int(const Resource *resource, const char *key) {
        const char *text = resource_attribute(resource, key);

        return text ? (int)g_ascii_strtoll(text, NULL, 10) : -1;
}

/* The name of a resource within its kind: "0000:3b:00.0" of "pf:0000:3b:00.0". */
const char *resource_bare_id(const Resource *resource) {
        return strchr(resource->id, ':') + 1;
}

static const Resource *find_above(const Resource *resource, ResourceKind kind) {
        while (resource && resource->kind != kind)
                resource = resource->parent;
        return resource;
}

int builder_add_item(Builder *b, const Resource *resource, uint64_t total) {
        CapacityShape *shape = b->shape;
        CapacityItem item = { .id = builder_keep(b, resource->id),
                              .kind = resource->kind,
                              .unit = resource->unit,
                              .total = total,
                              .device = -1,
                              .limit = -1 };

        g_array_append_val(shape->items, item);
        g_hash_table_insert(shape->by_id, (gpointer)item.id, GINT_TO_POINTER(shape->items->len));
        return shape->items->len - 1;
}

int builder_take_node(Builder *b, int number) {
        CapacityNode node = { .number = number, .home = -1 };
        int n = capacity_shape_node(b->shape, number);

        if (n >= 0)
                return n;

        g_array_append_val(b->shape->nodes, node);
        return b->shape->nodes->len - 1;
}

int builder_node_above(Builder *b, const Resource *resource) {
        const Resource *node = find_above(resource, RESOURCE_NODE);

        return node ? builder_take_node(b, atoi(resource_bare_id(node))) : -1;
}

/* All ------------------------------------------------------------------------------- */

static void add_node(Builder *b, const Resource *resource) {
        int node = builder_take_node(b, atoi(resource_bare_id(resource)));

        SHAPE_NODE(b->shape, node)->movable = resource_attribute(resource, "movable") != NULL;
}

static void add_resource(Builder *b, const Resource *resource, GHashTable *groups) {
        if (resource->parent && resource->parent->kind == RESOURCE_OFFLOAD) {
                builder_add_offload_part(b, resource);
                return;
        }

        switch (resource->kind) {
        case RESOURCE_NODE:
                add_node(b, resource);
                break;
        case RESOURCE_CORE:
                builder_add_core(b, resource);
                break;
        case RESOURCE_MEMORY:
                builder_add_memory(b, resource);
                break;
        case RESOURCE_LINK:
                builder_add_link(b, resource);
                break;
        case RESOURCE_PF:
                builder_add_pf(b, resource);
                break;
        case RESOURCE_VF_POOL:
        case RESOURCE_MDEV_TYPE:
                builder_add_pool(b, resource, groups);
                break;
        case RESOURCE_OFFLOAD:
                builder_add_offload(b, resource);
                break;
        case RESOURCE_CACHE:
        case RESOURCE_BANDWIDTH:
                builder_add_share(b, resource);
                break;
        case RESOURCE_KEY:
                builder_add_key(b, resource);
                break;
        case RESOURCE_CXL:
        case RESOURCE_HOST:
        case RESOURCE_PACKAGE:
        case _RESOURCE_KIND_MAX:
        case _RESOURCE_KIND_INVALID:
                break;
        }
}

static int compare_numbers(gconstpointer a, gconstpointer b) {
        return ((const CapacityNode *)a)->number - ((const CapacityNode *)b)->number;
}

/* Nodes come first and in their order: cores name theirs before the map does. */
static void add_nodes(Builder *b) {
        const GPtrArray *list = resource_map_list(b->map);

        for (guint i = 0; i < list->len; i++) {
                const Resource *resource = list->pdata[i];

                if (resource->kind == RESOURCE_NODE)
                        (void)builder_take_node(b, atoi(resource_bare_id(resource)));
        }
        g_array_sort(b->shape->nodes, compare_numbers);
}

/* Regions come after all memory: they may be some of it. */
static void add_resources(Builder *b) {
        g_autoptr(GHashTable) groups = g_hash_table_new(NULL, NULL);
        const GPtrArray *list = resource_map_list(b->map);

        for (guint i = 0; i < list->len; i++)
                add_resource(b, list->pdata[i], groups);
        for (guint i = 0; i < list->len; i++)
                if (((const Resource *)list->pdata[i])->kind == RESOURCE_CXL)
                        builder_add_region(b, list->pdata[i]);
        b->shape->n_groups = g_hash_table_size(groups);
}

CapacityShape *capacity_shape_new(const ResourceMap *map, const CapacityReserve *reserve,
                                  CapacityForeign foreign, void *userdata) {
        Builder b = { .shape = shape_new(), .map = map, .foreign = foreign, .userdata = userdata };

        if (reserve) {
                b.reserved_memory = reserve->memory_node;
                if (reserve->cpus)
                        b.reserves_cpus = number_set_from_text(reserve->cpus, &b.reserved_cpus);
        }
        add_nodes(&b);
        add_resources(&b);
        builder_mark_tiers(&b);
        builder_keep_for_host(&b);
        builder_find_homes(&b);
        builder_sort_cores(b.shape);
        builder_sort_pools(b.shape);
        builder_place_devices(b.shape);
        return b.shape;
}
