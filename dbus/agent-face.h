/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.virtferry1.Agent, which dbus/org.virtferry1.Agent.xml promises: one object
 * on a connection without a bus, on the device's side. Who may connect is said
 * by whoever started the agent, which is ssh.
 */

#include <systemd/sd-bus.h>

#include "daemon/agent.h"

typedef struct AgentFace AgentFace;

/* Speaks on these two, which may be one socket or two pipes, and takes them in any case. The end of
 * the input ends the loop, with status 0. Looks every `look_usec` whether there is more or less
 * than before. Borrows the agent. */
int agent_face_new(sd_event *loop, Agent *agent, int input, int output, uint64_t look_usec,
                   AgentFace **ret_face);
void agent_face_free(AgentFace *face);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentFace, agent_face_free)
