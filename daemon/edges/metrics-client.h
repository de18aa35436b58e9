/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One connection that asks for metrics: see metrics-server.h, whose file alone
 * may use this. Reads a request, writes the answer, and then waits for the other
 * side to hang up, since an answer may be lost to one that has more to say.
 */

#include "daemon/edges/metrics-server.h"

typedef struct MetricsClient MetricsClient;

/* It is over, from its own handlers; it is to be freed then. */
typedef void (*MetricsEnd)(void *userdata, MetricsClient *client);

typedef struct MetricsHost {
        sd_event *loop;
        MetricsPatience patience;
        MetricsSource source;
        void *source_data;
        MetricsEnd end;
        void *end_data;
} MetricsHost;

/* Takes `fd`, which does not block, in any case; borrows the host. */
int metrics_client_new(const MetricsHost *host, int fd, const char *peer,
                       MetricsClient **ret_client);
void metrics_client_free(MetricsClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MetricsClient, metrics_client_free)

const char *metrics_client_peer(const MetricsClient *client);
