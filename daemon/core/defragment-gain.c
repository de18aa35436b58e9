/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "daemon/core/defragment-parts.h"
#include "daemon/core/slice-place-words.h"

static uint64_t left_of(const Capacity *capacity, int item) {
        uint64_t total = SHAPE_ITEM(capacity_shape(capacity), item)->total;
        uint64_t taken = capacity_taken(capacity)[item];

        return total > taken ? total - taken : 0;
}

/* Cores of which nobody has any. */
static unsigned count_free_cores(const Capacity *capacity, const CapacityNode *node) {
        const CapacityShape *shape = capacity_shape(capacity);
        unsigned n = 0;

        for (unsigned i = 0; i < node->n_cores; i++) {
                int item = SHAPE_CORE(shape, node->first_core + i)->item;

                n += SHAPE_ITEM(shape, item)->total > 0 && capacity_taken(capacity)[item] == 0;
        }
        return n;
}

static bool is_same_memory(const CapacityMemory *a, const CapacityMemory *b) {
        return a->page == b->page && a->cxl == b->cxl && a->base == b->base;
}

static bool is_first_of_kind(const CapacityShape *shape, guint n) {
        for (guint i = 0; i < n; i++)
                if (is_same_memory(SHAPE_MEMORY(shape, i), SHAPE_MEMORY(shape, n)))
                        return false;
        return true;
}

static bool is_vf_pool(const CapacityShape *shape, guint pool) {
        return SHAPE_ITEM(shape, SHAPE_POOL(shape, pool)->item)->kind == RESOURCE_VF_POOL;
}

/* Scoring --------------------------------------------------------------------------- */

/* The sum of squares of the parts of a whole is highest when all is in one of them. */
typedef struct Squares {
        double sum, whole;
} Squares;

static void add_square(Squares *squares, uint64_t left, uint64_t total) {
        squares->sum += (double)left * (double)left;
        squares->whole += (double)total;
}

static double score_of(const Squares *squares) {
        return squares->whole > 0 ? squares->sum / squares->whole / squares->whole : 0;
}

static double score_cores(const Capacity *capacity) {
        const CapacityShape *shape = capacity_shape(capacity);
        Squares squares = { 0, 0 };

        for (guint i = 0; i < shape->nodes->len; i++)
                add_square(&squares, count_free_cores(capacity, SHAPE_NODE(shape, i)),
                           SHAPE_NODE(shape, i)->n_cores);
        return score_of(&squares);
}

static double score_memory(const Capacity *capacity, const CapacityMemory *kind) {
        const CapacityShape *shape = capacity_shape(capacity);
        Squares squares = { 0, 0 };

        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);

                if (is_same_memory(memory, kind))
                        add_square(&squares, left_of(capacity, memory->item),
                                   SHAPE_ITEM(shape, memory->item)->total);
        }
        return score_of(&squares);
}

static double score_vfs(const Capacity *capacity) {
        const CapacityShape *shape = capacity_shape(capacity);
        Squares squares = { 0, 0 };

        for (guint i = 0; i < shape->pools->len; i++) {
                int item = SHAPE_POOL(shape, i)->item;

                if (is_vf_pool(shape, i))
                        add_square(&squares, left_of(capacity, item),
                                   SHAPE_ITEM(shape, item)->total);
        }
        return score_of(&squares);
}

double defragment_score(const Capacity *capacity) {
        const CapacityShape *shape = capacity_shape(capacity);
        double score = score_cores(capacity) + score_vfs(capacity);

        for (guint i = 0; i < shape->memories->len; i++)
                if (is_first_of_kind(shape, i))
                        score += score_memory(capacity, SHAPE_MEMORY(shape, i));
        return score;
}

/* Words ----------------------------------------------------------------------------- */

/* So much is free in one place; a node, a PF. */
typedef struct Place {
        char *name;
        uint64_t before, after;
} Place;

/* How it is told of one kind of thing. */
typedef struct Words {
        const char *most, *some, *suffix; /* "largest free run", "free cores", " cores" */
        bool bytes;
} Words;

static void place_clear(void *place) {
        g_free(((Place *)place)->name);
}

static GArray *places_new(void) {
        GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

        g_array_set_clear_func(places, place_clear);
        return places;
}

static void add_place(GArray *places, char *taken_name, uint64_t before, uint64_t after) {
        Place place = { taken_name, before, after };

        g_array_append_val(places, place);
}

static char *amount_of(const Words *words, uint64_t amount) {
        return words->bytes ? place_amount(amount, "bytes") : g_strdup_printf("%" PRIu64, amount);
}

static void tell_from_to(GPtrArray *gains, const Words *words, uint64_t from, const Place *to,
                         bool is_most) {
        g_autofree char *had = amount_of(words, from), *has = amount_of(words, to->after);

        if (is_most)
                g_ptr_array_add(gains, g_strdup_printf("%s: %s -> %s%s of %s", words->most, had,
                                                       has, words->suffix, to->name));
        else
                g_ptr_array_add(gains, g_strdup_printf("%s of %s: %s -> %s", words->some, to->name,
                                                       had, has));
}

/* Where the most is, when that is more than it was anywhere; else where it has become more. */
static void tell(GPtrArray *gains, const GArray *places, const Words *words) {
        const Place *most = NULL, *grown = NULL;
        uint64_t before = 0;

        for (guint i = 0; i < places->len; i++) {
                const Place *place = &g_array_index(places, Place, i);

                before = MAX(before, place->before);
                if (!most || place->after > most->after)
                        most = place;
                if (place->after > place->before &&
                    (!grown || place->after - place->before > grown->after - grown->before))
                        grown = place;
        }

        if (most && most->after > before)
                tell_from_to(gains, words, before, most, true);
        else if (grown)
                tell_from_to(gains, words, grown->before, grown, false);
}

static char *name_node(const CapacityShape *shape, guint node) {
        return g_strdup_printf("node %d", SHAPE_NODE(shape, node)->number);
}

static void tell_cores(GPtrArray *gains, const Capacity *before, const Capacity *after) {
        static const Words words = { "largest free run", "free cores", " cores", false };
        const CapacityShape *shape = capacity_shape(after);
        g_autoptr(GArray) places = places_new();

        for (guint i = 0; i < shape->nodes->len; i++)
                add_place(places, name_node(shape, i),
                          count_free_cores(before, SHAPE_NODE(shape, i)),
                          count_free_cores(after, SHAPE_NODE(shape, i)));
        tell(gains, places, &words);
}

static void tell_memory(GPtrArray *gains, const Capacity *before, const Capacity *after,
                        const CapacityMemory *kind) {
        const CapacityShape *shape = capacity_shape(after);
        g_autofree char *page = place_amount(kind->page, "bytes");
        g_autofree char *pages = kind->base ? g_strdup("")
                                            : g_strdup_printf(" in pages of %s", page);
        g_autofree char *most = g_strconcat("largest free memory", pages, NULL);
        g_autofree char *some = g_strconcat("free memory", pages, NULL);
        const Words words = { most, some, "", true };
        g_autoptr(GArray) places = places_new();

        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);

                if (is_same_memory(memory, kind))
                        add_place(places, name_node(shape, memory->node),
                                  left_of(before, memory->item), left_of(after, memory->item));
        }
        tell(gains, places, &words);
}

static void tell_vfs(GPtrArray *gains, const Capacity *before, const Capacity *after) {
        static const Words words = { "most free VFs of one PF", "free VFs", "", false };
        const CapacityShape *shape = capacity_shape(after);
        g_autoptr(GArray) places = places_new();

        for (guint i = 0; i < shape->pools->len; i++) {
                const CapacityPool *pool = SHAPE_POOL(shape, i);

                if (is_vf_pool(shape, i))
                        add_place(places, g_strdup(SHAPE_DEVICE(shape, pool->device)->name),
                                  left_of(before, pool->item), left_of(after, pool->item));
        }
        tell(gains, places, &words);
}

GPtrArray *defragment_gains(const Capacity *before, const Capacity *after) {
        const CapacityShape *shape = capacity_shape(after);
        GPtrArray *gains = g_ptr_array_new_with_free_func(g_free);

        tell_cores(gains, before, after);
        for (guint i = 0; i < shape->memories->len; i++)
                if (is_first_of_kind(shape, i))
                        tell_memory(gains, before, after, SHAPE_MEMORY(shape, i));
        tell_vfs(gains, before, after);
        return gains;
}
