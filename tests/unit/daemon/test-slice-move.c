/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* A guest with a hardware slice leaves for another host, or comes from one: whose it is after
 * that, and after a daemon that was killed in between. */

#define SLICE "<ferry:slice version='1'><ferry:cores count='2' exclusive='yes'/></ferry:slice>"

/* Four CPUs, and one mdev that a guest may have. */
static void set_up(Fixture *f, gconstpointer by_hand) {
        fixture_use_file(f);
        fixture_set_up(f, NULL);
        fake_root_put(f->root, "sys/devices/system/cpu/online", "0-3\n", -1);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        slices_on_host_changed(f->manager->slices);
}

/* What the guest is tuned to is not of interest here, so nobody finds it. */
static void find_nobody(void *userdata, const char *domain, GuestFinder finder, void *asker) {
        g_autoptr(GuestEvent) found = g_new0(GuestEvent, 1);

        found->kind = GUEST_FOUND;
        found->detail = g_strdup("This host has no such guest");
        finder(asker, found);
}

static void connect_libvirt(Fixture *f) {
        fixture_connect(f);
        f->virt.find = find_nobody;
}

/* g1 with one mdev and a slice. */
static char *guest_with_slice(const char *mdev) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, mdev, "mtty-1");
        g_auto(GStrv) parts = g_strsplit(xml, "    </ferry:domain>", 2);

        return g_strjoinv(SLICE "</ferry:domain>", parts);
}

static const SliceEntry *find(Fixture *f) {
        slices_flush(f->manager->slices);
        return slice_book_find(slices_book(f->manager->slices), GUEST_UUID);
}

static void assert_has_all(Fixture *f) {
        g_assert_nonnull(find(f));
        g_assert_cmpuint(find(f)->grants->len, ==, 2);
}

/* The source --------------------------------------------------------------------------- */

static void allocate_by_hand(Fixture *f) {
        g_autoptr(Slice) wish = slice_new();

        wish->cores.count = 2;
        wish->cores.exclusive = true;
        slices_allocate(f->manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        assert_has_all(f);
}

/* It runs here, with the slice of its metadata or one by hand, and a device. */
static void run_here(Fixture *f, bool by_hand) {
        g_autofree char *xml = by_hand ? guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL)
                                       : guest_with_slice(HERE_MDEV);

        connect_libvirt(f);
        if (by_hand)
                allocate_by_hand(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        assert_has_all(f);
}

static void begin_to_leave(Fixture *f) {
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        send_event(f, GUEST_LEAVING, GUEST_UUID, NULL);
        assert_has_all(f);
}

static void test_a_guest_that_has_left_has_nothing_here(Fixture *f, gconstpointer by_hand) {
        run_here(f, by_hand);
        begin_to_leave(f);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        g_assert_null(find(f));
}

static void test_a_guest_that_stays_keeps_it(Fixture *f, gconstpointer by_hand) {
        SliceState state;

        run_here(f, by_hand);
        state = find(f)->state;
        begin_to_leave(f);
        send_event(f, GUEST_STAYED, GUEST_UUID, NULL);
        assert_has_all(f);
        g_assert_cmpint(find(f)->state, ==, state);
        fixture_pass_time(600 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_has_all(f);
}

/* The release hook comes before libvirt's event, and is heard by a daemon that it has started. */
static void test_the_hook_tells_that_it_has_left(Fixture *f, gconstpointer by_hand) {
        g_autofree char *xml = guest_with_slice(HERE_MDEV);
        g_autoptr(GError) error = NULL;

        run_here(f, by_hand);
        begin_to_leave(f);
        fixture_restart(f);
        g_assert_nonnull(find(f));
        g_assert_true(manager_release_domain(f->manager, xml, "migrated", &error));
        g_assert_no_error(error);
        g_assert_null(find(f));
}

static void test_a_guest_that_left_unseen_has_nothing_here(Fixture *f, gconstpointer by_hand) {
        run_here(f, by_hand);
        begin_to_leave(f);
        fixture_restart(f);
        send_list(f, NULL);
        g_assert_null(find(f));
}

static void test_a_guest_that_stayed_unseen_keeps_it(Fixture *f, gconstpointer by_hand) {
        g_autofree char *xml = guest_with_slice(HERE_MDEV);

        run_here(f, by_hand);
        begin_to_leave(f);
        fixture_restart(f);
        send_list(f, GUEST_UUID);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        assert_has_all(f);
}

/* It had only begun to move, so it was stopped here: that of the operator waits for its start. */
static void test_a_guest_that_was_stopped_unseen_has_not_left(Fixture *f, gconstpointer unused) {
        run_here(f, true);
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        fixture_restart(f);
        send_list(f, NULL);
        assert_has_all(f);
}

/* The destination ---------------------------------------------------------------------- */

static char *come(Fixture *f) {
        g_autofree char *xml = guest_with_slice(SOURCE_MDEV);
        g_autoptr(GError) error = NULL;
        char *here = manager_filter_domain(f->manager, "migrate", xml, &error);

        g_assert_no_error(error);
        assert_has_all(f);
        assert_leases(f, HERE_MDEV " reserved expires\n");
        return here;
}

static void expire(Fixture *f) {
        fixture_pass_time(600 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
}

static void test_a_move_that_fails_gives_back_at_once(Fixture *f, gconstpointer unused) {
        g_autofree char *here = come(f);
        g_autoptr(GError) error = NULL;

        g_assert_true(manager_prepare_domain(f->manager, here, &error));
        g_assert_true(manager_release_domain(f->manager, here, "failed", &error));
        g_assert_no_error(error);
        g_assert_null(find(f));
        assert_leases(f, "");
}

/* Whichever write of the book, the leases or the record fails. */
static void test_what_cannot_be_stored_leaves_nothing(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with_slice(SOURCE_MDEV), *here = NULL;
        unsigned n;

        for (n = 0; !here; n++) {
                g_assert_cmpuint(n, <, 20);
                store_fail_write(f->manager->store, n);
                here = manager_filter_domain(f->manager, "migrate", xml, NULL);
                if (here)
                        break;
                g_assert_null(find(f));
                assert_leases(f, "");
        }
        g_assert_cmpuint(n, >, 2);
        assert_has_all(f);
}

static void test_a_device_that_cannot_be_had_gives_it_back(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_with_slice(SOURCE_MDEV), *here = NULL;
        g_autoptr(GError) error = NULL;

        fake_root_remove(f->root, "sys/bus/mdev/devices/" HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        assert_has_all(f);

        fake_root_fail_write(f->root, 0, ENOSPC);
        g_assert_false(manager_prepare_domain(f->manager, here, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE);
        g_assert_null(find(f));
        assert_leases(f, "");
}

static void test_one_of_which_nobody_tells_gives_back_in_time(Fixture *f, gconstpointer unused) {
        g_autofree char *here = come(f);

        fixture_restart(f);
        assert_has_all(f);
        g_assert_cmpint(manager_next_time(f->manager), >, 0);
        expire(f);
        g_assert_null(find(f));
        assert_leases(f, "");
}

/* libvirt's list may come before the guest does. */
static void test_one_that_is_on_its_way_is_waited_for(Fixture *f, gconstpointer unused) {
        g_autofree char *here = come(f);

        fixture_restart(f);
        connect_libvirt(f);
        send_list(f, NULL);
        assert_has_all(f);
        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        send_event(f, GUEST_ARRIVED, GUEST_UUID, here);
        assert_has_all(f);
        g_assert_cmpint(find(f)->expires, ==, SLICE_WITH_GUEST);
}

static void test_one_that_arrived_unseen_keeps_it(Fixture *f, gconstpointer unused) {
        g_autofree char *here = come(f);

        connect_libvirt(f);
        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        fixture_restart(f);
        send_list(f, GUEST_UUID);
        expire(f);
        assert_has_all(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, here);
        assert_has_all(f);
        g_assert_cmpint(find(f)->expires, ==, SLICE_WITH_GUEST);
}

static void add_both(const char *name, void (*function)(Fixture *, gconstpointer)) {
        g_autofree char *by_hand = g_strdup_printf("/slice-move/source/%s, by hand", name);
        g_autofree char *brought = g_strdup_printf("/slice-move/source/%s", name);

        g_test_add(brought, Fixture, NULL, set_up, function, fixture_tear_down);
        g_test_add(by_hand, Fixture, GINT_TO_POINTER(true), set_up, function, fixture_tear_down);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add_both("a guest that has left has nothing here",
                 test_a_guest_that_has_left_has_nothing_here);
        add_both("a guest that stays keeps it", test_a_guest_that_stays_keeps_it);
        add_both("the hook tells that it has left", test_the_hook_tells_that_it_has_left);
        add_both("a guest that left unseen has nothing here",
                 test_a_guest_that_left_unseen_has_nothing_here);
        add_both("a guest that stayed unseen keeps it", test_a_guest_that_stayed_unseen_keeps_it);

#define ADD(name, function) \
        g_test_add("/slice-move/" name, Fixture, NULL, set_up, function, fixture_tear_down)
        ADD("source/a guest that was stopped unseen has not left",
            test_a_guest_that_was_stopped_unseen_has_not_left);
        ADD("destination/a move that fails gives back at once",
            test_a_move_that_fails_gives_back_at_once);
        ADD("destination/what cannot be stored leaves nothing",
            test_what_cannot_be_stored_leaves_nothing);
        ADD("destination/a device that cannot be had gives it back",
            test_a_device_that_cannot_be_had_gives_it_back);
        ADD("destination/one of which nobody tells gives back in time",
            test_one_of_which_nobody_tells_gives_back_in_time);
        ADD("destination/one that is on its way is waited for",
            test_one_that_is_on_its_way_is_waited_for);
        ADD("destination/one that arrived unseen keeps it", test_one_that_arrived_unseen_keeps_it);
        return g_test_run();
}
