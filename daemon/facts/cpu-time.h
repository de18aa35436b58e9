/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For how long the CPUs of this machine have done something. Source: proc_stat(5).
 * Negative errno, silent.
 */

#include "daemon/facts/sysfs.h"

/* Nanoseconds of all CPUs together since the kernel was started, without those in which they were
 * idle, waited for I/O, or were another machine's. */
int cpu_time_read(const Sysfs *sysfs, uint64_t *ret_nsec);
