/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connection to libvirt, and all that blocks on it.
 *
 * Three workers: one connects and reads (virt-reader), one changes domains
 * (virt-writer), one asks for their figures (virt-stats). A broken connection is made anew after a
 * while that grows.
 */

#include "daemon/edges/guest-door.h"

typedef struct VirtLink VirtLink;

/* Borrows the door. libvirt's event loop begins between the two: its callbacks know the link. */
VirtLink *virt_link_new(const char *uri, GuestDoor *door);
void virt_link_start(VirtLink *link);
/* Closes the connection, after the call that blocks has ended. libvirt's event loop ends between
 * the two. */
void virt_link_stop(VirtLink *link);
void virt_link_free(VirtLink *link);

/* From any thread; none of them waits. */
void virt_link_set_metadata(VirtLink *link, const char *uuid, const char *xml);
void virt_link_redefine(VirtLink *link, const char *uuid, const char *xml);
void virt_link_follow_job(VirtLink *link, const char *uuid);
void virt_link_look_again(VirtLink *link, const char *uuid);
/* The answer comes through the door as GUEST_FOUND. */
void virt_link_find(VirtLink *link, const char *name, bool measure, unsigned long question);
void virt_link_abort_job(VirtLink *link, const char *uuid);
/* Writes the metadata, behind all that was to be written before, then begins: virt-plugger.h. */
void virt_link_unplug(VirtLink *link, const UnplugRequest *request);
void virt_link_raise_max_downtime(VirtLink *link, const char *uuid, int64_t downtime_ms);
void virt_link_set_stats_period(VirtLink *link, const char *uuid, unsigned period);
/* The answer comes through the door as GUEST_STATS. */
void virt_link_sample(VirtLink *link);

/* Of the libvirt at the other end: 9000000 for 9.0.0; 0 before the first connection. */
unsigned long virt_link_version(VirtLink *link);
unsigned long virt_link_qemu_version(VirtLink *link);
