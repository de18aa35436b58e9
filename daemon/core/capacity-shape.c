/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/capacity-shape.h"

#include <string.h>

#include "xml/number-set.h"

typedef struct Builder {
        CapacityShape *shape;
        const ResourceMap *map;
        NumberSet reserved_cpus;
        uint64_t reserved_memory;
        CapacityForeign foreign;
        void *userdata;
} Builder;

static const char *const offload_parts[] = {
        [OFFLOAD_CORES] = "cores",
        [OFFLOAD_MEMORY] = "memory",
        [OFFLOAD_BANDWIDTH] = "bandwidth",
        [OFFLOAD_KEYS] = "keys",
};
G_STATIC_ASSERT(G_N_ELEMENTS(offload_parts) == _OFFLOAD_PART_MAX);

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

static const char *keep(Builder *b, const char *text) {
        return text ? g_string_chunk_insert_const(b->shape->words, text) : NULL;
}

static uint64_t read_number(const Resource *resource, const char *key) {
        const char *text = resource ? resource_attribute(resource, key) : NULL;

        return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static int read_int(const Resource *resource, const char *key) {
        const char *text = resource_attribute(resource, key);

        return text ? (int)g_ascii_strtoll(text, NULL, 10) : -1;
}

/* The name of a resource within its kind: "0000:3b:00.0" of "pf:0000:3b:00.0". */
static const char *bare_id(const Resource *resource) {
        return strchr(resource->id, ':') + 1;
}

static const Resource *find_above(const Resource *resource, ResourceKind kind) {
        while (resource && resource->kind != kind)
                resource = resource->parent;
        return resource;
}

static int add_item(Builder *b, const Resource *resource, uint64_t total) {
        CapacityShape *shape = b->shape;
        CapacityItem item = { .id = keep(b, resource->id),
                              .kind = resource->kind,
                              .unit = resource->unit,
                              .total = total,
                              .device = -1 };

        g_array_append_val(shape->items, item);
        g_hash_table_insert(shape->by_id, (gpointer)item.id, GINT_TO_POINTER(shape->items->len));
        return shape->items->len - 1;
}

static int take_node(Builder *b, int number) {
        CapacityNode node = { .number = number, .home = -1 };
        int n = capacity_shape_node(b->shape, number);

        if (n >= 0)
                return n;

        g_array_append_val(b->shape->nodes, node);
        return b->shape->nodes->len - 1;
}

static int node_above(Builder *b, const Resource *resource) {
        const Resource *node = find_above(resource, RESOURCE_NODE);

        return node ? take_node(b, atoi(bare_id(node))) : -1;
}

/* CPUs and memory ------------------------------------------------------------------- */

static bool is_reserved(const Builder *b, const NumberSet *cpus) {
        for (unsigned n = number_set_next(cpus, 0); n < NUMBER_SET_MAX;
             n = number_set_next(cpus, n + 1))
                if (number_set_has(&b->reserved_cpus, n))
                        return true;
        return false;
}

static void add_core(Builder *b, const Resource *resource) {
        const char *text = resource_attribute(resource, "cpus");
        CapacityCore core = { .threads = (unsigned)resource->total,
                              .isolated = resource_attribute(resource, "isolated") != NULL };
        NumberSet cpus = { 0 };
        bool reserved = text && number_set_from_text(text, &cpus) && is_reserved(b, &cpus);

        core.item = add_item(b, resource, reserved ? 0 : resource->total * SLICE_SHARE_FULL);
        core.node = take_node(b, MAX(read_int(resource, "node"), 0));
        SHAPE_NODE(b->shape, core.node)->has_cpus = true;
        g_array_append_val(b->shape->cores, core);
}

static void add_memory(Builder *b, const Resource *resource) {
        CapacityMemory memory = { .node = node_above(b, resource),
                                  .page = read_number(resource, "page-kib") * 1024,
                                  .base = !strchr(resource->id, '/') };

        if (memory.node < 0)
                return;

        memory.item = add_item(b, resource, resource->total);
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
                     read_int(resource, "node") == node;
        }
        return n;
}

/* Of the resources of kind CXL, regions are those that are online or not. One that is online can
 * be given as a whole only where its node is nothing but the region. */
static void add_region(Builder *b, const Resource *resource) {
        const char *online = resource_attribute(resource, "online");
        int number = read_int(resource, "node");
        CapacityRegion region = { .memory = -1, .size = resource->total };
        const CapacityMemory *memory;

        if (!online)
                return;

        region.node = number < 0 ? -1 : take_node(b, number);
        region.item = add_item(b, resource, resource->total);
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
static void mark_tiers(Builder *b) {
        for (guint i = 0; i < b->shape->memories->len; i++) {
                CapacityMemory *memory = SHAPE_MEMORY(b->shape, i);
                const CapacityNode *node = SHAPE_NODE(b->shape, memory->node);

                memory->cxl = !node->has_cpus && count_regions(b->map, node->number) > 0;
        }
}

static void keep_for_host(Builder *b) {
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

static void find_homes(Builder *b) {
        for (guint i = 0; i < b->shape->nodes->len; i++) {
                CapacityNode *node = SHAPE_NODE(b->shape, i);

                node->home = node->has_cpus ? (int)i : nearest_with_cpus(b, node);
        }
}

static int compare_cores(gconstpointer a, gconstpointer b) {
        const CapacityCore *x = a, *y = b;

        return x->node != y->node ? x->node - y->node : x->item - y->item;
}

static void sort_cores(CapacityShape *shape) {
        g_array_sort(shape->cores, compare_cores);
        for (guint i = shape->cores->len; i-- > 0;) {
                CapacityNode *node = SHAPE_NODE(shape, SHAPE_CORE(shape, i)->node);

                node->first_core = i;
                node->n_cores++;
        }
}

/* Devices --------------------------------------------------------------------------- */

static int find_device(const CapacityShape *shape, const char *name) {
        for (guint i = 0; i < shape->devices->len; i++)
                if (g_str_equal(SHAPE_DEVICE(shape, i)->name, name))
                        return i;
        return -1;
}

static void add_chain(Builder *b, CapacityDevice *device, const Resource *above) {
        CapacityShape *shape = b->shape;

        device->first_link = shape->chain->len;
        for (; above; above = above->parent) {
                int item = capacity_shape_find(shape, above->id);

                if (above->kind != RESOURCE_LINK || item < 0)
                        continue;
                for (guint i = 0; i < shape->links->len; i++) {
                        int link = i;

                        if (SHAPE_LINK(shape, i)->item != item)
                                continue;
                        g_array_append_val(shape->chain, link);
                        SHAPE_LINK(shape, i)->n_devices++;
                }
        }
        device->n_links = shape->chain->len - device->first_link;
}

/* What hangs below no root port is at one of its own. */
static int take_device(Builder *b, const char *name, const Resource *above) {
        CapacityShape *shape = b->shape;
        CapacityDevice device = { .pf = -1 };
        int n = find_device(shape, name);

        if (n >= 0)
                return n;

        n = shape->devices->len;
        device.name = keep(b, name);
        device.node = node_above(b, above);
        add_chain(b, &device, above);
        device.root = device.n_links > 0 ? g_array_index(shape->chain, int, shape->chain->len - 1)
                                         : -1 - n;
        g_array_append_val(shape->devices, device);
        return n;
}

static void add_link(Builder *b, const Resource *resource) {
        CapacityLink link = { .item = add_item(b, resource, resource->total),
                              .width = (unsigned)read_number(resource, "width") };

        g_array_append_val(b->shape->links, link);
}

static void add_pf(Builder *b, const Resource *resource) {
        int item = add_item(b, resource, resource->total);
        int device = take_device(b, bare_id(resource), resource->parent);

        SHAPE_DEVICE(b->shape, device)->pf = item;
        SHAPE_ITEM(b->shape, item)->device = device;
}

/* Functions without a shared group have one each. Groups are counted from 0 here. */
static int take_group(const Resource *resource, GHashTable *groups) {
        int number = read_int(resource, "shared-group");
        gpointer known;

        if (number < 0)
                return -1;
        if (g_hash_table_lookup_extended(groups, GINT_TO_POINTER(number), NULL, &known))
                return GPOINTER_TO_INT(known);

        known = GINT_TO_POINTER(g_hash_table_size(groups));
        g_hash_table_insert(groups, GINT_TO_POINTER(number), known);
        return GPOINTER_TO_INT(known);
}

static uint64_t count_functions(const Resource *resource) {
        uint64_t made = read_number(resource, "made");

        if (resource->kind != RESOURCE_VF_POOL)
                return resource->total;
        return MIN(resource->total, MAX(made, 1));
}

static void add_pool(Builder *b, const Resource *resource, GHashTable *groups) {
        CapacityShape *shape = b->shape;
        const char *parent = resource_attribute(resource, "parent");
        CapacityPool pool = { .item = add_item(b, resource, count_functions(resource)),
                              .class_name = keep(b, resource_attribute(resource, "class")),
                              .pool = keep(b, resource_attribute(resource, "pool")),
                              .type = keep(b, resource_attribute(resource, "type")),
                              .group = take_group(resource, groups) };
        CapacityItem *item = SHAPE_ITEM(shape, pool.item);

        pool.device = take_device(b, parent ?: bare_id(resource), resource->parent);
        item->device = pool.device;
        if (b->foreign)
                item->foreign = b->foreign(b->userdata, item->id);
        if (resource->kind == RESOURCE_MDEV_TYPE && item->foreign > resource->used)
                SHAPE_DEVICE(shape, pool.device)->made_for_others = true;
        g_array_append_val(shape->pools, pool);
}

static int compare_pools(gconstpointer a, gconstpointer b) {
        const CapacityPool *x = a, *y = b;

        return x->device != y->device ? x->device - y->device : x->item - y->item;
}

static void sort_pools(CapacityShape *shape) {
        g_array_sort(shape->pools, compare_pools);
        for (guint i = shape->pools->len; i-- > 0;) {
                CapacityDevice *device = SHAPE_DEVICE(shape, SHAPE_POOL(shape, i)->device);

                device->first_pool = i;
                device->n_pools++;
        }
}

/* On a host that is one node everything is on it, also what the firmware does not place. */
static void place_devices(CapacityShape *shape) {
        for (guint i = 0; shape->nodes->len == 1 && i < shape->devices->len; i++)
                SHAPE_DEVICE(shape, i)->node = 0;
}

/* Offload devices and shares -------------------------------------------------------- */

static void add_offload(Builder *b, const Resource *resource) {
        const char *parent = resource_attribute(resource, "parent");
        CapacityOffload offload = { .name = keep(b, bare_id(resource)) };

        if (resource_attribute(resource, "problem"))
                return;

        offload.device = parent ? take_device(b, parent, resource->parent) : -1;
        for (int i = 0; i < _OFFLOAD_PART_MAX; i++)
                offload.parts[i] = -1;
        g_array_append_val(b->shape->offloads, offload);
}

static void add_offload_part(Builder *b, const Resource *resource) {
        CapacityShape *shape = b->shape;
        const char *name = strrchr(resource->id, '/') + 1;

        for (guint i = 0; i < shape->offloads->len; i++) {
                CapacityOffload *offload = SHAPE_OFFLOAD(shape, i);

                if (!g_str_equal(offload->name, bare_id(resource->parent)))
                        continue;
                for (int part = 0; part < _OFFLOAD_PART_MAX; part++)
                        if (g_str_equal(offload_parts[part], name)) {
                                offload->parts[part] = add_item(b, resource, resource->total);
                                SHAPE_ITEM(shape, offload->parts[part])->device = offload->device;
                        }
        }
}

static void add_share(Builder *b, const Resource *resource) {
        uint64_t spare = 0;

        if (g_str_equal(resource->unit, "groups"))
                spare = 1;
        else if (g_str_equal(resource->unit, "ways"))
                spare = MAX(1, read_number(resource_map_find(b->map, "cache:groups"), "ways-min"));
        else if (!g_str_equal(resource->unit, "percent"))
                return; /* the size of a cache */

        (void)add_item(b, resource, resource->total - MIN(resource->total, spare));
        if (resource_attribute(resource, "percent-min")) {
                b->shape->percent_min = (unsigned)read_number(resource, "percent-min");
                b->shape->percent_step = (unsigned)read_number(resource, "percent-step");
        }
}

/* IOMMU groups are counted, and nobody asks for a number of them. */
static void add_key(Builder *b, const Resource *resource) {
        if (g_str_equal(resource->unit, "keys"))
                (void)add_item(b, resource, resource->total);
}

/* All ------------------------------------------------------------------------------- */

static void add_resource(Builder *b, const Resource *resource, GHashTable *groups) {
        if (resource->parent && resource->parent->kind == RESOURCE_OFFLOAD) {
                add_offload_part(b, resource);
                return;
        }

        switch (resource->kind) {
        case RESOURCE_NODE:
                (void)take_node(b, atoi(bare_id(resource)));
                break;
        case RESOURCE_CORE:
                add_core(b, resource);
                break;
        case RESOURCE_MEMORY:
                add_memory(b, resource);
                break;
        case RESOURCE_LINK:
                add_link(b, resource);
                break;
        case RESOURCE_PF:
                add_pf(b, resource);
                break;
        case RESOURCE_VF_POOL:
        case RESOURCE_MDEV_TYPE:
                add_pool(b, resource, groups);
                break;
        case RESOURCE_OFFLOAD:
                add_offload(b, resource);
                break;
        case RESOURCE_CACHE:
        case RESOURCE_BANDWIDTH:
                add_share(b, resource);
                break;
        case RESOURCE_KEY:
                add_key(b, resource);
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
                        (void)take_node(b, atoi(bare_id(resource)));
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
                        add_region(b, list->pdata[i]);
        b->shape->n_groups = g_hash_table_size(groups);
}

CapacityShape *capacity_shape_new(const ResourceMap *map, const CapacityReserve *reserve,
                                  CapacityForeign foreign, void *userdata) {
        Builder b = { .shape = shape_new(), .map = map, .foreign = foreign, .userdata = userdata };

        if (reserve) {
                b.reserved_memory = reserve->memory_node;
                if (reserve->cpus)
                        (void)number_set_from_text(reserve->cpus, &b.reserved_cpus);
        }
        add_nodes(&b);
        add_resources(&b);
        mark_tiers(&b);
        keep_for_host(&b);
        find_homes(&b);
        sort_cores(b.shape);
        sort_pools(b.shape);
        place_devices(b.shape);
        return b.shape;
}
