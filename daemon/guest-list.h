/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guests that have something to do with this host: those that are active
 * here, and those that a lease or a hardware slice is kept for. What libvirt and
 * the hooks say of each is remembered while that is so, since neither a lease nor
 * a slice says whose guest it is of. Nothing of it is stored: at each start
 * libvirt tells of all that are active.
 */

#include "daemon/manager.h"

typedef enum GuestState {
        GUEST_IS_OFF,      /* something is kept for it until it starts */
        GUEST_IS_STARTING, /* a hook has let it start, libvirt has not told of it yet */
        GUEST_IS_COMING,   /* on the way from another host */
        GUEST_IS_HERE,
        GUEST_IS_LEAVING, /* still here, on the way to another host */
        _GUEST_STATE_MAX,
} GuestState;

const char *guest_state_to_string(GuestState state); /* "running" of GUEST_IS_HERE */

#define GUEST_OWNER_NOVA    "nova"
#define GUEST_OWNER_NONE    ""        /* whoever runs virsh */
#define GUEST_OWNER_UNKNOWN "unknown" /* since the daemon has started nobody has told of it */

typedef struct GuestRow {
        const char *uuid, *name; /* borrowed; good until the manager hears of anything */
        GuestState state;
        const char *owner; /* a constant above */
} GuestRow;

/* UUID to what is remembered, for the manager. */
GHashTable *guest_notes_new(void);

/* GuestRow, owned, by UUID. */
GPtrArray *guest_list(const Manager *manager);

/* Its domain, as libvirt says it now: to a hook, when the guest is to come or to start; then when
 * it runs. */
void guest_list_on_hook(Manager *manager, const Domain *domain, bool migrates);
void guest_list_on_running(Manager *manager, const Domain *domain);
/* After the manager has followed it. True: guest_list() may be another than before. */
bool guest_list_on_guest_event(Manager *manager, const GuestEvent *event);
