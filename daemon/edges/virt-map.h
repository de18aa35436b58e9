/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What libvirt's events mean for a guest that moves. Pure: numbers in, kinds
 * out, no connection. One thread.
 *
 * libvirt says RESUMED/MIGRATED on both sides: on the destination when the
 * guest has arrived, on the source when the move failed and its CPUs run
 * again. It says the same of SUSPENDED. So the map remembers of each guest
 * whether it is coming or going.
 *
 *                   source                          destination
 *   Prepare                                         STARTED/MIGRATED      → INCOMING
 *   Perform         MIGRATION_ITERATION             -
 *                   SUSPENDED/MIGRATED  → LEAVING
 *   Finish          -                               DEFINED (--persistent), then
 *                                                   RESUMED/MIGRATED      → ARRIVED, or, for a
 *                                                   guest that was paused,
 *                                                   SUSPENDED/PAUSED      → ARRIVED
 *   Confirm         STOPPED/MIGRATED    → LEFT
 *                   JOB_COMPLETED       → JOB_DONE
 *   failure         RESUMED/MIGRATED    → STAYED    STOPPED/FAILED        → STOPPED
 *
 * A move that fails before the guest was paused makes no event at all on the
 * source: only the figures of its job tell, by not being there any more.
 * (libvirt: src/qemu/qemu_migration.c, qemu_process.c)
 */

#include "daemon/core/virt-ops.h"

#define GUEST_NOTHING _GUEST_EVENT_KIND_MAX

typedef struct VirtMap VirtMap;

VirtMap *virt_map_new(void);
void virt_map_free(VirtMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VirtMap, virt_map_free)

/* A lifecycle event: virDomainEventType and its detail. GUEST_NOTHING when it says nothing to us.
 */
GuestEventKind virt_map_lifecycle(VirtMap *map, const char *uuid, int event, int detail);
/* A device was plugged or unplugged. A guest that moves is left alone: its transient devices are
 * unplugged for the move. */
GuestEventKind virt_map_devices(const VirtMap *map, const char *uuid);
/* An active domain found at connect: virDomainState, its reason, and whether it has a job that
 * moves it away. GUEST_RUNNING or GUEST_INCOMING; nothing of one whose QEMU comes up, since an
 * event tells when it has. */
GuestEventKind virt_map_found(VirtMap *map, const char *uuid, int state, int reason, bool moving);
/* MIGRATION_ITERATION of a job that moves it away: GUEST_ITERATING. */
GuestEventKind virt_map_iteration(VirtMap *map, const char *uuid);
/* Its job was asked for between the events. Still there: GUEST_ITERATING, but nothing for a guest
 * whose CPUs run again, since libvirt ends the job after it has said so. Not there while the domain
 * is active: GUEST_STAYED. */
GuestEventKind virt_map_polled(VirtMap *map, const char *uuid, bool moving);

/* virDomainEventStoppedDetailType in the words of libvirt's release hook. */
const char *virt_map_stop_reason(int detail);
