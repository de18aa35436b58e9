/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hook, the command and the daemon itself, over a made-up host. */

#include <string.h>

#include "tests/unit/dbus/daemon-fixture.h"

static Program *run(DaemonFixture *f, const char *line, const char *input) {
        g_autofree char *bus = g_strconcat("DBUS_SYSTEM_BUS_ADDRESS=", f->bus->address, NULL);
        const char *const environment[] = { "LC_ALL=C.UTF-8", "TZ=UTC", bus, NULL };
        g_auto(GStrv) argv = g_strsplit(line, " ", -1);
        Program *program;

        program = program_start(f->event, (const char *const *)argv, environment, input,
                                strlen(input));
        program_finish(program);
        return program;
}

/* What `command` prints; it says nothing else and exits with `status`. Free it. */
static char *ask(DaemonFixture *f, const char *command, const char *input, int status) {
        g_autofree char *line = g_strconcat(CLI " ", command, NULL);
        g_autoptr(Program) program = run(f, line, input);

        g_assert_cmpstr(program->err->str, ==, "");
        g_assert_cmpint(program->status, ==, status);
        return g_strdup(program->out->str);
}

static void check_has(DaemonFixture *f, const char *command, const char *text) {
        g_autofree char *out = ask(f, command, "", 0);

        if (!strstr(out, text))
                g_error("'%s' has no '%s': %s", command, text, out);
}

static void test_life_of_a_lease(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *from = guest_with_mdev(SOURCE_MDEV), *to = guest_with_mdev(HERE_MDEV);
        g_autofree char *lease = NULL, *release = NULL, *check = NULL;

        check_has(f, "devices --free", HERE_MDEV "  mdev   mtty");
        check = ask(f, "check --xml -", from, 0);
        g_assert_nonnull(strstr(check, "g1 fits.\n"));
        check_has(f, "leases", "No leases.\n");

        g_autoptr(Program) hook = run(f, HOOK " g1 migrate begin -", from);
        g_assert_cmpstr(hook->err->str, ==, "");
        g_assert_cmpstr(hook->out->str, ==, to);
        g_assert_cmpint(hook->status, ==, 0);
        check_has(f, "devices", "guest g1, reserved\n");
        check_has(f, "devices --free", "No devices.\n");
        check_has(f, "migrations", "g1     incoming   reserved");

        lease = ask(f, "leases --no-legend", "", 0);
        *strchr(lease, ' ') = '\0';
        release = g_strconcat("release ", lease, NULL);
        g_free(ask(f, release, "", 0));
        check_has(f, "leases", "No leases.\n");
}

static void test_refusal(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *text = guest_with_mdev(SOURCE_MDEV);
        g_auto(GStrv) parts = g_strsplit(text, "mtty-1", -1);
        g_autofree char *xml = g_strjoinv("mtty-9", parts);
        g_autofree char *check = ask(f, "check --xml -", xml, 1);
        g_autoptr(Program) hook = run(f, HOOK " g1 migrate begin -", xml);

        g_assert_nonnull(strstr(check, "g1 does not fit: 1 of 1 devices.\n"));
        g_assert_cmpint(hook->status, ==, 1);
        g_assert_cmpstr(hook->out->str, ==, "");
        g_assert_true(g_str_has_prefix(hook->err->str, "virt-ferry: "));
        g_assert_nonnull(strstr(hook->err->str, "mtty-9"));
        g_assert_null(strstr(hook->err->str, "does not answer"));
        g_assert_true(strchr(hook->err->str, '\n')[1] == '\0');
}

static void test_no_such_lease(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(Program) program = run(f, CLI " release nothing", "");

        g_assert_cmpint(program->status, ==, 1);
        g_assert_nonnull(strstr(program->err->str, "nothing"));
}

static void test_json(DaemonFixture *f, gconstpointer unused) {
        check_has(f, "devices --json", "\"Id\" : \"" HERE_MDEV "\"");
        check_has(f, "offers --json", "\"Type\" : \"mtty-2\"");
        check_has(f, "rescan", "");
}

#define DEFINITION "<slice version='1'><cores count='3' exclusive='yes'/></slice>"

static void test_life_of_a_slice(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *dry = NULL, *allocated = NULL;
        g_autoptr(Program) refused = NULL;

        fake_root_put(f->root, "sys/devices/system/cpu/online", "0-3\n", -1);
        dry = ask(f, "slice allocate " GUEST_UUID " - --dry-run --explain", DEFINITION, 0);
        g_assert_nonnull(strstr(dry, "would be promised:\n"));
        check_has(f, "slice list", "No hardware slices.\n");

        allocated = ask(f, "slice allocate " GUEST_UUID " -", DEFINITION, 0);
        g_assert_nonnull(strstr(allocated, "is promised:\n"));
        check_has(f, "slice list", "promised  guaranteed     3");
        check_has(f, "slice show " GUEST_UUID, "<ferry:cores count='3' exclusive='yes'/>\n");
        check_has(f, "resources", "4 cores");
        check_has(f, "resources", "++");

        refused = run(f, CLI " slice add " GUEST_UUID " cores 2", "");
        g_assert_cmpint(refused->status, ==, 1);
        g_assert_true(g_str_has_prefix(refused->err->str, "virt-ferry: This host has "));
        g_assert_true(strchr(refused->err->str, '\n')[1] == '\0');

        check_has(f, "slice remove " GUEST_UUID " cores 3", ": cores - 3\n");
        check_has(f, "slice list", "No hardware slices.\n");
}

#define ADD(name, function)                                                    \
        g_test_add(name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        ADD("/whole/a lease that the hook has made is shown and released", test_life_of_a_lease);
        ADD("/whole/a guest that does not fit is refused with the daemon's sentence", test_refusal);
        ADD("/whole/a lease that is not there cannot be released", test_no_such_lease);
        ADD("/whole/a hardware slice is promised, shown and given back", test_life_of_a_slice);
        ADD("/whole/the daemon's own objects are readable as JSON", test_json);

        return g_test_run();
}
