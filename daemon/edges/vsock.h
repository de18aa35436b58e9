/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where guests come in: a socket of AF_VSOCK, and for each connection the bytes
 * in between. What a guest sends goes through vsock-gate.h into one end of a
 * pair of sockets; at the other end a face speaks D-Bus. So the face reads
 * nothing but whole messages, from a peer of this process. One thread.
 *
 * Nothing that a guest does costs others anything:
 *
 *   one read and one write a turn of the loop, after everything else that waits
 *   VSOCK_AUTH_USEC    for the handshake
 *   VSOCK_HALF_USEC    from the first byte of a message to its last
 *   VSOCK_STALL_USEC   to take what it was answered; until then it is not read
 *   VSOCK_IDLE_USEC    without a message
 *
 * and beyond each it is hung up on. How much it may ask is daemon/guest-api.h's.
 * Who it is says the kernel: vsock(7), VMADDR_CID_*.
 */

#include <systemd/sd-event.h>

#include "daemon/guest-api.h"

#define VSOCK_AUTH_USEC  (10 * G_USEC_PER_SEC)
#define VSOCK_HALF_USEC  (10 * G_USEC_PER_SEC)
#define VSOCK_STALL_USEC (10 * G_USEC_PER_SEC)
#define VSOCK_IDLE_USEC  (300 * G_USEC_PER_SEC)
/* After what libvirt, hooks and the bus have to say. */
#define VSOCK_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

/* Who speaks D-Bus at the other end. */
typedef struct VsockFaces {
        /* Takes `fd` in any case: a stream socket that begins with "AUTH ANONYMOUS" of a
         * client. When it closes it, the guest is hung up on. */
        int (*open)(void *userdata, GuestSession *session, int fd, void **ret_face);
        void (*close)(void *userdata, void *face); /* the session ends after it */
        void *userdata;
} VsockFaces;

typedef struct Vsock Vsock;

/* Borrows the API; listens nowhere yet. Free it before the API. */
int vsock_new(sd_event *loop, GuestApi *api, const VsockFaces *faces, Vsock **ret_vsock);
void vsock_free(Vsock *vsock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vsock, vsock_free)

/* Once; -EALREADY after that. -EAFNOSUPPORT, -ENODEV: the kernel has no vsock (yet). */
int vsock_listen(Vsock *vsock, unsigned port);

/* Whether a connection between these CIDs is one of a guest of this host. A host that is itself a
 * guest has a second CID, to which its own host and its neighbours can connect; CIDs that they come
 * from are of another host, and may be those of guests here. */
bool vsock_is_of_guest(uint32_t from, uint32_t to);

/* A connection from there; `fd` is taken in any case. For tests, too, which have other sockets. */
void vsock_take(Vsock *vsock, int fd, uint32_t cid, uint32_t port);
/* Hangs up on those whose time is over. A timer does it. */
void vsock_expire(Vsock *vsock);
unsigned vsock_count(const Vsock *vsock);
