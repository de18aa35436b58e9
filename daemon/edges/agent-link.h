/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One connection to an agent, D-Bus peer to peer over a socket: asks it what
 * its device has and what it uses, when it is there, when it says that this has changed, and now
 * and then, since one that hangs says nothing. Main thread; waits for nobody.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/agent-report.h"
#include "daemon/core/agent-usage.h"

#define AGENT_ANSWER_MAX (1024u * 1024) /* bytes of one answer, and all that comes with it */

/* How long, in us. */
typedef struct AgentPatience {
        uint64_t connect; /* for the handshake, with all that ssh does before */
        uint64_t answer;
        uint64_t ask;     /* from an answer to the next question */
        uint64_t changed; /* the same when it says that it has more or less */
} AgentPatience;

extern const AgentPatience agent_patience; /* what is meant outside of tests */

typedef struct AgentLinkListener {
        void (*report)(void *userdata, AgentReport *report); /* the callee's */
        /* Once, and nothing after it; the callee frees the link. A sentence about "it", for people.
         */
        void (*lost)(void *userdata, const char *reason);
        /* After each report; the callee's. NULL, once: this agent is of a version that cannot tell.
         */
        void (*usage)(void *userdata, AgentUsage *usage);
} AgentLinkListener;

typedef struct AgentLink AgentLink;

/* Takes `fd`, a stream socket, in any case; borrows the listener and the patience. */
int agent_link_new(sd_event *loop, int fd, const AgentPatience *patience,
                   const AgentLinkListener *listener, void *userdata, AgentLink **ret_link);
void agent_link_free(AgentLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentLink, agent_link_free)
