/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Telemetry of offload devices, as their agents tell it. Each agent answers when it
 * does, so each device has rounds of its own; what is made of its samples
 * goes where all else goes, to one SlotTaker.
 *
 * Rates are by the device's clock, which knows when the counters were read. It is
 * believed when it has gone as far as ours since the last sample; one that has not
 * (the device was started anew, the answer was late, the agent lies) is a gap, and
 * nothing is noted of a time that has been noted already. Has no clock. Owned by
 * the meter; one thread.
 */

#include "daemon/core/agent-usage.h"
#include "daemon/core/telemetry.h"

#define AGENT_METER_APART_USEC G_USEC_PER_SEC /* two clocks are not farther apart */

typedef struct AgentMeter AgentMeter;

AgentMeter *agent_meter_new(SlotTaker taker, void *userdata);
void agent_meter_free(AgentMeter *meter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentMeter, agent_meter_free)

/* `monotonic` and `realtime` are of this host, when the sample came. */
void agent_meter_note(AgentMeter *meter, const char *name, const AgentUsage *usage,
                      int64_t monotonic, int64_t realtime);
/* Nothing is known of it now: a gap. */
void agent_meter_interrupt(AgentMeter *meter, const char *name);
/* Forgets who has told nothing for TELEMETRY_APART_USEC. */
void agent_meter_turn(AgentMeter *meter, int64_t monotonic);
/* Gives away the slots that are open. */
void agent_meter_flush(AgentMeter *meter);
/* Adds Subject by name, borrowed until anything comes. */
void agent_meter_list(const AgentMeter *meter, GPtrArray *subjects);
