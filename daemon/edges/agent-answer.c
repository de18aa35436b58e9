/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/agent-answer.h"

#include "xml/ferry-error.h"

#define ROW "sssstttsa{ss}"

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

AgentReport *agent_answer_read(sd_bus_message *answer, GError **error) {
        g_autoptr(AgentReport) report = agent_report_new();

        if (!sd_bus_message_has_signature(answer, "a(" ROW ")")) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "its answer has the types '%.64s' where a(" ROW
                            ") are asked for: is it another version of virt-ferry?",
                            sd_bus_message_get_signature(answer, true));
                return NULL;
        }
        return read_rows(answer, report, error) ? g_steal_pointer(&report) : NULL;
}
