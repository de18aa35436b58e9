/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests "web" and "db" run, each with a CID, and the daemon's side of their
 * connections is all real but for the slices, libvirt and the kernel's vsock:
 * pairs of sockets stand for connections. The clock stands still until it is
 * told to go on. One loop for both sides, which is served until nothing is left
 * to do: no test waits for time.
 */

#include <systemd/sd-bus.h>

#include "daemon/edges/vsock.h"
#include "dbus/guest-face.h"
#include "tests/unit/guest/fake-slices.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus, sd_bus_flush_close_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

#define HANDSHAKE      "\0AUTH ANONYMOUS 30\r\nBEGIN\r\n"
#define HANDSHAKE_SIZE (sizeof(HANDSHAKE) - 1)
#define ROOT_PORT      1000u
#define USER_PORT      2000u

#define WEB_SLICE                                                                      \
        "<slice version='1'><cores count='2'/><memory size='1' unit='GiB'/>"           \
        "<function name='nic' parent='0000:3b:00.0' min-mbit='1000' max-mbit='5000'/>" \
        "<allow cores='1-8' memory-mib='512-16384' mbit='10000'/></slice>"

typedef struct GuestFixture {
        sd_event *loop;
        FakeSlices *slices;
        GuestApi *api;
        Vsock *vsock;
} GuestFixture;

void guest_fixture_set_up(GuestFixture *fixture, gconstpointer unused);
void guest_fixture_tear_down(GuestFixture *fixture, gconstpointer unused);
void guest_fixture_pass_time(int64_t usec);
/* What libvirt tells; `cid` 0: it has no vsock. */
void guest_fixture_tell(GuestFixture *fixture, GuestEventKind kind, const char *uuid, unsigned cid);

/* Until nothing is left to do; how many turns of the loop that took. */
unsigned guest_fixture_serve(GuestFixture *fixture);

/* The guest's end of a new connection, a socket that does not block. */
int guest_fixture_connect(GuestFixture *fixture, unsigned cid, unsigned port);
bool guest_fixture_is_hung_up(GuestFixture *fixture, int fd);
/* All that was sent there so far. Free it. */
GByteArray *guest_fixture_read(GuestFixture *fixture, int fd);

/* A client that somebody else has written: sd-bus. */
sd_bus *guest_fixture_bus(GuestFixture *fixture, unsigned cid, unsigned port);
/* Calls, and serves until there is an answer; NULL with `reterr`. Slices are flushed. */
sd_bus_message *guest_fixture_call(GuestFixture *fixture, sd_bus *bus, sd_bus_error *reterr,
                                   const char *interface, const char *method, const char *types,
                                   ...);
/* Whether Show() is answered there. */
bool guest_fixture_answers(GuestFixture *fixture, sd_bus *bus);

/* A call of that method without arguments, as bytes, and more of them after another. */
void append_call(GByteArray *bytes, const char *interface, const char *method, unsigned serial);
/* How many messages of that type (2 answers, 3 errors, 4 signals) there are behind the handshake.
 */
unsigned count_messages(const GByteArray *bytes, unsigned type);
