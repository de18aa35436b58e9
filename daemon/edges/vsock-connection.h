/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One connection of a guest: see vsock.h, whose file alone may use this. */

#include "daemon/edges/vsock.h"

typedef struct VsockConnection VsockConnection;

/* Called when it is over, from its own handlers; it is to be freed then. */
typedef void (*VsockEnd)(void *userdata, VsockConnection *connection);

/* Takes `fd` in any case. NULL: the guest is nobody, or there is no room; it was hung up on. */
VsockConnection *vsock_connection_new(sd_event *loop, GuestApi *api, const VsockFaces *faces,
                                      int fd, uint32_t cid, uint32_t port, VsockEnd end,
                                      void *userdata);
void vsock_connection_free(VsockConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VsockConnection, vsock_connection_free)

bool vsock_connection_has_expired(const VsockConnection *connection, int64_t now);
