/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The next request that brings Placement from what was found nearer to what is wanted: one at a
 * time, so that each is derived from all that is known by then. Pure.
 *
 * Ours are the providers whose UUID is made of their name (tree_is_ours()), and of those all
 * inventories of our classes and all traits with our prefix. What others have put there stays. A
 * class or provider that the host has no more goes when nobody has allocations of it; until then
 * all of it is reserved.
 */

#include "nova-driver-shim/placement/found.h"
#include "nova-driver-shim/placement/tree.h"

typedef enum StepKind {
        STEP_NONE, /* all is as it should be, but for what has a problem */
        STEP_READ_TREE,
        STEP_READ_INVENTORIES,
        STEP_READ_TRAITS,
        STEP_READ_CONSUMERS,
        STEP_CLASS,
        STEP_TRAIT,
        STEP_CREATE,
        STEP_RENAME,
        STEP_INVENTORIES,
        STEP_TRAITS,
        STEP_DELETE,
} StepKind;

typedef struct Step {
        StepKind kind;
        char *uuid;             /* of the provider */
        char *name;             /* of the class or trait, or what the provider is to be called */
        GPtrArray *inventories; /* ApiInventory; to be written */
        char **traits;          /* to be written */
        int64_t generation;     /* that they replace */
} Step;

Step *step_next(const Tree *wanted, const Found *found);
/* We go: of all providers that are ours everything is reserved, and nothing else is done. */
Step *step_next_to_close(const Found *found);
void step_free(Step *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Step, step_free)

/* Our classes that this write of inventories drops: those it could be refused for. */
char **step_dropped(const Step *step, const Found *found);
bool step_is_write(const Step *step);
/* After its answer was taken: whether what it wrote is there. Else to write it again is of no use.
 */
bool step_has_held(const Step *step, const Found *found);
