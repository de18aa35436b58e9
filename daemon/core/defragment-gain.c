/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

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

/* The most of one thing that is in one place; `place` an index, -1 none. */
typedef struct Most {
        uint64_t amount;
        int place;
} Most;

static void note_most(Most *most, uint64_t amount, guint place) {
        if (most->place < 0 || amount > most->amount)
                *most = (Most){ amount, (int)place };
}

static Most most_cores(const Capacity *capacity) {
        const CapacityShape *shape = capacity_shape(capacity);
        Most most = { 0, -1 };

        for (guint i = 0; i < shape->nodes->len; i++)
                note_most(&most, count_free_cores(capacity, SHAPE_NODE(shape, i)), i);
        return most;
}

static Most most_memory(const Capacity *capacity, const CapacityMemory *kind) {
        const CapacityShape *shape = capacity_shape(capacity);
        Most most = { 0, -1 };

        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);

                if (is_same_memory(memory, kind))
                        note_most(&most, left_of(capacity, memory->item), i);
        }
        return most;
}

static Most most_vfs(const Capacity *capacity) {
        const CapacityShape *shape = capacity_shape(capacity);
        Most most = { 0, -1 };

        for (guint i = 0; i < shape->pools->len; i++)
                if (is_vf_pool(shape, i))
                        note_most(&most, left_of(capacity, SHAPE_POOL(shape, i)->item), i);
        return most;
}

static void tell_memory(GPtrArray *gains, const Capacity *before, const Capacity *after,
                        const CapacityMemory *kind) {
        const CapacityShape *shape = capacity_shape(after);
        Most from = most_memory(before, kind), to = most_memory(after, kind);
        g_autofree char *had = place_amount(from.amount, "bytes");
        g_autofree char *has = place_amount(to.amount, "bytes");
        g_autofree char *page = NULL;
        int node;

        if (to.amount <= from.amount)
                return;

        page = kind->base ? g_strdup("") : place_amount(kind->page, "bytes");
        node = SHAPE_MEMORY(shape, to.place)->node;
        g_ptr_array_add(gains, g_strdup_printf("largest free memory%s%s: %s -> %s of node %d",
                                               kind->base ? "" : " in pages of ", page, had, has,
                                               SHAPE_NODE(shape, node)->number));
}

static void tell_cores(GPtrArray *gains, const Capacity *before, const Capacity *after) {
        const CapacityShape *shape = capacity_shape(after);
        Most from = most_cores(before), to = most_cores(after);

        if (to.amount > from.amount)
                g_ptr_array_add(gains,
                                g_strdup_printf("largest free run: %u -> %u cores of node %d",
                                                (unsigned)from.amount, (unsigned)to.amount,
                                                SHAPE_NODE(shape, to.place)->number));
}

static void tell_vfs(GPtrArray *gains, const Capacity *before, const Capacity *after) {
        const CapacityShape *shape = capacity_shape(after);
        Most from = most_vfs(before), to = most_vfs(after);
        const char *name;

        if (to.amount <= from.amount)
                return;

        name = SHAPE_DEVICE(shape, SHAPE_POOL(shape, to.place)->device)->name;
        g_ptr_array_add(gains, g_strdup_printf("most free VFs of one PF: %u -> %u of %s",
                                               (unsigned)from.amount, (unsigned)to.amount, name));
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
