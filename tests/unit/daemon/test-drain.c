/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/drain-fixture.h"

#include <string.h>

#include "xml/ferry-error.h"

static void test_guests_leave_one_after_the_other(Host *h, gconstpointer unused) {
        host_tell_list(h, G2, G1, NULL);
        host_begin(h, HOST_B, NULL);
        host_assert_told(h, "draining: g1 waiting, g2 waiting\ndraining: g1 moving, g2 waiting\n");
        host_assert_asked(h, "");
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
        host_leave(h, G1);
        host_assert_drain(h, "draining: g1 left, g2 moving");
        host_find();
        host_assert_asked(h, "migrate " G2 " to " HOST_B "\n");
        host_leave(h, G2);
        host_assert_told(h, "draining: g1 left, g2 moving\ndrained: g1 left, g2 left\n");
        g_assert_cmpstr(host_guest_of(h, G1)->destination, ==, HOST_B);
        g_assert_cmpstr(host_guest_of(h, G1)->reason, ==, NULL);
}

static void test_as_many_move_as_may(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, G3);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_find();
        g_assert_cmpuint(host_n_questions(), ==, 0);
        host_assert_drain(h, "draining: g1 moving, g2 moving, g3 waiting");
        host_leave(h, G2);
        host_assert_drain(h, "draining: g1 moving, g2 left, g3 moving");
        host_find();
}

static void test_an_empty_host_is_drained_at_once(Host *h, gconstpointer unused) {
        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_assert_drain(h, "drained");
}

static void test_a_guest_that_one_refuses_is_offered_to_the_next(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, HOST_C);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
        host_end_move(h, G1, "virt-ferry: hostdev0 needs an mdev");
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_C "\n");
        host_leave(h, G1);
        host_assert_drain(h, "drained: g1 left");
        g_assert_cmpstr(host_guest_of(h, G1)->destination, ==, HOST_C);
}

static void test_a_guest_that_all_refuse_stays_with_the_reasons(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_begin(h, HOST_B, HOST_C);
        host_find();
        host_end_move(h, G1, "virt-ferry: no mdev is left");
        host_find();
        host_end_move(h, G1, "no route to host");
        host_assert_drain(h, "draining: g1 stayed, g2 moving");
        g_assert_cmpstr(host_guest_of(h, G1)->reason, ==,
                        HOST_B ": no mdev is left; " HOST_C ": no route to host");
        g_assert_cmpstr(host_guest_of(h, G1)->destination, ==, NULL);
        host_find();
        host_leave(h, G2);
        host_assert_drain(h, "partly: g1 stayed, g2 left");
}

static void test_a_single_destination_is_not_named_again(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_end_move(h, G1, "no route to host");
        host_assert_drain(h, "partly: g1 stayed");
        g_assert_cmpstr(host_guest_of(h, G1)->reason, ==, "no route to host");
}

/* libvirt's event is before the end of the call, which alone has the reason. */
static void test_a_refusal_is_one_when_libvirt_has_answered(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, HOST_C);
        host_find();
        host_tell(h, GUEST_LEAVING, G1);
        host_tell(h, GUEST_STAYED, G1);
        host_assert_drain(h, "draining: g1 moving");
        g_assert_cmpuint(host_n_questions(), ==, 0);
        host_end_move(h, G1, "the link is cut");
        g_assert_cmpstr(host_guest_of(h, G1)->reason, ==, HOST_B ": the link is cut");
        host_find();
        host_assert_drain(h, "draining: g1 moving");
        g_assert_cmpint(host_latest(h, G1)->state, ==, MIGRATION_CHECKED);
}

/* A VF without a driver that saves its state is unplugged, if the guest lets go of it. */
static void test_a_device_that_is_not_let_go_stops_only_its_guest(Host *h, gconstpointer unused) {
        GuestEvent kept = { .kind = GUEST_UNPLUGGED,
                            .uuid = (char *)G1,
                            .name = (char *)"g1",
                            .detail = (char *)"The guest refuses to let go of hostdev0" };
        GuestEvent found = { .running = true };
        g_autofree char *xml = NULL;

        fake_root_add_mdev(h->f.root, "mtty", "mtty-1", HERE_MDEV);
        fake_root_set_vfio(h->f.root, "mtty", 0, 0);
        g_assert_cmpint(inventory_scan(h->f.manager->inventory), ==, 0);
        g_assert_cmpint(inventory_probe(h->f.manager->inventory, HERE_MDEV), ==, 0);
        xml = guest_xml("g1", G1, HERE_MDEV, NULL);
        host_tell_list(h, G1, G2, NULL);
        host_begin(h, HOST_B, NULL);
        host_answer_with(xml);
        host_assert_asked(h, "find " G1 "\n");
        found.xml = xml;
        h->f.finder(h->f.asker, &found);
        host_assert_asked(h, "unplug " G1 " " HERE_MDEV " in 30000 ms\n");
        manager_on_guest_event(h->f.manager, &kept);
        host_assert_drain(h, "draining: g1 stayed, g2 moving");
        g_assert_nonnull(strstr(host_guest_of(h, G1)->reason, "refuses to let go"));
        host_assert_asked(h, "find " G1 "\n"); /* it may have lost another one */
        found.running = false;
        h->f.finder(h->f.asker, &found);
        host_find();
        host_leave(h, G2);
        host_assert_drain(h, "partly: g1 stayed, g2 left");
}

static void test_a_guest_that_ends_has_left(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_tell(h, GUEST_STOPPED, G2);
        host_assert_drain(h, "draining: g1 moving, g2 left");
        g_assert_cmpstr(host_guest_of(h, G2)->reason, ==, "It ended on this host (destroyed)");
        host_leave(h, G1);
        host_assert_drain(h, "drained: g1 left, g2 left");
}

/* The host is empty when the operator has taken care of those that stayed. */
static void test_who_stayed_may_leave_later(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_end_move(h, G1, "no");
        host_assert_drain(h, "partly: g1 stayed");
        host_tell(h, GUEST_STOPPED, G1);
        host_assert_drain(h, "drained: g1 left");
}

static void test_a_move_that_somebody_began_is_waited_for(Host *h, gconstpointer unused) {
        Migration *other = migration_new(MIGRATION_OUTGOING, G1, "g1");

        g_assert_nonnull(
                migration_log_add(h->f.manager->migrations, other, MIGRATION_PRECOPY, NULL));
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_assert_drain(h, "draining: g1 moving");
        g_assert_cmpuint(host_n_questions(), ==, 0);

        /* it fails, which says nothing of our destination */
        host_tell(h, GUEST_STAYED, G1);
        host_assert_drain(h, "draining: g1 moving");
        host_find();
        host_assert_asked(h, "follow " G1 "\nmigrate " G1 " to " HOST_B "\n");
}

/* Its refusal is that of a host that nobody has named. */
static void test_a_move_by_hand_is_waited_for_and_no_refusal(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_move_by_hand(h, G1, HOST_C);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_find(); /* the drain's, which is late */
        host_assert_drain(h, "draining: g1 moving");
        host_assert_asked(h, "migrate " G1 " to " HOST_C "\n");
        g_assert_cmpstr(host_guest_of(h, G1)->reason, ==, NULL);

        host_end_move(h, G1, "no");
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
}

static void test_a_move_by_hand_outlives_undrain(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_move_by_hand(h, G1, HOST_C);
        host_move_by_hand(h, G2, HOST_C);
        host_find();
        host_find();
        host_begin(h, HOST_B, NULL);
        host_assert_drain(h, "draining: g1 moving, g2 moving");
        g_assert_cmpstr(host_guest_of(h, G2)->destination, ==, HOST_C);
        host_undrain(h);
        g_assert_cmpint(host_latest(h, G2)->state, ==, MIGRATION_PLANNED);
}

static void test_the_wish_is_handed_on(Host *h, gconstpointer unused) {
        const char *const uris[] = { HOST_B, NULL };
        const DrainWish defined = { .destinations = uris, .persistent = true };
        const DrainWish moved = { .destinations = uris, .undefine_source = true };

        host_tell_list(h, G1, NULL, NULL);
        g_assert_true(drain_begin(h->f.manager->drain, &defined, NULL));
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B " persistent\n");
        host_end_move(h, G1, "no");
        g_assert_true(drain_begin(h->f.manager->drain, &moved, NULL));
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B " undefine\n");
}

/* Newcomers ----------------------------------------------------------------------- */

static void test_a_guest_that_starts_is_let_be_and_counted(Host *h, gconstpointer unused) {
        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_tell(h, GUEST_RUNNING, G1);
        host_assert_drain(h, "partly: g1 stayed");
        g_assert_nonnull(strstr(host_guest_of(h, G1)->reason, "while the host was drained"));
        g_assert_cmpuint(host_n_questions(), ==, 0);
}

static void test_a_second_drain_moves_it(Host *h, gconstpointer unused) {
        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_tell(h, GUEST_RUNNING, G1);
        host_begin(h, HOST_C, NULL);
        host_assert_drain(h, "draining: g1 moving");
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_C "\n");
}

/* It was let in before, and libvirt has it paused until it has come. */
static void test_a_guest_that_was_on_its_way_goes_on(Host *h, gconstpointer unused) {
        host_tell_list(h, G2, NULL, NULL);
        host_tell(h, GUEST_INCOMING, G1);
        host_begin(h, HOST_B, NULL);
        host_assert_drain(h, "draining: g1 waiting, g2 moving");
        host_find();
        host_leave(h, G2);
        host_assert_drain(h, "draining: g1 waiting, g2 left");
        host_tell(h, GUEST_ARRIVED, G1);
        host_assert_drain(h, "draining: g1 moving, g2 left");
        host_find();
        host_tell(h, GUEST_INCOMING, G3);
        host_assert_drain(h, "draining: g1 moving, g2 left");
        host_tell(h, GUEST_ARRIVED, G3);
        host_assert_drain(h, "draining: g1 moving, g2 left, g3 waiting");
}

/* The door ------------------------------------------------------------------------ */

static void test_no_guest_comes_until_undrain(Host *h, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_assert_takes_guests(h, false, "being drained");
        host_find();
        host_leave(h, G1);
        host_assert_takes_guests(h, false, "drained");
        g_assert_cmpint(host_latest(h, PREFIX "9")->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_true(drain_end(h->f.manager->drain, &error));
        g_assert_no_error(error);
        host_assert_takes_guests(h, true, NULL);
}

static void test_nor_after_a_restart(Host *h, gconstpointer unused) {
        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        fixture_restart(&h->f);
        host_assert_takes_guests(h, false, "drained");
}

static void test_a_check_says_the_same(Host *h, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g9", PREFIX "9", SOURCE_MDEV, "mtty-1");
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        g_assert_null(manager_check_domain(h->f.manager, xml, &domain, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
}

static void test_a_restore_is_a_start(Host *h, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = NULL;

        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        xml = host_filter(h, "restore", &error);
        g_assert_no_error(error);
        g_assert_nonnull(xml);
}

/* Undrain ------------------------------------------------------------------------- */

static void test_undrain_drops_what_waits(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
        host_undrain(h);
        g_assert_cmpint(host_latest(h, G1)->state, ==, MIGRATION_CHECKED);
        host_leave(h, G1);
        g_assert_cmpuint(host_n_questions(), ==, 0);
        host_assert_asked(h, "");
        host_undrain(h); /* once more does nothing */
}

/* A move of the operator's own is before it. */
static void test_undrain_drops_a_move_that_waits_for_its_turn(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_move_by_hand(h, G2, HOST_C);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_find();
        host_assert_asked(h, "migrate " G2 " to " HOST_C "\n");
        g_assert_cmpint(host_latest(h, G1)->state, ==, MIGRATION_PLANNED);

        host_undrain(h);
        g_assert_cmpint(host_latest(h, G1)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpint(host_latest(h, G2)->state, ==, MIGRATION_CHECKED);
        host_leave(h, G2);
        host_assert_asked(h, "");
}

static void test_undrain_drops_a_move_that_its_destination_lets_wait(Host *h,
                                                                     gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, HOST_C);
        host_find();
        host_end_move(h, G1,
                      "virt-ferry: Host b takes 1 guest at a time (MaxIncoming in virtferry.conf), "
                      "and g9 is on the way to it: wait until it has arrived");
        host_assert_drain(h, "draining: g1 moving");
        g_assert_cmpuint(host_n_questions(), ==, 0); /* it waits, instead of asking the other */
        host_undrain(h);
        g_assert_cmpint(host_latest(h, G1)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_undrain_drops_a_move_that_is_being_planned(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_undrain(h);
        host_find();
        host_assert_asked(h, "");
        g_assert_cmpint(host_latest(h, G1)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_a_drain_right_after_that_asks_anew(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_undrain(h);
        host_begin(h, HOST_C, NULL);
        host_find(); /* the first one's */
        host_assert_asked(h, "");
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_C "\n");
}

#define ADD(name, config, function) \
        g_test_add("/drain/" name, Host, config, host_set_up, function, host_tear_down)
#define ONE_AT_A_TIME "[Migration]\nMaxOutgoing=1\n"
#define TWO_AT_A_TIME "[Migration]\nMaxOutgoing=2\n"

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("guests leave one after the other", ONE_AT_A_TIME,
            test_guests_leave_one_after_the_other);
        ADD("as many move as may move at a time", TWO_AT_A_TIME, test_as_many_move_as_may);
        ADD("an empty host is drained at once", NULL, test_an_empty_host_is_drained_at_once);
        ADD("a guest that one refuses is offered to the next", ONE_AT_A_TIME,
            test_a_guest_that_one_refuses_is_offered_to_the_next);
        ADD("a guest that all refuse stays with the reasons, and the others leave", ONE_AT_A_TIME,
            test_a_guest_that_all_refuse_stays_with_the_reasons);
        ADD("a single destination is not named again", ONE_AT_A_TIME,
            test_a_single_destination_is_not_named_again);
        ADD("a refusal is one when libvirt has answered", ONE_AT_A_TIME,
            test_a_refusal_is_one_when_libvirt_has_answered);
        ADD("a device that is not let go stops its guest only", ONE_AT_A_TIME,
            test_a_device_that_is_not_let_go_stops_only_its_guest);
        ADD("a guest that ends has left", ONE_AT_A_TIME, test_a_guest_that_ends_has_left);
        ADD("who stayed may leave later", ONE_AT_A_TIME, test_who_stayed_may_leave_later);
        ADD("a move that somebody began is waited for", ONE_AT_A_TIME,
            test_a_move_that_somebody_began_is_waited_for);
        ADD("a move by hand is waited for, and its failure is no refusal", ONE_AT_A_TIME,
            test_a_move_by_hand_is_waited_for_and_no_refusal);
        ADD("a move by hand outlives undrain", ONE_AT_A_TIME, test_a_move_by_hand_outlives_undrain);
        ADD("the wish of the operator is handed on", ONE_AT_A_TIME, test_the_wish_is_handed_on);
        ADD("a guest that starts is let be and counted", NULL,
            test_a_guest_that_starts_is_let_be_and_counted);
        ADD("a second drain moves it", NULL, test_a_second_drain_moves_it);
        ADD("a guest that was on its way here goes on", ONE_AT_A_TIME,
            test_a_guest_that_was_on_its_way_goes_on);
        ADD("no guest comes until undrain", ONE_AT_A_TIME, test_no_guest_comes_until_undrain);
        ADD("nor after a restart", NULL, test_nor_after_a_restart);
        ADD("a check says the same", NULL, test_a_check_says_the_same);
        ADD("a restore is a start", NULL, test_a_restore_is_a_start);
        ADD("undrain drops a move that its destination lets wait", ONE_AT_A_TIME,
            test_undrain_drops_a_move_that_its_destination_lets_wait);
        ADD("undrain drops what waits, and the move under way goes on", ONE_AT_A_TIME,
            test_undrain_drops_what_waits);
        ADD("undrain drops a move that waits for its turn", ONE_AT_A_TIME,
            test_undrain_drops_a_move_that_waits_for_its_turn);
        ADD("undrain drops a move that is being planned", ONE_AT_A_TIME,
            test_undrain_drops_a_move_that_is_being_planned);
        ADD("a drain right after that asks anew", ONE_AT_A_TIME,
            test_a_drain_right_after_that_asks_anew);
        return g_test_run();
}
