/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a hardware slice was promised, carried out on its guest while that runs:
 * nothing of it pauses the guest.
 *
 *   apply() ─► VirtOps.find() ─► tuning_plan() ─► kernel: what grows ─► VirtOps.tune()
 *   done() ◄─ kernel: what shrinks ◄─ GUEST_TUNED ◄───────────────────────────┘
 *
 * What another guest is to leave, as one that gives way, is given when that has left it: until then
 * the guest waits, and when that one cannot leave, done() says so each time. Memory is left when
 * the meter sees that the balloon has it. Of a guest that comes the hook cannot wait: it has its
 * cores when libvirt starts it.
 *
 * A step that fails undoes those before it. One change of a guest at a time: of
 * what is asked meanwhile the last is done after it, and told once for all. In
 * memory: whoever starts again asks again, and what is right already is no step.
 * Guests without cores by a slice have a course here, too: they are kept off cores that a slice has
 * alone. What they had is in the store (tuning-away.h).
 *
 * Belongs to Slices (slices.h), of which it only borrows the map; one thread.
 */

#include "daemon/core/slice-book.h"
#include "daemon/manager.h"
#include "xml/number-set.h"

typedef struct SliceEnforcer SliceEnforcer;

/* The guest and the kernel have it so; or the error: FERRY_ERROR_INVALID_REQUEST when it cannot be
 * while the guest runs or on this host, FERRY_ERROR_UNAVAILABLE without libvirt,
 * FERRY_ERROR_NOT_FOUND when the guest does not run, FERRY_ERROR_HARDWARE with the step that failed
 * and whether all is as it was. */
typedef void (*SliceEnforced)(void *userdata, const char *domain_uuid, const GError *error);

/* Borrows the manager. `done` may come before apply() returns. */
SliceEnforcer *slice_enforcer_new(Manager *manager, SliceEnforced done, void *userdata);
void slice_enforcer_free(SliceEnforcer *enforcer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceEnforcer, slice_enforcer_free)

/* The guest is to have the grants of this entry; copied. */
void slice_enforcer_apply(SliceEnforcer *enforcer, const SliceEntry *entry);
/* The guest runs on without the slice that it had. */
void slice_enforcer_lift(SliceEnforcer *enforcer, const SliceEntry *had);
/* The guest has left or ended: what the kernel has of it is removed. */
void slice_enforcer_forget(SliceEnforcer *enforcer, const char *domain_uuid);
/* The CPUs that slices have alone: where nobody else is to run. False: they were these before. */
bool slice_enforcer_set_away(SliceEnforcer *enforcer, const NumberSet *cpus);
/* This guest, that has no cores by a slice, is to be off them, or gets back what it had; whoever is
 * given them alone waits for it. Nobody is told; what does not succeed is in the journal. */
void slice_enforcer_keep_off(SliceEnforcer *enforcer, const char *domain_uuid, const char *name);
/* What virt tells of a tune(): slices_on_tuned(). */
void slice_enforcer_on_tuned(SliceEnforcer *enforcer, const GuestEvent *event);
/* The meter has seen what guests have now. */
void slice_enforcer_on_sampled(SliceEnforcer *enforcer);
