/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/capacity-build.h"

#include <string.h>

static const char *const offload_parts[] = {
        [OFFLOAD_CORES] = "cores",
        [OFFLOAD_MEMORY] = "memory",
        [OFFLOAD_BANDWIDTH] = "bandwidth",
        [OFFLOAD_KEYS] = "keys",
};
G_STATIC_ASSERT(G_N_ELEMENTS(offload_parts) == _OFFLOAD_PART_MAX);

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
        device.name = builder_keep(b, name);
        device.node = builder_node_above(b, above);
        add_chain(b, &device, above);
        device.root = device.n_links > 0 ? g_array_index(shape->chain, int, shape->chain->len - 1)
                                         : -1 - n;
        g_array_append_val(shape->devices, device);
        return n;
}

void builder_add_link(Builder *b, const Resource *resource) {
        CapacityLink link = { .item = builder_add_item(b, resource, resource->total),
                              .width = (unsigned)resource_number(resource, "width") };

        g_array_append_val(b->shape->links, link);
}

void builder_add_pf(Builder *b, const Resource *resource) {
        int item = builder_add_item(b, resource, resource->total);
        int device = take_device(b, resource_bare_id(resource), resource->parent);

        SHAPE_DEVICE(b->shape, device)->pf = item;
        SHAPE_ITEM(b->shape, item)->device = device;
}

/* Functions without a shared group have one each. Groups are counted from 0 here. */
static int take_group(const Resource *resource, GHashTable *groups) {
        int number = resource_int(resource, "shared-group");
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
        uint64_t made = resource_number(resource, "made");

        if (resource->kind != RESOURCE_VF_POOL)
                return resource->total;
        return MIN(resource->total, MAX(made, 1));
}

/* What a pool may give at a time is no resource of the map. */
static int take_limit(Builder *b, const Resource *resource) {
        const char *pool = resource_attribute(resource, "pool");
        unsigned max = (unsigned)resource_number(resource, "pool-max");
        g_autofree char *id = pool ? g_strdup_printf("pool:%s", pool) : NULL;
        const Resource limit = { .id = id, .kind = RESOURCE_HOST, .unit = (char *)"functions" };
        int item;

        if (!pool || max == 0)
                return -1;

        item = capacity_shape_find(b->shape, id);
        return item >= 0 ? item : builder_add_item(b, &limit, max);
}

void builder_add_pool(Builder *b, const Resource *resource, GHashTable *groups) {
        CapacityShape *shape = b->shape;
        const char *parent = resource_attribute(resource, "parent");
        CapacityPool pool = { .item = builder_add_item(b, resource, count_functions(resource)),
                              .class_name = builder_keep(b, resource_attribute(resource, "class")),
                              .pool = builder_keep(b, resource_attribute(resource, "pool")),
                              .type = builder_keep(b, resource_attribute(resource, "type")),
                              .group = take_group(resource, groups) };
        int limit = take_limit(b, resource);
        CapacityItem *item = SHAPE_ITEM(shape, pool.item);

        item->limit = limit;
        pool.device = take_device(b, parent ?: resource_bare_id(resource), resource->parent);
        item->device = pool.device;
        if (b->foreign)
                item->foreign = b->foreign(b->userdata, item->id);
        if (limit >= 0)
                SHAPE_ITEM(shape, limit)->foreign += item->foreign;
        if (resource->kind == RESOURCE_MDEV_TYPE && item->foreign > resource->used)
                SHAPE_DEVICE(shape, pool.device)->made_for_others = true;
        g_array_append_val(shape->pools, pool);
}

static int compare_pools(gconstpointer a, gconstpointer b) {
        const CapacityPool *x = a, *y = b;

        return x->device != y->device ? x->device - y->device : x->item - y->item;
}

void builder_sort_pools(CapacityShape *shape) {
        g_array_sort(shape->pools, compare_pools);
        for (guint i = shape->pools->len; i-- > 0;) {
                CapacityDevice *device = SHAPE_DEVICE(shape, SHAPE_POOL(shape, i)->device);

                device->first_pool = i;
                device->n_pools++;
        }
}

/* On a host that is one node everything is on it, also what the firmware does not place. */
void builder_place_devices(CapacityShape *shape) {
        for (guint i = 0; shape->nodes->len == 1 && i < shape->devices->len; i++)
                SHAPE_DEVICE(shape, i)->node = 0;
}

/* Offload devices and shares -------------------------------------------------------- */

void builder_add_offload(Builder *b, const Resource *resource) {
        const char *parent = resource_attribute(resource, "parent");
        CapacityOffload offload = { .name = builder_keep(b, resource_bare_id(resource)) };

        if (resource_attribute(resource, "problem")) {
                if (parent) /* else its file is wrong */
                        g_ptr_array_add(b->shape->away, (gpointer)offload.name);
                return;
        }

        offload.device = parent ? take_device(b, parent, resource->parent) : -1;
        for (int i = 0; i < _OFFLOAD_PART_MAX; i++)
                offload.parts[i] = -1;
        g_array_append_val(b->shape->offloads, offload);
}

void builder_add_offload_part(Builder *b, const Resource *resource) {
        CapacityShape *shape = b->shape;
        const char *name = strrchr(resource->id, '/') + 1;

        for (guint i = 0; i < shape->offloads->len; i++) {
                CapacityOffload *offload = SHAPE_OFFLOAD(shape, i);

                if (!g_str_equal(offload->name, resource_bare_id(resource->parent)))
                        continue;
                for (int part = 0; part < _OFFLOAD_PART_MAX; part++)
                        if (g_str_equal(offload_parts[part], name)) {
                                offload->parts[part] = builder_add_item(b, resource,
                                                                        resource->total);
                                SHAPE_ITEM(shape, offload->parts[part])->device = offload->device;
                        }
        }
}

void builder_add_share(Builder *b, const Resource *resource) {
        uint64_t spare = 0;

        if (g_str_equal(resource->unit, "groups"))
                spare = 1;
        else if (g_str_equal(resource->unit, "ways"))
                spare = MAX(1,
                            resource_number(resource_map_find(b->map, "cache:groups"), "ways-min"));
        else if (!g_str_equal(resource->unit, "percent"))
                return; /* the size of a cache */

        (void)builder_add_item(b, resource, resource->total - MIN(resource->total, spare));
        if (resource_attribute(resource, "percent-min")) {
                b->shape->percent_min = (unsigned)resource_number(resource, "percent-min");
                b->shape->percent_step = (unsigned)resource_number(resource, "percent-step");
        }
}

/* IOMMU groups are counted, and nobody asks for a number of them. */
void builder_add_key(Builder *b, const Resource *resource) {
        if (g_str_equal(resource->unit, "keys"))
                (void)builder_add_item(b, resource, resource->total);
}
