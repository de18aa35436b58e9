/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* -H: an ssh of the test's own, which goes nowhere. */

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

static char *folder;

/* The program that is called ssh is `script`. */
static void set_ssh(const char *script) {
        g_autofree char *path = g_build_filename(folder, "ssh", NULL);

        g_assert_true(
                g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
}

static void test_there(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autofree char *bridge = g_find_program_in_path("systemd-stdio-bridge");
        g_autofree char *script = NULL;

        if (!bridge) {
                g_test_skip("there is no systemd-stdio-bridge");
                return;
        }

        script = g_strdup_printf("#!/bin/sh\n"
                                 "case \"$*\" in *' admin@b.example '*) ;; *) exit 1 ;; esac\n"
                                 "exec systemd-stdio-bridge --bus-path='%s'\n",
                                 cli_bus->address);
        set_ssh(script);
        g_autoptr(Program) program = cli_run(mock, "-H admin@b.example rescan");
        cli_check(program, 0, "", "");
        g_autoptr(Program) alias = cli_run(mock, "rescan -c admin@b.example");
        cli_check(alias, 0, "", "");
        cli_check_calls(mock, "Rescan(), Rescan()");
}

static void test_not_there(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        set_ssh("#!/bin/sh\nexit 255\n");
        g_autoptr(Program) program = cli_run(mock, "leases --host b.example");
        cli_check(program, 3, "",
                  "virt-ferry: the system bus of b.example cannot be reached: see whether "
                  "'ssh b.example systemd-stdio-bridge' works\n");
}

#define PATH    FERRY_OBJECT_MIGRATION "/_32"
#define ANSWERS "('db1', [('hostdev0', %s, 'a', '', false, 'mdev', 'mtty-1', 'default', '%s')])"

/* Its daemon is the same one, and says this of the guest. */
static MockDaemon *mock_of_both(const char *fits, const char *reason) {
        MockDaemon *mock = cli_mock_new();
        g_autofree char *answers = g_strdup_printf(ANSWERS, fits, reason);
        g_autofree char *script = NULL;

        script = g_strdup_printf("#!/bin/sh\nexec systemd-stdio-bridge --bus-path='%s'\n",
                                 cli_bus->address);
        set_ssh(script);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckGuest",
                              "('db1', '<domain/>', @a(sss) [])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain", answers);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Migrate", "(objectpath '" PATH "',)");
        return mock;
}

static bool has_bridge(void) {
        g_autofree char *bridge = g_find_program_in_path("systemd-stdio-bridge");

        if (!bridge)
                g_test_skip("there is no systemd-stdio-bridge");
        return bridge;
}

static void test_a_host_that_would_refuse_is_not_troubled(void) {
        g_autoptr(MockDaemon) mock = NULL;
        g_autoptr(Program) program = NULL;

        if (!has_bridge())
                return;
        mock = mock_of_both("false", "hostdev0 needs an mdev of type mtty-1");
        program = cli_run(mock, "migrate db1 b.example");
        cli_check(program, 1, "", "virt-ferry: b.example: hostdev0 needs an mdev of type mtty-1\n");
        cli_check_calls(mock, "CheckGuest(db1), CheckDomain(XML)");
}

static void test_a_host_without_room_for_the_slice_is_not_troubled(void) {
        g_autoptr(MockDaemon) mock = NULL;
        g_autoptr(Program) program = NULL;

        if (!has_bridge())
                return;
        mock = mock_of_both("true", "");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain",
                              "('db1', [('slice', false, '', '', false, '', '', '', "
                              "'Hardware slice of guest db1: no room')])");
        program = cli_run(mock, "migrate db1 b.example");
        cli_check(program, 1, "", "virt-ferry: b.example: Hardware slice of guest db1: no room\n");
        cli_check_calls(mock, "CheckGuest(db1), CheckDomain(XML)");
}

static void test_a_host_that_would_take_it_gets_it(void) {
        g_autoptr(MockDaemon) mock = NULL;
        g_autoptr(Program) program = NULL;

        if (!has_bridge())
                return;
        mock = mock_of_both("true", "");
        program = cli_run(mock, "migrate db1 admin@b.example --detach");
        g_assert_cmpint(program->status, ==, 0);
        g_assert_cmpstr(program->err->str, ==, "");
        cli_check_calls(mock, "CheckGuest(db1), CheckDomain(XML), "
                              "Migrate(db1, qemu+ssh://admin@b.example/system)");
}

static void test_a_host_that_cannot_be_asked_has_its_hook(void) {
        g_autoptr(MockDaemon) mock = mock_of_both("true", "");
        g_autoptr(Program) program = NULL;

        set_ssh("#!/bin/sh\nexit 255\n");
        program = cli_run(mock, "migrate db1 b.example --detach");
        g_assert_cmpint(program->status, ==, 0);
        g_assert_true(g_str_has_prefix(program->err->str,
                                       "virt-ferry: b.example was not asked before: "));
        cli_check_calls(mock, "CheckGuest(db1), Migrate(db1, qemu+ssh://b.example/system)");
}

static void set_crowd(MockDaemon *mock, const char *method, void *unused) {
        bool is_next = g_str_equal(method, "CheckGuest"); /* this one was answered */

        mock_daemon_set_error(mock, is_next ? FERRY_ERROR_PREFIX "Busy" : NULL,
                              "Host b takes 1 guest at a time");
}

/* The daemon here waits for another turn, whoever has gone before. */
static void test_a_host_that_others_are_on_their_way_to_is_waited_for(void) {
        g_autoptr(MockDaemon) mock = NULL;
        g_autoptr(Program) program = NULL;
        g_autofree char *calls = NULL;

        if (!has_bridge())
                return;
        mock = mock_of_both("true", "");
        mock->on_call = set_crowd;
        program = cli_run(mock, "migrate db1 b.example --detach");
        g_assert_cmpstr(program->err->str, ==,
                        "virt-ferry: Host b takes 1 guest at a time; this move waits\n");
        g_assert_cmpint(program->status, ==, 0);
        calls = mock_daemon_take_calls(mock);
        g_assert_nonnull(strstr(calls, "Migrate("));
}

static void test_a_dry_run_moves_nothing(void) {
        g_autoptr(MockDaemon) mock = NULL;
        g_autoptr(Program) program = NULL;
        g_autofree char *calls = NULL;

        if (!has_bridge())
                return;
        mock = mock_of_both("true", "");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckArrival", "(@a(sss) [],)");
        program = cli_run(mock, "migrate db1 b.example --dry-run");
        cli_check(program, 0, "db1 can move to b.example.\n", "");
        calls = mock_daemon_take_calls(mock);
        g_assert_null(strstr(calls, "Migrate("));
}

#define RECORD(n, direction, state, last, first)                                                  \
        "'" FERRY_OBJECT_MIGRATION "/_3" n "': {'org.virtferry1.Migration': {"                    \
        "'Id': <'" n "'>, 'DomainUUID': <'u'>, 'DomainName': <'db1'>, 'Direction': <'" direction  \
        "'>, 'State': <'" state "'>, 'Reason': <''>, 'Devices': <@a(ssssss) []>,"                 \
        "'Timeline': <@a(st) []>, 'DowntimeMSec': <int64 525>, 'TotalMSec': <int64 -1>,"          \
        "'MemoryBytes': <uint64 0>, 'VfioBytes': <uint64 0>, 'MemoryTotal': <uint64 0>,"          \
        "'MemoryRemaining': <uint64 0>, 'Iterations': <uint32 0>,"                                \
        "'Destination': <'qemu+ssh://b.example/system'>, 'DestinationReason': <''>, 'Strategy': " \
        "<''>,"                                                                                   \
        "'StrategyReason': <''>, 'Transfer': <''>, 'TransferReason': <''>,"                       \
        "'ForecastTotalMSec': <int64 -1>, 'ForecastDowntimeMSec': <int64 -1>,"                    \
        "'ForecastBytes': <uint64 0>, 'AllowedDowntimeMSec': <int64 -1>,"                         \
        "'SetupMSec': <int64 -1>, 'DirtyRate': <uint64 0>, 'LastTrafficUSec': <int64 " last ">,"  \
        "'FirstTrafficUSec': <int64 " first ">}}"

/* `b.example` has the same daemon, thus both halves. */
static void assert_cut_off(const char *others, const char *words) {
        g_autofree char *objects = g_strdup_printf(
                "{" RECORD("1", "outgoing", "finished", "1795173639000000", "-1") "%s}", others);
        g_autoptr(MockDaemon) mock = mock_of_both("true", "");
        g_autoptr(Program) program = NULL;

        mock_daemon_set_objects(mock, objects);
        program = cli_run(mock, "show 1");
        g_assert_cmpstr(program->err->str, ==, "");
        g_assert_nonnull(strstr(program->out->str, "Traffic: last packet at 2026-11-20 "
                                                   "11:20:39.000\n"));
        if (!strstr(program->out->str, words))
                g_error("not '%s' in '%s'", words, program->out->str);
}

static void test_the_packets_of_both_hosts_tell_how_long_it_was_cut_off(void) {
        if (!has_bridge())
                return;

        assert_cut_off(", " RECORD("2", "incoming", "finished", "-1",
                                   "1795173641000000") ", " RECORD("3", "incoming", "finished",
                                                                   "-1", "1795173639640000"),
                       "     Cut off: 640ms as its packets tell, by the clocks of both hosts; "
                       "525ms as QEMU says\n");
        assert_cut_off(", " RECORD("2", "incoming", "finished", "-1", "1795173638999999"),
                       "not to be told, since the clocks of the two hosts differ\n");
        assert_cut_off(", " RECORD("2", "incoming", "finished", "-1", "0"),
                       "not known, since b.example has seen no packet of it\n");
        assert_cut_off(", " RECORD("2", "incoming", "finished", "-1", "1795179639000000"),
                       "not known, since b.example has seen no packet of it\n");
        set_ssh("#!/bin/sh\nexit 255\n");
}

static void test_a_host_that_is_away_tells_nothing_of_the_packets(void) {
        g_autoptr(MockDaemon) mock = mock_of_both("true", "");
        g_autoptr(Program) program = NULL;

        mock_daemon_set_objects(
                mock, "{" RECORD("1", "outgoing", "finished", "1795173639000000", "-1") "}");
        set_ssh("#!/bin/sh\nexit 255\n");
        program = cli_run(mock, "show 1");
        g_assert_cmpint(program->status, ==, 0);
        g_assert_nonnull(strstr(program->out->str, "Cut off: not known, since b.example was not "
                                                   "asked: the system bus of b.example"));
}

int main(int argc, char *argv[]) {
        g_autofree char *path = NULL, *ssh = NULL;
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        folder = g_dir_make_tmp("remote-XXXXXX", NULL);
        path = g_strdup_printf("%s:%s", folder, g_getenv("PATH"));
        g_setenv("PATH", path, TRUE);

        g_test_add_func("/remote/asks the daemon of the host that is named", test_there);
        g_test_add_func("/remote/says how to see why there is no way to the host", test_not_there);
        g_test_add_func("/remote/a host that would refuse a guest is not troubled",
                        test_a_host_that_would_refuse_is_not_troubled);
        g_test_add_func("/remote/a host without room for the slice is not troubled",
                        test_a_host_without_room_for_the_slice_is_not_troubled);
        g_test_add_func("/remote/a host that would take it gets it",
                        test_a_host_that_would_take_it_gets_it);
        g_test_add_func("/remote/a host that cannot be asked has its hook",
                        test_a_host_that_cannot_be_asked_has_its_hook);
        g_test_add_func("/remote/a host that others are on their way to is waited for",
                        test_a_host_that_others_are_on_their_way_to_is_waited_for);
        g_test_add_func("/remote/the packets of both hosts tell how long it was cut off",
                        test_the_packets_of_both_hosts_tell_how_long_it_was_cut_off);
        g_test_add_func("/remote/a host that is away tells nothing of the packets",
                        test_a_host_that_is_away_tells_nothing_of_the_packets);
        g_test_add_func("/remote/a dry run moves nothing", test_a_dry_run_moves_nothing);

        r = g_test_run();
        ssh = g_build_filename(folder, "ssh", NULL);
        (void)g_remove(ssh);
        (void)g_rmdir(folder);
        g_free(folder);
        cli_test_done();
        return r;
}
