/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metrics-client.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/edges/metrics-http.h"
#include "daemon/facts/fd.h"

#define WRITE_MAX (64u * 1024) /* a turn of the loop */

struct MetricsClient {
        const MetricsHost *host;
        char *peer;
        Fd fd;
        sd_event_source *source, *timer;
        char request[METRICS_REQUEST_MAX];
        size_t size; /* of what has come */
        char *head;  /* NULL: nothing is answered yet */
        GBytes *body;
        size_t sent; /* of head and body */
        bool lingers;
};

/* It is gone then. */
static int finish(MetricsClient *client) {
        client->host->end(client->host->end_data, client);
        return 0;
}

static bool may_go_on(ssize_t n) {
        return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* From now on it waits for that, and for no longer. */
static bool wait_for(MetricsClient *client, uint32_t events, uint64_t usec) {
        return sd_event_source_set_io_events(client->source, events) >= 0 &&
               sd_event_source_set_time_relative(client->timer, usec) >= 0 &&
               sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT) >= 0;
}

/* The answer ------------------------------------------------------------------------ */

static bool begin_answer(MetricsClient *client, int status, bool head_only) {
        const char *sentence = metrics_http_sentence(status);
        g_autoptr(GBytes) body = status == 200 ? client->host->source(client->host->source_data)
                                               : g_bytes_new_static(sentence, strlen(sentence));

        client->head = metrics_http_head(status, g_bytes_get_size(body));
        client->body = head_only ? g_bytes_new(NULL, 0) : g_bytes_ref(body);
        return wait_for(client, EPOLLOUT, client->host->patience.answer);
}

/* The head, and then the body. TCP puts the beginning of it into the packet of the head. */
static ssize_t send_some(MetricsClient *client) {
        size_t head = strlen(client->head), size;
        const char *body = g_bytes_get_data(client->body, &size);
        size_t rest = client->sent < head ? head - client->sent : head + size - client->sent;
        const char *from = client->sent < head ? client->head + client->sent
                                               : body + (client->sent - head);
        int more = client->sent < head && size > 0 ? MSG_MORE : 0;

        return send(client->fd, from, MIN(rest, WRITE_MAX), MSG_NOSIGNAL | MSG_DONTWAIT | more);
}

static int on_writable(MetricsClient *client) {
        ssize_t n = send_some(client);

        if (!may_go_on(n))
                return finish(client);
        if (n > 0)
                client->sent += (size_t)n;
        if (client->sent < strlen(client->head) + g_bytes_get_size(client->body))
                return 0;

        client->lingers = true;
        if (shutdown(client->fd, SHUT_WR) < 0 ||
            !wait_for(client, EPOLLIN, client->host->patience.linger))
                return finish(client);
        return 0;
}

/* The request ----------------------------------------------------------------------- */

static int on_request(MetricsClient *client) {
        ssize_t n = recv(client->fd, client->request + client->size,
                         sizeof(client->request) - client->size, MSG_DONTWAIT);
        bool head_only;
        int status;

        if (!may_go_on(n))
                return finish(client);
        if (n < 0)
                return 0;

        client->size += (size_t)n;
        status = metrics_http_read(client->request, client->size, &head_only);
        if (status != 0 && !begin_answer(client, status, head_only))
                return finish(client);
        return 0;
}

static int on_rest(MetricsClient *client) {
        ssize_t n = recv(client->fd, client->request, sizeof(client->request), MSG_DONTWAIT);

        return may_go_on(n) ? 0 : finish(client);
}

/* ----------------------------------------------------------------------------------- */

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        MetricsClient *client = userdata;

        if (!client->head)
                return on_request(client);
        return client->lingers ? on_rest(client) : on_writable(client);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        return finish(userdata);
}

static int watch(MetricsClient *client) {
        const MetricsHost *host = client->host;
        int r;

        r = sd_event_add_io(host->loop, &client->source, client->fd, EPOLLIN, on_ready, client);
        if (r >= 0)
                r = sd_event_source_set_priority(client->source, METRICS_PRIORITY);
        if (r >= 0)
                r = sd_event_add_time_relative(host->loop, &client->timer, CLOCK_MONOTONIC,
                                               host->patience.request, 0, on_time, client);
        return r;
}

int metrics_client_new(const MetricsHost *host, int fd, const char *peer,
                       MetricsClient **ret_client) {
        g_autoptr(MetricsClient) client = g_new0(MetricsClient, 1);
        int r;

        client->host = host;
        client->fd = fd;
        client->peer = g_strdup(peer);
        r = watch(client);
        if (r < 0)
                return r;

        *ret_client = g_steal_pointer(&client);
        return 0;
}

void metrics_client_free(MetricsClient *client) {
        if (!client)
                return;

        sd_event_source_disable_unref(client->source);
        sd_event_source_disable_unref(client->timer);
        fd_close(client->fd);
        g_clear_pointer(&client->body, g_bytes_unref);
        g_free(client->head);
        g_free(client->peer);
        g_free(client);
}

const char *metrics_client_peer(const MetricsClient *client) {
        return client->peer;
}
