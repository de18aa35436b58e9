/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Questions to libvirt about one domain. All of them block: for the thread of
 * virt-reader only.
 */

#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "daemon/core/virt-ops.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

GuestEvent *guest_event_new(GuestEventKind kind, const char *uuid, const char *name);
void virt_get_uuid(virDomainPtr domain,
                   char *buffer); /* VIR_UUID_STRING_BUFLEN bytes, lower case */

/* An event of this kind with the XML that virt-ops.h promises for it: the live one for
 * GUEST_RUNNING, GUEST_INCOMING and GUEST_ARRIVED, the persistent one for GUEST_RUNNING,
 * GUEST_ARRIVED and GUEST_DEFINED. NULL when the domain has ended meanwhile: an event says so. */
GuestEvent *virt_read_event(virDomainPtr domain, GuestEventKind kind);

/* GUEST_FOUND: the guest of this name or UUID, or `detail` says that there is none. */
GuestEvent *virt_find(virConnectPtr connection, const char *name);

/* How fast a domain writes its memory, by a sample of its pages: begins to look; then 1 with
 * bytes/s, 0 while it still looks, negative when libvirt cannot tell. */
int virt_start_dirty_rate(virDomainPtr domain, int seconds);
int virt_read_dirty_rate(virDomainPtr domain, uint64_t *ret_rate);

/* 1 with figures when a job moves the domain away; 0 when none does and it is active; negative when
 * libvirt does not tell, since it has ended, or comes (libvirt tells figures on the source alone).
 */
int virt_read_job(virDomainPtr domain, GuestJob **ret_job);
/* The figures of virDomainGetJobStats() or of JOB_COMPLETED. NULL when the job is another than a
 * migration to another host: a save, a dump, a backup. */
GuestJob *virt_job_from_params(virTypedParameterPtr params, int n_params);
void virt_job_free(GuestJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestJob, virt_job_free)
