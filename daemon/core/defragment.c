/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/defragment-parts.h"

/* Sums of fractions differ by less when they mean the same. */
#define SCORE_STEP 1e-9

void defragment_free(Defragment *defragment) {
        if (!defragment)
                return;

        g_ptr_array_unref(defragment->steps);
        g_ptr_array_unref(defragment->gains);
        g_free(defragment->obstacle);
        g_free(defragment);
}

static Defragment *defragment_new(void) {
        Defragment *defragment = g_new0(Defragment, 1);

        defragment->steps = g_ptr_array_new_with_free_func((GDestroyNotify)defragment_step_free);
        return defragment;
}

/* The slices ------------------------------------------------------------------------ */

static void take(DefragmentState *state, const SliceEntry *entry, const GPtrArray *grants) {
        capacity_take(state->capacity, entry->holder, entry->wish->priority, entry->wish->apart,
                      grants);
}

static bool is_of_goal(const DefragmentOptions *options, const SliceEntry *entry) {
        return options->goal && g_strcmp0(options->goal_uuid, entry->domain_uuid) == 0;
}

static bool may_move(DefragmentState *state, const SliceEntry *entry) {
        const DefragmentOptions *options = state->options;
        g_autoptr(Capacity) without = NULL;

        if (entry->grants->len == 0 || is_of_goal(options, entry) ||
            (options->hold && options->hold(options->userdata, entry) == DEFRAGMENT_STAYS))
                return false;

        without = capacity_copy(state->capacity);
        capacity_give_back(without, entry->holder);
        return defragment_is_settled(state, without, entry);
}

static void add_slices(DefragmentState *state, const GPtrArray *entries) {
        state->slices = g_ptr_array_new_with_free_func((GDestroyNotify)slice_entry_free);
        for (guint i = 0; i < entries->len; i++)
                if (may_move(state, entries->pdata[i]))
                        g_ptr_array_add(state->slices, slice_entry_copy(entries->pdata[i]));
}

static int find_slice(const DefragmentState *state, const char *domain_uuid) {
        for (guint i = 0; i < state->slices->len; i++)
                if (g_str_equal(((const SliceEntry *)state->slices->pdata[i])->domain_uuid,
                                domain_uuid))
                        return (int)i;
        return -1;
}

/* It has moved then, and moves no more. */
static void do_step(DefragmentState *state, Defragment *defragment, DefragmentStep *taken_step) {
        int n = find_slice(state, taken_step->domain_uuid);
        const SliceEntry *entry = state->slices->pdata[n];

        defragment_step_describe(taken_step, state->shape, entry);
        capacity_give_back(state->capacity, entry->holder);
        take(state, entry, taken_step->grants);
        g_ptr_array_add(defragment->steps, taken_step);
        g_ptr_array_remove_index(state->slices, n);
}

/* Bringing together ------------------------------------------------------------------ */

typedef struct Choice {
        DefragmentStep *step; /* NULL none */
        double score;
} Choice;

/* Ones that come later have to be better. */
static void consider(Choice *choice, DefragmentStep *taken_step, double score) {
        double more = score - choice->score;

        if (more < -SCORE_STEP ||
            (more < SCORE_STEP &&
             (!choice->step || defragment_compare_costs(taken_step, choice->step) >= 0))) {
                defragment_step_free(taken_step);
                return;
        }

        defragment_step_free(choice->step);
        choice->step = taken_step;
        choice->score = score;
}

static void consider_slice(DefragmentState *state, const SliceEntry *entry, Choice *choice) {
        g_autoptr(Capacity) without = capacity_copy(state->capacity);
        g_autoptr(GPtrArray) steps = NULL;

        capacity_give_back(without, entry->holder);
        steps = defragment_list(state, without, entry);
        while (steps->len > 0) {
                DefragmentStep *step = g_ptr_array_steal_index(steps, 0);

                capacity_take(without, entry->holder, entry->wish->priority, entry->wish->apart,
                              step->grants);
                consider(choice, step, defragment_score(without));
                capacity_give_back(without, entry->holder);
        }
}

static DefragmentStep *find_best(DefragmentState *state) {
        Choice choice = { NULL, defragment_score(state->capacity) };

        for (guint i = 0; i < state->slices->len; i++)
                consider_slice(state, state->slices->pdata[i], &choice);
        return choice.step;
}

static void bring_together(DefragmentState *state, Defragment *defragment) {
        while (defragment->steps->len < DEFRAGMENT_STEPS_MAX) {
                DefragmentStep *step = find_best(state);

                if (!step)
                        return;
                do_step(state, defragment, step);
        }
}

/* A goal ---------------------------------------------------------------------------- */

static const SliceEntry *find_old(const GPtrArray *entries, const DefragmentOptions *options) {
        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                if (is_of_goal(options, entry) && entry->grants->len > 0)
                        return entry;
        }
        return NULL;
}

/* What the allocator says to one for whom nobody gives way. */
static char *find_obstacle(const Capacity *capacity, const SliceEntry *old, const Slice *goal) {
        g_autoptr(Capacity) without = capacity_copy(capacity);
        g_autoptr(Slice) modest = slice_copy(goal);
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(GError) error = NULL;

        modest->priority = SLICE_BEST_EFFORT;
        if (old)
                capacity_give_back(without, old->holder);
        placement = slice_place(without, modest, old ? old->holder : "", old ? old->grants : NULL,
                                &error);
        return placement ? NULL : g_strdup(error->message);
}

static void reach(DefragmentState *state, Defragment *defragment, const SliceEntry *old) {
        g_autoptr(GPtrArray) steps = NULL;

        defragment->obstacle = find_obstacle(state->capacity, old, state->options->goal);
        if (defragment->obstacle)
                steps = defragment_reach(state, old);
        while (steps && steps->len > 0)
                do_step(state, defragment, g_ptr_array_steal_index(steps, 0));

        defragment->reached = !defragment->obstacle || defragment->steps->len > 0;
        if (defragment->reached)
                g_clear_pointer(&defragment->obstacle, g_free);
}

Defragment *defragment(const GPtrArray *entries, const Capacity *capacity,
                       const DefragmentOptions *options) {
        g_autoptr(Capacity) present = capacity_copy(capacity);
        Defragment *defragment = defragment_new();
        DefragmentState state = { .options = options,
                                  .shape = capacity_shape(capacity),
                                  .capacity = present };

        add_slices(&state, entries);
        if (options->goal)
                reach(&state, defragment, find_old(entries, options));
        else
                bring_together(&state, defragment);

        defragment->gains = defragment_gains(capacity, present);
        defragment->gave_up = !defragment->reached && defragment_gave_up(&state);
        g_ptr_array_unref(state.slices);
        return defragment;
}
