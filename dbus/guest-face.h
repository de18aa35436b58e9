/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.virtferry1.Guest, which dbus/org.virtferry1.Guest.xml promises: one object
 * on each connection of a guest, and no bus in between. Main thread.
 *
 * The other end of the connection is an edge of this process that lets whole
 * messages through, no more than it should (daemon/edges/vsock.h), from a peer
 * that nobody has authenticated: whoever it is, it may do here only what its
 * session lets it.
 */

#include <systemd/sd-bus.h>

#include "daemon/guest-api.h"

typedef struct GuestFace GuestFace;

/* Takes `fd` in any case. Borrows the session, which must outlive it. */
int guest_face_new(sd_event *loop, int64_t priority, GuestSession *session, int fd,
                   GuestFace **ret_face);
void guest_face_free(GuestFace *face);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestFace, guest_face_free)
