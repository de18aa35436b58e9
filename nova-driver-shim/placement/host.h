/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How this host is, by virtferryd's D-Bus API: read when that starts, when something in it changes,
 * and once a minute for what is forecast. It is never started for that. Main thread.
 */

#include <systemd/sd-bus.h>

#include "nova-driver-shim/placement/host-state.h"

/* A new state, which is the callee's; or NULL and a sentence, why there is none. */
typedef void (*HostReply)(void *userdata, HostState *state, const char *problem);

typedef struct Host Host;

/* Borrows the bus, which is on a loop. 0 or negative errno. */
int host_new(sd_bus *bus, HostReply reply, void *userdata, Host **ret_host);
void host_free(Host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)
