/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-report.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/core/offload-pool.h"
#include "daemon/core/resource-map.h"
#include "xml/excerpt.h"
#include "xml/ferry-error.h"

#define MIB            UINT64_C(1048576)
#define OFFLOAD_PREFIX "offload:"

AgentReport *agent_report_new(void) {
        AgentReport *report = g_new0(AgentReport, 1);

        report->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return report;
}

void agent_report_free(AgentReport *report) {
        if (!report)
                return;

        g_hash_table_unref(report->ids);
        g_free(report);
}

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(GError **error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        g_propagate_error(error, g_error_new_valist(FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, format,
                                                    arguments));
        va_end(arguments);
        return false;
}

/* Rules ----------------------------------------------------------------------------- */

/* As the map makes them: printable, and no blanks. */
static bool id_is_valid(const char *id) {
        size_t length = strlen(id);

        for (const char *p = id; *p; p++)
                if (!g_ascii_isgraph(*p))
                        return false;
        return length > 0 && length <= AGENT_TEXT_MAX;
}

static bool check_place(const AgentReport *report, const AgentRow *row, GError **error) {
        g_autofree char *id = excerpt(row->id), *parent = excerpt(row->parent);
        guint rows = g_hash_table_size(report->ids);

        if (rows >= AGENT_ROWS_MAX)
                return refuse(error, "it tells of more than %u resources", AGENT_ROWS_MAX);
        if (!id_is_valid(row->id))
                return refuse(error, "it tells of a resource '%s', which is no id", id);
        if (g_hash_table_contains(report->ids, row->id))
                return refuse(error, "it tells of %s twice", id);
        if (rows > 0 && !g_hash_table_contains(report->ids, row->parent))
                return refuse(error, "it tells that %s is of '%s', of which it has not told", id,
                              parent);
        if (rows == 0 && *row->parent)
                return refuse(error, "its first resource is %s and not the host", id);
        return true;
}

static bool check_words(const AgentRow *row, GError **error) {
        g_autofree char *id = excerpt(row->id);

        if (strlen(row->kind) > AGENT_TEXT_MAX || strlen(row->name) > AGENT_TEXT_MAX ||
            strlen(row->unit) > AGENT_TEXT_MAX)
                return refuse(error, "it has a word longer than %u bytes for %s", AGENT_TEXT_MAX,
                              id);
        return true;
}

/* Sums ------------------------------------------------------------------------------ */

/* Nothing is added that would be more than a device can have, so no sum overflows. */
static bool add(const AgentRow *row, uint64_t amount, uint64_t most, uint64_t *sum,
                GError **error) {
        g_autofree char *unit = excerpt(row->unit);

        if (amount > most - *sum)
                return refuse(error, "with %s it would have more than %" PRIu64 " %s", row->id,
                              most, unit);
        *sum += amount;
        return true;
}

/* A row of the kernel's is one core, with as many CPUs as it has threads. */
static bool add_cores(AgentReport *report, const AgentRow *row, GError **error) {
        uint64_t cores = g_str_equal(row->unit, "cores") ? row->total : row->total > 0;

        return add(row, cores, OFFLOAD_CORES_MAX, &report->cores, error);
}

static bool add_memory(AgentReport *report, const AgentRow *row, GError **error) {
        if (!add(row, row->total, OFFLOAD_MEMORY_MAX_MIB * MIB, &report->memory, error))
                return false;

        report->memory_used += MIN(row->used, row->total);
        return true;
}

/* What a newer agent knows and we do not counts for nothing. Of bandwidth and keys only what a file
 * of the device's own says is for sharing out. */
static bool add_amount(AgentReport *report, const AgentRow *row, GError **error) {
        ResourceKind kind = resource_kind_from_string(row->kind);
        bool of_pool = g_str_has_prefix(row->parent, OFFLOAD_PREFIX);

        if (kind == RESOURCE_CORE)
                return add_cores(report, row, error);
        if (kind == RESOURCE_MEMORY)
                return add_memory(report, row, error);
        if (kind == RESOURCE_BANDWIDTH && of_pool)
                return add(row, row->total, OFFLOAD_BANDWIDTH_MAX, &report->bandwidth, error);
        if (kind == RESOURCE_KEY && of_pool)
                return add(row, row->total, OFFLOAD_KEYS_MAX, &report->keys, error);
        return true;
}

bool agent_report_add(AgentReport *report, const AgentRow *row, GError **error) {
        if (!check_place(report, row, error) || !check_words(row, error) ||
            !add_amount(report, row, error))
                return false;

        g_hash_table_add(report->ids, g_strdup(row->id));
        return true;
}
