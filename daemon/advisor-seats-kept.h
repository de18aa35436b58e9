/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the policy of the seats knows after a restart: the moves that were made,
 * and what a move has to bring. Used by advisor-seats; without the store it is
 * known until the daemon ends, with a warning.
 */

#include "daemon/core/policy.h"
#include "daemon/manager.h"

/* `ret_theta` is theta as the store has it, 0 where it has none. */
bool seats_recall(const Manager *manager, Policy *policy, double *ret_theta, GError **error);

void seats_keep_move(const Manager *manager, const Advice *advice);
/* When it is clearly another than `theta`, which the store has; that is what it has then. */
void seats_keep_theta(const Manager *manager, const Policy *policy, double *theta);
