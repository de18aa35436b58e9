/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Follows the migrations of a host until SIGINT or SIGTERM. */

#include "cli/client.h"
#include "cli/command.h"

/* As CommandFunc. */
int watch_migrations(const Options *options, Client *client, GError **error);
