/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/lib/private-bus.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* A test that fails aborts, and its bus must not stay behind. */
static void die_with_parent(void *unused) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

PrivateBus *private_bus_new(void) {
        const char *argv[] = { "dbus-daemon", "--nofork", "--print-address",
                               "--config-file=" PRIVATE_BUS_CONFIG, NULL };
        PrivateBus *bus = g_new0(PrivateBus, 1);
        g_autoptr(GError) error = NULL;
        char line[512];
        FILE *out;
        int fd;

        g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                         G_SPAWN_STDERR_TO_DEV_NULL,
                                 die_with_parent, NULL, &bus->pid, NULL, &fd, NULL, &error);
        g_assert_no_error(error);

        out = fdopen(fd, "r");
        g_assert_nonnull(fgets(line, sizeof(line), out));
        (void)fclose(out);
        bus->address = g_strdup(g_strchomp(line));
        return bus;
}

void private_bus_stop(PrivateBus *bus) {
        if (bus->pid == 0)
                return;

        (void)kill(bus->pid, SIGTERM);
        (void)waitpid(bus->pid, NULL, 0);
        bus->pid = 0;
}

void private_bus_free(PrivateBus *bus) {
        if (!bus)
                return;

        private_bus_stop(bus);
        g_free(bus->address);
        g_free(bus);
}
