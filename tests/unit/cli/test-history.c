/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* `virt-ferry history`: of six hours, the middle of the last of its 48 columns and of the first of
 * its second half. */

#define LAST_USEC (225 * G_TIME_SPAN_SECOND)
#define HALF_USEC (3 * G_TIME_SPAN_HOUR - LAST_USEC)

static const char metrics[] = "([('cpu', 'counter', 'seconds', 'CPU time'),"
                              " ('receive-bytes', 'counter', 'bytes', 'Bytes'),"
                              " ('balloon', 'gauge', 'bytes', 'Memory'),"
                              " ('read-requests', 'counter', 'requests', 'Reads')],)";

static MockDaemon *mock_with(const char *history) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListMetrics", metrics);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "GetHistory", history);
        return mock;
}

static MockDaemon *mock_with_slots(void) {
        int64_t now = g_get_real_time();
        g_autofree char *text = g_strdup_printf("(10000000, [(%" G_GINT64_FORMAT
                                                ", 0.25, 0.5, 0.75), (%" G_GINT64_FORMAT
                                                ", 1.0, 2.0, 3.0)])",
                                                now - HALF_USEC, now - LAST_USEC);

        return mock_with(text);
}

/* The times are not in what the mock notes. */
static void test_a_line_has_figures_and_course(void) {
        g_autoptr(MockDaemon) mock = mock_with_slots();
        g_autoptr(Program) program = cli_run(mock, "history db1");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_golden("history.txt", program->out->str);
        cli_check_calls(mock, "ListMetrics(), GetHistory(guest, db1, cpu), "
                              "GetHistory(guest, db1, receive-bytes), "
                              "GetHistory(guest, db1, balloon), "
                              "GetHistory(guest, db1, read-requests)");
}

static void test_one_metric_is_asked_for_alone(void) {
        g_autoptr(MockDaemon) mock = mock_with_slots();
        g_autoptr(Program) program = cli_run(mock, "--no-legend history 0000:3b:10.0 cpu");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_golden("history-cpu.txt", program->out->str);
        cli_check_calls(mock, "ListMetrics(), GetHistory(vf, 0000:3b:10.0, cpu)");
}

/* Of an address that no VF has. */
static void test_a_pf_is_asked_for_where_no_vf_was_seen(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [])");
        g_autoptr(Program) program = cli_run(mock, "history 0000:3b:00.0 cpu");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_calls(mock, "ListMetrics(), GetHistory(vf, 0000:3b:00.0, cpu), "
                              "GetHistory(pf, 0000:3b:00.0, cpu)");
}

static void test_an_offload_device_is_asked_for_where_no_guest_was_seen(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [])");
        g_autoptr(Program) program = cli_run(mock, "history dpu0 cpu");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_calls(mock, "ListMetrics(), GetHistory(guest, dpu0, cpu), "
                              "GetHistory(offload, dpu0, cpu)");
}

static void test_a_uuid_may_be_that_of_a_mediated_device(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [])");
        g_autoptr(Program)
                program = cli_run(mock, "history 11111111-2222-4333-8444-555555555555 cpu");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_calls(mock, "ListMetrics(), "
                              "GetHistory(guest, 11111111-2222-4333-8444-555555555555, cpu), "
                              "GetHistory(vf, 11111111-2222-4333-8444-555555555555, cpu)");
}

static void test_json_has_the_slots(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [(1800000000000000, 0.25, 0.5, 0.75)])");
        g_autoptr(Program) program = cli_run(mock, "history db1 cpu --json");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_golden("history.json", program->out->str);
}

static void test_longer_ago_can_be_asked_for(void) {
        g_autoptr(MockDaemon) mock = mock_with_slots();
        g_autoptr(Program) program = cli_run(mock, "history db1 cpu --since 2w");

        g_assert_cmpint(program->status, ==, 0);
        g_assert_nonnull(strstr(program->out->str, "LAST 2W"));
        cli_check_usage(mock, "history db1 --since 5w",
                        "--since must be 5min to 4w, as in 90min, 12h or 2w, not '5w'");
}

static void test_longer_ago_there_was_nothing(void) {
        g_autoptr(MockDaemon) mock = mock_with("(300000000, [])");
        g_autoptr(Program) program = cli_run(mock, "history db1 cpu --since 2w");

        cli_check(program, 0, "Nothing was seen of it in the last 2w.\n", "");
}

static void test_it_is_drawn_with_its_forecast(void) {
        g_autoptr(MockDaemon) mock = mock_with_slots();
        g_autofree char *forecast = g_strdup_printf(
                "(%" G_GINT64_FORMAT ", 300, [(1.0, 1.0, 2.0, 3.0)])", g_get_real_time());
        g_autoptr(Program) program = NULL;

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListForecasts", "(['cpu'],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Forecast", forecast);
        program = cli_run(mock, "history db1 cpu --svg -");
        g_assert_cmpstr(program->err->str, ==, "");
        g_assert_cmpint(program->status, ==, 0);
        g_assert_true(g_str_has_prefix(program->out->str, "<?xml"));
        g_assert_nonnull(strstr(program->out->str, "<g id=\"cpu\">"));
        cli_check_calls(mock, "ListMetrics(), GetHistory(guest, db1, cpu), "
                              "ListForecasts(guest, db1), Forecast(guest, db1, cpu)");
        cli_check_usage(mock, "history db1 --svg x --json", "--svg and --json cannot be together");
}

static void test_of_nobody_there_is_nothing(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [])");
        g_autoptr(Program) program = cli_run(mock, "history nobody");

        cli_check(program, 0, "Nothing was seen of it in the last 6 hours.\n", "");
}

static void test_a_metric_that_is_not_there_is_a_no(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [])");
        g_autoptr(Program) program = cli_run(mock, "history db1 colour");

        cli_check(program, 1, "",
                  "virt-ferry: There is no metric 'colour': there are cpu, receive-bytes, balloon, "
                  "read-requests\n");
}

static void test_it_wants_a_domain(void) {
        g_autoptr(MockDaemon) mock = mock_with("(10000000, [])");

        cli_check_usage(mock, "history", "'history' needs DOMAIN and at most one METRIC");
        cli_check_usage(mock, "history a b c", "'history' takes DOMAIN and at most one METRIC");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/history/a line has figures and course",
                        test_a_line_has_figures_and_course);
        g_test_add_func("/history/one metric is asked for alone",
                        test_one_metric_is_asked_for_alone);
        g_test_add_func("/history/a PF is asked for where no VF was seen",
                        test_a_pf_is_asked_for_where_no_vf_was_seen);
        g_test_add_func("/history/an offload device is asked for where no guest was seen",
                        test_an_offload_device_is_asked_for_where_no_guest_was_seen);
        g_test_add_func("/history/a UUID may be that of a mediated device",
                        test_a_uuid_may_be_that_of_a_mediated_device);
        g_test_add_func("/history/JSON has the slots", test_json_has_the_slots);
        g_test_add_func("/history/longer ago can be asked for", test_longer_ago_can_be_asked_for);
        g_test_add_func("/history/longer ago there was nothing", test_longer_ago_there_was_nothing);
        g_test_add_func("/history/it is drawn with its forecast",
                        test_it_is_drawn_with_its_forecast);
        g_test_add_func("/history/of nobody there is nothing", test_of_nobody_there_is_nothing);
        g_test_add_func("/history/a metric that is not there is a no",
                        test_a_metric_that_is_not_there_is_a_no);
        g_test_add_func("/history/it wants a domain", test_it_wants_a_domain);
        r = g_test_run();
        cli_test_done();
        return r;
}
