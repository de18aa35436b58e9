/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/agent-answer.h"

#include "xml/ferry-error.h"

#define ROW    "sssstttsa{ss}"
#define TOTALS "a{st}"
#define PORTS  "a(sa{st})"

/* 0: that was the last. */
static int read_row(sd_bus_message *m, AgentRow *ret_row) {
        int r;

        r = sd_bus_message_enter_container(m, 'r', ROW);
        if (r <= 0)
                return r;

        r = sd_bus_message_read(m, "ssssttts", &ret_row->id, &ret_row->parent, &ret_row->kind,
                                &ret_row->name, &ret_row->total, &ret_row->used, &ret_row->promised,
                                &ret_row->unit);
        if (r >= 0)
                r = sd_bus_message_skip(m, "a{ss}");
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

static bool fail(GError **error, int r) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "its answer cannot be read: %s",
                    g_strerror(-r));
        return false;
}

static bool read_rows(sd_bus_message *m, AgentReport *report, GError **error) {
        AgentRow row;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(" ROW ")");
        if (r < 0)
                return fail(error, r);

        while ((r = read_row(m, &row)) > 0)
                if (!agent_report_add(report, &row, error))
                        return false;
        return r == 0 || fail(error, r);
}

static bool check_types(sd_bus_message *answer, const char *types, GError **error) {
        if (sd_bus_message_has_signature(answer, types))
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                    "its answer has the types '%.64s' where %s are asked for: is it another "
                    "version of virt-ferry?",
                    sd_bus_message_get_signature(answer, true), types);
        return false;
}

AgentReport *agent_answer_read(sd_bus_message *answer, GError **error) {
        g_autoptr(AgentReport) report = agent_report_new();

        if (!check_types(answer, "a(" ROW ")", error))
                return NULL;
        return read_rows(answer, report, error) ? g_steal_pointer(&report) : NULL;
}

/* What the device uses -------------------------------------------------------------- */

static bool read_totals(sd_bus_message *m, AgentUsage *usage, GError **error) {
        const char *metric;
        uint64_t value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{st}");
        if (r < 0)
                return fail(error, r);

        while ((r = sd_bus_message_read(m, "{st}", &metric, &value)) > 0)
                if (!agent_usage_add(usage, metric, value, error))
                        return false;
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r >= 0 || fail(error, r);
}

static bool read_port(sd_bus_message *m, AgentUsage *usage, GError **error) {
        const char *port;
        int r;

        r = sd_bus_message_read(m, "s", &port);
        if (r < 0)
                return fail(error, r);
        if (!agent_usage_begin_port(usage, port, error) || !read_totals(m, usage, error))
                return false;

        r = sd_bus_message_exit_container(m);
        return r >= 0 || fail(error, r);
}

static bool read_ports(sd_bus_message *m, AgentUsage *usage, GError **error) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sa{st})");
        if (r < 0)
                return fail(error, r);

        while ((r = sd_bus_message_enter_container(m, 'r', "sa{st}")) > 0)
                if (!read_port(m, usage, error))
                        return false;
        return r == 0 || fail(error, r);
}

AgentUsage *agent_answer_read_usage(sd_bus_message *answer, GError **error) {
        g_autoptr(AgentUsage) usage = NULL;
        uint64_t monotonic;
        int r;

        if (!check_types(answer, "t" TOTALS PORTS, error))
                return NULL;

        r = sd_bus_message_read(answer, "t", &monotonic);
        if (r < 0) {
                (void)fail(error, r);
                return NULL;
        }
        usage = agent_usage_new(monotonic);
        return read_totals(answer, usage, error) && read_ports(answer, usage, error)
                       ? g_steal_pointer(&usage)
                       : NULL;
}
