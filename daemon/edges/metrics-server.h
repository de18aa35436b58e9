/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Gives a page away over HTTP, on sockets that somebody else has opened: who may
 * connect is for systemd to say. One thread; never waits.
 *
 * Nothing that a client does costs others anything but a turn of the loop:
 *
 *   one read or one write a turn, after everything else that waits
 *   8 KiB of request, and one request a connection
 *   METRICS_CLIENTS_MAX connections; of the peer that has most of them the oldest
 *                       gives way, and where everybody has one, nobody else comes in
 *   MetricsPatience     for the request, for taking the answer, and for hanging up
 */

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#define METRICS_CLIENTS_MAX 16
/* After what libvirt, hooks and the bus have to say. */
#define METRICS_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

/* How long, in us. */
typedef struct MetricsPatience {
        uint64_t request, answer, linger;
} MetricsPatience;

extern const MetricsPatience metrics_patience; /* what is meant outside of tests */

/* The page as it is now; the callee's reference is taken. */
typedef GBytes *(*MetricsSource)(void *userdata);

typedef struct MetricsServer MetricsServer;

MetricsServer *metrics_server_new(sd_event *loop, const MetricsPatience *patience,
                                  MetricsSource source, void *userdata);
void metrics_server_free(MetricsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MetricsServer, metrics_server_free)

/* Takes `fd` in any case. -EINVAL: it is no stream socket that listens. */
int metrics_server_listen(MetricsServer *server, int fd);
/* A connection of `peer`, a word that all of one client have in common; `fd` is taken in any case.
 * For tests, too. */
void metrics_server_take(MetricsServer *server, int fd, const char *peer);
unsigned metrics_server_count(const MetricsServer *server);
