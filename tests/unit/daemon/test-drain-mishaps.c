/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/drain-fixture.h"

#include <string.h>

#include "daemon/core/store-query.h"
#include "xml/ferry-error.h"

/* Restarts ------------------------------------------------------------------------ */

static void test_a_move_that_goes_on_is_waited_for(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_tell(h, GUEST_ITERATING, G1);
        host_kill_daemon(h);
        host_tell_list(h, G1, G2, NULL);
        host_assert_drain(h, "draining: g1 moving, g2 waiting");
        g_assert_cmpstr(host_guest_of(h, G1)->destination, ==, HOST_B);
        host_assert_asked(h, "follow " G1 "\n");
        host_tell(h, GUEST_LEFT, G1);
        host_assert_drain(h, "draining: g1 left, g2 moving");
        host_find();
        host_leave(h, G2);
        host_assert_drain(h, "drained: g1 left, g2 left");
}

static void test_a_guest_that_left_meanwhile_has_left(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_kill_daemon(h);
        host_tell_list(h, G2, NULL, NULL);
        host_assert_drain(h, "draining: g1 left, g2 moving");
        host_find();
}

static void test_a_guest_that_is_still_here_is_tried_again(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, HOST_C);
        host_find();
        host_end_move(h, G1, "no");
        host_kill_daemon(h);
        host_assert_drain(h, "draining: g1 waiting");
        host_tell_list(h, G1, NULL, NULL);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_C "\n"); /* the first has refused it */
        host_leave(h, G1);
        host_assert_drain(h, "drained: g1 left");
}

static void test_a_move_that_waited_for_its_turn_is_no_refusal(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, G2, NULL);
        host_move_by_hand(h, G2, HOST_C);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_find();
        host_kill_daemon(h);
        host_tell_list(h, G1, NULL, NULL);
        host_assert_drain(h, "draining: g1 moving, g2 left");
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
}

static void test_a_move_that_fails_after_it_is_a_refusal(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_kill_daemon(h);
        host_tell_list(h, G1, NULL, NULL);
        host_assert_drain(h, "draining: g1 moving");
        host_tell(h, GUEST_ITERATING, G1);
        host_tell(h, GUEST_STAYED, G1);
        host_assert_drain(h, "partly: g1 stayed");
}

/* Nobody knows whether libvirt was asked: its devices may have been on their way out. */
static void test_a_move_that_had_not_begun_is_tried_again(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_kill_daemon(h);
        host_tell_list(h, G1, NULL, NULL);
        host_tell(h, GUEST_STAYED, G1);
        host_assert_drain(h, "draining: g1 moving");
        g_string_truncate(h->f.asked, 0);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
        host_end_move(h, G1, "no");
        host_assert_drain(h, "partly: g1 stayed");
}

static void test_what_started_meanwhile_is_counted(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_leave(h, G1);
        host_kill_daemon(h);
        host_tell_list(h, G1, G3, NULL);
        host_assert_drain(h, "partly: g1 stayed, g3 stayed");
}

/* A libvirt that ends takes its moves with it, and a destination has refused nothing. */
static void test_libvirt_is_started_anew(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
        host_tell(h, GUEST_LOST_LIBVIRT, NULL);
        host_end_move(h, G1, "the connection is broken");
        host_assert_drain(h, "draining: g1 waiting");
        host_tell_list(h, G1, NULL, NULL);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
}

/* Refusals and mishaps ------------------------------------------------------------ */

static void assert_begin_fails(Host *h, int code, const char *words) {
        const char *uris[] = { HOST_B, NULL };
        const DrainWish wish = { .destinations = uris };
        g_autoptr(GError) error = NULL;

        g_assert_false(drain_begin(h->f.manager->drain, &wish, &error));
        g_assert_error(error, FERRY_ERROR, code);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
}

static void test_a_drain_needs_libvirt(Host *h, gconstpointer unused) {
        assert_begin_fails(h, FERRY_ERROR_UNAVAILABLE, "has not told yet which guests run");
        host_tell_list(h, G1, NULL, NULL);
        h->f.manager->virt = NULL;
        assert_begin_fails(h, FERRY_ERROR_UNAVAILABLE, "has not told yet which guests run");
        host_assert_takes_guests(h, true, NULL);
}

static void test_a_drain_under_way_is_not_begun_again(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        assert_begin_fails(h, FERRY_ERROR_INVALID_STATE, "is being drained already");
        host_assert_drain(h, "draining: g1 moving");
        host_find();
}

static void test_what_is_not_stored_is_not_begun(Host *h, gconstpointer unused) {
        host_tell_list(h, G1, NULL, NULL);
        store_fail_write(h->f.manager->store, 0);
        assert_begin_fails(h, FERRY_ERROR_STORE, "cannot be written");
        host_assert_drain(h, "");
        g_assert_cmpuint(host_n_questions(), ==, 0);
        host_assert_told(h, "");

        host_begin(h, HOST_B, NULL);
        host_find();
        store_fail_write(h->f.manager->store, 0);
        {
                g_autoptr(GError) error = NULL;

                g_assert_false(drain_end(h->f.manager->drain, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        }
        host_assert_drain(h, "draining: g1 moving");
}

/* A guest that libvirt does not find is asked for again, but not at once. */
static void test_what_cannot_be_asked_for_is_asked_for_later(Host *h, gconstpointer unused) {
        GuestEvent none = { .detail = (char *)"libvirt does not answer" };

        host_tell_list(h, G1, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        host_answer(&none);
        host_assert_drain(h, "draining: g1 waiting");
        g_assert_cmpuint(host_n_questions(), ==, 0);

        manager_on_time(h->f.manager);
        g_assert_cmpuint(host_n_questions(), ==, 0);
        fixture_pass_time(10 * G_USEC_PER_SEC);
        g_assert_cmpint(manager_next_time(h->f.manager), ==, h->f.manager->now());
        manager_on_time(h->f.manager);
        host_find();
        host_assert_asked(h, "migrate " G1 " to " HOST_B "\n");
}

static void test_a_drain_that_is_over_needs_no_clock(Host *h, gconstpointer unused) {
        host_tell_list(h, NULL, NULL, NULL);
        host_begin(h, HOST_B, NULL);
        g_assert_cmpint(manager_next_time(h->f.manager), ==, 0);
}

/* Does what libvirt does until nothing is left to do or a minute has passed. */
static void be_libvirt(Host *h) {
        for (int i = 0; i < 6; i++) {
                while (host_n_questions() > 0)
                        host_find();
                for (int n = 1; n <= 3; n++) {
                        g_autofree char *uuid = g_strdup_printf(PREFIX "%d", n);
                        g_autofree char *line = g_strdup_printf("migrate %s to ", uuid);

                        if (strstr(h->f.asked->str, line) &&
                            g_hash_table_contains(h->f.manager->active, uuid))
                                host_leave(h, uuid);
                }
                fixture_pass_time(10 * G_USEC_PER_SEC);
                manager_on_time(h->f.manager);
        }
}

/* The first write, then the second, and so on until none is left to fail. */
static void test_a_write_that_fails_only_delays(Host *h, gconstpointer unused) {
        bool failed = true;

        for (int n = 0; failed; n++) {
                host_tell_list(h, G1, G2, NULL);
                host_tell(h, GUEST_STAYED,
                          G1); /* libvirt has no job, whatever the log still says */
                host_tell(h, GUEST_STAYED, G2);
                host_begin(h, HOST_B, NULL);
                store_fail_write(h->f.manager->store, n);
                be_libvirt(h);
                failed = h->f.manager->store->fail_write < 0;
                store_fail_write(h->f.manager->store, -1);
                host_assert_drain(h, "drained: g1 left, g2 left");
                host_undrain(h);
                fixture_restart(&h->f);
                g_string_truncate(h->f.asked, 0);
        }
}

#define ADD(name, config, function) \
        g_test_add("/drain-mishaps/" name, Host, config, host_set_up, function, host_tear_down)
#define ONE_AT_A_TIME "[Migration]\nMaxOutgoing=1\n"

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK); /* what cannot be stored is told in the journal */

        ADD("killed, a move that goes on is waited for", ONE_AT_A_TIME,
            test_a_move_that_goes_on_is_waited_for);
        ADD("killed, a guest that left meanwhile has left", ONE_AT_A_TIME,
            test_a_guest_that_left_meanwhile_has_left);
        ADD("killed, a guest that is still here is tried again", ONE_AT_A_TIME,
            test_a_guest_that_is_still_here_is_tried_again);
        ADD("killed, a move that waited for its turn is no refusal", ONE_AT_A_TIME,
            test_a_move_that_waited_for_its_turn_is_no_refusal);
        ADD("killed, a move that fails after it is a refusal", ONE_AT_A_TIME,
            test_a_move_that_fails_after_it_is_a_refusal);
        ADD("killed, a move that had not begun is tried again", ONE_AT_A_TIME,
            test_a_move_that_had_not_begun_is_tried_again);
        ADD("killed, what started meanwhile is counted", ONE_AT_A_TIME,
            test_what_started_meanwhile_is_counted);
        ADD("libvirt is started anew, and the guest tried again", ONE_AT_A_TIME,
            test_libvirt_is_started_anew);
        ADD("a drain needs libvirt", NULL, test_a_drain_needs_libvirt);
        ADD("a drain under way is not begun again", ONE_AT_A_TIME,
            test_a_drain_under_way_is_not_begun_again);
        ADD("what is not stored is not begun, nor ended", ONE_AT_A_TIME,
            test_what_is_not_stored_is_not_begun);
        ADD("what cannot be asked for is asked for later", ONE_AT_A_TIME,
            test_what_cannot_be_asked_for_is_asked_for_later);
        ADD("a drain that is over needs no clock", NULL, test_a_drain_that_is_over_needs_no_clock);
        ADD("a write that fails only delays it", ONE_AT_A_TIME,
            test_a_write_that_fails_only_delays);
        return g_test_run();
}
