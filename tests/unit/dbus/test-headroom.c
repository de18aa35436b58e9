/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define PF "0000:3b:00.0"

static void put_host(DaemonFixture *f) {
        FakeRoot *root = f->root;

        fake_root_put(root, "sys/devices/system/cpu/online", "0-1\n", -1);
        fake_root_put(root, "sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0\n", -1);
        fake_root_put(root, "sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1\n", -1);
}

static char *list(DaemonFixture *f) {
        GString *text = g_string_new(NULL);
        g_autoptr(sd_bus_message) reply = NULL;
        const char *device, *kind, *name, *resource, *level;
        uint64_t total, taken, expected;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListHeadroom", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(ssssttts)"), >, 0);
        while (sd_bus_message_read(reply, "(ssssttts)", &device, &kind, &name, &resource, &total,
                                   &taken, &expected, &level) > 0)
                g_string_append_printf(text, "%s %s \"%s\" %s: %u, %u, %u, %s\n", kind, device,
                                       name, resource, (unsigned)total, (unsigned)taken,
                                       (unsigned)expected, level);
        return g_string_free(text, FALSE);
}

static void test_headroom_is_told(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *text = NULL;

        put_host(f);
        text = list(f);
        g_assert_cmpstr(text, ==, "host  \"host\" cores: 2, 0, 0, high\n");
}

/* What is promised is told at once; by it the level falls. */
static void test_a_promise_is_taken_at_once(DaemonFixture *f, gconstpointer unused) {
        static const char slice[] = "<slice version='1'><cores count='2' exclusive='yes'/></slice>";
        g_autoptr(sd_bus_message) reply = NULL;
        g_autofree char *before = NULL, *after = NULL;

        put_host(f);
        before = list(f);
        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateSlice", NULL, "ssa{sv}",
                                    GUEST_UUID, slice, 0);
        after = list(f);
        g_assert_cmpstr(before, ==, "host  \"host\" cores: 2, 0, 0, high\n");
        g_assert_cmpstr(after, ==, "host  \"host\" cores: 2, 2, 0, low\n");
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                                 \
        g_test_add("/headroom/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("is told", test_headroom_is_told);
        ADD("what is promised is taken at once", test_a_promise_is_taken_at_once);
        return g_test_run();
}
