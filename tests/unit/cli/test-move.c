/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* `virt-ferry move`: one question, one line. */

static MockDaemon *mock_with_answer(void) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "MoveDevice",
                              "('db1', 'hostdev0', '0000:3b:10.0', '0000:af:10.0', 2300000)");
        return mock;
}

static void test_it_says_what_was_done(void) {
        g_autoptr(MockDaemon) mock = mock_with_answer();
        g_autoptr(Program) program = cli_run(mock, "move db1 hostdev0 0000:af:00.0");

        cli_check(program, 0,
                  "hostdev0 of db1 is 0000:af:10.0 now, and was 0000:3b:10.0. The guest was "
                  "without it for 2.3s.\n",
                  "");
        cli_check_calls(mock, "MoveDevice(db1, hostdev0, 0000:af:00.0)");
}

static void test_a_team_is_never_without(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "MoveDevice",
                              "('db1', 'ua-net0', 'virtio', '0000:af:10.0', 0)");
        program = cli_run(mock, "move db1 ua-net0 0000:af:00.0");
        cli_check(program, 0,
                  "ua-net0 of db1 is 0000:af:10.0 now, and was virtio. The virtio half of its team "
                  "was there all the time.\n",
                  "");
}

static void test_json_has_its_figures(void) {
        g_autoptr(MockDaemon) mock = mock_with_answer();
        g_autoptr(Program) program = cli_run(mock, "--json move db1 hostdev0 fast --force");

        cli_check(program, 0,
                  "{\n"
                  "  \"Domain\" : \"db1\",\n"
                  "  \"Device\" : \"hostdev0\",\n"
                  "  \"From\" : \"0000:3b:10.0\",\n"
                  "  \"To\" : \"0000:af:10.0\",\n"
                  "  \"WithoutUSec\" : 2300000\n"
                  "}\n",
                  "");
        cli_check_calls(mock, "MoveDevice(db1, hostdev0, fast, force=yes)");
}

static void test_a_refusal_is_a_no(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NoDevice", "hostdev0 needs a VF");
        program = cli_run(mock, "move db1 hostdev0 fast");
        cli_check(program, 1, "", "virt-ferry: hostdev0 needs a VF\n");
}

static void test_it_takes_three_words(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        cli_check_usage(mock, "move db1 hostdev0", "'move' needs DOMAIN, DEVICE and TARGET");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/move/it says what was done", test_it_says_what_was_done);
        g_test_add_func("/move/a team is never without", test_a_team_is_never_without);
        g_test_add_func("/move/JSON has its figures", test_json_has_its_figures);
        g_test_add_func("/move/a refusal is a no", test_a_refusal_is_a_no);
        g_test_add_func("/move/it takes three words", test_it_takes_three_words);
        r = g_test_run();
        cli_test_done();
        return r;
}
