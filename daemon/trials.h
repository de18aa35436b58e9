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

/* Of a document: what one message of the bus carries with a domain beside it. dbus-daemon ends the
 * connection of whoever sends more than 32 MiB (max_message_size of the system bus). */
#define TRIAL_DOCUMENT_MAX (24 * 1024 * 1024)

typedef enum TrialTask {
        TRIAL_TASK_PROBE, /* it saves its state, and loads that again */
        TRIAL_TASK_SAVE,  /* the same, and the state is handed over */
        TRIAL_TASK_LOAD,  /* it loads a state that is given */
} TrialTask;

typedef struct TrialOrder {
        const char *device;
        TrialTask task;
        GBytes *document; /* LOAD: the state, as daemon/trial/state-document.h has it */
} TrialOrder;

typedef struct TrialOps {
        /* Runs the helper for this order; 0 or negative errno. Its output and end come by
         * trials_on_end(); when its time is over it is killed, and trials_on_late() comes first. */
        int (*start)(void *userdata, const TrialOrder *order);
        void *userdata;
} TrialOps;

/* The result of a trial that was begun: a report, or the error why there is none. */
typedef void (*TrialListener)(void *userdata, const char *device, const TrialReport *report,
                              const GError *error);
/* The same for one order, with the state that was saved, borrowed; comes once. Neither report nor
 * error: nobody waits any more, and only `userdata` is to be freed. */
typedef void (*TrialEnd)(void *userdata, const TrialReport *report, GBytes *document,
                         const GError *error);

Trials *trials_new(Inventory *inventory, LeaseBook *leases); /* borrows both */
void trials_free(Trials *trials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trials, trials_free)
void trials_set_ops(Trials *trials, const TrialOps *ops); /* borrowed; NULL: there is no helper */
void trials_set_listener(Trials *trials, TrialListener listener, void *userdata);

/* False with one sentence when the device cannot be tried now; nothing has happened then. */
bool trials_begin(Trials *trials, const char *device, GError **error);
/* The same with a task, of a device that the caller has leased for it. `userdata` stays the
 * caller's after an error. */
bool trials_begin_order(Trials *trials, const TrialOrder *order, TrialEnd end, void *userdata,
                        GError **error);
/* Whether nothing but a lease could keep this device from being tried, when it is bound. */
bool trials_could_try(const Trials *trials, const Device *device);

/* From the edge. `status` is the exit status, or minus the signal; `output` what it printed;
 * `document` the state that it has handed over, NULL none. */
void trials_on_late(Trials *trials, const char *device);
void trials_on_end(Trials *trials, const char *device, int status, const char *output, size_t size,
                   GBytes *document);

/* The last report of a device of this kind, with what each step took; NULL. Borrowed until the next
 * end of a trial. */
const TrialReport *trials_find(const Trials *trials, const Device *device);
