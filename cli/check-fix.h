/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* check --fix: what a host can mend by itself of what it lacks. */

#include "cli/client.h"
#include "cli/command.h"

/* Mends all of it, and what that brings to light, with one line each on standard error: standard
 * output is the check's. False when a daemon cannot be asked; what it refuses is told. `host` as in
 * a report, "" where the command runs. */
bool check_fix(Client *client, const char *host, GError **error);
