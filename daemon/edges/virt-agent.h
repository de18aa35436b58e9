/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the agent inside a guest sees of its network interfaces.
 *
 * An agent can be stuck, or made to be, and holds whoever asks it until the
 * guest ends: so a thread of its own asks, and who wants the answer looks from
 * time to time and may give up. libvirt lets one ask at a time for each guest.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct AgentQuestion AgentQuestion;

/* From any thread. */
AgentQuestion *agent_ask(const char *uri, const char *uuid);
/* Whoever asked may forget it at any time. */
void agent_question_unref(AgentQuestion *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentQuestion, agent_question_unref)

/* Whether it has ended; then `ret_macs` has the MAC of each interface, in lower case, NULL when
 * there is no agent that answers. The caller's, and given once. */
bool agent_has_answered(AgentQuestion *question, char ***ret_macs);
