/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/guest-list.h"
#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"

#define NOVA_INSTANCE \
        "<nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata>"

/* g1 with a device, an instance of Nova or not. */
static char *instance_xml(const char *mdev, bool nova) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, mdev, "mtty-1");
        g_auto(GStrv) parts = g_strsplit(xml, "</metadata>", 2);

        return g_strjoinv(nova ? NOVA_INSTANCE : "</metadata>", parts);
}

static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fixture_connect(f);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
}

static void assert_guests(Fixture *f, const char *expected) {
        g_autoptr(GPtrArray) rows = guest_list(f->manager);
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < rows->len; i++) {
                const GuestRow *row = rows->pdata[i];

                g_string_append_printf(text, "%s %s '%s'\n", row->name,
                                       guest_state_to_string(row->state), row->owner);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

/* As the daemon hands it on. */
static bool tell(Fixture *f, GuestEventKind kind, const char *xml) {
        const GuestEvent event = {
                .kind = kind, .uuid = (char *)GUEST_UUID, .name = (char *)"g1", .xml = (char *)xml
        };

        manager_on_guest_event(f->manager, &event);
        return guest_list_on_guest_event(f->manager, &event);
}

static void test_an_instance_of_nova_comes_runs_and_ends(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = instance_xml(SOURCE_MDEV, true), *here = NULL;
        g_autoptr(GError) error = NULL;

        assert_guests(f, "");
        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        assert_guests(f, "g1 coming 'nova'\n");
        g_assert_true(manager_prepare_domain(f->manager, here, &error));
        assert_guests(f, "g1 coming 'nova'\n");
        g_assert_true(tell(f, GUEST_INCOMING, here));
        assert_guests(f, "g1 coming 'nova'\n");
        g_assert_true(tell(f, GUEST_ARRIVED, here));
        assert_guests(f, "g1 running 'nova'\n");

        g_assert_true(tell(f, GUEST_STOPPED, NULL));
        g_assert_true(manager_release_domain(f->manager, here, "shutdown", &error));
        assert_guests(f, "");
}

static void test_a_guest_of_nobody_starts_and_leaves(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = instance_xml(HERE_MDEV, false);
        g_autoptr(GError) error = NULL;

        g_assert_true(manager_prepare_domain(f->manager, xml, &error));
        assert_guests(f, "g1 starting ''\n");
        g_assert_true(tell(f, GUEST_RUNNING, xml));
        assert_guests(f, "g1 running ''\n");
        (void)tell(f, GUEST_ITERATING, NULL);
        assert_guests(f, "g1 leaving ''\n");
        g_assert_true(tell(f, GUEST_STAYED, NULL));
        assert_guests(f, "g1 running ''\n");
}

/* A hook has not told of it: it came while no daemon ran. */
static void test_libvirt_tells_whose_it_is(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = instance_xml(HERE_MDEV, true);

        g_assert_true(tell(f, GUEST_INCOMING, xml));
        assert_guests(f, "g1 coming 'nova'\n");
}

static void test_one_that_nobody_has_shown_is_nobodys_yet(Fixture *f, gconstpointer unused) {
        g_autoptr(Slice) wish = slice_new();

        wish->priority = SLICE_BEST_EFFORT;
        slices_allocate(f->manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        slices_flush(f->manager->slices);
        assert_guests(f, "g1 off 'unknown'\n");

        send_list(f, OTHER_UUID);
        assert_guests(f, "g1 off 'unknown'\n" OTHER_UUID " running 'unknown'\n");
}

static void test_who_is_gone_is_forgotten(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = instance_xml(HERE_MDEV, true);

        (void)tell(f, GUEST_RUNNING, xml);
        g_assert_cmpuint(g_hash_table_size(f->manager->guest_notes), ==, 1);
        (void)tell(f, GUEST_STOPPED, NULL);
        g_assert_cmpuint(g_hash_table_size(f->manager->guest_notes), ==, 0);
}

static void test_figures_change_nothing(Fixture *f, gconstpointer unused) {
        const GuestEvent stats = { .kind = GUEST_STATS };

        g_assert_false(guest_list_on_guest_event(f->manager, &stats));
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/guest-list/" name, Fixture, NULL, set_up, function, fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("an instance of Nova comes, runs and ends",
            test_an_instance_of_nova_comes_runs_and_ends);
        ADD("a guest of nobody starts and leaves", test_a_guest_of_nobody_starts_and_leaves);
        ADD("libvirt tells whose it is", test_libvirt_tells_whose_it_is);
        ADD("one that nobody has shown is nobody's yet",
            test_one_that_nobody_has_shown_is_nobodys_yet);
        ADD("who is gone is forgotten", test_who_is_gone_is_forgotten);
        ADD("figures change nothing", test_figures_change_nothing);
        return g_test_run();
}
