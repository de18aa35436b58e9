/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

/* What a restart does not make undone. */

/* Of the whole host: its clock begins again. The first guest has the VF. */
static void restart(AdvisorFixture *a) {
        g_autofree char *first = uuid_of(0);

        fixture_restart(&a->f);
        a->monotonic = 50 * G_USEC_PER_SEC;
        send_list(&a->f, first);
        run_vf(a, 0, a->vfs[0]);
        run_emulated(a, 1, "network='default'");
}

/* The first guest gets the VF, and then the other one has all the traffic. */
static void promote_and_restart(AdvisorFixture *a) {
        g_autofree char *first = uuid_of(0);

        fixture_use_file(&a->f);
        fixture_restart(&a->f);
        send_list(&a->f, first);
        begin_guests(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        let_pass(a, 2 * HOUR);
        assert_advice(a, "promote", PROMOTE_1);
        run_vf(a, 0, a->vfs[0]);
        assert_no_advice(a);
        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        restart(a);
}

static void test_who_has_moved_is_left_alone_after_a_restart(AdvisorFixture *a,
                                                             gconstpointer unused) {
        promote_and_restart(a);
        g_assert_cmpuint(moves_left(a), ==, 23);
        let_pass(a, 11 * HOUR);
        assert_no_advice(a);
        let_pass(a, 2 * HOUR);
        assert_advice(a, "exchange", EXCHANGE);
}

static void test_moves_of_before_a_restart_count(AdvisorFixture *a, gconstpointer unused) {
        promote_and_restart(a);
        g_assert_cmpuint(moves_left(a), ==, 0);
        let_pass(a, 20 * HOUR);
        assert_no_advice(a);
        let_pass(a, 5 * HOUR);
        assert_advice(a, "exchange", EXCHANGE);
        g_assert_cmpuint(moves_left(a), ==, 1);
}

static void test_a_clock_that_was_wrong_makes_no_move_old(AdvisorFixture *a, gconstpointer unused) {
        promote_and_restart(a);
        fixture_pass_time(-10 * G_TIME_SPAN_DAY);
        restart(a);
        g_assert_cmpuint(moves_left(a), ==, 0);
}

static double theta_of(const AdvisorFixture *a) {
        return advisor_state(a->f.manager->advisor).theta;
}

/* It falls while nobody moves, and rises with each move. */
static void test_what_a_move_has_to_bring_outlives_a_restart(AdvisorFixture *a,
                                                             gconstpointer unused) {
        double before = theta_of(a), risen;

        promote_and_restart(a);
        risen = theta_of(a);
        g_assert_cmpfloat(risen, >, 1.2 * before);
        let_pass(a, 3 * HOUR);
        g_assert_cmpfloat(theta_of(a), <, 0.9 * risen);
        risen = theta_of(a);
        restart(a);
        g_assert_cmpfloat_with_epsilon(theta_of(a), risen, 0.06 * risen);
}

static void test_what_cannot_be_kept_is_known_until_a_restart(AdvisorFixture *a,
                                                              gconstpointer unused) {
        double before;

        begin_guests(a, 1);
        let_pass(a, 10 * MINUTE);
        before = theta_of(a);
        store_fail_write(a->f.manager->store, 0);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "What an exchange has to bring*");
        for (int minute = 0; minute < 61; minute++) /* without the meter, which writes, too */
                advisor_turn(a->f.manager->advisor, a->monotonic += MINUTE);
        g_test_assert_expected_messages();
        g_assert_cmpfloat(theta_of(a), <, before);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD_CONFIGURED("who has moved is left alone after a restart",
                       "[Policy]\nSettlingTimeSec=43200\n",
                       test_who_has_moved_is_left_alone_after_a_restart);
        ADD_CONFIGURED("moves of before a restart count",
                       "[Policy]\nMovesPerDay=1\nSettlingTimeSec=0\n",
                       test_moves_of_before_a_restart_count);
        ADD_CONFIGURED("a clock that was wrong makes no move old", "[Policy]\nMovesPerDay=1\n",
                       test_a_clock_that_was_wrong_makes_no_move_old);
        ADD_CONFIGURED("what a move has to bring outlives a restart", "[Policy]\nMovesPerDay=2\n",
                       test_what_a_move_has_to_bring_outlives_a_restart);
        ADD("what cannot be kept is known until a restart",
            test_what_cannot_be_kept_is_known_until_a_restart);
        return g_test_run();
}
