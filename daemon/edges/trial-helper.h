/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs virtferry-trial, one process for each device that is tried: its output
 * comes through a pipe of the loop, its end as a child of the loop, and a timer
 * kills it when its time is over. Never waits. The loop's thread; SIGCHLD must
 * be blocked, as sd_event_add_child(3) wants it.
 */

#include <systemd/sd-event.h>

#include "daemon/trials.h"

typedef struct TrialHelper TrialHelper;

/* Borrows the loop, the trials and the path. From now on the trials run this program. */
TrialHelper *trial_helper_new(sd_event *loop, Trials *trials, const char *path,
                              uint64_t timeout_usec);
/* A helper that runs goes on, so that its device ends as it should, and nobody is told. */
void trial_helper_free(TrialHelper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrialHelper, trial_helper_free)
