/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The ways to agents: ssh, in a transient unit of systemd's for each, since the
 * daemon's own sandbox has no network and no keys. What ssh and the agent say is
 * read by agent-link.h. Gives `agents` its functions and its time. Main thread.
 */

#include <systemd/sd-bus.h>

#include "daemon/agents.h"
#include "daemon/edges/agent-link.h"

typedef struct AgentLinks AgentLinks;

/* Borrows all. `bus` is that of systemd; `program` is the agent's path on the devices. */
int agent_links_new(sd_event *loop, sd_bus *bus, Agents *agents, const AgentPatience *patience,
                    const char *program, AgentLinks **ret_links);
void agent_links_free(AgentLinks *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentLinks, agent_links_free)
