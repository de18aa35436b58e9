/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a guest lets go of a device, or ends: libvirt's events tell it on
 * libvirt's thread, and the thread that asked waits.
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

/* Before the guest is asked. libvirt's alias of the device, since events name it by that; NULL for
 * the end of the guest. */
void parting_expect(Parting *parting, const char *alias);
PartingEnd parting_wait(Parting *parting, unsigned timeout_ms);

/* Callbacks of DEVICE_REMOVED and DEVICE_REMOVAL_FAILED. */
void parting_on_removed(virConnectPtr connection, virDomainPtr domain, const char *alias,
                        void *parting);
void parting_on_refused(virConnectPtr connection, virDomainPtr domain, const char *alias,
                        void *parting);
/* The same of LIFECYCLE. */
int parting_on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                         void *parting);
/* Any of them, for virConnectDomainEventRegisterAny(): its number, or -1. Holds a reference. */
int parting_watch(Parting *parting, virDomainPtr domain, int event,
                  virConnectDomainEventGenericCallback callback);
void parting_unwatch(virDomainPtr domain, int watch);
