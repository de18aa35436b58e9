/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One setting of a guest that runs, as libvirt is told it. Blocks: for a thread
 * of its own. Only the guest that runs is changed, never its definition
 * (VIR_DOMAIN_AFFECT_LIVE), and none of these calls pauses it.
 */

#include <libvirt/libvirt.h>

#include "daemon/core/tuning.h"

#define VIRT_TUNING_UNPLUG_MS 30000u /* for a guest to let go of a device */

/* NULL; or why not, in words. What is the kernel's (tuning_is_kernel()) is no call. Free it. */
char *virt_tuning_apply(virDomainPtr domain, const Tuning *tuning);
