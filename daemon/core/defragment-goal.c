/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/defragment-parts.h"

/* The goal first: some slices are taken out, the goal takes its place, and each of them goes where
 * there is room now. Small sets before large ones, so that few slices move. */

/* What the capacity calls a goal that has no slice yet: no guest has an empty name. */
#define NEW_HOLDER ""

typedef struct Hunt {
        DefragmentState *state;
        const SliceEntry *old; /* what the goal's domain has until now; NULL nothing */
        GPtrArray *best;       /* DefragmentStep, in order, owned; NULL none yet */
} Hunt;

static const char *holder_of(const SliceEntry *old) {
        return old ? old->holder : NEW_HOLDER;
}

static SlicePlacement *try_goal(DefragmentState *state, const Capacity *capacity,
                                const SliceEntry *old, const Slice *wish) {
        return defragment_try(state, capacity, wish, holder_of(old), old ? old->grants : NULL);
}

static Capacity *copy_without(const Capacity *capacity, const SliceEntry *entry) {
        Capacity *copy = capacity_copy(capacity);

        if (entry)
                capacity_give_back(copy, entry->holder);
        return copy;
}

/* One set --------------------------------------------------------------------------- */

static void take(Capacity *capacity, const SliceEntry *entry, const GPtrArray *grants) {
        capacity_take(capacity, entry->holder, entry->wish->priority, entry->wish->apart, grants);
}

static DefragmentStep *find_cheapest(DefragmentState *state, const Capacity *capacity,
                                     const SliceEntry *entry) {
        g_autoptr(GPtrArray) steps = defragment_list(state, capacity, entry);
        guint best = 0;

        for (guint i = 1; i < steps->len; i++)
                if (defragment_compare_costs(steps->pdata[i], steps->pdata[best]) < 0)
                        best = i;
        return steps->len > 0 ? g_ptr_array_steal_index(steps, best) : NULL;
}

static GPtrArray *steps_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)defragment_step_free);
}

/* A step for each of the set, in `room`, where none of them is and the goal has its place. */
static GPtrArray *place_set(DefragmentState *state, Capacity *room, const GPtrArray *set) {
        g_autoptr(GPtrArray) steps = steps_new();

        for (guint i = 0; i < set->len; i++) {
                DefragmentStep *step = find_cheapest(state, room, set->pdata[i]);

                if (!step)
                        return NULL;
                g_ptr_array_add(steps, step);
                take(room, set->pdata[i], step->grants);
        }
        return g_steal_pointer(&steps);
}

/* Whether there is room for the step while the others are where they are. */
static bool is_possible(DefragmentState *state, Capacity *capacity, const SliceEntry *entry,
                        const DefragmentStep *step) {
        g_autoptr(Capacity) without = copy_without(capacity, entry);
        g_autoptr(SlicePlacement) placement = defragment_try(state, without, entry->wish,
                                                             entry->holder, step->grants);

        return placement && defragment_same_grants(placement->grants, step->grants);
}

/* The first that is possible, and has not been yet. */
static int find_next(DefragmentState *state, Capacity *capacity, const GPtrArray *set,
                     const GPtrArray *steps) {
        for (guint i = 0; i < steps->len; i++)
                if (steps->pdata[i] && is_possible(state, capacity, set->pdata[i], steps->pdata[i]))
                        return (int)i;
        return -1;
}

/* Of steps that wait for each other in a circle there is no order: NULL. */
static GPtrArray *put_in_order(DefragmentState *state, const GPtrArray *set, GPtrArray *steps) {
        g_autoptr(Capacity) capacity = capacity_copy(state->capacity);
        g_autoptr(GPtrArray) order = steps_new();

        while (order->len < set->len) {
                int n = find_next(state, capacity, set, steps);
                const SliceEntry *entry;

                if (n < 0)
                        return NULL;
                entry = set->pdata[n];
                capacity_give_back(capacity, entry->holder);
                take(capacity, entry, ((const DefragmentStep *)steps->pdata[n])->grants);
                g_ptr_array_add(order, g_steal_pointer(&steps->pdata[n]));
        }
        return g_steal_pointer(&order);
}

/* Which of two is better --------------------------------------------------------------- */

static DefragmentStep sum_costs(const GPtrArray *steps) {
        DefragmentStep sum = { 0 };

        for (guint i = 0; i < steps->len; i++) {
                const DefragmentStep *step = steps->pdata[i];

                sum.functions += step->functions;
                sum.bytes += step->bytes;
                sum.cores += step->cores;
        }
        return sum;
}

static bool is_better(const GPtrArray *a, const GPtrArray *b) {
        DefragmentStep x, y;

        if (!b)
                return true;
        x = sum_costs(a);
        y = sum_costs(b);
        return defragment_compare_costs(&x, &y) < 0;
}

/* `empty`: without the set, and without what the goal's domain has. */
static void try_set(Hunt *hunt, const Capacity *empty, const GPtrArray *set, const Slice *goal) {
        DefragmentState *state = hunt->state;
        g_autoptr(SlicePlacement) placement = try_goal(state, empty, hunt->old, goal);
        g_autoptr(Capacity) room = NULL;
        g_autoptr(GPtrArray) steps = NULL, order = NULL;

        if (!placement)
                return;

        room = capacity_copy(empty);
        capacity_take(room, holder_of(hunt->old), goal->priority, goal->apart, placement->grants);
        steps = place_set(state, room, set);
        order = steps ? put_in_order(state, set, steps) : NULL;
        if (!order || !is_better(order, hunt->best))
                return;

        g_clear_pointer(&hunt->best, g_ptr_array_unref);
        hunt->best = g_steal_pointer(&order);
}

/* The goal itself, and tied to each node; cores and memory each, as far as nothing ties them
 * together. The best place for it may be the worst for the others. */
static void try_nodes(Hunt *hunt, const Capacity *empty, const GPtrArray *set, const Slice *goal) {
        const CapacityShape *shape = hunt->state->shape;

        try_set(hunt, empty, set, goal);
        for (guint i = 0; i < shape->nodes->len; i++) {
                g_autoptr(Slice) tied = slice_copy(goal);

                if (defragment_tie(hunt->state, tied, i))
                        try_set(hunt, empty, set, tied);
        }
}

static void try_memories(Hunt *hunt, const Capacity *empty, const GPtrArray *set) {
        const CapacityShape *shape = hunt->state->shape;
        const Slice *goal = hunt->state->options->goal;

        try_nodes(hunt, empty, set, goal);
        if (goal->cores.count == 0 || goal->memory.size == 0 || goal->memory.node >= 0 ||
            goal->together != SLICE_TOGETHER_ANY)
                return;

        for (guint i = 0; i < shape->nodes->len; i++) {
                g_autoptr(Slice) tied = slice_copy(goal);

                tied->memory.node = SHAPE_NODE(shape, i)->number;
                try_nodes(hunt, empty, set, tied);
        }
}

static void try_places(Hunt *hunt, const GPtrArray *set) {
        DefragmentState *state = hunt->state;
        g_autoptr(Capacity) empty = copy_without(state->capacity, hunt->old);
        g_autoptr(SlicePlacement) placement = NULL; /* whether the set is in the way at all */

        for (guint i = 0; i < set->len; i++)
                capacity_give_back(empty, ((const SliceEntry *)set->pdata[i])->holder);
        placement = try_goal(state, empty, hunt->old, state->options->goal);
        if (placement)
                try_memories(hunt, empty, set);
}

/* All sets -------------------------------------------------------------------------- */

/* The next `n` of `limit` numbers, in the order of the alphabet. */
static bool next_set(unsigned *chosen, unsigned n, unsigned limit) {
        unsigned i = n;

        while (i > 0 && chosen[i - 1] == limit - n + i - 1)
                i--;
        if (i == 0)
                return false;

        chosen[i - 1]++;
        for (; i < n; i++)
                chosen[i] = chosen[i - 1] + 1;
        return true;
}

static void try_sets(Hunt *hunt, unsigned n) {
        const GPtrArray *slices = hunt->state->slices;
        unsigned chosen[DEFRAGMENT_SET_MAX];

        if (n > slices->len)
                return;

        for (unsigned i = 0; i < n; i++)
                chosen[i] = i;
        do {
                g_autoptr(GPtrArray) set = g_ptr_array_new();

                for (unsigned i = 0; i < n; i++)
                        g_ptr_array_add(set, slices->pdata[chosen[i]]);
                try_places(hunt, set);
        } while (next_set(chosen, n, slices->len) && !defragment_gave_up(hunt->state));
}

GPtrArray *defragment_reach(DefragmentState *state, const SliceEntry *old) {
        Hunt hunt = { state, old, NULL };

        for (unsigned n = 1; n <= DEFRAGMENT_SET_MAX && !hunt.best; n++)
                try_sets(&hunt, n);
        return hunt.best;
}
