/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the agent of an offload device says that the device uses: totals, of the
 * device itself and of each of its ports, and when it has read them. An agent runs
 * on another machine and is not trusted: of its words nothing is kept but sums by
 * metric, and what breaks a rule is refused as a whole.
 *
 * Counted are CPU, pressure and memory of the device, and what has gone through its
 * ports, together. What a newer agent knows and we do not counts for nothing.
 */

#include "daemon/core/sample.h"

#define AGENT_PORTS_MAX     64u
#define AGENT_PORT_NAME_MAX 15u /* bytes: IFNAMSIZ of linux/if.h, without the NUL */
#define AGENT_TOTAL_MAX     ((uint64_t)INT64_MAX)

typedef struct AgentUsage {
        uint64_t monotonic; /* us, by the device's own clock, which begins anew when it does */
        Sample sample;
        GHashTable *ports; /* names, so far */
        const char *port;  /* the one that is told of; NULL: the device itself */
        uint32_t seen;     /* of its metrics, as bits */
} AgentUsage;

AgentUsage *agent_usage_new(uint64_t monotonic); /* what is added is the device's own */
void agent_usage_free(AgentUsage *usage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentUsage, agent_usage_free)

/* Printable, no blanks, as short as the kernel has them. */
bool agent_port_is_valid(const char *name);

/* What is added from now on is this port's. FERRY_ERROR_INVALID_ARGS, as below: a sentence about
 * "it"; the usage is of no use then. */
bool agent_usage_begin_port(AgentUsage *usage, const char *port, GError **error);
/* In the unit of a Sample. */
bool agent_usage_add(AgentUsage *usage, const char *metric, uint64_t value, GError **error);
