/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Trials of devices that nobody has: who may be tried, what runs, what was
 * measured. The work itself is done by a program of its own (daemon/trial/),
 * which an edge runs: a driver that hangs hangs that program and not the daemon.
 *
 *   trials_begin() ─► TrialOps.start() ─► trials_on_end()
 *                                    └──► trials_on_late() ─► trials_on_end()
 *
 * A device is nobody's (lease_book_is_tried()) from the beginning until its
 * helper has ended, which a helper that is stuck in the kernel does late or never.
 * One thread; belongs to the manager.
 */

#include "daemon/core/inventory.h"
#include "daemon/core/lease.h"
#include "daemon/trial/report.h"

typedef struct Trials Trials;

typedef struct TrialOps {
        /* Runs the helper for this device; 0 or negative errno. Its output and end come by
         * trials_on_end(); when its time is over it is killed, and trials_on_late() comes first. */
        int (*start)(void *userdata, const char *device);
        void *userdata;
} TrialOps;

/* The result of a trial that was begun: a report, or the error why there is none. */
typedef void (*TrialListener)(void *userdata, const char *device, const TrialReport *report,
                              const GError *error);

Trials *trials_new(Inventory *inventory, LeaseBook *leases); /* borrows both */
void trials_free(Trials *trials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trials, trials_free)
void trials_set_ops(Trials *trials, const TrialOps *ops); /* borrowed; NULL: there is no helper */
void trials_set_listener(Trials *trials, TrialListener listener, void *userdata);

/* False with one sentence when the device cannot be tried now; nothing has happened then. */
bool trials_begin(Trials *trials, const char *device, GError **error);

/* From the edge. `status` is the exit status, or minus the signal; `output` what it printed. */
void trials_on_late(Trials *trials, const char *device);
void trials_on_end(Trials *trials, const char *device, int status, const char *output, size_t size);

/* The last report of a device of this kind, with what each step took; NULL. Borrowed until the next
 * end of a trial. */
const TrialReport *trials_find(const Trials *trials, const Device *device);
