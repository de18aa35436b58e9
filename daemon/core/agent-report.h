/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the agent of an offload device says that the device has: the rows of its
 * ListResources(), added up to what can be shared out. An agent runs on another
 * machine and is not trusted: of its words nothing is kept but four sums, and
 * what breaks a rule of the resource map is refused as a whole.
 *
 * Counted are the cores and the memory that the device's own kernel shows, and
 * what its own pools.d says.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define AGENT_ROWS_MAX 4096u
#define AGENT_TEXT_MAX 255u /* bytes of an id, a name, a unit, a key of an attribute */

/* Borrowed, as valid UTF-8. */
typedef struct AgentRow {
        const char *id, *parent, *kind, *name, *unit;
        uint64_t total, used, promised;
} AgentRow;

typedef struct AgentReport {
        uint64_t cores;
        uint64_t memory, memory_used; /* bytes */
        uint64_t bandwidth;           /* Mbit/s */
        uint64_t keys;
        GHashTable *ids; /* of the rows so far */
} AgentReport;

AgentReport *agent_report_new(void);
void agent_report_free(AgentReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentReport, agent_report_free)

/* In their order: a parent is before its children. FERRY_ERROR_INVALID_ARGS says which row and
 * why; the report is of no use then. */
bool agent_report_add(AgentReport *report, const AgentRow *row, GError **error);
