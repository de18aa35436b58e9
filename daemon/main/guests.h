/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guests ask, put together: who they are (daemon/guest-api.h), where they
 * come in (edges/vsock.h) and what they are told (dbus/guest-face.h). A host on
 * which no guest has a vsock never opens a socket for them.
 */

#include "daemon/guest-api.h"
#include "daemon/manager.h"

typedef struct sd_event sd_event;
typedef struct Guests Guests;

/* Borrows the manager, and ends before it: what was asked by then is answered. */
int guests_new(sd_event *loop, Manager *manager, Guests **ret_guests);
void guests_free(Guests *guests);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guests, guests_free)

/* After the manager has been told. */
void guests_on_guest_event(Guests *guests, const GuestEvent *event);
void guests_on_slice(Guests *guests, const SliceEntry *entry);
