/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Commands behind `virt-ferry hosts`. Private to this folder. */

#include "cli/client.h"
#include "cli/command.h"

/* What the host offers to the others; NULL: what each does. */
int hosts_offers(const Options *options, Client *client, const char *host, GError **error);
/* How many guests may be on their way at a time: shows it, or changes what the options have. */
int hosts_limit(const Options *options, Client *client, GError **error);
/* What they have must be numbers or "none"; else an ExitStatus, which was said. */
int hosts_limit_check(const Options *options);
