/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-search.h"

#define KIB UINT64_C(1024)

/* A memory or region that would do; the least is the best. */
typedef struct Choice {
        int item, too; /* `too`: taken with it, -1 none */
        uint64_t amount;
        bool moves, cxl, far;
        uint64_t left;
} Choice;

static int home_of(const PlaceSearch *search, int node) {
        return node < 0 ? -1 : SHAPE_NODE(search->shape, node)->home;
}

/* KVM has memory of the kernel for a guest, which the kernel takes from the nodes of the guest's
 * cpuset alone: without any that is not movable QEMU ends. */
static bool is_there(const PlaceSearch *search, int node, PlaceSpot spot) {
        const SliceMemory *wish = &search->slice->memory;

        if (node >= 0 && SHAPE_NODE(search->shape, node)->movable)
                return false;
        if (wish->node >= 0 && (node < 0 || SHAPE_NODE(search->shape, node)->number != wish->node))
                return false;
        return spot.node < 0 || home_of(search, node) == spot.node;
}

static bool page_matches(const SliceMemory *wish, const CapacityMemory *memory) {
        bool same = wish->page_kib * KIB == memory->page;

        if (wish->contiguous)
                return !memory->base && memory->page >= wish->size && (same || wish->page_kib == 0);
        return wish->page_kib == 0 ? memory->base : same;
}

bool place_memory_matches(const PlaceSearch *search, const CapacityMemory *memory, PlaceSpot spot) {
        const SliceMemory *wish = &search->slice->memory;

        if (wish->tier != SLICE_TIER_ANY && memory->cxl != (wish->tier == SLICE_TIER_CXL))
                return false;
        return page_matches(wish, memory) && is_there(search, memory->node, spot);
}

/* Pages are given whole. */
uint64_t place_memory_need(const PlaceSearch *search, const CapacityMemory *memory) {
        const SliceMemory *wish = &search->slice->memory;
        uint64_t rest = memory->page > 0 ? wish->size % memory->page : 0;

        return rest > 0 ? wish->size + memory->page - rest : wish->size;
}

bool place_region_matches(const PlaceSearch *search, const CapacityRegion *region, PlaceSpot spot) {
        const SliceMemory *wish = &search->slice->memory;

        return wish->contiguous && wish->page_kib == 0 && wish->tier != SLICE_TIER_LOCAL &&
               region->size >= wish->size && is_there(search, region->node, spot);
}

/* Choosing -------------------------------------------------------------------------- */

static bool is_better(const Choice *a, const Choice *b) {
        if (b->item < 0 || a->moves != b->moves)
                return b->item < 0 || b->moves;
        if (a->cxl != b->cxl)
                return b->cxl;
        if (a->far != b->far)
                return b->far;
        if (a->amount != b->amount)
                return a->amount < b->amount;
        return a->left < b->left;
}

static bool is_far(const PlaceSearch *search, int node) {
        return search->cores_node >= 0 && home_of(search, node) != search->cores_node;
}

static bool is_whole(const PlaceSearch *search, int item) {
        return place_room(search, item) == SHAPE_ITEM(search->shape, item)->total;
}

static void look_at_memory(const PlaceSearch *search, const CapacityMemory *memory, Choice *best) {
        Choice choice = { .item = memory->item,
                          .too = -1,
                          .amount = place_memory_need(search, memory),
                          .moves = search->held[memory->item] == 0,
                          .cxl = memory->cxl,
                          .far = is_far(search, memory->node),
                          .left = place_room(search, memory->item) };

        if (choice.left >= choice.amount && is_better(&choice, best))
                *best = choice;
}

static void look_at_region(const PlaceSearch *search, const CapacityRegion *region, Choice *best) {
        Choice choice = { .item = region->item,
                          .too = region->memory,
                          .amount = SHAPE_ITEM(search->shape, region->item)->total,
                          .moves = search->held[region->item] == 0 &&
                                   (region->memory < 0 || search->held[region->memory] == 0),
                          .cxl = true,
                          .far = is_far(search, region->node) };

        if (is_whole(search, region->item) &&
            (region->memory < 0 || is_whole(search, region->memory)) && is_better(&choice, best))
                *best = choice;
}

bool place_memory(PlaceSearch *search, PlaceSpot spot, bool local_only) {
        const CapacityShape *shape = search->shape;
        Choice best = { .item = -1 };

        if (search->slice->memory.size == 0)
                return true;

        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);

                if ((!local_only || !memory->cxl) && place_memory_matches(search, memory, spot))
                        look_at_memory(search, memory, &best);
        }
        for (guint i = 0; !local_only && i < shape->regions->len; i++)
                if (place_region_matches(search, SHAPE_REGION(shape, i), spot))
                        look_at_region(search, SHAPE_REGION(shape, i), &best);
        if (best.item < 0)
                return false;

        search->memory = best.item;
        search->memory_too = best.too;
        search->memory_amount = best.amount;
        search->mine[best.item] = best.amount;
        if (best.too >= 0)
                search->mine[best.too] = SHAPE_ITEM(shape, best.too)->total;
        return true;
}
