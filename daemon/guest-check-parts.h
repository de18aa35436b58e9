/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of guest-check share: one of the guest's devices that moves
 * with its state. Nobody else includes this.
 */

#include "daemon/guest-check.h"
#include "xml/domain-quirks.h"

typedef struct GuestCheck {
        GPtrArray *findings;
        const Manager *manager;
        const HostState *state;
        const GuestEvent *found;
        const Domain *domain;
        const DomainQuirks *quirks;
        Version kernel; /* not set: not known */
} GuestCheck;

/* One of the guest's devices that moves with its state. */
typedef struct GuestDevice {
        const DomainDevice *device;
        const Device *found;    /* NULL: not of the inventory */
        const CompatRule *rule; /* never NULL */
        char *name;             /* "hostdev0" */
        char *object;           /* "hostdev0 (0000:3b:10.0)" */
        const char *driver;     /* for people */
        int migrates;           /* 1, 0, or -1 when nobody knows */
        int caps;
} GuestDevice;

GuestDevice *guest_device_new(const GuestCheck *check, const DomainDevice *device);
void guest_device_free(gpointer device);
/* What is in the way of this one alone. */
void guest_device_check(const GuestCheck *check, const GuestDevice *own);
void guest_device_tell(const GuestCheck *check, FindingSeverity severity, const GuestDevice *own,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);
