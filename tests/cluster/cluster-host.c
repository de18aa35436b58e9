/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real virtferryd over a made-up host of two cores, with an mdev, on a bus of its own, whose
 * address is the first line that this prints. Each line of standard input is answered by "ok" when
 * it is done; it ends with its input. The arguments are the text of its configuration, and the URI
 * of a libvirt, without which it has none.
 *
 *   allocate UUID CORES   a hardware slice
 *   vfs COUNT             a PF with so many VFs, 0000:3b:10.0 and on
 *   stop, continue, kill  the daemon
 *   start                 the next one, after that
 *   start                 the next one
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

static void rescan(DaemonFixture *fixture) {
        sd_bus_message_unref(
                daemon_fixture_call(fixture, FERRY_INTERFACE_MANAGER, "Rescan", NULL, ""));
}

static void put_cores(DaemonFixture *fixture) {
        FakeRoot *root = fixture->root;

        fake_root_put(root, "sys/devices/system/cpu/online", "0-1\n", -1);
        fake_root_put(root, "sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0\n", -1);
        fake_root_put(root, "sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1\n", -1);
        rescan(fixture);
}

static void add_vfs(DaemonFixture *fixture, unsigned count) {
        const FakePci pf = { .driver = "igb", .total_vfs = count, .vf_driver = "igbvf" };

        fake_root_add_pf(fixture->root, "0000:3b:00.0", &pf);
        for (unsigned i = 0; i < count; i++)
                (void)fake_root_add_vf(fixture->root, "0000:3b:00.0");
        rescan(fixture);
}

static void allocate(DaemonFixture *fixture, const char *domain, const char *cores) {
        g_autofree char *definition = g_strdup_printf(
                "<slice version='1'><cores count='%s' exclusive='yes'/></slice>", cores);

        sd_bus_message_unref(daemon_fixture_call(fixture, FERRY_INTERFACE_MANAGER, "AllocateSlice",
                                                 NULL, "ssa{sv}", domain, definition, 0));
}

static bool obey(DaemonFixture *fixture, char **words) {
        unsigned n = g_strv_length(words);

        if (n == 3 && g_str_equal(words[0], "allocate"))
                allocate(fixture, words[1], words[2]);
        else if (n == 2 && g_str_equal(words[0], "vfs"))
                add_vfs(fixture, (unsigned)atoi(words[1]));
        else if (n == 1 && g_str_equal(words[0], "stop"))
                (void)kill(fixture->daemon->pid, SIGSTOP);
        else if (n == 1 && g_str_equal(words[0], "continue"))
                (void)kill(fixture->daemon->pid, SIGCONT);
        else if (n == 1 && g_str_equal(words[0], "kill"))
                (void)daemon_fixture_end(fixture, SIGKILL);
        else if (n == 1 && g_str_equal(words[0], "start"))
                daemon_fixture_start(fixture);
        else if (n == 1 && g_str_equal(words[0], "start"))
                daemon_fixture_start(fixture);
        else
                return false;
        return true;
}

static void say(const char *line) {
        (void)puts(line);
        (void)fflush(stdout);
}

int main(int argc, char **argv) {
        DaemonFixture fixture = { .libvirt = argc > 2 ? argv[2] : NULL };
        char line[128];

        daemon_fixture_set_up(&fixture, argc > 1 ? argv[1] : NULL);
        put_cores(&fixture);
        say(fixture.bus->address);
        while (fgets(line, sizeof(line), stdin)) {
                g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 0);

                say(obey(&fixture, words) ? "ok" : "not understood");
        }
        daemon_fixture_tear_down(&fixture, NULL);
        return 0;
}
