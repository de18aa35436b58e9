/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tries the migration of a device that nobody has: suspends it, saves its state,
 * loads that again, resumes it. Whatever happens, the device is reset, in
 * RUNNING and closed at the end. A driver that hangs hangs the caller, which is
 * why the daemon has this done by a program of its own.
 */

#include "daemon/trial/report.h"
#include "daemon/trial/state-document.h"
#include "daemon/trial/subject.h"

typedef struct TrialOptions {
        uint64_t limit;     /* of a state, in bytes */
        GBytes *given;      /* a state to load; NULL: the one that was saved */
        GBytes **ret_saved; /* NULL, or where the state goes that was saved; set when it was */
} TrialOptions;

/* What went wrong is in the report. */
TrialReport *trial_run(const Sysfs *sysfs, const TrialSubject *subject,
                       const TrialOptions *options);

/* Whether a state can be tried on this device at all: its driver wrote it. What else differs is for
 * the driver to judge. FERRY_ERROR_INCOMPATIBLE. */
bool trial_check_document(const TrialSubject *subject, const StateDocument *document,
                          GError **error);
