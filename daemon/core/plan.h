/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Steps with their undo. Forwards through all steps; at a failure backwards
 * through those that were done. All devices take one step before any takes
 * the next, as libvirt's own staged preparation of host devices does it.
 */

#include <glib.h>
#include <stdbool.h>

typedef bool (*PlanStep)(void *subject, void *userdata, GError **error);
typedef void (*PlanUndo)(void *subject, void *userdata);

typedef struct Plan Plan;

Plan *plan_new(void *userdata); /* handed to every step */
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* `name` is static and says what the step does: "bind". `undo` may be NULL. */
void plan_add_step(Plan *plan, const char *name, PlanStep step, PlanUndo undo);
/* What goes through the steps, in this order. Borrowed. */
void plan_add_subject(Plan *plan, void *subject);
/* false: everything that was done is undone, and the error is the step's own. */
bool plan_run(Plan *plan, GError **error);
