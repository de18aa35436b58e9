/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The real virtferryd over a made-up host, in a cluster. */

typedef struct ClusterDaemon {
        double start; /* s from its start until ListHosts() knows all hosts; the least */
        double peak;  /* MB of memory that it had at most until then */
        double rest;  /* MB, its part of what it shares, after that */
        double place; /* ms of a Place() on the bus; the median */
} ClusterDaemon;

ClusterDaemon cluster_daemon_measure(const char *url, unsigned hosts);
