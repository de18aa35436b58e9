/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* check DOMAIN [HOST]: one daemon of the test's own, which is both hosts; the
 * ssh to the other is a script.
 */

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

static char *folder;

/* An ssh that goes to the bus of the test, and to no host but b and c. */
static bool make_ssh(void) {
        g_autofree char *bridge = g_find_program_in_path("systemd-stdio-bridge");
        g_autofree char *path = g_build_filename(folder, "ssh", NULL), *script = NULL;

        if (!bridge)
                return false;

        script = g_strdup_printf("#!/bin/sh\n"
                                 "case \"$*\" in *' b '* | *' c '*) ;; *) exit 255 ;; esac\n"
                                 "exec systemd-stdio-bridge --bus-path='%s'\n",
                                 cli_bus->address);
        return g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL);
}

static MockDaemon *mock_new(const char *findings, const char *answers, const char *host) {
        g_autofree char *guest = g_strdup_printf("('db1', '<domain/>', @a(sss) %s)", findings);
        g_autofree char *domain = g_strdup_printf("('db1', @a(sbssbssss) %s)", answers);
        g_autofree char *state = g_strdup_printf("(@a(sss) %s,)", host);
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckGuest", guest);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain", domain);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckArrival", state);
        return mock;
}

/* What each half of a trial answers; NULL: it is not asked. */
static void set_trial(MockDaemon *mock, const char *saved, const char *loaded) {
        g_autofree char *save = g_strdup_printf("(%s, @a(ssttiss) [], b'abc')", saved);
        g_autofree char *load = g_strdup_printf(
                "(%s, @a(ssttiss) [('load', 'done', 9, 22, 0, '', '')])",
                loaded ?: "'', false, ''");

        if (!saved)
                return;
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "SaveTrialState", save);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "LoadTrialState", load);
}

#define BLOCKED "[('error', 'hostdev0 (0000:3b:10.0)', 'vfio-pci saves no state: take another')]"
#define WARNED  "[('warning', 'kernel', 'The kernel is locked down')]"
#define MISFIT                                                                                \
        "[('hostdev0', true, '0000:3b:10.0', '0000:af:10.0', false, 'sriov', '', 'default', " \
        "'it is free'), ('hostdev1', false, '0000:3b:10.2', '', false, '', '', '', "          \
        "'hostdev1 needs a VF: choose another host')]"
#define FIT                                                                                   \
        "[('hostdev0', true, '0000:3b:10.0', '0000:af:10.0', false, 'sriov', '', 'default', " \
        "'it is free')]"

#define ASKED "CheckGuest(db1), CheckDomain(XML), CheckArrival(XML)"
#define SAVED "'m1', true, 'm1: its driver mtty saves and loads its state'"

static const struct {
        const char *name, *command;
        const char *findings, *answers, *host;
        int status;
        const char *calls, *out;
        const char *saved, *loaded;
} cases[] = {
        { "a guest that can move", "check db1", "[]", "[]", "[]", 0, "CheckGuest(db1)",
          "db1 can move.\n" },
        { "a guest that cannot", "check db1", BLOCKED, "[]", "[]", 1, "CheckGuest(db1)",
          "SEVERITY  HOST  OBJECT                   FINDING\n"
          "error     here  hostdev0 (0000:3b:10.0)  vfio-pci saves no state: take another\n"
          "db1 cannot move: 1 error.\n" },
        { "warnings keep nobody", "check db1", WARNED, "[]", "[]", 0, "CheckGuest(db1)",
          "SEVERITY  HOST  OBJECT  FINDING\n"
          "warning   here  kernel  The kernel is locked down\n"
          "db1 can move.\n" },
        { "no legend", "check --no-legend db1", WARNED, "[]", "[]", 0, "CheckGuest(db1)",
          "warning  here  kernel  The kernel is locked down\n" },
        { "a host that takes it", "check db1 b", "[]", FIT, "[]", 0,
          "CheckGuest(db1), CheckDomain(XML), CheckArrival(XML)", "db1 can move to b.\n" },
        { "a host that does not", "check db1 b", WARNED, MISFIT, WARNED, 1,
          "CheckGuest(db1), CheckDomain(XML), CheckArrival(XML)",
          "SEVERITY  HOST  OBJECT    FINDING\n"
          "warning   here  kernel    The kernel is locked down\n"
          "error     b     hostdev1  hostdev1 needs a VF: choose another host\n"
          "warning   b     kernel    The kernel is locked down\n"
          "db1 cannot move to b: 1 error.\n" },
        { "a host that lacks something", "check db1 b", BLOCKED, FIT, BLOCKED, 1,
          "CheckGuest(db1), CheckDomain(XML), CheckArrival(XML)",
          "SEVERITY  HOST  OBJECT                   FINDING\n"
          "error     here  hostdev0 (0000:3b:10.0)  vfio-pci saves no state: take another\n"
          "error     b     hostdev0 (0000:3b:10.0)  vfio-pci saves no state: take another\n"
          "db1 cannot move to b: 2 errors.\n" },
        { "from another host", "-H c check db1 b", WARNED, FIT, "[]", 0,
          "CheckGuest(db1), CheckDomain(XML), CheckArrival(XML)",
          "SEVERITY  HOST  OBJECT  FINDING\n"
          "warning   c     kernel  The kernel is locked down\n"
          "db1 can move to b.\n" },
        { "a trial that is good", "check --trial db1 b", "[]", FIT, "[]", 0,
          ASKED ", SaveTrialState(db1, hostdev0), LoadTrialState(XML, hostdev0)",
          "SEVERITY  HOST  OBJECT    FINDING\n"
          "note      b     hostdev0  Tried: m2 loads the state of m1 (22 B)\n"
          "db1 can move to b.\n",
          SAVED, "'m2', true, 'm2: its driver mtty loads this state'" },
        { "a trial that fails there", "check --trial db1 b", "[]", FIT, "[]", 1,
          ASKED ", SaveTrialState(db1, hostdev0), LoadTrialState(XML, hostdev0)",
          "SEVERITY  HOST  OBJECT    FINDING\n"
          "error     b     hostdev0  A trial has failed, as the move would with the guest paused: "
          "m2: its driver mtty refuses to load the state: Bad address (EFAULT); use another device "
          "or driver\n"
          "db1 cannot move to b: 1 error.\n",
          SAVED,
          "'m2', false, 'm2: its driver mtty refuses to load the state: Bad address (EFAULT)'" },
        { "a trial that fails here", "check --trial db1 b", "[]", FIT, "[]", 1,
          ASKED ", SaveTrialState(db1, hostdev0)",
          "SEVERITY  HOST  OBJECT    FINDING\n"
          "error     here  hostdev0  A trial has failed, as the move would with the guest paused: "
          "m1: its driver mtty fails to save its state: Input/output error (EIO); use another "
          "device or driver\n"
          "db1 cannot move to b: 1 error.\n",
          "'m1', false, 'm1: its driver mtty fails to save its state: Input/output error (EIO)'",
          NULL },
        { "no free device to try", "check --trial db1 b", "[]", FIT, "[]", 0,
          ASKED ", SaveTrialState(db1, hostdev0)",
          "SEVERITY  HOST  OBJECT    FINDING\n"
          "note      here  hostdev0  Not tried: this host has no free device\n"
          "db1 can move to b.\n",
          "'', false, 'this host has no free device'", NULL },
        { "nothing to try it in", "check --trial --json db1 b", "[]", FIT, "[]", 0,
          ASKED ", SaveTrialState(db1, hostdev0), LoadTrialState(XML, hostdev0)",
          "{\n"
          "  \"Domain\" : \"db1\",\n"
          "  \"Destination\" : \"b\",\n"
          "  \"Findings\" : [\n"
          "    {\n"
          "      \"Severity\" : \"note\",\n"
          "      \"Host\" : \"b\",\n"
          "      \"Object\" : \"hostdev0\",\n"
          "      \"Finding\" : \"Not tried: it is leased\"\n"
          "    }\n"
          "  ]\n"
          "}\n",
          SAVED, "'', false, 'it is leased'" },
        { "what does not fit is not tried", "check --trial db1 b", "[]", MISFIT, "[]", 1,
          ASKED ", SaveTrialState(db1, hostdev0)",
          "SEVERITY  HOST  OBJECT    FINDING\n"
          "error     b     hostdev1  hostdev1 needs a VF: choose another host\n"
          "note      here  hostdev0  Not tried: none is free\n"
          "db1 cannot move to b: 1 error.\n",
          "'', false, 'none is free'", NULL },
        { "JSON", "check --json db1 b", WARNED, MISFIT, "[]", 1,
          "CheckGuest(db1), CheckDomain(XML), CheckArrival(XML)",
          "{\n"
          "  \"Domain\" : \"db1\",\n"
          "  \"Destination\" : \"b\",\n"
          "  \"Findings\" : [\n"
          "    {\n"
          "      \"Severity\" : \"warning\",\n"
          "      \"Host\" : \"\",\n"
          "      \"Object\" : \"kernel\",\n"
          "      \"Finding\" : \"The kernel is locked down\"\n"
          "    },\n"
          "    {\n"
          "      \"Severity\" : \"error\",\n"
          "      \"Host\" : \"b\",\n"
          "      \"Object\" : \"hostdev1\",\n"
          "      \"Finding\" : \"hostdev1 needs a VF: choose another host\"\n"
          "    }\n"
          "  ]\n"
          "}\n" },
};

static void test_case(gconstpointer data) {
        guint i = GPOINTER_TO_UINT(data);
        g_autoptr(MockDaemon) mock = mock_new(cases[i].findings, cases[i].answers, cases[i].host);

        if (strstr(cases[i].calls, "CheckArrival") && !make_ssh()) {
                g_test_skip("there is no systemd-stdio-bridge");
                return;
        }

        set_trial(mock, cases[i].saved, cases[i].loaded);
        g_autoptr(Program) program = cli_run(mock, cases[i].command);
        cli_check(program, cases[i].status, cases[i].out, "");
        cli_check_calls(mock, cases[i].calls);
}

/* From the trial on the daemon refuses. */
static void refuse_trials(MockDaemon *mock, const char *method, void *unused) {
        if (g_str_equal(method, "CheckArrival"))
                mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "Hardware",
                                      "m1: its driver mtty hangs: boot the host");
}

static void test_a_trial_that_is_refused_stands_with_the_rest(void) {
        g_autoptr(MockDaemon) mock = mock_new(WARNED, FIT, "[]");

        if (!make_ssh()) {
                g_test_skip("there is no systemd-stdio-bridge");
                return;
        }
        mock->on_call = refuse_trials;
        g_autoptr(Program) program = cli_run(mock, "check --trial db1 b");
        cli_check(program, 1,
                  "SEVERITY  HOST  OBJECT    FINDING\n"
                  "warning   here  kernel    The kernel is locked down\n"
                  "error     here  hostdev0  m1: its driver mtty hangs: boot the host\n"
                  "db1 cannot move to b: 1 error.\n",
                  "");
}

/* What was mended is not there any more, and what that brings to light is. */
static void mend_hook(MockDaemon *mock, const char *method, void *rounds) {
        unsigned *n = rounds;

        if (!g_str_equal(method, "ListFixes"))
                return;
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListFixes",
                              *n == 0 ? "([('restart-libvirt libvirtd', 'libvirtd', 'It is older', "
                                        "'restarts it')],)"
                                      : "(@a(ssss) [],)");
        (*n)++;
}

static void test_what_can_be_mended_is_and_the_check_follows(void) {
        g_autoptr(MockDaemon) mock = mock_new("[]", "[]", "[]");
        unsigned rounds = 0;

        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "ListFixes",
                "([('install-hook hook', '/etc/hook', 'It is missing', 'puts it')],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Fix", "('mends it',)");
        mock->on_call = mend_hook;
        mock->userdata = &rounds;
        g_autoptr(Program) program = cli_run(mock, "check --fix db1");
        cli_check(program, 0, "db1 can move.\n", "/etc/hook: mends it\nlibvirtd: mends it\n");
        cli_check_calls(mock, "ListFixes(), Fix(install-hook hook), ListFixes(), "
                              "Fix(restart-libvirt libvirtd), ListFixes(), CheckGuest(db1)");
}

static void test_what_is_not_mended_is_tried_once(void) {
        g_autoptr(MockDaemon) mock = mock_new("[]", FIT, "[]");

        if (!make_ssh()) {
                g_test_skip("there is no systemd-stdio-bridge");
                return;
        }
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListFixes",
                              "([('load-driver x', '0000:3b:10.0', 'It is not', 'loads x')],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Fix", "('loads x',)");
        g_autoptr(Program) program = cli_run(mock, "check --fix db1 b");
        cli_check(program, 0, "db1 can move to b.\n",
                  "0000:3b:10.0: loads x\nb: 0000:3b:10.0: loads x\n");
        cli_check_calls(mock, "ListFixes(), Fix(load-driver x), ListFixes(), "
                              "ListFixes(), Fix(load-driver x), ListFixes(), " ASKED);
}

/* After the list the daemon refuses. */
static void refuse_fixes(MockDaemon *mock, const char *method, void *unused) {
        bool listed = g_str_equal(method, "ListFixes");

        mock_daemon_set_error(mock, listed ? FERRY_ERROR_PREFIX "Unavailable" : NULL,
                              "x: systemd has not done it (failed): see 'journalctl -u x'");
}

static void test_a_fix_that_is_refused_is_a_line(void) {
        g_autoptr(MockDaemon) mock = mock_new("[]", "[]", "[]");

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListFixes",
                              "([('load-driver x', 'x', 'It is not', 'loads x')],)");
        mock->on_call = refuse_fixes;
        g_autoptr(Program) program = cli_run(mock, "check --fix");
        g_assert_true(
                g_str_has_prefix(program->err->str, "x: systemd has not done it (failed): see"));
}

static void test_a_host_that_is_not_there(void) {
        g_autoptr(MockDaemon) mock = mock_new("[]", "[]", "[]");

        (void)make_ssh();
        g_autoptr(Program) program = cli_run(mock, "check db1 d");
        cli_check(program, 3, "",
                  "virt-ferry: the system bus of d cannot be reached: see whether 'ssh d "
                  "systemd-stdio-bridge' works\n");
}

static void test_a_guest_that_is_not_there(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NotFound", "This host has no guest 'x'");
        g_autoptr(Program) program = cli_run(mock, "check x");
        cli_check(program, 1, "", "virt-ferry: This host has no guest 'x'\n");
}

static void test_one_question_at_a_time(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        cli_check_usage(mock, "check db1 --xml -", "'check' takes a guest or --xml, not both");
        cli_check_usage(mock, "check --trial db1", "'check --trial' needs DOMAIN and HOST");
        cli_check_usage(mock, "check a b c", "'check' takes at most DOMAIN and HOST");
}

int main(int argc, char *argv[]) {
        g_autofree char *path = NULL, *ssh = NULL;
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        folder = g_dir_make_tmp("check-XXXXXX", NULL);
        path = g_strdup_printf("%s:%s", folder, g_getenv("PATH"));
        g_setenv("PATH", path, TRUE);

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = g_strconcat("/check/", cases[i].name, NULL);

                g_test_add_data_func(name, GUINT_TO_POINTER(i), test_case);
        }
        g_test_add_func("/check/a trial that is refused stands with the rest",
                        test_a_trial_that_is_refused_stands_with_the_rest);
        g_test_add_func("/check/what can be mended is and the check follows",
                        test_what_can_be_mended_is_and_the_check_follows);
        g_test_add_func("/check/what is not mended is tried once",
                        test_what_is_not_mended_is_tried_once);
        g_test_add_func("/check/a fix that is refused is a line",
                        test_a_fix_that_is_refused_is_a_line);
        g_test_add_func("/check/a host that is not there is told", test_a_host_that_is_not_there);
        g_test_add_func("/check/a guest that is not there is told", test_a_guest_that_is_not_there);
        g_test_add_func("/check/one question at a time", test_one_question_at_a_time);

        r = g_test_run();
        ssh = g_build_filename(folder, "ssh", NULL);
        (void)g_remove(ssh);
        (void)g_rmdir(folder);
        g_free(folder);
        cli_test_done();
        return r;
}
