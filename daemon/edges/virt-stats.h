/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Figures of all guests that run: one call a host, on a thread of its own, since
 * a QEMU that does not answer holds it up.
 *
 * What libvirt cannot tell without waiting for a job is left out, and is missing
 * in the sample: VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT. Numbers of several
 * vCPUs, interfaces and disks of a guest are added up.
 */

#include <libvirt/libvirt.h>

#include "daemon/core/sample.h"
#include "daemon/edges/guest-door.h"

typedef struct VirtStats VirtStats;

VirtStats *virt_stats_new(const char *uri, GuestDoor *door); /* borrows the door */
/* After the call that blocks: no other begins, and its connection is closed. */
void virt_stats_stop(VirtStats *stats);
void virt_stats_free(VirtStats *stats);

/* From any thread; none of them waits. */

/* Takes a reference of its own; NULL: there is none. */
void virt_stats_use(VirtStats *stats, virConnectPtr connection);
/* GUEST_STATS comes through the door. */
void virt_stats_sample(VirtStats *stats);

/* For virt-stats.c and its test: what one record of libvirt's says. */
void virt_stats_read(virTypedParameterPtr params, int n_params, Sample *ret_sample);
