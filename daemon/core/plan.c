/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/plan.h"

typedef struct Step {
        const char *name;
        PlanStep run;
        PlanUndo undo;
} Step;

struct Plan {
        void *userdata;
        GArray *steps; /* Step */
        GPtrArray *subjects;
};

Plan *plan_new(void *userdata) {
        Plan *plan = g_new0(Plan, 1);

        plan->userdata = userdata;
        plan->steps = g_array_new(FALSE, FALSE, sizeof(Step));
        plan->subjects = g_ptr_array_new();
        return plan;
}

void plan_free(Plan *plan) {
        if (!plan)
                return;

        g_array_unref(plan->steps);
        g_ptr_array_unref(plan->subjects);
        g_free(plan);
}

void plan_add_step(Plan *plan, const char *name, PlanStep step, PlanUndo undo) {
        Step added = { .name = name, .run = step, .undo = undo };

        g_array_append_val(plan->steps, added);
}

void plan_add_subject(Plan *plan, void *subject) {
        g_ptr_array_add(plan->subjects, subject);
}

static void undo_step(const Plan *plan, const Step *step, guint n_done) {
        if (!step->undo)
                return;

        if (n_done > 0)
                g_debug("Undoing step '%s' for %u", step->name, n_done);
        for (guint i = n_done; i > 0; i--)
                step->undo(plan->subjects->pdata[i - 1], plan->userdata);
}

/* How many subjects took the step; all of them unless one failed. */
static guint run_step(const Plan *plan, const Step *step, GError **error) {
        for (guint i = 0; i < plan->subjects->len; i++)
                if (!step->run(plan->subjects->pdata[i], plan->userdata, error))
                        return i;

        return plan->subjects->len;
}

bool plan_run(Plan *plan, GError **error) {
        for (guint i = 0; i < plan->steps->len; i++) {
                const Step *step = &g_array_index(plan->steps, Step, i);
                guint n_done = run_step(plan, step, error);

                if (n_done == plan->subjects->len)
                        continue;

                /* Who failed has left no trace of its own, so it is not undone. */
                undo_step(plan, step, n_done);
                while (i-- > 0)
                        undo_step(plan, &g_array_index(plan->steps, Step, i), plan->subjects->len);
                return false;
        }

        return true;
}
