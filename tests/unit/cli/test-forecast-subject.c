/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* `virt-ferry forecast DOMAIN`. */

static const char metrics[] = "([('cpu', 'counter', 'seconds', 'CPU time'),"
                              " ('resident', 'gauge', 'bytes', 'Memory'),"
                              " ('receive-bytes', 'counter', 'bytes', 'Bytes')],)";

/* From 2027-01-15 08:00 UTC on, highest at 16:00. */
static char *bands(guint n) {
        GString *text = g_string_new("(1800000000000000, 300, [");

        for (guint i = 0; i < n; i++) {
                double wave = 0.5 - 0.5 * cos((i + 48) * 2 * G_PI / 288);

                g_string_append_printf(text, "%s(%.4f, %.4f, %.4f, %.4f)", i > 0 ? ", " : "", wave,
                                       wave * 0.9, wave * 1.5, wave * 2);
        }
        return g_string_free(g_string_append(text, "])"), false);
}

static MockDaemon *mock_with(const char *known, guint n) {
        MockDaemon *mock = cli_mock_new();
        g_autofree char *forecast = bands(n);

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListMetrics", metrics);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListForecasts", known);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Forecast", forecast);
        return mock;
}

static void check_golden(const Program *program, const char *golden) {
        g_assert_cmpstr(program->err->str, ==, "");
        g_assert_cmpint(program->status, ==, 0);
        cli_check_golden(golden, program->out->str);
}

static void test_all_that_is_known_is_shown(void) {
        g_autoptr(MockDaemon) mock = mock_with("(['cpu', 'resident'],)", 288);
        g_autoptr(Program) program = cli_run(mock, "forecast db1");

        check_golden(program, "forecast-subject.txt");
        cli_check_calls(mock, "ListMetrics(), ListForecasts(guest, db1), "
                              "Forecast(guest, db1, cpu), "
                              "Forecast(guest, db1, resident)");
}

static void test_one_metric_and_a_nearer_horizon(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)", 18);
        g_autoptr(Program) program = cli_run(mock, "forecast 0000:3b:10.0 receive-bytes "
                                                   "--horizon 90min");

        check_golden(program, "forecast-subject-90min.txt");
        cli_check_calls(mock, "ListMetrics(), Forecast(vf, 0000:3b:10.0, receive-bytes)");
}

static void test_without_a_legend_there_is_the_table(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)", 12);
        g_autoptr(Program) program = cli_run(mock, "forecast db1 cpu --horizon 1h --no-legend");

        check_golden(program, "forecast-subject-no-legend.txt");
}

static void test_json_has_the_bands(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)", 2);
        g_autoptr(Program) program = cli_run(mock, "forecast db1 cpu --horizon 10min --json");

        check_golden(program, "forecast-subject.json");
}

/* Who is not known has no metrics: the daemon is asked for one, and says why. */
static void test_of_nobody_the_daemon_says_why(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)", 12);
        g_autoptr(Program) guest = cli_run(mock, "forecast db1");
        g_autoptr(Program) vf = NULL;

        cli_check_calls(mock, "ListMetrics(), ListForecasts(guest, db1), "
                              "ListForecasts(offload, db1), "
                              "Forecast(guest, db1, cpu)");
        vf = cli_run(mock, "forecast 0000:3b:10.0");
        cli_check_calls(mock, "ListMetrics(), ListForecasts(vf, 0000:3b:10.0), "
                              "ListForecasts(pf, 0000:3b:10.0), "
                              "Forecast(vf, 0000:3b:10.0, receive-bytes)");
}

static void test_what_the_daemon_refuses_is_a_no(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)", 12);
        g_autoptr(Program) program = NULL;

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NotFound", "Nothing is known yet");
        program = cli_run(mock, "forecast db1 cpu");
        cli_check(program, 1, "", "virt-ferry: Nothing is known yet\n");
}

static void test_a_metric_that_is_not_there_is_a_no(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)", 12);
        g_autoptr(Program) program = cli_run(mock, "forecast db1 colour");

        cli_check(program, 1, "",
                  "virt-ferry: There is no metric 'colour': there are cpu, resident, "
                  "receive-bytes\n");
}

static void test_usage(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        cli_check_usage(mock, "forecast db1 --horizon 25h",
                        "--horizon must be 5min to 24h, as in 90min or 3h, not '25h'");
        cli_check_usage(mock, "forecast db1 --horizon 12",
                        "--horizon must be 5min to 24h, as in 90min or 3h, not '12'");
        cli_check_usage(mock, "forecast db1 --origin 3",
                        "'forecast' takes --origin, --stride and --count with --csv only");
        cli_check_usage(mock, "forecast a b c", "'forecast' takes DOMAIN and at most one METRIC");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        g_setenv("CLI_VARIABLE", "TZ=UTC", true);
        cli_test_init();
        g_test_add_func("/forecast-subject/all that is known is shown",
                        test_all_that_is_known_is_shown);
        g_test_add_func("/forecast-subject/one metric and a nearer horizon",
                        test_one_metric_and_a_nearer_horizon);
        g_test_add_func("/forecast-subject/without a legend there is the table",
                        test_without_a_legend_there_is_the_table);
        g_test_add_func("/forecast-subject/JSON has the bands", test_json_has_the_bands);
        g_test_add_func("/forecast-subject/of nobody the daemon says why",
                        test_of_nobody_the_daemon_says_why);
        g_test_add_func("/forecast-subject/what the daemon refuses is a no",
                        test_what_the_daemon_refuses_is_a_no);
        g_test_add_func("/forecast-subject/a metric that is not there is a no",
                        test_a_metric_that_is_not_there_is_a_no);
        g_test_add_func("/forecast-subject/usage", test_usage);

        r = g_test_run();
        cli_test_done();
        return r;
}
