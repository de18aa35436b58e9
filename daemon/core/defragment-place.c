/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/defragment-parts.h"

typedef struct Draft {
        DefragmentState *state;
        const Capacity *without;
        const SliceEntry *entry;
        GPtrArray *steps;
} Draft;

/* Placing --------------------------------------------------------------------------- */

bool defragment_gave_up(const DefragmentState *state) {
        return state->trials >= DEFRAGMENT_TRIALS_MAX;
}

/* Nobody gives way to best effort. */
static Slice *copy_modest(const Slice *wish) {
        Slice *copy = slice_copy(wish);

        copy->priority = SLICE_BEST_EFFORT;
        return copy;
}

SlicePlacement *defragment_try(DefragmentState *state, const Capacity *capacity, const Slice *wish,
                               const char *holder, const GPtrArray *present) {
        g_autoptr(Slice) modest = NULL;

        if (defragment_gave_up(state))
                return NULL;

        state->trials++;
        modest = copy_modest(wish);
        return slice_place(capacity, modest, holder, present && present->len > 0 ? present : NULL,
                           NULL);
}

bool defragment_is_settled(DefragmentState *state, const Capacity *without,
                           const SliceEntry *entry) {
        g_autoptr(SlicePlacement) placement = defragment_try(state, without, entry->wish,
                                                             entry->holder, entry->grants);

        return placement && defragment_same_grants(placement->grants, entry->grants);
}

bool defragment_tie(const DefragmentState *state, Slice *wish, unsigned node) {
        int number = SHAPE_NODE(state->shape, node)->number;
        int *tie = wish->cores.count > 0 ? &wish->cores.node : &wish->memory.node;

        if (!SHAPE_NODE(state->shape, node)->has_cpus || (*tie >= 0 && *tie != number) ||
            (wish->cores.count == 0 && wish->memory.size == 0))
                return false;

        *tie = number;
        return true;
}

/* What may be ----------------------------------------------------------------------- */

static bool memory_stays(const Draft *draft) {
        const DefragmentOptions *options = draft->state->options;
        const Slice *wish = draft->entry->wish;

        return wish->memory.contiguous || wish->functions->len > 0 ||
               (options->hold &&
                options->hold(options->userdata, draft->entry) == DEFRAGMENT_MEMORY_STAYS);
}

static bool part_may_move(const Draft *draft, const char *part) {
        if (g_str_equal(part, "cores"))
                return true;
        if (g_str_equal(part, "memory"))
                return !memory_stays(draft);
        return draft->state->options->functions && slice_find_function(draft->entry->wish, part);
}

static bool others_stay(const Draft *draft, const GPtrArray *grants) {
        const GPtrArray *had = draft->entry->grants;

        for (guint i = 0; i < had->len; i++) {
                const SliceGrant *grant = had->pdata[i];

                if (!part_may_move(draft, grant->part) &&
                    slice_grants_sum(grants, grant->resource, grant->part) != grant->amount)
                        return false;
        }
        return true;
}

static const CapacityMemory *find_memory(const CapacityShape *shape, const GPtrArray *grants) {
        for (guint i = 0; i < shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(shape, i);

                if (slice_grants_sum(grants, SHAPE_ITEM(shape, memory->item)->id, "memory") > 0)
                        return memory;
        }
        return NULL;
}

/* Without cores or memory nothing is far from anything. */
static bool is_near(const CapacityShape *shape, const GPtrArray *grants) {
        const CapacityMemory *memory = find_memory(shape, grants);
        int home = memory ? SHAPE_NODE(shape, memory->node)->home : -1;

        for (guint i = 0; home >= 0 && i < shape->cores->len; i++) {
                const CapacityCore *core = SHAPE_CORE(shape, i);

                if (core->node != home &&
                    slice_grants_sum(grants, SHAPE_ITEM(shape, core->item)->id, "cores") > 0)
                        return false;
        }
        return true;
}

static bool is_cxl(const CapacityShape *shape, const GPtrArray *grants) {
        const CapacityMemory *memory = find_memory(shape, grants);

        return memory && memory->cxl;
}

static bool is_allowed(const Draft *draft, const GPtrArray *grants) {
        const CapacityShape *shape = draft->state->shape;
        const GPtrArray *had = draft->entry->grants;

        return !defragment_same_grants(grants, had) && others_stay(draft, grants) &&
               is_cxl(shape, grants) == is_cxl(shape, had) &&
               (is_near(shape, grants) || !is_near(shape, had));
}

/* What could be --------------------------------------------------------------------- */

/* `loose`: names of the parts that may be somewhere else; the others stay as far as they can. */
static void draft_step(Draft *draft, const Slice *wish, const char *const *loose) {
        g_autoptr(GPtrArray) present = slice_grants_new();
        g_autoptr(SlicePlacement) placement = NULL;

        for (guint i = 0; i < draft->entry->grants->len; i++) {
                const SliceGrant *grant = draft->entry->grants->pdata[i];

                if (!g_strv_contains(loose, grant->part))
                        g_ptr_array_add(present, slice_grant_new(grant->resource, grant->part,
                                                                 grant->amount));
        }
        placement = defragment_try(draft->state, draft->without, wish, draft->entry->holder,
                                   present);
        if (placement && is_allowed(draft, placement->grants))
                g_ptr_array_add(draft->steps, defragment_step_new(draft->entry, placement->grants));
}

static void draft_node(Draft *draft, unsigned node) {
        static const char *const loose[][3] = { { "cores", NULL },
                                                { "memory", NULL },
                                                { "cores", "memory", NULL } };
        g_autoptr(Slice) wish = slice_copy(draft->entry->wish);
        bool cores = wish->cores.count > 0, memory = wish->memory.size > 0;

        if (!defragment_tie(draft->state, wish, node))
                return;

        memory = memory && !memory_stays(draft);
        if (cores)
                draft_step(draft, wish, loose[0]);
        if (memory)
                draft_step(draft, wish, loose[1]);
        if (cores && memory)
                draft_step(draft, wish, loose[2]);
}

/* With its functions; of which each is below a device of that node then, if it is asked for. */
static void draft_node_with_functions(Draft *draft, unsigned node) {
        g_autoptr(Slice) wish = slice_copy(draft->entry->wish);
        g_autoptr(GPtrArray) loose = g_ptr_array_new();

        if (!defragment_tie(draft->state, wish, node))
                return;

        g_ptr_array_add(loose, (char *)"cores");
        for (guint i = 0; i < wish->functions->len; i++)
                g_ptr_array_add(loose, ((SliceFunction *)wish->functions->pdata[i])->name);
        g_ptr_array_add(loose, NULL);
        draft_step(draft, wish, (const char *const *)loose->pdata);
}

static void draft_function(Draft *draft, unsigned n, const char *parent) {
        g_autoptr(Slice) wish = slice_copy(draft->entry->wish);
        SliceFunction *function = wish->functions->pdata[n];
        const char *loose[] = { function->name, NULL };

        if (function->parent)
                return;

        function->parent = g_strdup(parent);
        draft_step(draft, wish, loose);
}

static void draft_functions(Draft *draft) {
        const CapacityShape *shape = draft->state->shape;
        unsigned n = draft->entry->wish->functions->len;

        for (guint i = 0; n > 0 && i < shape->nodes->len; i++)
                draft_node_with_functions(draft, i);
        for (unsigned i = 0; i < n; i++)
                for (guint d = 0; d < shape->devices->len; d++)
                        draft_function(draft, i, SHAPE_DEVICE(shape, d)->name);
}

GPtrArray *defragment_list(DefragmentState *state, const Capacity *without,
                           const SliceEntry *entry) {
        static const char *const nothing[] = { NULL };
        Draft draft = { state, without, entry,
                        g_ptr_array_new_with_free_func((GDestroyNotify)defragment_step_free) };

        draft_step(&draft, entry->wish, nothing);
        for (guint i = 0; i < state->shape->nodes->len; i++)
                draft_node(&draft, i);
        if (state->options->functions)
                draft_functions(&draft);
        return draft.steps;
}
