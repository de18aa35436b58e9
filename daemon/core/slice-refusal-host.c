/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-refusal.h"

#include <inttypes.h>

#include "daemon/core/slice-place-words.h"

/* Cores ----------------------------------------------------------------------------- */

bool refusal_try_cores(const Refusal *refusal, PlaceSpot spot) {
        return place_cores(refusal->search, spot);
}

static char *tell_few_cores(const Refusal *refusal, const char *where, unsigned room) {
        const SliceCores *wish = &refusal->search->slice->cores;
        const char *left = refusal->ever ? "" : "free ";

        if (wish->exclusive && wish->count == 1)
                return g_strdup_printf("%s has no %score, and one is asked for exclusively", where,
                                       left);
        if (wish->exclusive)
                return g_strdup_printf("%s has %u %score%s of the %u that are asked for "
                                       "exclusively",
                                       where, room, left, room == 1 ? "" : "s", wish->count);
        if (wish->count == 1)
                return g_strdup_printf("%s has no CPU with %u thousandths%s, and one is asked for",
                                       where, wish->share, refusal->ever ? "" : " left");
        return g_strdup_printf("%s has room for %u of the %u CPUs that are asked for, with %u "
                               "thousandths each",
                               where, room, wish->count, wish->share);
}

static char *tell_core_holder(const Refusal *refusal, int node) {
        const CapacityShape *shape = refusal->search->shape;
        g_autofree int *list = g_new(int, shape->cores->len + 1);
        Items items = { list, 0, true };

        for (guint i = 0; i < shape->cores->len; i++)
                if (node < 0 || SHAPE_CORE(shape, i)->node == node)
                        list[items.n++] = SHAPE_CORE(shape, i)->item;
        return refusal_tell_holder(refusal, &items, "cores");
}

char *refusal_tell_cores(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        const SliceCores *wish = &search->slice->cores;
        int node = wish->node >= 0 ? capacity_shape_node(search->shape, wish->node) : spot.node;
        g_autofree char *where = NULL, *holder = NULL, *few = NULL;
        unsigned room = 0;

        if (wish->node >= 0 && node < 0)
                return g_strdup_printf("This host has no node %d, on which cores are asked for",
                                       wish->node);
        if (spot.node >= 0 && node != spot.node)
                return g_strdup_printf("Cores are asked for on node %d", wish->node);

        for (guint i = 0; i < search->shape->nodes->len; i++)
                if (node < 0 || node == (int)i)
                        room += place_cores_room(search, i, true);
        where = node < 0 ? g_strdup("This host")
                         : g_strdup_printf("Node %d", SHAPE_NODE(search->shape, node)->number);
        holder = tell_core_holder(refusal, node);
        few = tell_few_cores(refusal, where, room);
        return g_strconcat(few, holder, NULL);
}

/* Memory ---------------------------------------------------------------------------- */

bool refusal_try_memory(const Refusal *refusal, PlaceSpot spot) {
        return place_memory(refusal->search, spot, false);
}

/* A node that would be asked for, if a guest could live there; -1 none. */
static int find_movable(const Refusal *refusal) {
        const CapacityShape *shape = refusal->search->shape;
        const SliceMemory *wish = &refusal->search->slice->memory;

        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);
                const CapacityNode *node = SHAPE_NODE(shape, memory->node);

                if (node->movable && (wish->node == node->number ||
                                      (wish->node < 0 && wish->tier == SLICE_TIER_CXL)))
                        return node->number;
        }
        return -1;
}

static char *tell_no_memory(const Refusal *refusal) {
        const SliceMemory *wish = &refusal->search->slice->memory;
        g_autofree char *size = place_amount(wish->size, "bytes");
        g_autofree char *node = wish->node < 0 ? g_strdup("this host")
                                               : g_strdup_printf("node %d", wish->node);
        const char *tier = wish->tier == SLICE_TIER_CXL ? "CXL " : "";
        int movable = find_movable(refusal);

        if (movable >= 0)
                return g_strdup_printf(
                        "The memory of node %d is movable, and the kernel needs some "
                        "beside a guest that is not: put it online with "
                        "'daxctl reconfigure-device --no-movable'",
                        movable);
        if (wish->contiguous)
                return g_strdup_printf("No huge page or CXL region that there is on %s is as large "
                                       "as the %s that are asked for in one piece",
                                       node, size);
        if (wish->page_kib > 0)
                return g_strdup_printf("There is no %smemory with pages of %" PRIu64 " KiB on %s",
                                       tier, wish->page_kib, node);
        return g_strdup_printf("There is no %smemory on %s", tier, node);
}

/* Of those that match, the one with most left. */
static int find_most_left(const PlaceSearch *search, PlaceSpot spot) {
        uint64_t most = 0;
        int best = -1;

        for (guint i = 0; i < search->shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(search->shape, i);
                uint64_t left = place_room(search, memory->item);

                if (place_memory_matches(search, memory, spot) && (best < 0 || left > most)) {
                        best = memory->item;
                        most = left;
                }
        }
        for (guint i = 0; best < 0 && i < search->shape->regions->len; i++) {
                const CapacityRegion *region = SHAPE_REGION(search->shape, i);

                if (place_region_matches(search, region, spot))
                        best = region->memory >= 0 ? region->memory : region->item;
        }
        return best;
}

char *refusal_tell_memory(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        int item = find_most_left(search, spot);
        g_autofree char *name = NULL, *left = NULL, *asked = NULL, *holder = NULL;

        if (item < 0)
                return tell_no_memory(refusal);

        name = place_memory_name(search, item);
        left = place_amount(place_room(search, item), "bytes");
        asked = place_amount(search->slice->memory.size, "bytes");
        holder = refusal_tell_holder_of(refusal, item);
        return g_strdup_printf("%s has %s%s of the %s that are asked for%s", name, left,
                               refusal->ever ? "" : " left", asked, holder);
}

/* Keys and shares ------------------------------------------------------------------- */

bool refusal_try_keys(const Refusal *refusal, PlaceSpot spot) {
        return place_keys(refusal->search);
}

char *refusal_tell_keys(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;

        for (guint i = 0; i < search->slice->keys->len; i++) {
                const SliceKey *key = search->slice->keys->pdata[i];
                int item = place_key(search, key);
                g_autofree char *holder = NULL;

                if (item < 0)
                        return g_strdup_printf("This host has no %s keys", key->kind);
                if (place_room(search, item) >= key->count)
                        continue;
                holder = refusal_tell_holder_of(refusal, item);
                return g_strdup_printf("This host has %" PRIu64 "%s of the %u %s keys that are "
                                       "asked for%s",
                                       place_room(search, item), refusal->ever ? "" : " left",
                                       key->count, key->kind, holder);
        }
        return g_strdup("The keys that are asked for are more than there are");
}

bool refusal_try_share(const Refusal *refusal, PlaceSpot spot) {
        return place_share(refusal->search);
}

static char *tell_one_share(const Refusal *refusal, const char *groups, const char *what,
                            const char *words, uint64_t need) {
        const PlaceSearch *search = refusal->search;
        int group = capacity_shape_find(search->shape, groups);
        int item = capacity_shape_find(search->shape, what);
        g_autofree char *left = NULL, *asked = NULL, *holder = NULL;

        if (need == 0)
                return NULL;
        if (group < 0 || item < 0)
                return g_strdup_printf("This host cannot share out its %s: resctrl is not mounted, "
                                       "or the CPU does not have it",
                                       words);
        if (place_room(search, group) == 0) {
                holder = refusal_tell_holder_of(refusal, group);
                return g_strdup_printf("This host has no group left for a share of its %s%s", words,
                                       holder);
        }
        if (place_room(search, item) >= need)
                return NULL;

        left = place_amount(place_room(search, item), SHAPE_ITEM(search->shape, item)->unit);
        asked = place_amount(need, SHAPE_ITEM(search->shape, item)->unit);
        holder = refusal_tell_holder_of(refusal, item);
        return g_strdup_printf("This host has %s of its %s%s of the %s that are asked for%s", left,
                               words, refusal->ever ? "" : " left", asked, holder);
}

char *refusal_tell_share(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        const Slice *slice = search->slice;
        char *text = tell_one_share(refusal, "cache:groups", "cache:ways", "last-level cache",
                                    slice->cache_ways);

        return text
                       ?: tell_one_share(refusal, "bandwidth:groups", "bandwidth:percent",
                                         "memory bandwidth", place_bandwidth_need(search));
}
