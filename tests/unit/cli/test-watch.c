/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* migrations --watch, and a daemon that has something to tell. */

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

#define BUERO FERRY_OBJECT_MIGRATION "/_33"
#define DB1   FERRY_OBJECT_MIGRATION "/_32"
#define WEB8  FERRY_OBJECT_MIGRATION "/_38"

#define FIRST                                                 \
        "db1 outgoing: precopy 47%, 540.0 MiB left, pass 1\n" \
        "b\303\274ro-2 incoming: prepared\n"

#define WEB8_PLANNED                                                                              \
        "{'Id': <'f0000000-0000-4000-8000-000000000008'>,"                                        \
        " 'DomainUUID': <'0b7e3a52-51a9-4f0d-8f6b-1c0f1de40008'>, 'DomainName': <'web8'>,"        \
        " 'Direction': <'outgoing'>, 'State': <'planned'>, 'Reason': <''>,"                       \
        " 'Devices': <@a(ssssss) []>, 'Timeline': <[('planned', uint64 1795173700000000)]>,"      \
        " 'DowntimeMSec': <int64 -1>, 'TotalMSec': <int64 -1>, 'MemoryBytes': <uint64 0>,"        \
        " 'VfioBytes': <uint64 0>, 'MemoryTotal': <uint64 0>, 'MemoryRemaining': <uint64 0>,"     \
        " 'Iterations': <uint32 0>, 'Destination': <''>, 'DestinationReason': <''>, 'Strategy': " \
        "<''>,"                                                                                   \
        " 'StrategyReason': <''>, 'Transfer': <''>, 'TransferReason': <''>,"                      \
        " 'ForecastTotalMSec': <int64 -1>,"                                                       \
        " 'ForecastDowntimeMSec': <int64 -1>, 'ForecastBytes': <uint64 0>, "                      \
        "'AllowedDowntimeMSec': <int64 -1>, 'SetupMSec': <int64 -1>, 'DirtyRate': <uint64 0>,"    \
        "'LastTrafficUSec': <int64 -1>, 'FirstTrafficUSec': <int64 -1>}"

static void change(MockDaemon *mock, const char *path, const char *properties) {
        mock_daemon_emit_changed(mock, path, FERRY_INTERFACE_MIGRATION, properties);
}

static void interrupt(Program *program) {
        g_assert_cmpint(kill(program->pid, SIGINT), ==, 0);
        program_finish(program);
}

static void test_changes(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrations --watch", false);

        program_await(program, program->out, "prepared\n");
        change(mock, DB1, "{'MemoryRemaining': <uint64 268435456>, 'Iterations': <uint32 2>}");
        change(mock, DB1, "{'VfioBytes': <uint64 1>}"); /* shows nowhere */
        mock_daemon_emit_changed(mock, FERRY_OBJECT_LEASE "/_31", FERRY_INTERFACE_LEASE,
                                 "{'State': <'releasing'>}");
        change(mock, DB1, "{'State': <'switchover'>}");
        change(mock, DB1,
               "{'State': <'finished'>, 'TotalMSec': <int64 42130>, "
               "'DowntimeMSec': <int64 525>}");
        change(mock, BUERO, "{'State': <'rolled-back'>, 'Reason': <'b has\\nno mtty-2 left'>}");
        mock_daemon_emit_removed(mock, DB1, FERRY_INTERFACE_MIGRATION);
        change(mock, DB1, "{'State': <'planned'>}");
        mock_daemon_emit_added(mock, WEB8, FERRY_INTERFACE_MIGRATION, WEB8_PLANNED);
        change(mock, WEB8, "{'State': <'checked'>}");
        program_await(program, program->out, "checked\n");
        interrupt(program);

        cli_check(program, 0,
                  FIRST "db1 outgoing: precopy 75%, 256.0 MiB left, pass 2\n"
                        "db1 outgoing: switchover\n"
                        "db1 outgoing: finished after 42.1s (forecast 41.0s), downtime 525ms "
                        "(forecast 500ms), 512.0 MiB sent\n"
                        "b\303\274ro-2 incoming: rolled-back: b has no mtty-2 left\n"
                        "web8 outgoing: planned\n"
                        "web8 outgoing: checked\n",
                  "");
}

static void on_objects(MockDaemon *mock, const char *method, void *unused) {
        change(mock, DB1, "{'State': <'switchover'>}");
}

static void test_change_at_once(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock->on_call = on_objects;
        g_autoptr(Program) program = cli_start(mock, "migrations --watch", false);
        program_await(program, program->out, "switchover\n");
        interrupt(program);
        cli_check(program, 0, FIRST "db1 outgoing: switchover\n", "");
}

static void test_json(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrations --watch --json", false);
        g_auto(GStrv) lines = NULL;

        program_await(program, program->out, "prepared");
        change(mock, DB1, "{'State': <'switchover'>}");
        program_await(program, program->out, "switchover\"");
        g_assert_cmpint(kill(program->pid, SIGTERM), ==, 0);
        program_finish(program);

        g_assert_cmpint(program->status, ==, 0);
        lines = g_strsplit(program->out->str, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 4);
        g_assert_cmpstr(lines[2], ==,
                        "{\"Id\":\"f0000000-0000-4000-8000-000000000002\","
                        "\"DomainUUID\":\"0b7e3a52-51a9-4f0d-8f6b-1c0f1de40001\","
                        "\"DomainName\":\"db1\",\"Direction\":\"outgoing\","
                        "\"State\":\"switchover\",\"Reason\":\"\","
                        "\"Devices\":[[\"hostdev0\",\"sriov\",\"\",\"0000:3b:00.2\",\"\",\"\"]],"
                        "\"Timeline\":[[\"precopy\",1795173500000000]],\"DowntimeMSec\":-1,"
                        "\"TotalMSec\":-1,\"MemoryBytes\":536870912,\"VfioBytes\":0,"
                        "\"MemoryTotal\":1073741824,\"MemoryRemaining\":566231040,"
                        "\"Iterations\":1,\"Destination\":\"qemu+ssh://b/system\","
                        "\"DestinationReason\":\"\",\"Strategy\":\"vfio\","
                        "\"StrategyReason\":\"its devices carry their state, once it is paused\","
                        "\"Transfer\":\"\",\"TransferReason\":\"\","
                        "\"ForecastTotalMSec\":41000,\"ForecastDowntimeMSec\":500,"
                        "\"ForecastBytes\":536870912,\"AllowedDowntimeMSec\":-1,"
                        "\"SetupMSec\":-1,\"DirtyRate\":0,"
                        "\"LastTrafficUSec\":-1,\"FirstTrafficUSec\":-1}");
        g_assert_cmpstr(lines[3], ==, "");
}

/* One line of progress, written over itself, and a line for what is no progress. */
static void test_terminal(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        g_setenv("CLI_VARIABLE", "NO_COLOR=1", TRUE);
        program = cli_start(mock, "migrations --watch", true);
        g_unsetenv("CLI_VARIABLE");
        program_await(program, program->out, "prepared\r\n");
        change(mock, DB1, "{'MemoryRemaining': <uint64 268435456>}");
        change(mock, DB1, "{'MemoryRemaining': <uint64 134217728>}");
        program_await(program, program->out, "128.0 MiB left, pass 1");
        change(mock, DB1, "{'State': <'switchover'>}");
        program_await(program, program->out, "switchover\r\n");
        interrupt(program);

        cli_check(program, 0,
                  "db1 outgoing: precopy 47%, 540.0 MiB left, pass 1"
                  "\r\033[Kb\303\274ro-2 incoming: prepared\r\n"
                  "db1 outgoing: precopy 75%, 256.0 MiB left, pass 1"
                  "\r\033[Kdb1 outgoing: precopy 87%, 128.0 MiB left, pass 1"
                  "\r\033[Kdb1 outgoing: switchover\r\n",
                  "Following migrations until Ctrl-C.\n");
}

static void test_restart(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrations --watch", false);

        program_await(program, program->out, "prepared\n");
        g_assert_cmpint(sd_bus_release_name(mock->bus, FERRY_BUS_NAME), >=, 0);
        program_await(program, program->err, "\n");
        mock_daemon_set_objects(mock, "{'" WEB8 "': {'" FERRY_INTERFACE_MIGRATION "': " WEB8_PLANNED
                                      "}}");
        g_assert_cmpint(sd_bus_request_name(mock->bus, FERRY_BUS_NAME, 0), >=, 0);
        program_await(program, program->out, "planned\n");
        change(mock, WEB8, "{'State': <'checked'>}");
        program_await(program, program->out, "checked\n");
        interrupt(program);

        cli_check(program, 0, FIRST "web8 outgoing: planned\nweb8 outgoing: checked\n",
                  "virt-ferry: virtferryd has left the bus, waiting for it to come back\n");
}

static void test_lost_bus(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "migrations --watch", false);

        program_await(program, program->out, "prepared\n");
        private_bus_stop(cli_bus);
        program_finish(program);
        g_assert_cmpint(program->status, ==, 3);
        g_assert_nonnull(strstr(program->err->str, "the system bus cannot be reached: "));
}

int main(int argc, char *argv[]) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();

        g_test_add_func("/watch/shows each change of a migration once", test_changes);
        g_test_add_func("/watch/misses no change that comes while it looks", test_change_at_once);
        g_test_add_func("/watch/prints a line of JSON for each change", test_json);
        g_test_add_func("/watch/writes progress over itself on a terminal", test_terminal);
        g_test_add_func("/watch/goes on when the daemon is started anew", test_restart);
        g_test_add_func("/watch/exits with 3 when the bus is gone", test_lost_bus);

        r = g_test_run();
        cli_test_done();
        return r;
}
