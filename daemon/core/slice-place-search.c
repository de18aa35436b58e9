/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-search.h"

#include <string.h>

/* Life ------------------------------------------------------------------------------ */

static bool asks_the_same(const SliceFunction *a, const SliceFunction *b) {
        return g_strcmp0(a->class_name, b->class_name) == 0 && g_strcmp0(a->type, b->type) == 0 &&
               g_strcmp0(a->pool, b->pool) == 0 && g_strcmp0(a->parent, b->parent) == 0 &&
               a->own_group == b->own_group && a->lanes == b->lanes && a->bytes == b->bytes &&
               a->min_mbit == b->min_mbit && (a->max_mbit > 0) == (b->max_mbit > 0);
}

static int find_pool(const CapacityShape *shape, int item) {
        for (guint i = 0; i < shape->pools->len; i++)
                if (SHAPE_POOL(shape, i)->item == item)
                        return i;
        return -1;
}

static int present_pool(const PlaceSearch *search, const char *name) {
        for (guint i = 0; search->present && i < search->present->len; i++) {
                const SliceGrant *grant = search->present->pdata[i];
                int item, pool;

                if (!g_str_equal(grant->part, name))
                        continue;
                item = capacity_shape_find(search->shape, grant->resource);
                pool = item < 0 ? -1 : find_pool(search->shape, item);
                if (pool >= 0)
                        return pool;
        }
        return -1;
}

static void add_function(PlaceSearch *search, const SliceFunction *wish, int present,
                         unsigned class) {
        PlaceFunction *function = &search->functions[search->n_functions++];
        guint n = search->shape->pools->len;

        function->wish = wish;
        function->present = present;
        function->class = class;
        function->candidates = g_new(int, n);
        function->failed = g_new(int, n);
        function->may = g_new(bool, n);
}

/* Those that are to stay come first; then those that ask for the same, together. */
static void add_functions(PlaceSearch *search) {
        const GPtrArray *wishes = search->slice->functions;
        g_autofree int *present = g_new(int, wishes->len + 1);
        g_autofree bool *added = g_new0(bool, wishes->len + 1);

        search->functions = g_new0(PlaceFunction, wishes->len);
        for (guint i = 0; i < wishes->len; i++) {
                present[i] = present_pool(search, ((const SliceFunction *)wishes->pdata[i])->name);
                added[i] = present[i] >= 0;
                if (added[i])
                        add_function(search, wishes->pdata[i], present[i], i);
        }
        for (guint i = 0; i < wishes->len; i++)
                for (guint n = i; !added[i] && n < wishes->len; n++)
                        if (n == i ||
                            (!added[n] && asks_the_same(wishes->pdata[i], wishes->pdata[n]))) {
                                add_function(search, wishes->pdata[n], -1, i);
                                added[n] = n > i;
                        }
}

static void note_held(PlaceSearch *search) {
        for (guint i = 0; search->present && i < search->present->len; i++) {
                const SliceGrant *grant = search->present->pdata[i];
                int item = capacity_shape_find(search->shape, grant->resource);
                bool cores = g_str_equal(grant->part, "cores");

                if (item < 0 || !(cores || g_str_equal(grant->part, "memory")))
                        continue;
                search->held[item] += grant->amount;
                search->has_held_cores = search->has_held_cores || cores;
        }
        search->held_node = -1;
        for (guint i = 0; search->present && i < search->shape->memories->len; i++)
                if (search->held[SHAPE_MEMORY(search->shape, i)->item] > 0)
                        search->held_node = SHAPE_MEMORY(search->shape, i)->node;
}

static void note_groups(PlaceSearch *search) {
        const CapacityShape *shape = search->shape;

        search->group_count = g_new0(unsigned, shape->n_groups + 1);
        search->group_own = g_new0(bool, shape->n_groups + 1);
        search->group_taken = g_new0(bool, shape->n_groups + 1);
        for (guint i = 0; shape->n_groups > 0 && i < shape->pools->len; i++) {
                const CapacityPool *pool = SHAPE_POOL(shape, i);

                if (pool->group >= 0 && search->taken[pool->item] > 0)
                        search->group_taken[pool->group] = true;
        }
}

static void forget_choices(PlaceSearch *search) {
        search->memory = search->memory_too = search->cores_node = -1;
        for (guint i = 0; i < search->slice->functions->len; i++)
                search->function_pools[i] = -1;
}

PlaceSearch *place_search_new(const Capacity *capacity, const uint64_t *taken, const Slice *slice,
                              const GPtrArray *present) {
        PlaceSearch *search = g_new0(PlaceSearch, 1);
        guint n;

        search->shape = capacity_shape(capacity);
        n = search->shape->items->len;
        search->slice = slice;
        search->taken = taken;
        search->present = present;
        search->mine = g_new0(uint64_t, n);
        search->held = g_new0(uint64_t, n);
        search->apart = g_new0(bool, search->shape->devices->len);
        search->function_pools = g_new(int, slice->functions->len + 1);
        search->offload_pools = g_new(int, slice->offloads->len + 1);
        note_held(search);
        note_groups(search);
        add_functions(search);
        forget_choices(search);
        return search;
}

void place_search_reset(PlaceSearch *search) {
        memset(search->mine, 0, search->shape->items->len * sizeof(search->mine[0]));
        memset(search->group_count, 0, search->shape->n_groups * sizeof(search->group_count[0]));
        memset(search->group_own, 0, search->shape->n_groups * sizeof(search->group_own[0]));
        forget_choices(search);
}

void place_search_free(PlaceSearch *search) {
        if (!search)
                return;

        for (unsigned i = 0; i < search->n_functions; i++) {
                g_free(search->functions[i].candidates);
                g_free(search->functions[i].failed);
                g_free(search->functions[i].may);
        }
        g_free(search->functions);
        g_free(search->group_count);
        g_free(search->group_own);
        g_free(search->group_taken);
        g_free(search->function_pools);
        g_free(search->offload_pools);
        g_free(search->taken_own);
        g_free(search->mine);
        g_free(search->held);
        g_free(search->apart);
        g_free(search);
}

/* Facts ----------------------------------------------------------------------------- */

uint64_t place_room(const PlaceSearch *search, int item) {
        uint64_t used = search->taken[item] + search->mine[item];
        uint64_t total = SHAPE_ITEM(search->shape, item)->total;

        return total > used ? total - used : 0;
}

int place_key(const PlaceSearch *search, const SliceKey *key) {
        g_autofree char *id = g_strdup_printf("key:%s", key->kind);

        return capacity_shape_find(search->shape, id);
}

bool place_search_gave_up(const PlaceSearch *search) {
        return search->steps > SLICE_PLACE_STEPS_MAX;
}

static bool is_gone(const GPtrArray *gone, const char *name) {
        for (guint i = 0; gone && i < gone->len; i++)
                if (g_str_equal(gone->pdata[i], name))
                        return true;
        return false;
}

static void keep_apart_from(PlaceSearch *search, const CapacityHolder *holder) {
        for (unsigned i = 0; i < holder->n_bookings; i++) {
                unsigned item = (unsigned)holder->bookings[i].item;
                int device = item < search->shape->items->len
                                     ? SHAPE_ITEM(search->shape, item)->device
                                     : -1;

                if (device >= 0)
                        search->apart[device] = true;
        }
}

void place_search_keep_apart(PlaceSearch *search, const Capacity *capacity, const GPtrArray *gone) {
        const GPtrArray *holders = capacity_holders(capacity);

        for (guint i = 0; search->slice->apart && i < holders->len; i++) {
                const CapacityHolder *holder = holders->pdata[i];

                if (g_strcmp0(holder->apart, search->slice->apart) == 0 &&
                    !is_gone(gone, holder->name))
                        keep_apart_from(search, holder);
        }
}

/* Keys and shares ------------------------------------------------------------------- */

bool place_keys(PlaceSearch *search) {
        const GPtrArray *keys = search->slice->keys;

        for (guint i = 0; i < keys->len; i++) {
                const SliceKey *key = keys->pdata[i];
                int item = place_key(search, key);

                if (item < 0 || place_room(search, item) < key->count)
                        return false;
                search->mine[item] += key->count;
        }
        return true;
}

unsigned place_bandwidth_need(const PlaceSearch *search) {
        unsigned need = MAX(search->slice->memory_bandwidth, search->shape->percent_min);
        unsigned step = MAX(search->shape->percent_step, 1);

        return MIN((need + step - 1) / step * step, 100);
}

/* A share is so much, and one of the groups that hardware tells apart. */
static bool take_share(PlaceSearch *search, const char *groups, const char *what, uint64_t need) {
        int group = capacity_shape_find(search->shape, groups);
        int item = capacity_shape_find(search->shape, what);

        if (group < 0 || item < 0 || place_room(search, group) == 0 ||
            place_room(search, item) < need)
                return false;

        search->mine[group] += 1;
        search->mine[item] += need;
        return true;
}

bool place_share(PlaceSearch *search) {
        const Slice *slice = search->slice;

        if (slice->cache_ways > 0 &&
            !take_share(search, "cache:groups", "cache:ways", slice->cache_ways))
                return false;
        return slice->memory_bandwidth == 0 ||
               take_share(search, "bandwidth:groups", "bandwidth:percent",
                          place_bandwidth_need(search));
}
