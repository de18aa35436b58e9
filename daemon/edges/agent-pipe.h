/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Between an agent and sd-bus, which would take messages of 128 MiB from it:
 * passes bytes on in both directions, and of the agent's no more than were
 * allowed. Knows no D-Bus. Main thread.
 */

#include <glib.h>
#include <systemd/sd-event.h>

#define AGENT_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 50) /* after all that hosts and guests want */

typedef struct AgentPipe AgentPipe;

/* -EMSGSIZE: the agent has said more than it may; else why there is no more. Once; it may free the
 * pipe. */
typedef void (*AgentPipeEnd)(void *userdata, int error);

/* Takes `fd`, a stream socket, in any case. `ret_inner` is for sd-bus, the caller's. */
int agent_pipe_new(sd_event *loop, int fd, AgentPipeEnd end, void *userdata, int *ret_inner,
                   AgentPipe **ret_pipe);
void agent_pipe_free(AgentPipe *pipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentPipe, agent_pipe_free)

/* So many bytes from now on, instead of what was left. */
void agent_pipe_allow(AgentPipe *pipe, size_t bytes);
