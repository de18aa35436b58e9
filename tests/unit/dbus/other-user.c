/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/dbus/other-user.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/names.h"

#define NOBODY 65534
#define CALL   "--call-as-nobody"

/* The child ----------------------------------------------------------------------- */

bool other_user_is_asked(int argc, char **argv) {
        return argc >= 5 && g_str_equal(argv[1], CALL);
}

/* A method of a device is HERE_MDEV's, one of advice is of that with id 1, all others are the
 * root's. */
static char *path_of(const char *interface) {
        if (g_str_equal(interface, FERRY_INTERFACE_ADVICE))
                return object_path(FERRY_OBJECT_ADVICE, "1");
        return g_str_equal(interface, FERRY_INTERFACE_DEVICE)
                       ? object_path(FERRY_OBJECT_DEVICE, HERE_MDEV)
                       : g_strdup(FERRY_OBJECT_ROOT);
}

static int call(sd_bus *bus, const char *interface, const char *method, const char *argument) {
        g_autofree char *path = path_of(interface);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = NULL;

        if (sd_bus_message_new_method_call(bus, &m, FERRY_BUS_NAME, path, interface, method) < 0 ||
            (argument && sd_bus_message_append(m, "s", argument) < 0))
                return 3;

        if (sd_bus_call(bus, m, 0, &error, NULL) >= 0)
                return printf("done") < 0;
        return printf("%s: %s", error.name, error.message) < 0;
}

int other_user_main(char **argv) {
        const char *address = argv[2], *interface = argv[3], *method = argv[4], *argument = argv[5];
        sd_bus *bus;
        int r;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
                return 1;
        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
            sd_bus_set_bus_client(bus, true) < 0 || sd_bus_start(bus) < 0)
                return 2;

        r = call(bus, interface, method, argument);
        sd_bus_flush_close_unref(bus);
        return r;
}

/* The test ------------------------------------------------------------------------ */

bool other_user_can_be(void) {
        if (geteuid() == 0)
                return true;

        g_test_skip("only root can become somebody else");
        return false;
}

char *other_user_calls(DaemonFixture *fixture, const char *interface, const char *method,
                       const char *argument) {
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
        const char *argv[] = {
                self, CALL, fixture->bus->address, interface, method, argument, NULL
        };
        const char *const environment[] = { NULL };
        g_autoptr(Program) child = NULL;

        child = program_start(fixture->event, argv, environment, "", 0);
        program_finish(child);
        g_assert_cmpint(child->status, ==, 0);
        return g_strdup(child->out->str);
}
