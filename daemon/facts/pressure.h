/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How long the processes of a cgroup had to wait for what the host did not give
 * them: pressure stall information.
 *
 * Source: Documentation/accounting/psi.rst; the files NAME.pressure of a cgroup
 * of version 2 (Documentation/admin-guide/cgroup-v2.rst). Negative errno, silent.
 */

#include "daemon/facts/sysfs.h"

typedef enum Pressure {
        PRESSURE_CPU,
        PRESSURE_MEMORY,
        PRESSURE_IO,
        _PRESSURE_MAX,
} Pressure;

/* Microseconds in which some process waited, since the cgroup was made. `cgroup` as in /proc:
 * "/machine.slice/...". -ENOENT: the kernel does not measure, or the cgroup has gone; -EOPNOTSUPP:
 * it is switched off. */
int pressure_read(const Sysfs *sysfs, const char *cgroup, Pressure pressure, uint64_t *ret_usec);
/* The same of all processes of this machine, since its kernel was started. */
int pressure_read_machine(const Sysfs *sysfs, Pressure pressure, uint64_t *ret_usec);
