/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Follows the drain of a host to its end. */

#include "cli/client.h"
#include "cli/command.h"

/* Listens, lets `begin` begin the drain, and follows it: a line for each change of a guest, a table
 * at the end. Ctrl-C leaves it going. EXIT_STATUS_OK when no guest is left; else as CommandFunc. */
typedef bool (*DrainBegin)(Client *client, void *userdata, GError **error);
int drain_follow(const Options *options, Client *client, DrainBegin begin, void *userdata,
                 GError **error);
