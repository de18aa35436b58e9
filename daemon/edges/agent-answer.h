/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The answer of an agent to ListResources(), read as what a stranger says. */

#include <systemd/sd-bus.h>

#include "daemon/core/agent-report.h"

/* FERRY_ERROR_INVALID_ARGS: a sentence about "it". */
AgentReport *agent_answer_read(sd_bus_message *answer, GError **error);
