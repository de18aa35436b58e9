/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place.h"

#include <assert.h>

#include "daemon/core/slice-place-search.h"
#include "daemon/core/slice-place-words.h"
#include "daemon/core/slice-preempt.h"

void slice_placement_free(SlicePlacement *placement) {
        if (!placement)
                return;

        g_ptr_array_unref(placement->grants);
        g_ptr_array_unref(placement->preempted);
        g_ptr_array_unref(placement->reasons);
        g_free(placement);
}

/* Grants ---------------------------------------------------------------------------- */

static void grant(GPtrArray *grants, const PlaceSearch *search, int item, const char *part,
                  uint64_t amount) {
        if (amount > 0)
                g_ptr_array_add(grants,
                                slice_grant_new(SHAPE_ITEM(search->shape, item)->id, part, amount));
}

static void grant_cores(GPtrArray *grants, const PlaceSearch *search) {
        for (guint i = 0; search->slice->cores.count > 0 && i < search->shape->cores->len; i++) {
                int item = SHAPE_CORE(search->shape, i)->item;

                grant(grants, search, item, "cores", search->mine[item]);
        }
}

static void grant_memory(GPtrArray *grants, const PlaceSearch *search) {
        if (search->memory >= 0)
                grant(grants, search, search->memory, "memory", search->memory_amount);
        if (search->memory_too >= 0)
                grant(grants, search, search->memory_too, "memory",
                      SHAPE_ITEM(search->shape, search->memory_too)->total);
}

static void grant_function(GPtrArray *grants, const PlaceSearch *search,
                           const SliceFunction *function, const CapacityPool *pool) {
        const CapacityDevice *device = SHAPE_DEVICE(search->shape, pool->device);

        grant(grants, search, pool->item, function->name, 1);
        grant(grants, search, device->pf, function->name, function->min_mbit);
        for (unsigned i = 0; i < device->n_links; i++) {
                const CapacityLink *link = SHAPE_CHAIN(search->shape, device, i);

                grant(grants, search, link->item, function->name,
                      place_link_need(function, search->shape, link));
        }
}

static void grant_offload(GPtrArray *grants, const PlaceSearch *search, const SliceOffload *wish,
                          const CapacityOffload *offload) {
        for (int part = 0; part < _OFFLOAD_PART_MAX; part++)
                grant(grants, search, offload->parts[part], wish->name,
                      place_offload_need(wish, part));
}

static bool is_first_of_kind(const GPtrArray *keys, guint n) {
        const SliceKey *key = keys->pdata[n];

        for (guint i = 0; i < n; i++)
                if (g_str_equal(((const SliceKey *)keys->pdata[i])->kind, key->kind))
                        return false;
        return true;
}

static void grant_keys(GPtrArray *grants, const PlaceSearch *search) {
        const GPtrArray *keys = search->slice->keys;

        for (guint i = 0; i < keys->len; i++) {
                const SliceKey *key = keys->pdata[i];
                g_autofree char *part = g_strdup_printf("key:%s", key->kind);
                int item = capacity_shape_find(search->shape, part);

                if (is_first_of_kind(keys, i))
                        grant(grants, search, item, part, search->mine[item]);
        }
}

static void grant_share(GPtrArray *grants, const PlaceSearch *search) {
        static const char *const items[] = { "cache:groups", "cache:ways", "bandwidth:groups",
                                             "bandwidth:percent" };

        for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
                int item = capacity_shape_find(search->shape, items[i]);

                if (item >= 0)
                        grant(grants, search, item, "share", search->mine[item]);
        }
}

static GPtrArray *list_grants(const PlaceSearch *search) {
        const Slice *slice = search->slice;
        GPtrArray *grants = slice_grants_new();

        grant_cores(grants, search);
        grant_memory(grants, search);
        for (guint i = 0; i < slice->functions->len; i++)
                grant_function(grants, search, slice->functions->pdata[i],
                               SHAPE_POOL(search->shape, search->function_pools[i]));
        for (guint i = 0; i < slice->offloads->len; i++)
                grant_offload(grants, search, slice->offloads->pdata[i],
                              SHAPE_OFFLOAD(search->shape, search->offload_pools[i]));
        grant_keys(grants, search);
        grant_share(grants, search);
        return grants;
}

/* Placing --------------------------------------------------------------------------- */

static SlicePlacement *placement_new(const PlaceSearch *search, GPtrArray *taken_preempted) {
        SlicePlacement *placement = g_new0(SlicePlacement, 1);

        placement->grants = list_grants(search);
        placement->preempted = taken_preempted ?: g_ptr_array_new_with_free_func(g_free);
        placement->reasons = place_explain(search, placement->preempted);
        return placement;
}

static SlicePlacement *place_preempting(const Capacity *capacity, const Slice *slice,
                                        const GPtrArray *present) {
        g_autoptr(PlaceSearch) search = NULL;
        GPtrArray *preempted = NULL;

        if (slice->priority == SLICE_BEST_EFFORT)
                return NULL;
        search = slice_preempt(capacity, slice, present, &preempted);
        return search ? placement_new(search, preempted) : NULL;
}

SlicePlacement *slice_place(const Capacity *capacity, const Slice *slice, const char *name,
                            const GPtrArray *present, GError **error) {
        g_autoptr(PlaceSearch) search = NULL;
        SlicePlacement *placement;

        assert(!capacity_find_holder(capacity, name));

        search = place_search_new(capacity, capacity_taken(capacity), slice, present);
        place_search_keep_apart(search, capacity, NULL);
        if (place_search_run(search))
                return placement_new(search, NULL);

        placement = place_preempting(capacity, slice, present);
        if (!placement)
                place_refuse(capacity, slice, error);
        return placement;
}
