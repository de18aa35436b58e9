/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* migrate: what is asked of the daemon, how it is followed, how it ends. */

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* Where nobody is asked before: test-remote.c has that. */
#define TLS   "qemu+tls://hostb/system"
#define DB1   FERRY_OBJECT_MIGRATION "/_32"
#define BEGIN "db1 outgoing: precopy 47%, 540.0 MiB left, pass 1\n"

static MockDaemon *mock_new(void) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Migrate", "(objectpath '" DB1 "',)");
        return mock;
}

static void change(MockDaemon *mock, const char *properties) {
        mock_daemon_emit_changed(mock, DB1, FERRY_INTERFACE_MIGRATION, properties);
}

static void test_it_is_followed_to_its_end(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrate db1 " TLS, false);

        program_await(program, program->out, "pass 1\n");
        change(mock, "{'State': <'switchover'>}");
        change(mock, "{'State': <'finished'>}");
        change(mock, "{'TotalMSec': <int64 42130>, 'DowntimeMSec': <int64 525>}");
        program_finish(program);

        cli_check(program, 0,
                  BEGIN "db1 outgoing: switchover\n"
                        "db1 outgoing: finished after 42.1s (forecast 41.0s), downtime 525ms "
                        "(forecast 500ms), 512.0 MiB sent\n",
                  "");
        cli_check_calls(mock, "Migrate(db1, qemu+tls://hostb/system), GetManagedObjects()");
}

/* Of a daemon that was killed in between. */
static void test_figures_that_do_not_come_are_not_waited_for(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrate db1 " TLS, false);

        program_await(program, program->out, "pass 1\n");
        change(mock, "{'State': <'finished'>}");
        program_finish(program);
        cli_check(program, 0, BEGIN "db1 outgoing: finished, 512.0 MiB sent\n", "");
}

static void on_ask(MockDaemon *mock, const char *method, void *unused) {
        if (g_str_equal(method, "Migrate"))
                change(mock, "{'State': <'planned'>}");
}

static void test_what_was_before_is_not_shown(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = NULL;

        mock->on_call = on_ask;
        program = cli_start(mock, "migrate db1 " TLS, false);
        program_await(program, program->out, "pass 1\n");
        change(mock, "{'State': <'rolled-back'>}");
        program_finish(program);
        cli_check(program, 1, BEGIN "db1 outgoing: rolled-back, 512.0 MiB sent\n", "");
}

static void test_a_guest_that_stays_is_a_no(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrate db1 " TLS, false);

        program_await(program, program->out, "pass 1\n");
        change(mock, "{'State': <'rolled-back'>, 'Reason': <'hostdev0 needs an mdev'>}");
        program_finish(program);
        cli_check(program, 1,
                  BEGIN "db1 outgoing: rolled-back, 512.0 MiB sent: hostdev0 needs an mdev\n", "");
}

static void test_each_option_is_handed_on(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(
                mock, "migrate db1 qemu+tls://b/system --strategy vfio --new-name db2 --force "
                      "--persistent --undefine-source --bandwidth 100 --max-downtime 250 "
                      "--parallel 4 --compress zstd --detach");

        cli_check(program, 0, "It is on its way: 'virt-ferry migrations --watch' follows it.\n",
                  "");
        cli_check_calls(mock, "Migrate(db1, qemu+tls://b/system, strategy=vfio, new-name=db2, "
                              "force=yes, persistent=yes, undefine-source=yes, bandwidth=100, "
                              "max-downtime=250, connections=4, compression=zstd)");
}

#define CHOSEN "hostb: all that is needed is offered, 50 % of it stays free where there is least"

/* The daemon chooses, and its record says where to. */
static void test_without_a_destination_the_daemon_chooses(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrate db1", false);

        program_await(program, program->out, "pass 1\n");
        change(mock, "{'State': <'checked'>, 'DestinationReason': <'" CHOSEN "'>}");
        program_await(program, program->out, CHOSEN);
        change(mock, "{'State': <'rolled-back'>, 'Reason': <'hostdev0 needs an mdev'>}");
        program_finish(program);
        g_assert_cmpint(program->status, ==, 1);
        g_assert_nonnull(strstr(program->out->str, "db1 outgoing: checked, to " CHOSEN
                                                   "; vfio: its devices carry their state"));
        cli_check_calls(mock, "Migrate(db1, ), GetManagedObjects()");
}

#define PLACED(fits, rule, why)                                                                   \
        "('db1', [('hostb', 'qemu+tls://hostb/system', " fits ", '" rule "', 'high', 50.0, '" why \
        "'), ('hosta', '', false, 'here', '', 0.0, 'hosta: db1 is there already')])"

static void test_a_choice_is_tried(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = NULL, refused = NULL;

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckGuest",
                              "('db1', '<domain/>', @a(sss) [])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Place",
                              PLACED("true", "fits", CHOSEN));
        program = cli_run(mock, "migrate db1 --dry-run");
        g_assert_true(g_str_has_prefix(program->out->str, "To " CHOSEN "\n"));

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Place",
                              PLACED("false", "away", "hostb: it is away"));
        refused = cli_run(mock, "migrate db1 --dry-run");
        cli_check(refused, 1, "", "virt-ferry: No host of the cluster fits: hostb: it is away\n");
}

static void test_a_refusal_is_shown(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "InvalidState", "Guest db1 does not run");
        program = cli_run(mock, "migrate db1 " TLS);
        cli_check(program, 1, "", "virt-ferry: Guest db1 does not run\n");
}

static void test_an_interruption_stops_the_move(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrate db1 " TLS, false);

        program_await(program, program->out, "pass 1\n");
        g_assert_cmpint(kill(program->pid, SIGINT), ==, 0);
        program_await(program, program->err, "leaves it alone.\n");
        change(mock, "{'State': <'rolled-back'>, 'Reason': <'canceled by client'>}");
        program_finish(program);

        g_assert_cmpint(program->status, ==, 1);
        cli_check_calls(mock,
                        "Migrate(db1, qemu+tls://hostb/system), GetManagedObjects(), Abort()");
}

static void test_a_second_one_leaves_it_alone(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrate db1 " TLS, false);

        program_await(program, program->out, "pass 1\n");
        g_assert_cmpint(kill(program->pid, SIGINT), ==, 0);
        program_await(program, program->err, "leaves it alone.\n");
        g_assert_cmpint(kill(program->pid, SIGINT), ==, 0);
        program_finish(program);
        g_assert_cmpint(program->status, ==, 1);
}

static void test_a_number_out_of_its_bounds_is_refused(void) {
        static const struct {
                const char *command, *message;
        } cases[] = {
                { "migrate db1 b --bandwidth 0",
                  "--bandwidth must be a number from 1 to 16777216, not '0'" },
                { "migrate db1 b --max-downtime 1s",
                  "--max-downtime must be a number from 1 to 3600000, not '1s'" },
                { "migrate db1 b --parallel 256",
                  "--parallel must be a number from 1 to 255, not '256'" },
                { "migrate", "'migrate' needs DOMAIN and at most one DESTINATION" },
                { "migrate db1 b c", "'migrate' takes DOMAIN and at most one DESTINATION" },
                { "leases --detach", "'leases' takes no --detach" },
        };
        g_autoptr(MockDaemon) mock = mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                cli_check_usage(mock, cases[i].command, cases[i].message);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/migrate/it is followed to its end", test_it_is_followed_to_its_end);
        g_test_add_func("/migrate/figures that do not come are not waited for",
                        test_figures_that_do_not_come_are_not_waited_for);
        g_test_add_func("/migrate/what was before is not shown", test_what_was_before_is_not_shown);
        g_test_add_func("/migrate/a guest that stays is a no", test_a_guest_that_stays_is_a_no);
        g_test_add_func("/migrate/each option is handed on", test_each_option_is_handed_on);
        g_test_add_func("/migrate/without a destination the daemon chooses",
                        test_without_a_destination_the_daemon_chooses);
        g_test_add_func("/migrate/a choice is tried", test_a_choice_is_tried);
        g_test_add_func("/migrate/a refusal is shown", test_a_refusal_is_shown);
        g_test_add_func("/migrate/an interruption stops the move",
                        test_an_interruption_stops_the_move);
        g_test_add_func("/migrate/a second one leaves it alone", test_a_second_one_leaves_it_alone);
        g_test_add_func("/migrate/a number out of its bounds is refused",
                        test_a_number_out_of_its_bounds_is_refused);
        r = g_test_run();
        cli_test_done();
        return r;
}
