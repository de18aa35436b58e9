/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A group of resctrl, which has a share of the memory bandwidth, ways of the L3
 * cache for it alone, or both. Source: Documentation/arch/x86/resctrl.rst.
 *
 * A way is somebody's alone when no other group has it in its mask, so the mask
 * of the kernel's own group shrinks by what ours have. Those that have ways of
 * their own take them from the top; all others share the lowest ones, and
 * whoever has the lowest way of all is one of those. A group that is not ours is
 * never written to.
 *
 * 0 or negative errno, silent. -EOPNOTSUPP: this host cannot allot that, or
 * resctrl is not mounted.
 */

#include "daemon/facts/sysfs.h"

#define RESCTRL_GROUP_PREFIX "virtferry-" /* of the names of ours */

/* -ENOENT: no such group. `percent` 0: all of the bandwidth; `ways` 0: none for it alone. */
int resctrl_group_read(const Sysfs *sysfs, const char *name, unsigned *ret_percent,
                       unsigned *ret_ways);
/* Makes it where it is not. -ENOSPC: so many ways are not left in one piece, or the hardware has
 * no room for another group. After an error a new group is gone again. */
int resctrl_group_set(const Sysfs *sysfs, const char *name, unsigned percent, unsigned ways);
/* Its tasks are the kernel's own group's again. One that is not there: 0. */
int resctrl_group_remove(const Sysfs *sysfs, const char *name);
/* All threads of a process, also those that come while it looks; later ones go where the thread is
 * that makes them. */
int resctrl_group_add_process(const Sysfs *sysfs, const char *name, const char *pid);
