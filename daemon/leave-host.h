/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This host and its guests as core/policy-leave.h weighs them: what there is, what the outlook has
 * of each guest, and what moving it would take. Used by advisor-leave.
 *
 *   CPUs     all that the operator does not keep for the host. Who has cores for itself alone uses
 *            all of them
 *   memory   base pages, without what is kept; what of a slice is of them is used, all of it
 *   links    of each PF that tells its speed, both directions: what goes over the VFs of guests is
 *            theirs, and what the PF counts beyond that is nobody's. So is the traffic of emulated
 *            interfaces, since nobody tells over which link it leaves
 */

#include "daemon/core/policy-leave.h"
#include "daemon/manager.h"
#include "xml/domain.h"

/* A guest that runs here, as its XML has it. */
typedef struct LeaveGuest {
        char *name;
        Domain *domain;
        bool stays; /* as the operator has it */
} LeaveGuest;

LeaveGuest *leave_guest_new(const char *xml); /* NULL: it cannot be read */
void leave_guest_free(LeaveGuest *guest);
/* Who runs here, UUID to LeaveGuest: after each event that libvirt tells. */
void leave_guests_follow(GHashTable *guests, const GuestEvent *event);

typedef struct LeaveHost LeaveHost;

/* `guests`: UUID to LeaveGuest, borrowed as long as this is used; of whom there is none in it
 * stays. `uri`: where they would go, NULL: not known. `moves` false: all of them stay. */
LeaveHost *leave_host_new(const Manager *manager, GHashTable *guests, const char *uri, bool moves);
void leave_host_free(LeaveHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LeaveHost, leave_host_free)

const PolicyLeaveHost *leave_host_get(const LeaveHost *host);
