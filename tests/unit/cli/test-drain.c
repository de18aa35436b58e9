/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* drain and undrain: what is asked of the daemon, how it is followed, how it ends. */

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

#define B "qemu+ssh://b/system"
#define C "qemu+ssh://c/system"

#define GUEST(n, destination, state, reason) \
        "('u" n "', 'db" n "', '" destination "', '" state "', '" reason "')"
#define DRAIN(state, guests) "{'DrainState': <'" state "'>, 'DrainGuests': <[" guests "]>}"
#define MOVING               DRAIN("draining", GUEST("1", B, "moving", "") ", " GUEST("2", "", "waiting", ""))
#define DB1_MOVES            "db1: moving to " B "\n"

static MockDaemon *mock_new(void) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_properties(mock, FERRY_INTERFACE_MANAGER, MOVING);
        return mock;
}

static void change(MockDaemon *mock, const char *properties) {
        mock_daemon_emit_changed(mock, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, properties);
}

/* The second is refused once and then taken. */
static Program *run_to_empty(MockDaemon *mock, const char *command) {
        Program *program = cli_start(mock, command, false);

        program_await(program, program->out, "moving");
        change(mock, DRAIN("draining", GUEST("1", B, "left", "") ", " GUEST("2", B, "moving", "")));
        change(mock, DRAIN("draining",
                           GUEST("1", B, "left", "") ", " GUEST("2", "", "waiting", B ": no VF")));
        change(mock, DRAIN("draining",
                           GUEST("1", B, "left", "") ", " GUEST("2", C, "moving", B ": no VF")));
        change(mock, DRAIN("drained", GUEST("1", B, "left", "") ", " GUEST("2", C, "left", "")));
        program_finish(program);
        return program;
}

static void test_it_is_followed_until_the_host_is_empty(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = run_to_empty(mock, "drain b qemu+tls://c/system");

        cli_check_golden("drain.txt", program->out->str);
        cli_check(program, 0, program->out->str, "");
        cli_check_calls(mock, "Drain(qemu+ssh://b/system, qemu+tls://c/system), "
                              "GetAll(org.virtferry1.Manager)");
}

static void test_json_has_a_line_a_change_and_one_of_all(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = run_to_empty(mock, "drain b --json");

        cli_check_golden("drain.json", program->out->str);
        g_assert_cmpint(program->status, ==, 0);
}

static void test_without_legend_the_table_is_bare(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = run_to_empty(mock, "drain b --no-legend");

        cli_check_golden("drain-no-legend.txt", program->out->str);
        g_assert_cmpint(program->status, ==, 0);
}

static void test_guests_that_stay_are_a_no(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "drain b", false);

        program_await(program, program->out, "moving");
        change(mock,
               DRAIN("partly", GUEST("1", B, "left", "") ", " GUEST("2", "", "stayed", "no\\nVF")));
        program_finish(program);
        cli_check_golden("drain-partly.txt", program->out->str);
        g_assert_cmpint(program->status, ==, 1);
}

static void test_an_empty_host_is_drained_at_once(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_properties(mock, FERRY_INTERFACE_MANAGER,
                                   "{'DrainState': <'drained'>, 'DrainGuests': <@a(sssss) []>}");
        program = cli_run(mock, "drain b");
        cli_check(program, 0, "The host is empty, and takes no guest until 'virt-ferry undrain'.\n",
                  "");
}

static void test_options_are_handed_on(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program)
                program = cli_run(mock, "drain b --persistent --undefine-source --detach");
        g_autoptr(Program) quiet = NULL;

        cli_check(program, 0,
                  "The host is being drained: 'virt-ferry migrations --watch' follows its "
                  "guests.\n",
                  "");
        cli_check_calls(mock, "Drain(qemu+ssh://b/system, persistent=yes, undefine-source=yes)");
        quiet = cli_run(mock, "drain --alone --detach --json");
        cli_check(quiet, 0, "", "");
        cli_check_calls(mock, "Drain(alone=yes)");
}

static void test_an_interruption_leaves_it_going(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "drain b", false);

        program_await(program, program->out, "moving");
        g_assert_cmpint(kill(program->pid, SIGINT), ==, 0);
        program_finish(program);
        cli_check(program, 1, DB1_MOVES, "\nThe drain goes on: 'virt-ferry undrain' ends it.\n");
        cli_check_calls(mock, "Drain(qemu+ssh://b/system), GetAll(org.virtferry1.Manager)");
}

static void test_an_undrain_meanwhile_is_told(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "drain b", false);

        program_await(program, program->out, "moving");
        change(mock, "{'DrainState': <''>, 'DrainGuests': <@a(sssss) []>}");
        program_finish(program);
        cli_check(program, 1, DB1_MOVES,
                  "virt-ferry: the drain was ended by 'virt-ferry undrain'\n");
}

static void on_ask(MockDaemon *mock, const char *method, void *unused) {
        if (g_str_equal(method, "Drain"))
                change(mock, DRAIN("partly", GUEST("1", "", "stayed", "of the last time")));
}

static void test_what_was_before_is_not_shown(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = NULL;

        mock->on_call = on_ask;
        program = cli_start(mock, "drain b", false);
        program_await(program, program->out, "moving");
        change(mock, DRAIN("drained", GUEST("1", B, "left", "")));
        program_finish(program);
        g_assert_true(g_str_has_prefix(program->out->str, DB1_MOVES "db1: left for " B "\n"));
        g_assert_cmpint(program->status, ==, 0);
}

/* Other properties change as well. */
static void test_what_is_no_drain_changes_nothing(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "drain b", false);

        program_await(program, program->out, "moving");
        change(mock, "{'LibvirtConnected': <false>}");
        change(mock, DRAIN("drained", GUEST("1", B, "left", "")));
        program_finish(program);
        g_assert_cmpint(program->status, ==, 0);
}

static void test_a_daemon_that_comes_back_is_asked_anew(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "drain b", false);

        program_await(program, program->out, "moving");
        g_assert_cmpint(sd_bus_release_name(mock->bus, FERRY_BUS_NAME), >=, 0);
        program_await(program, program->err, "waiting for it to come back");
        mock_daemon_set_properties(mock, FERRY_INTERFACE_MANAGER,
                                   DRAIN("drained", GUEST("1", B, "left", "")));
        g_assert_cmpint(sd_bus_request_name(mock->bus, FERRY_BUS_NAME, 0), >=, 0);
        program_finish(program);
        g_assert_cmpint(program->status, ==, 0);
}

static void test_a_refusal_is_shown(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = NULL, detached = NULL;

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "InvalidState",
                              "Host a is being drained already");
        program = cli_run(mock, "drain b");
        cli_check(program, 1, "", "virt-ferry: Host a is being drained already\n");
        detached = cli_run(mock, "drain b --detach");
        cli_check(detached, 1, "", "virt-ferry: Host a is being drained already\n");
}

static void test_undrain_asks_and_is_silent(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, "undrain");

        cli_check(program, 0, "", "");
        cli_check_calls(mock, "Undrain()");
}

static void test_wrong_usage(void) {
        static const struct {
                const char *command, *message;
        } cases[] = {
                { "drain b --force", "'drain' takes no --force" },
                { "undrain b", "'undrain' takes no arguments" },
        };
        g_autoptr(MockDaemon) mock = mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                cli_check_usage(mock, cases[i].command, cases[i].message);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/drain/it is followed until the host is empty",
                        test_it_is_followed_until_the_host_is_empty);
        g_test_add_func("/drain/JSON has a line a change and one of all",
                        test_json_has_a_line_a_change_and_one_of_all);
        g_test_add_func("/drain/without legend the table is bare",
                        test_without_legend_the_table_is_bare);
        g_test_add_func("/drain/guests that stay are a no", test_guests_that_stay_are_a_no);
        g_test_add_func("/drain/an empty host is drained at once",
                        test_an_empty_host_is_drained_at_once);
        g_test_add_func("/drain/options are handed on", test_options_are_handed_on);
        g_test_add_func("/drain/an interruption leaves it going",
                        test_an_interruption_leaves_it_going);
        g_test_add_func("/drain/an undrain meanwhile is told", test_an_undrain_meanwhile_is_told);
        g_test_add_func("/drain/what was before is not shown", test_what_was_before_is_not_shown);
        g_test_add_func("/drain/what is no drain changes nothing",
                        test_what_is_no_drain_changes_nothing);
        g_test_add_func("/drain/a daemon that comes back is asked anew",
                        test_a_daemon_that_comes_back_is_asked_anew);
        g_test_add_func("/drain/a refusal is shown", test_a_refusal_is_shown);
        g_test_add_func("/drain/undrain asks and is silent", test_undrain_asks_and_is_silent);
        g_test_add_func("/drain/wrong usage is told", test_wrong_usage);
        r = g_test_run();
        cli_test_done();
        return r;
}
