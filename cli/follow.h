/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Waits for what the daemon tells, and for Ctrl-C. The daemon may be started
 * anew meanwhile: that is an ordinary case, and it is waited for.
 */

#include <systemd/sd-event.h>

#include "cli/client.h"

typedef struct FollowCalls {
        /* The daemon has come back: reads all anew. */
        bool (*refresh)(void *userdata, GError **error);
        /* SIGINT or SIGTERM: true ends it. */
        bool (*interrupt)(void *userdata);
} FollowCalls;

typedef struct Follow {
        Client *client;
        sd_event *event;
        const FollowCalls *calls;
        void *userdata;
        GError *error;
} Follow;

typedef struct FollowMatch {
        const char *match;
        sd_bus_message_handler_t handler; /* with the userdata of the calls */
} FollowMatch;

/* Listens from here on; look after that, so that nothing is missed. `matches` ends with NULL. Close
 * it in any case. */
bool follow_open(Follow *follow, Client *client, const FollowCalls *calls,
                 const FollowMatch *matches, void *userdata, GError **error);
void follow_close(Follow *follow);

/* Until follow_stop(), or an error. */
bool follow_run(Follow *follow, GError **error);
void follow_stop(Follow *follow);

/* Sent before the last reply, which knows it already. */
bool follow_is_old(const Follow *follow, sd_bus_message *m);
