/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real virtferryd over a made-up host, with one PF and an offload device of 16 cores that is
 * behind it, on a bus of its own, whose address is the first line that this prints. Each line of
 * standard input is answered by "ok" when it is done; it ends with its input. An argument is the
 * text of its configuration.
 *
 *   allocate UUID CORES, release UUID     a hardware slice of the offload device
 */

#include <stdio.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define PF      "0000:3b:00.0"
#define OFFLOAD "dpu0"

static void allocate(DaemonFixture *fixture, const char *domain, const char *cores) {
        g_autofree char *definition = g_strdup_printf(
                "<slice version='1'><offload name='" OFFLOAD "' cores='%s'/></slice>", cores);

        sd_bus_message_unref(daemon_fixture_call(fixture, FERRY_INTERFACE_MANAGER, "AllocateSlice",
                                                 NULL, "ssa{sv}", domain, definition, 0));
}

static void release(DaemonFixture *fixture, const char *domain) {
        g_autofree char *path = object_path(FERRY_OBJECT_SLICE, domain);

        g_assert_cmpint(sd_bus_call_method(fixture->client, FERRY_BUS_NAME, path,
                                           FERRY_INTERFACE_SLICE, "Deallocate", NULL, NULL, ""),
                        >=, 0);
}

static bool obey(DaemonFixture *fixture, char **words) {
        unsigned n = g_strv_length(words);

        if (n == 3 && g_str_equal(words[0], "allocate"))
                allocate(fixture, words[1], words[2]);
        else if (n == 2 && g_str_equal(words[0], "release"))
                release(fixture, words[1]);
        else
                return false;
        return true;
}

static void say(const char *line) {
        (void)puts(line);
        (void)fflush(stdout);
}

int main(int argc, char **argv) {
        const FakePci pf = { .driver = "igb", .netdev = "eth0" };
        DaemonFixture fixture = { 0 };
        char line[128];

        daemon_fixture_set_up(&fixture, argc > 1 ? argv[1] : NULL);
        fake_root_add_pf(fixture.root, PF, &pf);
        fake_root_put(fixture.root, "etc/virtferry/pools.d/dpu0.conf",
                      "[Resource " OFFLOAD "]\nParent=" PF "\nCores=16\n", -1);
        sd_bus_message_unref(
                daemon_fixture_call(&fixture, FERRY_INTERFACE_MANAGER, "Rescan", NULL, ""));
        say(fixture.bus->address);
        while (fgets(line, sizeof(line), stdin)) {
                g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 0);

                say(obey(&fixture, words) ? "ok" : "not understood");
        }
        daemon_fixture_tear_down(&fixture, NULL);
        return 0;
}
