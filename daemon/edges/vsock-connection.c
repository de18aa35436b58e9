/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/vsock-connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "daemon/edges/vsock-gate.h"
#include "daemon/facts/fd.h"

#define OUT_MAX (16u * 1024)
/* Of the pair, to the face: what the face has not read holds the guest up. */
#define PAIR_BUFFER (64 * 1024)
/* What a client says, and what sd-bus answers to it: "OK ", 32 digits and the end of the line. */
#define GREETING      "\0AUTH ANONYMOUS 30\r\nBEGIN\r\n"
#define GREETING_BACK 37u

G_STATIC_ASSERT(VSOCK_ANSWER_MAX <= OUT_MAX);

struct VsockConnection {
        GuestApi *api;
        GuestSession *session;
        const VsockFaces *faces;
        void *face; /* NULL: it does not speak yet */
        VsockEnd end;
        void *userdata;
        Fd guest, inner; /* the guest's socket, and our end of the pair */
        sd_event_source *guest_source, *inner_source;
        VsockGate *gate;
        size_t passed;     /* bytes of the message at the front */
        bool counted;      /* that message */
        size_t to_swallow; /* of the face's part in a handshake of which the guest knows nothing */
        uint8_t out[OUT_MAX]; /* for the guest, from `sent` up to `size` */
        size_t sent, size;
        int64_t began, half_since, stalled_since, active; /* the middle ones: 0 not so */
};

/* What is waited for ---------------------------------------------------------------- */

static bool has_message(const VsockConnection *connection) {
        size_t size;

        return vsock_gate_front(connection->gate, &size) != NULL;
}

static bool has_out(const VsockConnection *connection) {
        return connection->sent < connection->size;
}

static void note_since(int64_t *since, bool is_so, int64_t now) {
        if (!is_so)
                *since = 0;
        else if (*since == 0)
                *since = now;
}

/* A guest that does not take its answers is not read, and neither is one that the face is behind
 * with. */
static int wait_on(VsockConnection *connection) {
        bool message = has_message(connection), out = has_out(connection);
        int64_t now = guest_api_now(connection->api);
        int r;

        note_since(&connection->half_since, vsock_gate_waits(connection->gate), now);
        note_since(&connection->stalled_since, out, now);

        r = sd_event_source_set_io_events(connection->guest_source,
                                          out ? EPOLLOUT : (message ? 0 : EPOLLIN));
        if (r < 0)
                return r;
        return sd_event_source_set_io_events(connection->inner_source,
                                             (out ? 0u : EPOLLIN) | (message ? EPOLLOUT : 0u));
}

/* To the face ----------------------------------------------------------------------- */

/* 0: all, or as much as there is room for. */
static int pass_front(VsockConnection *connection) {
        const uint8_t *message;
        size_t size;
        ssize_t n;

        message = vsock_gate_front(connection->gate, &size);
        if (!connection->counted && !guest_session_pass(connection->session, size))
                return -EDQUOT;

        connection->counted = true;
        n = send(connection->inner, message + connection->passed, size - connection->passed,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
                return -errno;

        connection->passed += (size_t)n;
        if (connection->passed < size)
                return -EAGAIN;

        connection->passed = 0;
        connection->counted = false;
        connection->active = guest_api_now(connection->api);
        return vsock_gate_drop(connection->gate);
}

/* Few: more than one is there only behind a handshake, in its buffer. */
static int pass(VsockConnection *connection) {
        int r = 0;

        while (r == 0 && has_message(connection))
                r = pass_front(connection);
        return r == -EAGAIN || r == -EINTR ? 0 : r;
}

static void queue_answer(VsockConnection *connection) {
        g_autofree char *answer = vsock_gate_take_answer(connection->gate);

        if (!answer)
                return;

        connection->sent = 0;
        connection->size = strlen(answer); /* nothing was queued: it would not have been read */
        memcpy(connection->out, answer, connection->size);
}

/* Without control data: descriptors that come along on another kind of socket are closed. */
static int read_guest(VsockConnection *connection) {
        size_t size;
        uint8_t *room = vsock_gate_room(connection->gate, &size);
        ssize_t n;
        int r;

        n = recv(connection->guest, room, size, MSG_DONTWAIT);
        if (n <= 0)
                return n < 0 ? -errno : -ECONNRESET;

        r = vsock_gate_fill(connection->gate, (size_t)n);
        if (r < 0)
                return r;

        queue_answer(connection);
        return pass(connection);
}

/* To the guest ---------------------------------------------------------------------- */

static int write_guest(VsockConnection *connection) {
        ssize_t n;

        if (!has_out(connection))
                return 0;

        n = send(connection->guest, connection->out + connection->sent,
                 connection->size - connection->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
                return -errno;

        connection->sent += (size_t)n;
        return 0;
}

static int read_face(VsockConnection *connection) {
        size_t swallowed;
        ssize_t n;

        n = recv(connection->inner, connection->out, sizeof(connection->out), MSG_DONTWAIT);
        if (n <= 0)
                return n < 0 ? -errno : -ECONNRESET;

        swallowed = MIN((size_t)n, connection->to_swallow);
        connection->to_swallow -= swallowed;
        connection->sent = swallowed;
        connection->size = (size_t)n;
        return write_guest(connection);
}

/* Turns of the loop ----------------------------------------------------------------- */

/* The end frees the connection. */
static int finish_turn(VsockConnection *connection, int r) {
        if (r >= 0 || r == -EAGAIN || r == -EINTR)
                r = wait_on(connection);
        if (r < 0)
                connection->end(connection->userdata, connection);
        return 0;
}

static int on_guest(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        VsockConnection *connection = userdata;
        int r = -ECONNRESET;

        if (events & EPOLLOUT)
                r = write_guest(connection);
        else if (events & EPOLLIN)
                r = has_out(connection) || has_message(connection) ? 0 : read_guest(connection);
        return finish_turn(connection, r);
}

static int on_inner(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        VsockConnection *connection = userdata;
        int r = -ECONNRESET;

        if (events & EPOLLIN)
                r = has_out(connection) ? 0 : read_face(connection);
        else if (events & EPOLLOUT)
                r = pass(connection);
        return finish_turn(connection, r);
}

/* The guest is gone, or others need the room. */
static void on_ended(void *userdata) {
        VsockConnection *connection = userdata;

        connection->end(connection->userdata, connection);
}

/* Beginning ------------------------------------------------------------------------- */

static VsockGate *make_gate(void) {
        char guid[SD_ID128_STRING_MAX];
        sd_id128_t id;

        if (sd_id128_randomize(&id) < 0)
                return NULL;
        return vsock_gate_new(sd_id128_to_string(id, guid), GUEST_MESSAGE_MAX);
}

static int add_source(sd_event *loop, Fd fd, sd_event_io_handler_t handler,
                      VsockConnection *connection, sd_event_source **ret_source) {
        int r;

        r = sd_event_add_io(loop, ret_source, fd, EPOLLIN, handler, connection);
        if (r < 0)
                return r;
        return sd_event_source_set_priority(*ret_source, VSOCK_PRIORITY);
}

static int open_pair(VsockConnection *connection) {
        const VsockFaces *faces = connection->faces;
        int room = PAIR_BUFFER;
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;

        connection->inner = fds[0];
        connection->to_swallow = GREETING_BACK;
        (void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        if (send(fds[0], GREETING, sizeof(GREETING) - 1, MSG_NOSIGNAL) < 0) {
                int r = -errno;

                fd_close(fds[1]);
                return r;
        }
        return faces->open(faces->userdata, connection->session, fds[1], &connection->face);
}

static int start(VsockConnection *connection, sd_event *loop) {
        int r;

        connection->gate = make_gate();
        if (!connection->gate)
                return -EIO;

        r = open_pair(connection);
        if (r >= 0)
                r = add_source(loop, connection->guest, on_guest, connection,
                               &connection->guest_source);
        if (r >= 0)
                r = add_source(loop, connection->inner, on_inner, connection,
                               &connection->inner_source);
        return r;
}

VsockConnection *vsock_connection_new(sd_event *loop, GuestApi *api, const VsockFaces *faces,
                                      int fd, uint32_t cid, uint32_t port, VsockEnd end,
                                      void *userdata) {
        g_autoptr(VsockConnection) connection = g_new0(VsockConnection, 1);

        connection->api = api;
        connection->faces = faces;
        connection->end = end;
        connection->userdata = userdata;
        connection->guest = fd;
        connection->inner = -1;
        connection->began = connection->active = guest_api_now(api);
        connection->session = guest_api_admit(api, cid, port, on_ended, connection);
        if (!connection->session || start(connection, loop) < 0)
                return NULL;
        return g_steal_pointer(&connection);
}

/* The face knows the session, which is the last to go. */
void vsock_connection_free(VsockConnection *connection) {
        if (!connection)
                return;

        sd_event_source_disable_unref(connection->guest_source);
        sd_event_source_disable_unref(connection->inner_source);
        if (connection->face)
                connection->faces->close(connection->faces->userdata, connection->face);
        fd_close(connection->guest);
        if (connection->inner >= 0)
                fd_close(connection->inner);
        vsock_gate_free(connection->gate);
        guest_session_free(connection->session);
        g_free(connection);
}

static bool is_over(int64_t since, int64_t limit, int64_t now) {
        return since != 0 && now - since >= limit;
}

bool vsock_connection_has_expired(const VsockConnection *connection, int64_t now) {
        return (!vsock_gate_is_open(connection->gate) &&
                is_over(connection->began, VSOCK_AUTH_USEC, now)) ||
               is_over(connection->half_since, VSOCK_HALF_USEC, now) ||
               is_over(connection->stalled_since, VSOCK_STALL_USEC, now) ||
               is_over(connection->active, VSOCK_IDLE_USEC, now);
}
