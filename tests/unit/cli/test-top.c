/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* `virt-ferry top`: one question for all. */

static const char usage[] =
        "([('guest', '11111111-2222-4333-8444-555555555555', 'db1',"
        "   {'cpu': 0.5, 'receive-bytes': 2048.0, 'resident': 1073741824.0}),"
        "  ('guest', '99999999-2222-4333-8444-555555555555', 'web7',"
        "   {'cpu': 1.0, 'cpu-stall': 0.05, 'read-bytes': 100.0}),"
        "  ('vf', '0000:3b:10.0', '0000:3b:10.0', {'receive-bytes': 10.0}),"
        "  ('vf', 'bbbbbbbb-0000-4000-8000-000000000002', 'bbbbbbbb-0000-4000-8000-000000000002',"
        "   {'busy': 0.75, 'device-memory': 536870912.0}),"
        "  ('vf', '0000:3b:10.2', '0000:3b:10.2', {'receive-bytes': 5242880.0})],)";

static MockDaemon *mock_with(const char *rows) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListUsage", rows);
        return mock;
}

static void test_the_greatest_come_first(void) {
        g_autoptr(MockDaemon) mock = mock_with(usage);
        g_autoptr(Program) program = cli_run(mock, "top");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_golden("top.txt", program->out->str);
        cli_check_calls(mock, "ListUsage()");
}

static void test_json_has_all_values_once(void) {
        g_autoptr(MockDaemon) mock = mock_with(usage);
        g_autoptr(Program) program = cli_run(mock, "--json top");

        g_assert_cmpint(program->status, ==, 0);
        cli_check_golden("top.json", program->out->str);
        cli_check_calls(mock, "ListUsage()");
}

static void test_a_terminal_is_written_anew(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)");
        g_autoptr(Program) program = cli_start(mock, "top --count 1", true);

        program_finish(program);
        cli_check(program, 0, "\033[H\033[JNobody uses anything that is seen.\r\n", "");
        cli_check_calls(mock, "ListUsage()");
}

static void test_of_nobody_there_is_nothing(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)");
        g_autoptr(Program) program = cli_run(mock, "top");

        cli_check(program, 0, "Nobody uses anything that is seen.\n", "");
}

static void test_a_number_of_times_is_a_number(void) {
        g_autoptr(MockDaemon) mock = mock_with("([],)");

        cli_check_usage(mock, "top --count 0",
                        "--count must be a number from 1 to 1000000000, not '0'");
        cli_check_usage(mock, "top db1", "'top' takes no arguments");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/top/the greatest come first", test_the_greatest_come_first);
        g_test_add_func("/top/JSON has all values once", test_json_has_all_values_once);
        g_test_add_func("/top/a terminal is written anew", test_a_terminal_is_written_anew);
        g_test_add_func("/top/of nobody there is nothing", test_of_nobody_there_is_nothing);
        g_test_add_func("/top/a number of times is a number", test_a_number_of_times_is_a_number);
        r = g_test_run();
        cli_test_done();
        return r;
}
