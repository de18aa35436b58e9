/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The libvirt daemon that runs guests of QEMU on this host: libvirtd, or
 * virtqemud of the modular ones. Source: proc_pid_stat(5).
 */

#include "daemon/facts/sysfs.h"

typedef struct LibvirtProcess {
        char *name; /* "libvirtd", "virtqemud" */
        char *pid;
        int64_t started; /* CLOCK_REALTIME, microseconds; 0 not known */
} LibvirtProcess;

/* -ENOENT: none runs; its socket will start it. */
int libvirt_process_find(const Sysfs *sysfs, LibvirtProcess *ret_process);
void libvirt_process_done(LibvirtProcess *process);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LibvirtProcess, libvirt_process_done)
