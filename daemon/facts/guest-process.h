/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The QEMU process of a guest: libvirt gives it `-uuid`, and a cgroup below
 * machine.slice, where no user can put a process of his own.
 */

#include "daemon/facts/sysfs.h"

/* -ENOENT: none runs. */
int guest_process_find(const Sysfs *sysfs, const char *domain_uuid, char **ret_pid);
/* UUID in lower case to cgroup, "/machine.slice/machine-qemu...scope", of every guest that runs:
 * one pass over all processes. */
int guest_process_list_cgroups(const Sysfs *sysfs, GHashTable **ret_cgroups);
