/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* advice --watch, and what cannot be applied. */

#include <signal.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

#define SEVENTH FERRY_OBJECT_ADVICE "/_37"
#define TENTH   FERRY_OBJECT_ADVICE "/_310"

#define NINTH_LINES                                                                 \
        "9: db2 should give 0000:3b:00.3 back, since it hardly uses it for hours\n" \
        "  virt-ferry move db2 52:54:00:00:00:03 virtio:br0\n"

#define TENTH_ADVICE                                                                      \
        "{'Id': <'10'>, 'Kind': <'promote'>,"                                             \
        " 'DomainUUID': <'0b7e3a52-51a9-4f0d-8f6b-1c0f1de40003'>, 'DomainName': <'db3'>," \
        " 'Target': <'0000:3b:00.4'>, 'OtherUUID': <''>, 'OtherName': <''>,"              \
        " 'Reason': <'rises'>, 'Sentence': <'db3 should have\\n0000:3b:00.4'>,"           \
        " 'Values': <@a{sd} {}>, 'Commands': <['virt-ferry move db3 hostdev0 x']>,"       \
        " 'Acts': <true>, 'SinceUSec': <uint64 1763719805000000>}"

static void change(MockDaemon *mock, const char *properties) {
        mock_daemon_emit_changed(mock, SEVENTH, FERRY_INTERFACE_ADVICE, properties);
}

static void interrupt(Program *program) {
        g_assert_cmpint(kill(program->pid, SIGINT), ==, 0);
        program_finish(program);
}

static void test_what_comes_and_goes_is_told(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "advice --watch", false);
        g_autofree char *first = cli_test_file("golden/advice.txt"), *all = NULL;

        program_await(program, program->out, NINTH_LINES);
        change(mock, "{'Sentence': <'other figures'>}"); /* is no news */
        mock_daemon_emit_removed(mock, SEVENTH, FERRY_INTERFACE_ADVICE);
        mock_daemon_emit_removed(mock, FERRY_OBJECT_LEASE "/_31", FERRY_INTERFACE_LEASE);
        mock_daemon_emit_added(mock, TENTH, FERRY_INTERFACE_ADVICE, TENTH_ADVICE);
        program_await(program, program->out, "hostdev0 x\n");
        interrupt(program);

        all = g_strconcat(first,
                          "7: not advised any more\n"
                          "10: db3 should have 0000:3b:00.4\n"
                          "  virt-ferry move db3 hostdev0 x\n",
                          NULL);
        cli_check(program, 0, all, "");
}

static void test_programs_are_told_of_figures_too(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "advice --watch --json", false);
        g_auto(GStrv) lines = NULL;

        program_await(program, program->out, "\"Id\":\"9\"");
        change(mock, "{'Sentence': <'other figures'>}");
        mock_daemon_emit_removed(mock, SEVENTH, FERRY_INTERFACE_ADVICE);
        program_await(program, program->out, "Withdrawn");
        interrupt(program);

        lines = g_strsplit(program->out->str, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 5);
        g_assert_true(g_str_has_prefix(lines[2], "{\"Id\":\"7\","));
        g_assert_nonnull(g_strstr_len(lines[2], -1, "\"Sentence\":\"other figures\""));
        g_assert_cmpstr(lines[3], ==, "{\"Id\":\"7\",\"Withdrawn\":true}");
}

/* Whoever restarts it has no numbers of before. */
static void test_a_daemon_that_comes_back_says_it_anew(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_start(mock, "advice --watch", false);
        g_autofree char *first = cli_test_file("golden/advice.txt"), *all = NULL;

        program_await(program, program->out, NINTH_LINES);
        g_assert_cmpint(sd_bus_release_name(mock->bus, FERRY_BUS_NAME), >=, 0);
        program_await(program, program->err, "\n");
        mock_daemon_set_objects(mock,
                                "{'" TENTH "': {'" FERRY_INTERFACE_ADVICE "': " TENTH_ADVICE "}}");
        g_assert_cmpint(sd_bus_request_name(mock->bus, FERRY_BUS_NAME, 0), >=, 0);
        program_await(program, program->out, "hostdev0 x\n");
        interrupt(program);

        all = g_strconcat(first,
                          "7: not advised any more\n"
                          "9: not advised any more\n"
                          "10: db3 should have 0000:3b:00.4\n"
                          "  virt-ferry move db3 hostdev0 x\n",
                          NULL);
        g_assert_cmpstr(program->out->str, ==, all);
        g_assert_cmpint(program->status, ==, 0);
}

static void test_what_is_not_advised_cannot_be_applied(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = cli_run(mock, "apply 8");

        cli_check(program, 1, "",
                  "virt-ferry: Advice '8' is not given, or not any more: 'virt-ferry advice' shows "
                  "what is\n");
        cli_check_calls(mock, "GetManagedObjects()");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/advice/what comes and goes is told", test_what_comes_and_goes_is_told);
        g_test_add_func("/advice/programs are told of figures, too",
                        test_programs_are_told_of_figures_too);
        g_test_add_func("/advice/a daemon that comes back says it anew",
                        test_a_daemon_that_comes_back_says_it_anew);
        g_test_add_func("/advice/what is not advised cannot be applied",
                        test_what_is_not_advised_cannot_be_applied);
        r = g_test_run();
        cli_test_done();
        return r;
}
