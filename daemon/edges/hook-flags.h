/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files that are there while guests concern us that have nothing of ours: while
 * this host takes no guests, and while guests need a claim in Placement. The hook
 * looks for them, so that such a guest costs no call on any other host. They
 * outlive the daemon, and go with /run at a reboot.
 *
 * Below the root of `sysfs`. A failure is told, and nothing else: guests with
 * devices are refused all the same.
 */

#include <stdbool.h>

#include "daemon/core/config.h"
#include "daemon/facts/sysfs.h"

void drained_flag_set(const Sysfs *sysfs, bool drained);
void claims_flags_set(const Sysfs *sysfs, ClaimsMode mode);
