/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-search.h"

/* Whether it fits ------------------------------------------------------------------- */

static bool word_matches(const char *wanted, const char *word) {
        return !wanted || g_strcmp0(wanted, word) == 0;
}

static bool is_vf(const PlaceSearch *search, const CapacityPool *pool) {
        return SHAPE_ITEM(search->shape, pool->item)->kind == RESOURCE_VF_POOL;
}

/* A rate is a VF's, and lanes are of a link. */
static bool matches(const PlaceSearch *search, const SliceFunction *function,
                    const CapacityPool *pool) {
        const CapacityDevice *device = SHAPE_DEVICE(search->shape, pool->device);

        if ((function->min_mbit > 0 || function->max_mbit > 0) && !is_vf(search, pool))
                return false;
        if (function->min_mbit > 0 && device->pf < 0)
                return false;
        if ((function->lanes > 0 || function->bytes > 0) && device->n_links == 0)
                return false;
        return word_matches(function->class_name, pool->class_name) &&
               word_matches(function->type, pool->type) &&
               word_matches(function->pool, pool->pool) &&
               word_matches(function->parent, device->name);
}

static bool is_at(const PlaceSearch *search, const CapacityDevice *device, PlaceSpot spot) {
        if (spot.node >= 0 &&
            (device->node < 0 || SHAPE_NODE(search->shape, device->node)->home != spot.node))
                return false;
        return !spot.one_root || device->root == spot.root;
}

/* A parent makes instances of one type at a time; those of guests without a slice the kernel has
 * counted, when they are made. */
static bool other_type_is_made(const PlaceSearch *search, int n) {
        const CapacityShape *shape = search->shape;
        const CapacityPool *pool = SHAPE_POOL(shape, n);
        const CapacityDevice *device = SHAPE_DEVICE(shape, pool->device);

        if (is_vf(search, pool))
                return false;
        for (unsigned i = 0; i < device->n_pools; i++) {
                const CapacityPool *other = SHAPE_POOL(shape, device->first_pool + i);
                uint64_t taken = search->taken[other->item];

                if (other == pool || is_vf(search, other))
                        continue;
                if (search->mine[other->item] > 0 ||
                    taken > SHAPE_ITEM(shape, other->item)->foreign)
                        return true;
                if (taken > 0 && device->made_for_others)
                        return true;
        }
        return false;
}

static PlaceLack group_lack(const PlaceSearch *search, const SliceFunction *function, int group) {
        if (group < 0)
                return PLACE_FITS;
        if (search->group_taken[group])
                return PLACE_LACK_GROUP;
        if (search->group_own[group] || (function->own_group && search->group_count[group] > 0))
                return PLACE_LACK_OWN_GROUP;
        return PLACE_FITS;
}

uint64_t place_link_need(const SliceFunction *function, const CapacityShape *shape,
                         const CapacityLink *link) {
        uint64_t total = SHAPE_ITEM(shape, link->item)->total;

        if (function->lanes == 0)
                return function->bytes;
        if (function->lanes > link->width)
                return UINT64_MAX;
        return total / link->width * function->lanes;
}

/* A link that is down has nothing. */
static PlaceLack rates_lack(const PlaceSearch *search, const SliceFunction *function,
                            const CapacityDevice *device, int *ret_item) {
        if (function->min_mbit > 0 && place_room(search, device->pf) < function->min_mbit) {
                *ret_item = device->pf;
                return PLACE_LACK_RATE;
        }
        if (function->lanes == 0 && function->bytes == 0)
                return PLACE_FITS;
        for (unsigned i = 0; i < device->n_links; i++) {
                const CapacityLink *link = SHAPE_CHAIN(search->shape, device, i);
                uint64_t left = place_room(search, link->item);

                if (left == 0 || left < place_link_need(function, search->shape, link)) {
                        *ret_item = link->item;
                        return PLACE_LACK_LINK;
                }
        }
        return PLACE_FITS;
}

/* What changes while functions are placed. */
static PlaceLack moving_lack(const PlaceSearch *search, const SliceFunction *function, int n,
                             int *ret_item) {
        const CapacityPool *pool = SHAPE_POOL(search->shape, n);
        const CapacityDevice *device = SHAPE_DEVICE(search->shape, pool->device);
        int limit = SHAPE_ITEM(search->shape, pool->item)->limit;
        PlaceLack lack;

        *ret_item = pool->item;
        if (place_room(search, pool->item) == 0)
                return PLACE_LACK_FUNCTIONS;
        if (limit >= 0 && place_room(search, limit) == 0) {
                *ret_item = limit;
                return PLACE_LACK_MAX;
        }
        if (device->n_pools > 1 && other_type_is_made(search, n))
                return PLACE_LACK_TYPE;
        lack = group_lack(search, function, pool->group);
        return lack != PLACE_FITS ? lack : rates_lack(search, function, device, ret_item);
}

static PlaceLack fixed_lack(const PlaceSearch *search, const SliceFunction *function, int n,
                            PlaceSpot spot) {
        const CapacityPool *pool = SHAPE_POOL(search->shape, n);

        if (!matches(search, function, pool))
                return PLACE_LACK_MATCH;
        if (!is_at(search, SHAPE_DEVICE(search->shape, pool->device), spot))
                return PLACE_LACK_SPOT;
        return search->apart[pool->device] ? PLACE_LACK_APART : PLACE_FITS;
}

PlaceLack place_function_lack(const PlaceSearch *search, const SliceFunction *function, int pool,
                              PlaceSpot spot, int *ret_item) {
        PlaceLack lack = fixed_lack(search, function, pool, spot);

        return lack != PLACE_FITS ? lack : moving_lack(search, function, pool, ret_item);
}

/* Taking and giving back ------------------------------------------------------------ */

static void change(PlaceSearch *search, const SliceFunction *function, int n, bool giving) {
        const CapacityPool *pool = SHAPE_POOL(search->shape, n);
        const CapacityDevice *device = SHAPE_DEVICE(search->shape, pool->device);
        uint64_t sign = giving ? UINT64_MAX : 1; /* -1, as unsigned numbers have it */
        int limit = SHAPE_ITEM(search->shape, pool->item)->limit;

        search->mine[pool->item] += sign;
        if (limit >= 0)
                search->mine[limit] += sign;
        if (function->min_mbit > 0)
                search->mine[device->pf] += sign * function->min_mbit;
        for (unsigned i = 0; (function->lanes > 0 || function->bytes > 0) && i < device->n_links;
             i++) {
                const CapacityLink *link = SHAPE_CHAIN(search->shape, device, i);

                search->mine[link->item] += sign * place_link_need(function, search->shape, link);
        }
        if (pool->group < 0)
                return;
        search->group_count[pool->group] += (unsigned)sign;
        if (function->own_group)
                search->group_own[pool->group] = !giving;
}

void place_function_take(PlaceSearch *search, const SliceFunction *function, int pool) {
        change(search, function, pool, false);
}

/* Candidates ------------------------------------------------------------------------ */

typedef struct Rank {
        const PlaceSearch *search;
        const PlaceFunction *function;
} Rank;

static bool is_far(const PlaceSearch *search, int n) {
        const CapacityPool *pool = SHAPE_POOL(search->shape, n);
        int node = SHAPE_DEVICE(search->shape, pool->device)->node;

        return search->cores_node >= 0 && node != search->cores_node;
}

/* Where it is; near its cores; the PF with fewest VFs left. */
static int compare_candidates(gconstpointer a, gconstpointer b, gpointer userdata) {
        const Rank *rank = userdata;
        int x = *(const int *)a, y = *(const int *)b, present = rank->function->present;
        uint64_t left_x = place_room(rank->search, SHAPE_POOL(rank->search->shape, x)->item);
        uint64_t left_y = place_room(rank->search, SHAPE_POOL(rank->search->shape, y)->item);

        if ((x == present) != (y == present))
                return x == present ? -1 : 1;
        if (is_far(rank->search, x) != is_far(rank->search, y))
                return is_far(rank->search, x) ? 1 : -1;
        if (left_x != left_y)
                return left_x < left_y ? -1 : 1;
        return x - y;
}

static void find_candidates(PlaceSearch *search, PlaceFunction *function, PlaceSpot spot) {
        Rank rank = { search, function };
        int item;

        function->n_candidates = 0;
        for (guint i = 0; i < search->shape->pools->len; i++) {
                function->may[i] = place_function_lack(search, function->wish, i, spot, &item) ==
                                   PLACE_FITS;
                if (function->may[i])
                        function->candidates[function->n_candidates++] = i;
        }
        g_qsort_with_data(function->candidates, (int)function->n_candidates, sizeof(int),
                          compare_candidates, &rank);
}

/* Search ---------------------------------------------------------------------------- */

/* How many such functions a pool could make, were they the only ones. */
static uint64_t pool_room(const PlaceSearch *search, const SliceFunction *function, int n) {
        const CapacityPool *pool = SHAPE_POOL(search->shape, n);
        const CapacityDevice *device = SHAPE_DEVICE(search->shape, pool->device);
        uint64_t room = place_room(search, pool->item);
        int limit = SHAPE_ITEM(search->shape, pool->item)->limit;

        if (limit >= 0)
                room = MIN(room, place_room(search, limit));
        if (function->own_group && pool->group >= 0)
                room = MIN(room, 1);
        if (function->min_mbit > 0)
                room = MIN(room, place_room(search, device->pf) / function->min_mbit);
        if (function->lanes > 0 || function->bytes > 0) {
                const CapacityLink *link = SHAPE_CHAIN(search->shape, device, 0);
                uint64_t need = place_link_need(function, search->shape, link);

                room = MIN(room, need > 0 ? place_room(search, link->item) / need : 0);
        }
        return room;
}

/* What cannot be, whatever is tried: more functions of a class than all candidates could make. */
static bool class_has_room(const PlaceSearch *search, unsigned first) {
        const PlaceFunction *function = &search->functions[first];
        uint64_t room = 0;
        unsigned n = 0;

        for (unsigned i = first; i < search->n_functions; i++)
                n += search->functions[i].class == function->class;
        for (unsigned i = 0; i < function->n_candidates && room < n; i++)
                room += pool_room(search, function->wish, function->candidates[i]);
        return room >= n;
}

static bool items_are_alike(const PlaceSearch *search, int a, int b) {
        return place_room(search, a) == place_room(search, b) && search->mine[a] == search->mine[b];
}

static bool links_are_alike(const PlaceSearch *search, const CapacityDevice *a,
                            const CapacityDevice *b) {
        if (a->n_links != b->n_links)
                return false;
        for (unsigned i = 0; i < a->n_links; i++) {
                const CapacityLink *x = SHAPE_CHAIN(search->shape, a, i);
                const CapacityLink *y = SHAPE_CHAIN(search->shape, b, i);

                if (x == y)
                        continue;
                if (x->n_devices > 1 || y->n_devices > 1 || x->width != y->width ||
                    SHAPE_ITEM(search->shape, x->item)->total !=
                            SHAPE_ITEM(search->shape, y->item)->total ||
                    !items_are_alike(search, x->item, y->item))
                        return false;
        }
        return true;
}

/* Whether it is the same which of the two takes a function: they have as much left, share nothing
 * that differs with others, and are candidates of the same functions from `depth` on. */
static bool are_alike(const PlaceSearch *search, int a, int b, unsigned depth) {
        const CapacityPool *x = SHAPE_POOL(search->shape, a), *y = SHAPE_POOL(search->shape, b);
        const CapacityDevice *at_x = SHAPE_DEVICE(search->shape, x->device);
        const CapacityDevice *at_y = SHAPE_DEVICE(search->shape, y->device);

        if (x->group >= 0 || y->group >= 0 || at_x->n_pools > 1 || at_y->n_pools > 1 ||
            (at_x->pf < 0) != (at_y->pf < 0) || !items_are_alike(search, x->item, y->item) ||
            SHAPE_ITEM(search->shape, x->item)->limit != SHAPE_ITEM(search->shape, y->item)->limit)
                return false;
        if (at_x->pf >= 0 && !items_are_alike(search, at_x->pf, at_y->pf))
                return false;
        for (unsigned i = depth; i < search->n_functions; i++)
                if (search->functions[i].may[a] != search->functions[i].may[b])
                        return false;
        return links_are_alike(search, at_x, at_y);
}

static bool is_like_failed(const PlaceSearch *search, const PlaceFunction *function, int pool,
                           unsigned depth) {
        for (unsigned i = 0; i < function->n_failed; i++)
                if (are_alike(search, function->failed[i], pool, depth))
                        return true;
        return false;
}

static bool place_from(PlaceSearch *search, unsigned depth);

static bool try_candidate(PlaceSearch *search, unsigned depth, unsigned position) {
        PlaceFunction *function = &search->functions[depth];
        int pool = function->candidates[position], item;

        if (moving_lack(search, function->wish, pool, &item) != PLACE_FITS ||
            is_like_failed(search, function, pool, depth))
                return false;

        function->position = position;
        change(search, function->wish, pool, false);
        if (place_from(search, depth + 1))
                return true;

        change(search, function->wish, pool, true);
        function->failed[function->n_failed++] = pool;
        return false;
}

/* Of a class it is the same which function is where: each comes no earlier than the one before. */
static bool place_from(PlaceSearch *search, unsigned depth) {
        PlaceFunction *function = &search->functions[depth];
        bool begins;

        if (depth == search->n_functions)
                return true;
        search->steps++;
        if (place_search_gave_up(search))
                return false;

        begins = depth == 0 || function[-1].class != function->class;
        if (begins && !class_has_room(search, depth))
                return false;

        function->n_failed = 0;
        for (unsigned i = begins ? 0 : function[-1].position; i < function->n_candidates; i++)
                if (try_candidate(search, depth, i))
                        return true;
        return false;
}

bool place_functions(PlaceSearch *search, PlaceSpot spot) {
        for (unsigned i = 0; i < search->n_functions; i++) {
                find_candidates(search, &search->functions[i], spot);
                if (search->functions[i].n_candidates == 0)
                        return false;
        }
        if (!place_from(search, 0))
                return false;

        for (unsigned i = 0; i < search->n_functions; i++) {
                const PlaceFunction *function = &search->functions[i];

                for (guint n = 0; n < search->slice->functions->len; n++)
                        if (search->slice->functions->pdata[n] == function->wish)
                                search->function_pools[n] =
                                        function->candidates[function->position];
        }
        return true;
}
