/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Changes of domains, one after the other: libvirt lets a caller wait half a
 * minute while another job has the domain, so they have a worker of their own.
 * What cannot be changed is told in the journal; nobody waits for it.
 */

#include <libvirt/libvirt.h>

#include "daemon/edges/guest-door.h"

typedef struct VirtWriter VirtWriter;

VirtWriter *virt_writer_new(const char *uri, GuestDoor *door); /* borrows the door */
/* After the change that blocks: no other begins, and its connection is closed. */
void virt_writer_stop(VirtWriter *writer);
void virt_writer_free(VirtWriter *writer);

/* From any thread; none of them waits. */

/* Behind what was ordered before. Takes a reference of its own; NULL: there is none. */
void virt_writer_use(VirtWriter *writer, virConnectPtr connection);

/* As VirtOps has them. */
void virt_writer_set_metadata(VirtWriter *writer, const char *uuid, const char *xml);
void virt_writer_redefine(VirtWriter *writer, const char *uuid, const char *xml);
void virt_writer_abort_job(VirtWriter *writer, const char *uuid);
void virt_writer_unplug(VirtWriter *writer, const UnplugRequest *request);
void virt_writer_raise_max_downtime(VirtWriter *writer, const char *uuid, int64_t downtime_ms);
void virt_writer_set_stats_period(VirtWriter *writer, const char *uuid, unsigned period);
