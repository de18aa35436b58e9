/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/vsock.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/edges/vsock-connection.h"
#include "daemon/facts/fd.h"
#include "xml/domain-vsock.h"

#define BACKLOG 128
/* Nobody can keep the loop busy with connections that are hung up on. */
#define ACCEPT_USEC  (100 * UINT64_C(1000))
#define ACCEPT_BURST 200
#define TICK_USEC    (5 * (uint64_t)G_USEC_PER_SEC)

struct Vsock {
        sd_event *loop;
        GuestApi *api;
        VsockFaces faces;
        Fd listener; /* -1: it does not listen */
        sd_event_source *accept_source, *timer;
        GPtrArray *connections; /* VsockConnection */
};

/* The timer runs while there is something to look after. */
static void set_timer(Vsock *vsock) {
        if (vsock->connections->len == 0)
                return;

        (void)sd_event_source_set_time_relative(vsock->timer, TICK_USEC);
        (void)sd_event_source_set_enabled(vsock->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Vsock *vsock = userdata;

        vsock_expire(vsock);
        if (vsock->accept_source)
                (void)sd_event_source_set_enabled(vsock->accept_source, SD_EVENT_ON);
        set_timer(vsock);
        return 0;
}

/* Connections ----------------------------------------------------------------------- */

static void on_end(void *userdata, VsockConnection *connection) {
        Vsock *vsock = userdata;

        (void)g_ptr_array_remove_fast(vsock->connections, connection);
}

void vsock_take(Vsock *vsock, int fd, uint32_t cid, uint32_t port) {
        VsockConnection *connection;

        connection = vsock_connection_new(vsock->loop, vsock->api, &vsock->faces, fd, cid, port,
                                          on_end, vsock);
        if (!connection)
                return;

        g_ptr_array_add(vsock->connections, connection);
        if (vsock->connections->len == 1)
                set_timer(vsock);
}

void vsock_expire(Vsock *vsock) {
        int64_t now = guest_api_now(vsock->api);

        for (guint i = vsock->connections->len; i > 0; i--)
                if (vsock_connection_has_expired(vsock->connections->pdata[i - 1], now))
                        (void)g_ptr_array_remove_index_fast(vsock->connections, i - 1);
}

unsigned vsock_count(const Vsock *vsock) {
        return vsock->connections->len;
}

/* The socket ------------------------------------------------------------------------ */

bool vsock_is_of_guest(uint32_t from, uint32_t to) {
        return to == VMADDR_CID_HOST && from >= DOMAIN_CID_MIN && from <= DOMAIN_CID_MAX;
}

static void take_peer(Vsock *vsock, Fd fd) {
        struct sockaddr_vm peer = { 0 }, here = { 0 };
        socklen_t peer_size = sizeof(peer), here_size = sizeof(here);

        if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0 ||
            getsockname(fd, (struct sockaddr *)&here, &here_size) < 0 ||
            peer.svm_family != AF_VSOCK || here.svm_family != AF_VSOCK ||
            !vsock_is_of_guest(peer.svm_cid, here.svm_cid))
                fd_close(fd);
        else
                vsock_take(vsock, fd, peer.svm_cid, peer.svm_port);
}

/* One a turn. Without a descriptor to spare it waits for better times, that is for the timer. */
static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Vsock *vsock = userdata;
        Fd accepted;

        accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted >= 0) {
                take_peer(vsock, accepted);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
                (void)sd_event_source_set_time_relative(vsock->timer, TICK_USEC);
                (void)sd_event_source_set_enabled(vsock->timer, SD_EVENT_ONESHOT);
        }
        return 0;
}

static int open_listener(unsigned port) {
        struct sockaddr_vm address = {
                .svm_family = AF_VSOCK,
                .svm_cid = VMADDR_CID_ANY,
                .svm_port = port,
        };
        g_auto(Fd) fd = -1;

        fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(fd, BACKLOG) < 0)
                return -errno;

        return g_steal_fd(&fd);
}

static int watch_listener(Vsock *vsock) {
        int r;

        r = sd_event_add_io(vsock->loop, &vsock->accept_source, vsock->listener, EPOLLIN,
                            on_connection, vsock);
        if (r >= 0)
                r = sd_event_source_set_priority(vsock->accept_source, VSOCK_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_ratelimit(vsock->accept_source, ACCEPT_USEC, ACCEPT_BURST);
        return r;
}

int vsock_listen(Vsock *vsock, unsigned port) {
        int fd, r;

        if (vsock->listener >= 0)
                return -EALREADY;

        fd = open_listener(port);
        if (fd < 0)
                return fd;

        vsock->listener = fd;
        r = watch_listener(vsock);
        if (r < 0) {
                vsock->accept_source = sd_event_source_disable_unref(vsock->accept_source);
                fd_close(vsock->listener);
                vsock->listener = -1;
        }
        return r;
}

/* ----------------------------------------------------------------------------------- */

int vsock_new(sd_event *loop, GuestApi *api, const VsockFaces *faces, Vsock **ret_vsock) {
        g_autoptr(Vsock) vsock = g_new0(Vsock, 1);
        int r;

        vsock->loop = sd_event_ref(loop);
        vsock->api = api;
        vsock->faces = *faces;
        vsock->listener = -1;
        vsock->connections = g_ptr_array_new_with_free_func((GDestroyNotify)vsock_connection_free);
        r = sd_event_add_time_relative(loop, &vsock->timer, CLOCK_MONOTONIC, TICK_USEC, 0, on_timer,
                                       vsock);
        if (r >= 0)
                r = sd_event_source_set_enabled(vsock->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret_vsock = g_steal_pointer(&vsock);
        return 0;
}

void vsock_free(Vsock *vsock) {
        if (!vsock)
                return;

        sd_event_source_disable_unref(vsock->accept_source);
        sd_event_source_disable_unref(vsock->timer);
        g_ptr_array_unref(vsock->connections);
        if (vsock->listener >= 0)
                fd_close(vsock->listener);
        sd_event_unref(vsock->loop);
        g_free(vsock);
}
