/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who may call. Asked of the bus (which user sends this?) and, for an action,
 * of polkit, without waiting: the message is delivered a second time when the
 * answer is there. So a handler may change nothing before it has asked.
 *
 *         r = authorize(authorizer, m, ACTION, reterr);
 *         if (r <= 0)
 *                 return r < 0 ? r : 1;
 *
 * Root is allowed without asking polkit, and so is the user that the daemon
 * runs as, which is root but for tests. Without polkit nobody else is.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct Authorizer Authorizer;

Authorizer *authorizer_new(void);
void authorizer_free(Authorizer *authorizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Authorizer, authorizer_free)

/* `action` is a polkit action, static; NULL: for root alone. Positive: allowed; 0: asked, return 1;
 * negative: refused, reterr is set. */
int authorize(Authorizer *authorizer, sd_bus_message *m, const char *action, sd_bus_error *reterr);
