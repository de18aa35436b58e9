/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The agent's side of `virtferryd --agent`: what the machine that it runs on, an
 * offload device, has to share out, and what it uses. No store, no libvirt, no
 * bus; writes nothing. One thread.
 */

#include "daemon/core/agent-usage.h"
#include "daemon/core/resource-map.h"
#include "daemon/facts/port-stats.h"

typedef struct Agent Agent;

Agent *agent_new(Sysfs *sysfs); /* borrowed */
void agent_free(Agent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agent, agent_free)

/* As it is now. The caller's, and not longer than the agent. */
ResourceMap *agent_read_map(Agent *agent);
/* CPU, pressure and memory of the device, as totals. What cannot be read is missing. */
void agent_read_sample(const Agent *agent, Sample *ret_sample);
/* PortStats; owned. */
GPtrArray *agent_read_ports(const Agent *agent);
/* Whether there is more or less than at the last call of either; what is used does not count. */
bool agent_has_changed(Agent *agent);
