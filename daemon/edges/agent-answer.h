/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The answers of an agent to ListResources() and ReadCounters(), read as what a stranger says. */

#include <systemd/sd-bus.h>

#include "daemon/core/agent-report.h"
#include "daemon/core/agent-usage.h"

/* FERRY_ERROR_INVALID_ARGS: a sentence about "it". */
AgentReport *agent_answer_read(sd_bus_message *answer, GError **error);
AgentUsage *agent_answer_read_usage(sd_bus_message *answer, GError **error);
