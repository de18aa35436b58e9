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

uint64_t place_free(const PlaceSearch *search, int item) {
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

                if (item < 0 || place_free(search, item) < key->count)
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

        if (group < 0 || item < 0 || place_free(search, group) == 0 ||
            place_free(search, item) < need)
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

/* Cores, memory and functions -------------------------------------------------------- */

void place_search_reset(PlaceSearch *search) {
        memset(search->mine, 0, search->shape->items->len * sizeof(search->mine[0]));
        memset(search->group_count, 0, search->shape->n_groups * sizeof(search->group_count[0]));
        memset(search->group_own, 0, search->shape->n_groups * sizeof(search->group_own[0]));
        forget_choices(search);
}

typedef struct NodeRank {
        int node;
        bool held, doubling;
        uint64_t left; /* cores, or memory where no cores are asked for */
} NodeRank;

static bool is_held(const PlaceSearch *search, int node) {
        const CapacityNode *at = SHAPE_NODE(search->shape, node);

        if (search->held_node >= 0 && SHAPE_NODE(search->shape, search->held_node)->home == node)
                return true;
        for (unsigned i = 0; search->has_held_cores && i < at->n_cores; i++)
                if (search->held[SHAPE_CORE(search->shape, at->first_core + i)->item] > 0)
                        return true;
        for (unsigned i = 0; i < search->n_functions; i++) {
                int pool = search->functions[i].present;

                if (pool >= 0 &&
                    SHAPE_DEVICE(search->shape, SHAPE_POOL(search->shape, pool)->device)->node ==
                            node)
                        return true;
        }
        return false;
}

static uint64_t memory_left(const PlaceSearch *search, int node) {
        PlaceSpot spot = { node, 0, false };
        uint64_t left = 0;

        for (guint i = 0; i < search->shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(search->shape, i);

                if (place_memory_matches(search, memory, spot))
                        left += place_free(search, memory->item);
        }
        return left;
}

static int compare_nodes(const void *a, const void *b) {
        const NodeRank *x = a, *y = b;

        if (x->held != y->held)
                return x->held ? -1 : 1;
        if (x->doubling != y->doubling)
                return x->doubling ? 1 : -1;
        if (x->left != y->left)
                return x->left < y->left ? -1 : 1;
        return x->node - y->node;
}

static NodeRank rank_node(const PlaceSearch *search, int node) {
        const SliceCores *cores = &search->slice->cores;
        NodeRank rank = { .node = node, .held = search->present && is_held(search, node) };

        if (cores->count > 0) {
                rank.left = place_cores_room(search, node, false);
                rank.doubling = rank.left < cores->count;
        } else
                rank.left = memory_left(search, node);
        return rank;
}

unsigned place_order_nodes(const PlaceSearch *search, int *ret_nodes) {
        guint n = search->shape->nodes->len, used = 0;
        g_autofree NodeRank *ranks = g_new(NodeRank, n + 1);

        for (guint i = 0; i < n; i++)
                if (SHAPE_NODE(search->shape, i)->has_cpus)
                        ranks[used++] = rank_node(search, i);
        qsort(ranks, used, sizeof(*ranks), compare_nodes);
        for (guint i = 0; i < used; i++)
                ret_nodes[i] = ranks[i].node;
        return used;
}

static bool place_below(PlaceSearch *search, PlaceSpot spot, int device, GHashTable *tried) {
        spot.one_root = true;
        spot.root = SHAPE_DEVICE(search->shape, device)->root;
        return g_hash_table_add(tried, GINT_TO_POINTER(spot.root)) && place_functions(search, spot);
}

/* Beginning with where functions are. */
static bool place_below_one_root(PlaceSearch *search, PlaceSpot spot) {
        g_autoptr(GHashTable) tried = g_hash_table_new(NULL, NULL);

        for (unsigned i = 0; i < search->n_functions; i++) {
                int pool = search->functions[i].present;

                if (pool >= 0 &&
                    place_below(search, spot, SHAPE_POOL(search->shape, pool)->device, tried))
                        return true;
        }
        for (guint i = 0; i < search->shape->devices->len; i++)
                if (place_below(search, spot, (int)i, tried))
                        return true;
        return false;
}

static bool place_on_node(PlaceSearch *search, int node) {
        PlaceSpot spot = { node, 0, false };

        place_search_reset(search);
        if (!place_cores(search, spot) || !place_memory(search, spot, false))
                return false;
        if (search->n_functions > 0 && search->slice->together == SLICE_TOGETHER_ROOT_PORT)
                return place_below_one_root(search, spot);
        return place_functions(search, spot);
}

static bool place_together(PlaceSearch *search) {
        g_autofree int *nodes = g_new(int, search->shape->nodes->len + 1);
        unsigned n = place_order_nodes(search, nodes);

        for (unsigned i = 0; i < n && !place_search_gave_up(search); i++)
                if (place_on_node(search, nodes[i]))
                        return true;
        return false;
}

/* Nobody asks for it, and yet memory is better where the cores are: on one node, if there is one
 * with room for both without crowding, unless they are somewhere already. */
static bool place_near(PlaceSearch *search) {
        const SliceMemory *memory = &search->slice->memory;
        g_autofree int *nodes = g_new(int, search->shape->nodes->len + 1);
        unsigned n;

        if (search->slice->cores.count == 0 || memory->size == 0 || search->has_held_cores)
                return false;

        n = place_order_nodes(search, nodes);
        for (unsigned i = 0; i < n; i++) {
                PlaceSpot spot = { nodes[i], 0, false };

                if (search->held_node >= 0 &&
                    SHAPE_NODE(search->shape, search->held_node)->home != nodes[i])
                        continue;
                if (place_cores_room(search, nodes[i], false) < search->slice->cores.count)
                        continue;
                place_search_reset(search);
                if (place_cores(search, spot) &&
                    place_memory(search, spot,
                                 memory->tier == SLICE_TIER_ANY && search->held_node < 0))
                        return true;
        }
        place_search_reset(search);
        return false;
}

static bool place_apart(PlaceSearch *search) {
        if (!place_near(search) &&
            (!place_cores(search, PLACE_ANYWHERE) || !place_memory(search, PLACE_ANYWHERE, false)))
                return false;
        return place_functions(search, PLACE_ANYWHERE);
}

bool place_search_run(PlaceSearch *search) {
        bool found = search->slice->together == SLICE_TOGETHER_ANY ? place_apart(search)
                                                                   : place_together(search);

        return found && place_offloads(search) && place_keys(search) && place_share(search);
}
