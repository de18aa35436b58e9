/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the policy of slices knows after a restart: the changes that were made of
 * each part, so that no day has more of them than it may. Used by advisor-slices;
 * without the store it is known until the daemon ends, with a warning.
 */

#include "daemon/core/policy-slice.h"
#include "daemon/manager.h"

/* `kept`: of store_load_slice_changes(). `monotonic` is CLOCK_MONOTONIC in us, now. */
void slices_recall(const Manager *manager, PolicySlice *policy, const GPtrArray *kept,
                   int64_t monotonic);
/* What the policy noted when it decided last, at `monotonic`. */
void slices_keep_changes(const Manager *manager, const PolicySlice *policy, int64_t monotonic);
