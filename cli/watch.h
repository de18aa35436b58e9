/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Follows the migrations of a host until SIGINT or SIGTERM, or one to its end. */

#include "cli/client.h"
#include "cli/command.h"

/* As CommandFunc. */
int watch_migrations(const Options *options, Client *client, GError **error);

/* Listens, lets `begin` begin a migration, and follows that one. SIGINT asks the daemon to stop it
 * and waits for its end; a second one leaves it alone. EXIT_STATUS_OK when the guest has moved. */
typedef char *(*WatchBegin)(Client *client, void *userdata, GError **error); /* its path, new */
int watch_one_migration(const Options *options, Client *client, WatchBegin begin, void *userdata,
                        GError **error);
