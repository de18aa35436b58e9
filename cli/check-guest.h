/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that is to move: what its host says of it, and the one that it is to go to. */

#include "cli/client.h"
#include "cli/command.h"

/* Prints all that was found. `host` as ssh(1) takes it; NULL: the guest's own is asked only. As
 * CommandFunc. */
int check_guest(const Options *options, Client *client, const char *domain, const char *host,
                GError **error);

/* Whether the daemon of that host would take the guest. False with its sentence, as
 * CLIENT_ERROR_REFUSED; or because it cannot be asked, as CLIENT_ERROR_UNREACHABLE. */
bool check_guest_fits(Client *client, const char *domain, const char *host, GError **error);
