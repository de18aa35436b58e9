/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Trials of a move before it: the kernel judges the state of a device only when
 * the driver of the destination loads it, with the guest paused. So a free device
 * of the same kind saves its state on the source, and the device that the guest
 * would get loads it on the destination.
 *
 * The device of a trial is leased for it, so nobody else can have it, what is
 * made or bound for it is stored before, and a restart gives it back. One thread.
 */

#include "daemon/manager.h"

typedef struct GuestTrialResult {
        const char *device;        /* that was tried; NULL: none was, and `note` says why */
        const char *note;          /* one sentence, NULL with a device */
        const TrialReport *report; /* NULL without a device */
        GBytes *document;          /* the state that was saved; NULL otherwise */
} GuestTrialResult;

/* All is borrowed. With an error the result is NULL; with neither nobody waits any more, and only
 * `userdata` is to be freed. */
typedef void (*GuestTrialEnd)(void *userdata, const GuestTrialResult *result, const GError *error);

/* For the device of that name ("hostdev0") of a guest of this host: a free one of its kind saves
 * its state. False with an error, when the guest has no such device: `end` does not come then. It
 * may come before this returns. */
bool guest_trial_save(Manager *manager, const char *xml, const char *name, GuestTrialEnd end,
                      void *userdata, GError **error);

/* For that device of a guest that could come: what negotiate() would give it loads the document. */
bool guest_trial_load(Manager *manager, const char *xml, const char *name, GBytes *document,
                      GuestTrialEnd end, void *userdata, GError **error);
