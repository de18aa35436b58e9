/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ListGuests() of the real daemon, with the one guest of libvirt's test driver. */

#include <signal.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define TEST_GUEST "6695eb01-f6a4-8304-79aa-97f2502e193f test running ''\n"

static char *list(DaemonFixture *f) {
        g_autoptr(sd_bus_message) reply = NULL;
        GString *text = g_string_new(NULL);
        const char *uuid, *name, *state, *owner;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListGuests", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(ssss)"), >, 0);
        while (sd_bus_message_read(reply, "(ssss)", &uuid, &name, &state, &owner) > 0)
                g_string_append_printf(text, "%s %s %s '%s'\n", uuid, name, state, owner);
        return g_string_free(text, FALSE);
}

static void test_a_guest_that_a_hook_lets_in_is_coming(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV), *before = list(f), *after = NULL;
        g_autoptr(sd_bus_message) filtered = NULL;

        g_assert_cmpstr(before, ==, "");
        filtered = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "FilterDomain", NULL, "ss",
                                       "migrate", xml);
        after = list(f);
        g_assert_cmpstr(after, ==, GUEST_UUID " g1 coming ''\n");
}

static int on_guests_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        *(bool *)userdata = true;
        return 0;
}

/* Asked for at each signal, as a follower does. */
static void test_what_libvirt_tells_is_told(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *text = g_strdup("");
        sd_bus_slot *slot = NULL;
        bool told = false;

        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        g_assert_cmpint(sd_bus_match_signal(f->client, &slot, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                            FERRY_INTERFACE_MANAGER, "GuestsChanged",
                                            on_guests_changed, &told),
                        >=, 0);
        f->libvirt = "test:///default";
        daemon_fixture_start(f);

        while (!g_str_equal(text, TEST_GUEST)) {
                while (!told)
                        g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
                told = false;
                g_free(text);
                text = list(f);
        }
        sd_bus_slot_unref(slot);
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                               \
        g_test_add("/guests/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a guest that a hook lets in is coming", test_a_guest_that_a_hook_lets_in_is_coming);
        ADD("what libvirt tells is told", test_what_libvirt_tells_is_told);
        return g_test_run();
}
