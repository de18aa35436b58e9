/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balance: what is proposed, in words and as commands, and what of it is begun. */

#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

#define ABSENT "virt-ferry: Host hostd takes no part: it has told nothing of its load yet\n"

/* Two moves from the host that is asked, and one from another, whose guest has a strange name. */
static MockDaemon *mock_new(void) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "Balance",
                "('hosta', [('u1', 'db1', 'hosta', 'hostb', 'qemu+ssh://hostb/system', 144.5, "
                "2.25, "
                "'db1 should go from hosta to hostb: the CPU'),"
                "('u2', 'a b', 'hostc', 'hostb', 'qemu+ssh://hostb/system?no_tty=1', 36.0, 2.5, "
                "'a b should go from hostc to hostb: the memory'),"
                "('u3', 'db3', 'hosta', 'hostc', '', 20.0, 1.0, "
                "'db3 should go from hosta to hostc: the CPU')], true, "
                "[('hostd', 'it has told nothing of its load yet')])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Migrate",
                              "(objectpath '" FERRY_OBJECT_MIGRATION "/_32',)");
        return mock;
}

static void test_each_move_is_said_with_its_command(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, "balance");

        cli_check_golden("balance.txt", program->out->str);
        cli_check(program, 0, program->out->str, ABSENT);
        cli_check_calls(mock, "Balance()");
}

static void test_as_json_it_has_the_names_of_the_bus(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, "balance --json --moves 3");

        cli_check_golden("balance.json", program->out->str);
        cli_check(program, 0, program->out->str, "");
        cli_check_calls(mock, "Balance(moves=3)");
}

static void test_where_all_is_even_it_says_so(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Balance",
                              "('hosta', @a(sssssdds) [], false, @a(ss) [])");
        g_autoptr(Program) program = cli_run(mock, "balance");
        g_autoptr(Program) bare = cli_run(mock, "balance --no-legend");
        cli_check(program, 0, "All is even: no guest should move.\n", "");
        cli_check(bare, 0, "", "");
}

static void test_what_leaves_this_host_is_begun(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, "balance --apply");

        cli_check_golden("balance-apply.txt", program->out->str);
        cli_check(program, 0, program->out->str, ABSENT);
        cli_check_calls(mock, "Balance(), Migrate(u1, qemu+ssh://hostb/system)");
}

static void test_what_is_begun_is_in_the_json(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, "balance --apply --json");

        g_assert_nonnull(strstr(program->out->str,
                                "\"Begun\" : [\n    \"" FERRY_OBJECT_MIGRATION "/_32\"\n  ]"));
        cli_check(program, 0, program->out->str, "");
}

static void on_answered(MockDaemon *mock, const char *method, void *unused) {
        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "Busy", "Enough guests move already");
}

static void test_what_could_not_be_begun_is_a_no(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = NULL;

        mock->on_call = on_answered;
        program = cli_run(mock, "balance --apply --no-legend");
        cli_check(program, 1, program->out->str,
                  "virt-ferry: db1 stays: Enough guests move already\n");
}

static void test_why_not_is_said(void) {
        g_autoptr(MockDaemon) mock = mock_new();

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "Unavailable",
                              "It cannot be said now which guests should move: etcd is away");
        g_autoptr(Program) program = cli_run(mock, "balance");
        cli_check(program, 1, "",
                  "virt-ferry: It cannot be said now which guests should move: etcd is away\n");
}

static void test_usage(void) {
        g_autoptr(MockDaemon) mock = mock_new();

        cli_check_usage(mock, "balance now", "'balance' takes no arguments");
        cli_check_usage(mock, "balance --moves 0",
                        "--moves must be a number from 1 to 64, not '0'");
        cli_check_usage(mock, "balance --force", "'balance' takes no --force");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
#define ADD(name, function) g_test_add_func("/balance/" name, function)
        ADD("each move is said with its command", test_each_move_is_said_with_its_command);
        ADD("as JSON it has the names of the bus", test_as_json_it_has_the_names_of_the_bus);
        ADD("where all is even it says so", test_where_all_is_even_it_says_so);
        ADD("what leaves this host is begun", test_what_leaves_this_host_is_begun);
        ADD("what is begun is in the JSON", test_what_is_begun_is_in_the_json);
        ADD("what could not be begun is a no", test_what_could_not_be_begun_is_a_no);
        ADD("why not is said", test_why_not_is_said);
        ADD("a wrong line is told what is right", test_usage);
        r = g_test_run();
        cli_test_done();
        return r;
}
