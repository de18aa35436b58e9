/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager knows in numbers, as a page that Prometheus reads
 * (core/openmetrics.h); edges/metrics-server.h gives it away.
 *
 *   virtferry_guest_*, _vf_*, _pf_*   totals as the last round has read them; what nobody
 *                                     told is left out, and is no 0
 *   virtferry_slice_*, _slices        what guests are promised; how many slices there are
 *   virtferry_leases, _moves, _move_* leases, moves and how long guests stood still
 *   virtferry_daemon_*                the daemon itself
 *
 * Labels have no more values than there are guests, devices and states. Moves are
 * counted from the start of the daemon on. One thread; belongs to the daemon.
 */

#include "daemon/manager.h"

/* A page is given away again until it is as old. */
#define METRICS_PAGE_USEC G_USEC_PER_SEC

typedef struct Metrics Metrics;

Metrics *metrics_new(Manager *manager); /* borrows it; it has been started */
void metrics_free(Metrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)

/* As a MigrationListener is called. */
void metrics_on_migration(Metrics *metrics, MigrationChange change, const Migration *migration);
/* CLOCK_MONOTONIC in us. The caller's reference. */
GBytes *metrics_page(Metrics *metrics, int64_t monotonic);
