/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/metrics-sockets.h"

#include <systemd/sd-daemon.h>

#include "daemon/facts/fd.h"

/* FileDescriptorName= of the socket unit. */
#define SOCKET_NAME "metrics"

static GBytes *get_page(void *userdata) {
        return metrics_page(userdata, g_get_monotonic_time());
}

/* A daemon without metrics is better than none. */
static void listen_on(MetricsServer *server, int fd, const char *name) {
        int r;

        if (g_str_equal(name, SOCKET_NAME)) {
                r = metrics_server_listen(server, fd);
                if (r < 0)
                        g_warning("Metrics are not to be had at a socket of systemd's: %s",
                                  g_strerror(-r));
        } else {
                fd_close(fd);
                g_warning("A socket of systemd's has the name '%s' and not " SOCKET_NAME
                          ", ignoring it",
                          name);
        }
}

MetricsServer *metrics_sockets_open(sd_event *loop, Metrics *metrics) {
        g_auto(GStrv) names = NULL;
        MetricsServer *server;
        int n;

        n = sd_listen_fds_with_names(true, &names);
        if (n <= 0)
                return NULL;

        server = metrics_server_new(loop, &metrics_patience, get_page, metrics);
        for (int i = 0; i < n; i++)
                listen_on(server, SD_LISTEN_FDS_START + i, names[i]);
        return server;
}
