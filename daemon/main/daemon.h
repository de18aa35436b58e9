/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* virtferryd: the manager with its faces and edges, on one loop.
 *
 * Everything is made in one order and undone in reverse. The name on the bus is
 * taken before the store is opened: two daemons on one store would undo each
 * other's work. Calls that come in meanwhile wait until the loop runs.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct DaemonOptions {
        const char *root;        /* "/", or a made-up host in tests */
        const char *config;      /* key file, may be missing */
        const char *state;       /* database */
        const char *libvirt_uri; /* NULL: without libvirt */
        const char *trial_helper;
        int trial_timeout_msec;
} DaemonOptions;

typedef struct Daemon Daemon;

Daemon *daemon_new(const DaemonOptions *options, GError **error);
void daemon_free(Daemon *daemon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Daemon, daemon_free)

/* Until SIGTERM or SIGINT, or until the bus is gone. */
bool daemon_run(Daemon *daemon, GError **error);
