/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-search.h"

/* Nodes ----------------------------------------------------------------------------- */

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
                        left += place_room(search, memory->item);
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

/* Together -------------------------------------------------------------------------- */

static bool place_below(PlaceSearch *search, PlaceSpot spot, int device, GHashTable *tried) {
        int node = SHAPE_DEVICE(search->shape, device)->node;

        if (node < 0 || SHAPE_NODE(search->shape, node)->home != spot.node)
                return false;

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
