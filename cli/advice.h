/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is advised, as objects of the bus. */

#include "cli/client.h"
#include "cli/command.h"
#include "cli/object.h"

/* Object, as long as it has been advised. */
GPtrArray *advice_objects(Client *client, GError **error);
/* The sentence behind its number, and below it the commands. */
void advice_print(const Object *advice);

/* Shows what is advised, and what comes and goes, until SIGINT or SIGTERM. As CommandFunc. */
int advice_watch(const Options *options, Client *client, GError **error);
