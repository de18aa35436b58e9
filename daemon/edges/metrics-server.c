/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metrics-server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "daemon/edges/metrics-client.h"
#include "daemon/facts/fd.h"

/* Nobody can keep the loop busy with connecting, nor with a descriptor that is not to be had. */
#define ACCEPT_USEC  (100 * UINT64_C(1000))
#define ACCEPT_BURST 20

const MetricsPatience metrics_patience = {
        .request = 5 * G_USEC_PER_SEC,
        .answer = 30 * G_USEC_PER_SEC,
        .linger = 1 * G_USEC_PER_SEC,
};

struct MetricsServer {
        MetricsHost host;
        GPtrArray *listeners; /* sd_event_source, each with its descriptor */
        GPtrArray *clients;   /* MetricsClient, the oldest first */
};

static void on_end(void *userdata, MetricsClient *client) {
        MetricsServer *server = userdata;

        (void)g_ptr_array_remove(server->clients, client);
}

/* Who gives way --------------------------------------------------------------------- */

static unsigned count_of(const MetricsServer *server, const char *peer) {
        unsigned n = 0;

        for (guint i = 0; i < server->clients->len; i++)
                n += g_str_equal(metrics_client_peer(server->clients->pdata[i]), peer);
        return n;
}

/* One that comes counts for its peer. */
static bool make_room(MetricsServer *server, const char *peer) {
        MetricsClient *oldest = NULL;
        unsigned most = 1;

        if (server->clients->len < METRICS_CLIENTS_MAX)
                return true;

        for (guint i = 0; i < server->clients->len; i++) {
                MetricsClient *client = server->clients->pdata[i];
                bool own = g_str_equal(metrics_client_peer(client), peer);
                unsigned n = count_of(server, metrics_client_peer(client)) + (own ? 1 : 0);

                if (n > most) {
                        most = n;
                        oldest = client;
                }
        }
        return oldest && g_ptr_array_remove(server->clients, oldest);
}

void metrics_server_take(MetricsServer *server, int fd, const char *peer) {
        MetricsClient *client;

        if (!make_room(server, peer))
                fd_close(fd);
        else if (metrics_client_new(&server->host, fd, peer, &client) >= 0)
                g_ptr_array_add(server->clients, client);
}

unsigned metrics_server_count(const MetricsServer *server) {
        return server->clients->len;
}

/* Sockets --------------------------------------------------------------------------- */

/* A user of this host, or an address. New. */
static char *name_peer(int fd) {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
                struct sockaddr_storage storage;
        } address = { 0 };
        char text[INET6_ADDRSTRLEN] = "";
        struct ucred user = { .uid = (uid_t)-1 };
        socklen_t size = sizeof(address), user_size = sizeof(user);

        (void)getpeername(fd, &address.any, &size);
        if (address.any.sa_family == AF_INET)
                (void)inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof(text));
        else if (address.any.sa_family == AF_INET6)
                (void)inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof(text));
        if (*text)
                return g_strdup(text);

        (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &user_size);
        return g_strdup_printf("user %u", user.uid);
}

/* One a turn. Where no descriptor is to be had it is tried again: the connection waits. */
static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        MetricsServer *server = userdata;
        g_autofree char *peer = NULL;
        Fd accepted;

        accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted < 0)
                return 0;

        peer = name_peer(accepted);
        metrics_server_take(server, accepted, peer);
        return 0;
}

static int prepare_listener(int fd) {
        int flags;

        if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
                return -EINVAL;

        flags = fcntl(fd, F_GETFL);
        return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static void close_listener(void *source) {
        sd_event_source_disable_unref(source);
}

int metrics_server_listen(MetricsServer *server, int fd) {
        g_auto(Fd) taken = fd;
        sd_event_source *source;
        int r;

        r = prepare_listener(taken);
        if (r < 0)
                return r;

        r = sd_event_add_io(server->host.loop, &source, taken, EPOLLIN, on_connection, server);
        if (r < 0)
                return r;

        g_ptr_array_add(server->listeners, source);
        r = sd_event_source_set_io_fd_own(source, true);
        if (r >= 0)
                taken = -1;
        if (r >= 0)
                r = sd_event_source_set_priority(source, METRICS_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_ratelimit(source, ACCEPT_USEC, ACCEPT_BURST);
        if (r < 0)
                (void)g_ptr_array_remove(server->listeners, source);
        return r;
}

/* ----------------------------------------------------------------------------------- */

MetricsServer *metrics_server_new(sd_event *loop, const MetricsPatience *patience,
                                  MetricsSource source, void *userdata) {
        MetricsServer *server = g_new0(MetricsServer, 1);

        server->host = (MetricsHost){
                .loop = sd_event_ref(loop),
                .patience = *patience,
                .source = source,
                .source_data = userdata,
                .end = on_end,
                .end_data = server,
        };
        server->listeners = g_ptr_array_new_with_free_func(close_listener);
        server->clients = g_ptr_array_new_with_free_func((GDestroyNotify)metrics_client_free);
        return server;
}

void metrics_server_free(MetricsServer *server) {
        if (!server)
                return;

        g_ptr_array_unref(server->listeners);
        g_ptr_array_unref(server->clients);
        sd_event_unref(server->host.loop);
        g_free(server);
}
