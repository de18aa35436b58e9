/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a guest lets go of a device: libvirt's events tell it on libvirt's
 * thread, and the thread that asked waits.
 */

#include <glib.h>
#include <libvirt/libvirt.h>

typedef struct Parting Parting;

typedef enum PartingEnd {
        PARTING_REMOVED,
        PARTING_REFUSED, /* by the guest or by QEMU */
        PARTING_OVERDUE, /* nothing was told in time */
} PartingEnd;

Parting *parting_new(void);
/* The last one frees it; from any thread. */
Parting *parting_ref(Parting *parting);
void parting_unref(Parting *parting);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parting, parting_unref)

/* Before the guest is asked. libvirt's alias of the device, since events name it by that. */
void parting_expect(Parting *parting, const char *alias);
PartingEnd parting_wait(Parting *parting, unsigned timeout_ms);

/* Callbacks of DEVICE_REMOVED and DEVICE_REMOVAL_FAILED. */
void parting_on_removed(virConnectPtr connection, virDomainPtr domain, const char *alias,
                        void *parting);
void parting_on_refused(virConnectPtr connection, virDomainPtr domain, const char *alias,
                        void *parting);
