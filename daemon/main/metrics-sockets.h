/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Metrics for whoever connects to a socket that systemd has opened for the
 * daemon: virtferry-metrics.socket. The daemon opens none of its own.
 */

#include "daemon/edges/metrics-server.h"
#include "daemon/metrics.h"

/* Once, at the start and before there are children: takes all sockets that were handed over.
 * NULL: none was, and nobody gets metrics. Borrows the metrics. */
MetricsServer *metrics_sockets_open(sd_event *loop, Metrics *metrics);
