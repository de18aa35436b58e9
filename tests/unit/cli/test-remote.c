/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* -H: an ssh of the test's own, which goes nowhere. */

#include <glib/gstdio.h>
#include <string.h>

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
        g_autofree char *calls = mock_daemon_take_calls(mock);
        g_assert_cmpstr(calls, ==, "Rescan(), Rescan()");
}

static void test_not_there(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        set_ssh("#!/bin/sh\nexit 255\n");
        g_autoptr(Program) program = cli_run(mock, "leases --host b.example");
        cli_check(program, 3, "",
                  "virt-ferry: the system bus of b.example cannot be reached: see whether "
                  "'ssh b.example systemd-stdio-bridge' works\n");
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

        r = g_test_run();
        ssh = g_build_filename(folder, "ssh", NULL);
        (void)g_remove(ssh);
        (void)g_rmdir(folder);
        g_free(folder);
        cli_test_done();
        return r;
}
