/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-usage.h"

#include <inttypes.h>
#include <string.h>

#include "xml/excerpt.h"
#include "xml/ferry-error.h"

#define BIT(metric) (UINT32_C(1) << (metric))

#define DEVICE_METRICS                                                        \
        (BIT(METRIC_CPU) | BIT(METRIC_CPU_STALL) | BIT(METRIC_MEMORY_STALL) | \
         BIT(METRIC_IO_STALL) | BIT(METRIC_RESIDENT) | BIT(METRIC_UNUSED))
#define PORT_METRICS                                                                            \
        (BIT(METRIC_RECEIVE_BYTES) | BIT(METRIC_TRANSMIT_BYTES) | BIT(METRIC_RECEIVE_PACKETS) | \
         BIT(METRIC_TRANSMIT_PACKETS) | BIT(METRIC_RECEIVE_DROPS) | BIT(METRIC_TRANSMIT_DROPS))
G_STATIC_ASSERT(_METRIC_MAX <= 32);

AgentUsage *agent_usage_new(uint64_t monotonic) {
        AgentUsage *usage = g_new0(AgentUsage, 1);

        usage->monotonic = monotonic;
        sample_init(&usage->sample);
        usage->ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return usage;
}

void agent_usage_free(AgentUsage *usage) {
        if (!usage)
                return;

        g_hash_table_unref(usage->ports);
        g_free(usage);
}

bool agent_port_is_valid(const char *name) {
        size_t length = strlen(name);

        for (const char *p = name; *p; p++)
                if (!g_ascii_isgraph(*p))
                        return false;
        return length > 0 && length <= AGENT_PORT_NAME_MAX;
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

bool agent_usage_begin_port(AgentUsage *usage, const char *port, GError **error) {
        g_autofree char *name = excerpt(port);
        char *kept;

        if (g_hash_table_size(usage->ports) >= AGENT_PORTS_MAX)
                return refuse(error, "it tells of more than %u ports", AGENT_PORTS_MAX);
        if (!agent_port_is_valid(port))
                return refuse(error, "it tells of a port '%s', which is no name of one", name);
        if (g_hash_table_contains(usage->ports, port))
                return refuse(error, "it tells of port %s twice", name);

        kept = g_strdup(port);
        g_hash_table_add(usage->ports, kept);
        usage->port = kept;
        usage->seen = 0;
        return true;
}

/* No sum overflows, and none is METRIC_MISSING. */
bool agent_usage_add(AgentUsage *usage, const char *metric_word, uint64_t value, GError **error) {
        const char *part = usage->port ?: "the device itself";
        Metric metric = metric_from_string(metric_word);
        uint32_t counted = usage->port ? PORT_METRICS : DEVICE_METRICS;
        uint64_t sum;

        if (metric < 0 || !(counted & BIT(metric)))
                return true;
        if (usage->seen & BIT(metric))
                return refuse(error, "it tells of %s of %s twice", metric_to_string(metric), part);

        sum = usage->sample.values[metric];
        if (value > AGENT_TOTAL_MAX - (sum == METRIC_MISSING ? 0 : sum))
                return refuse(error, "with %s it would have more than %" PRIu64 " as %s", part,
                              AGENT_TOTAL_MAX, metric_to_string(metric));

        usage->seen |= BIT(metric);
        sample_add(&usage->sample, metric, part, value);
        return true;
}
