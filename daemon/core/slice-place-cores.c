/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-search.h"

/* What one core could give: 1 when it is asked for as a whole, else vCPUs. */
static unsigned core_room(const PlaceSearch *search, const CapacityCore *core, bool doubling) {
        const SliceCores *wish = &search->slice->cores;
        uint64_t total = SHAPE_ITEM(search->shape, core->item)->total;
        uint64_t left = place_room(search, core->item);
        uint64_t n;

        if (wish->exclusive)
                return total > 0 && left == total;
        if (core->isolated)
                return 0;

        n = left / wish->share;
        return (unsigned)MIN(n, doubling ? wish->count : core->threads);
}

unsigned place_cores_room(const PlaceSearch *search, int node, bool doubling) {
        const CapacityNode *at = SHAPE_NODE(search->shape, node);
        unsigned n = 0;

        for (unsigned i = 0; i < at->n_cores; i++)
                n += core_room(search, SHAPE_CORE(search->shape, at->first_core + i), doubling);
        return n;
}

/* Taking ---------------------------------------------------------------------------- */

static unsigned take_core(PlaceSearch *search, const CapacityCore *core, unsigned vcpus) {
        const SliceCores *wish = &search->slice->cores;

        if (wish->exclusive)
                search->mine[core->item] = SHAPE_ITEM(search->shape, core->item)->total;
        else
                search->mine[core->item] += (uint64_t)vcpus * wish->share;
        return vcpus;
}

/* Those that it has: the same number of vCPUs on each. */
static unsigned keep_held(PlaceSearch *search, int node, unsigned want) {
        const SliceCores *wish = &search->slice->cores;
        const CapacityNode *at = SHAPE_NODE(search->shape, node);
        unsigned n = 0;

        for (unsigned i = 0; search->has_held_cores && i < at->n_cores && n < want; i++) {
                const CapacityCore *core = SHAPE_CORE(search->shape, at->first_core + i);
                unsigned room = MIN(core_room(search, core, true), want - n);
                uint64_t had = wish->exclusive ? 1 : search->held[core->item] / wish->share;

                if (search->held[core->item] > 0 && room > 0)
                        n += take_core(search, core, (unsigned)MIN(room, MAX(had, 1)));
        }
        return n;
}

/* Which cores come first: for an exclusive one those that are good for nothing else, for a shared
 * one those that are nobody's alone any more. */
static bool comes_first(const PlaceSearch *search, const CapacityCore *core) {
        if (search->slice->cores.exclusive)
                return core->isolated;
        return search->taken[core->item] > 0 || search->mine[core->item] > 0;
}

static unsigned vcpus_on(const PlaceSearch *search, const CapacityCore *core) {
        const SliceCores *wish = &search->slice->cores;

        return wish->exclusive ? 0 : (unsigned)(search->mine[core->item] / wish->share);
}

static unsigned take_more(PlaceSearch *search, int node, unsigned want, bool first, bool doubling) {
        const CapacityNode *at = SHAPE_NODE(search->shape, node);
        unsigned n = 0;

        for (unsigned i = 0; i < at->n_cores && n < want; i++) {
                const CapacityCore *core = SHAPE_CORE(search->shape, at->first_core + i);
                unsigned room = core_room(search, core, true), on = vcpus_on(search, core);

                if (comes_first(search, core) != first)
                        continue;
                if (!search->slice->cores.exclusive && !doubling)
                        room = MIN(room, core->threads - MIN(on, core->threads));
                if (room > 0)
                        n += take_core(search, core, MIN(room, want - n));
        }
        return n;
}

static void take_from(PlaceSearch *search, const int *nodes, unsigned n_nodes) {
        unsigned want = search->slice->cores.count;

        for (unsigned i = 0; i < n_nodes; i++)
                want -= keep_held(search, nodes[i], want);
        for (int doubling = 0; doubling <= 1; doubling++)
                for (unsigned i = 0; i < n_nodes; i++) {
                        want -= take_more(search, nodes[i], want, true, doubling);
                        want -= take_more(search, nodes[i], want, false, doubling);
                }
        search->cores_node = n_nodes == 1 ? nodes[0] : -1;
}

/* Where ----------------------------------------------------------------------------- */

static unsigned count_held(const PlaceSearch *search, int node) {
        const CapacityNode *at = SHAPE_NODE(search->shape, node);
        unsigned n = 0;

        for (unsigned i = 0; i < at->n_cores; i++)
                n += search->held[SHAPE_CORE(search->shape, at->first_core + i)->item] > 0;
        return n;
}

/* The fullest that has room for all. */
static int find_single(const PlaceSearch *search, bool doubling) {
        unsigned want = search->slice->cores.count, least = G_MAXUINT;
        int best = -1;

        for (guint i = 0; i < search->shape->nodes->len; i++) {
                unsigned room = place_cores_room(search, i, doubling);

                if (room >= want && room < least) {
                        best = i;
                        least = room;
                }
        }
        return best;
}

typedef struct RankedNode {
        int node;
        unsigned held, room;
} RankedNode;

static int compare_ranked(const void *a, const void *b) {
        const RankedNode *x = a, *y = b;

        if (x->held != y->held)
                return x->held > y->held ? -1 : 1;
        if (x->room != y->room)
                return x->room > y->room ? -1 : 1;
        return x->node - y->node;
}

/* On as few nodes as possible, and on those where it is. */
static bool spread(PlaceSearch *search, bool doubling) {
        unsigned n = search->shape->nodes->len, want = search->slice->cores.count;
        unsigned room = 0, held = 0, used;
        g_autofree RankedNode *ranked = g_new(RankedNode, n);
        g_autofree int *nodes = g_new(int, n);

        for (unsigned i = 0; i < n; i++)
                ranked[i] = (RankedNode){ i, count_held(search, i),
                                          place_cores_room(search, i, doubling) };
        qsort(ranked, n, sizeof(*ranked), compare_ranked);
        for (used = 0; used < n; used++) {
                if (room >= want && (held >= want || ranked[used].held == 0))
                        break;
                room += ranked[used].room;
                held += ranked[used].held;
                nodes[used] = ranked[used].node;
        }
        if (room < want)
                return false;

        take_from(search, nodes, used);
        return true;
}

static bool place_anywhere(PlaceSearch *search) {
        for (int doubling = 0; doubling <= 1; doubling++) {
                int node = search->has_held_cores ? -1 : find_single(search, doubling);

                if (node >= 0) {
                        take_from(search, &node, 1);
                        return true;
                }
                if (spread(search, doubling))
                        return true;
        }
        return false;
}

bool place_cores(PlaceSearch *search, PlaceSpot spot) {
        const SliceCores *wish = &search->slice->cores;
        int node = spot.node;

        search->cores_node = -1;
        if (wish->count == 0)
                return true;
        if (wish->node >= 0) {
                int asked = capacity_shape_node(search->shape, wish->node);

                if (asked < 0 || (node >= 0 && node != asked))
                        return false;
                node = asked;
        }
        if (node < 0)
                return place_anywhere(search);
        if (place_cores_room(search, node, true) < wish->count)
                return false;

        take_from(search, &node, 1);
        return true;
}
