/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/capacity-build.h"

#include <string.h>

/* CPUs and memory ------------------------------------------------------------------- */

void builder_add_core(Builder *b, const Resource *resource) {
        CapacityCore core = { .threads = (unsigned)resource->total,
                              .isolated = resource_attribute(resource, "isolated") != NULL };
        bool reserved = b->reserves_cpus && resource_is_on_cpu_of(resource, &b->reserved_cpus);

        core.item = builder_add_item(b, resource,
                                     reserved ? 0 : resource->total * SLICE_SHARE_FULL);
        core.node = builder_take_node(b, MAX(resource_int(resource, "node"), 0));
        SHAPE_NODE(b->shape, core.node)->has_cpus = true;
        g_array_append_val(b->shape->cores, core);
}

void builder_add_memory(Builder *b, const Resource *resource) {
        CapacityMemory memory = { .node = builder_node_above(b, resource),
                                  .page = resource_number(resource, "page-kib") * 1024,
                                  .base = !strchr(resource->id, '/') };

        if (memory.node < 0)
                return;

        memory.item = builder_add_item(b, resource, resource->total);
        g_array_append_val(b->shape->memories, memory);
}

static const CapacityMemory *sole_memory(const CapacityShape *shape, int node) {
        const CapacityMemory *found = NULL;

        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);

                if (memory->node != node || SHAPE_ITEM(shape, memory->item)->total == 0)
                        continue;
                if (found || !memory->base)
                        return NULL;
                found = memory;
        }
        return found;
}

static unsigned count_regions(const ResourceMap *map, int node) {
        const GPtrArray *list = resource_map_list(map);
        unsigned n = 0;

        for (guint i = 0; i < list->len; i++) {
                const Resource *resource = list->pdata[i];

                n += resource->kind == RESOURCE_CXL && resource_attribute(resource, "online") &&
                     resource_int(resource, "node") == node;
        }
        return n;
}

/* Of the resources of kind CXL, regions are those that are online or not. One that is online can
 * be given as a whole only where its node is nothing but the region. */
void builder_add_region(Builder *b, const Resource *resource) {
        const char *online = resource_attribute(resource, "online");
        int number = resource_int(resource, "node");
        CapacityRegion region = { .memory = -1, .size = resource->total };
        const CapacityMemory *memory;

        if (!online)
                return;

        region.node = number < 0 ? -1 : builder_take_node(b, number);
        region.item = builder_add_item(b, resource, resource->total);
        if (g_str_equal(online, "yes")) {
                memory = sole_memory(b->shape, region.node);
                if (!memory || SHAPE_NODE(b->shape, region.node)->has_cpus ||
                    count_regions(b->map, number) > 1)
                        return;
                region.memory = memory->item;
                region.size = MIN(region.size, SHAPE_ITEM(b->shape, memory->item)->total);
        }
        g_array_append_val(b->shape->regions, region);
}

/* A node without CPUs that a region has become is of the tier CXL. */
void builder_mark_tiers(Builder *b) {
        for (guint i = 0; i < b->shape->memories->len; i++) {
                CapacityMemory *memory = SHAPE_MEMORY(b->shape, i);
                const CapacityNode *node = SHAPE_NODE(b->shape, memory->node);

                memory->cxl = !node->has_cpus && count_regions(b->map, node->number) > 0;
        }
}

void builder_keep_for_host(Builder *b) {
        for (guint i = 0; i < b->shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(b->shape, i);
                CapacityItem *item = SHAPE_ITEM(b->shape, memory->item);

                if (memory->base && SHAPE_NODE(b->shape, memory->node)->has_cpus)
                        item->total -= MIN(item->total, b->reserved_memory);
        }
}

/* Nodes ----------------------------------------------------------------------------- */

/* The kernel tells distances in the order of the nodes that are online. */
static int nearest_with_cpus(Builder *b, const CapacityNode *node) {
        g_autofree char *id = g_strdup_printf("node:%d", node->number);
        const Resource *resource = resource_map_find(b->map, id);
        const char *text = resource ? resource_attribute(resource, "distances") : NULL;
        g_auto(GStrv) distances = g_strsplit(text ?: "", " ", -1);
        int best = -1, least = G_MAXINT;

        for (guint i = 0; i < b->shape->nodes->len && distances[i]; i++) {
                int distance = atoi(distances[i]);

                if (SHAPE_NODE(b->shape, i)->has_cpus && distance < least) {
                        best = i;
                        least = distance;
                }
        }
        return best;
}

void builder_find_homes(Builder *b) {
        for (guint i = 0; i < b->shape->nodes->len; i++) {
                CapacityNode *node = SHAPE_NODE(b->shape, i);

                node->home = node->has_cpus ? (int)i : nearest_with_cpus(b, node);
        }
}

static int compare_cores(gconstpointer a, gconstpointer b) {
        const CapacityCore *x = a, *y = b;

        return x->node != y->node ? x->node - y->node : x->item - y->item;
}

void builder_sort_cores(CapacityShape *shape) {
        g_array_sort(shape->cores, compare_cores);
        for (guint i = shape->cores->len; i-- > 0;) {
                CapacityNode *node = SHAPE_NODE(shape, SHAPE_CORE(shape, i)->node);

                node->first_core = i;
                node->n_cores++;
        }
}
