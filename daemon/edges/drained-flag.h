/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A file that is there while this host takes no guests. The hook looks for it,
 * so that a guest without passthrough devices costs no call on any other host.
 * It outlives the daemon, and goes with /run at a reboot.
 */

#include <stdbool.h>

#include "daemon/facts/sysfs.h"

/* Below the root of `sysfs`. A failure is told, and nothing else: guests with devices are refused
 * all the same. */
void drained_flag_set(const Sysfs *sysfs, bool drained);
