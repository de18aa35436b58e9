/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of cache and memory bandwidth can be allotted, and to how many groups.
 * Source: Documentation/arch/x86/resctrl.rst. Not mounted, as by default: nothing can.
 */

#include "daemon/facts/sysfs.h"

typedef struct Resctrl {
        unsigned groups; /* that there are, the kernel's own included; 0: not mounted */
        /* L3, or its half for data where code has one of its own (cdp). 0 groups: cannot. */
        unsigned cache_groups_max;
        unsigned cache_ways, cache_ways_min; /* of the mask, and of one group at least */
        /* MB. 0 groups: cannot. */
        unsigned bandwidth_groups_max;
        unsigned bandwidth_min, bandwidth_step; /* percent */
} Resctrl;

int resctrl_read(const Sysfs *sysfs, Resctrl *ret_resctrl);
