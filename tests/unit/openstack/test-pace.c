/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "nova-driver-shim/placement/pace.h"

#define SECOND UINT64_C(1000000)

static void test_failures_double_up_to_a_minute(void) {
        static const unsigned seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
        Pace pace = { 0 };

        for (size_t i = 0; i < G_N_ELEMENTS(seconds); i++)
                g_assert_cmpuint(pace_after_failure(&pace, 1), ==, seconds[i] * SECOND);
        for (unsigned i = 0; i < 1000; i++)
                g_assert_cmpuint(pace_after_failure(&pace, 1), ==, 60 * SECOND);
}

static void test_hosts_that_failed_together_come_back_apart(void) {
        Pace one = { 0 }, other = { 0 };

        g_assert_cmpuint(pace_after_failure(&one, 0), ==, SECOND / 2);
        g_assert_cmpuint(pace_after_failure(&other, 0.5), ==, SECOND * 3 / 4);
}

static void test_an_answer_ends_a_row_of_failures(void) {
        Pace pace = { 0 };

        (void)pace_after_failure(&pace, 1);
        (void)pace_after_failure(&pace, 1);
        pace_answered(&pace);
        g_assert_cmpuint(pace_after_failure(&pace, 1), ==, SECOND);
}

static void test_what_only_an_operator_mends_is_asked_for_slowly(void) {
        Pace pace = { 0 };

        g_assert_cmpuint(pace_after_refusal(&pace, 1), ==, 60 * SECOND);
        g_assert_cmpuint(pace_after_refusal(&pace, 0), ==, 30 * SECOND);
}

/* An answer to the read between two conflicts is no progress. */
static void test_conflicts_are_tried_again_at_once_and_not_for_ever(void) {
        Pace pace = { 0 };

        for (unsigned i = 0; i < 10; i++) {
                g_assert_cmpuint(pace_after_conflict(&pace, 1), ==, 50 * 1000);
                pace_answered(&pace);
        }
        g_assert_cmpuint(pace_after_conflict(&pace, 1), ==, SECOND);
        pace_answered(&pace);
        g_assert_cmpuint(pace_after_conflict(&pace, 1), ==, 2 * SECOND);

        pace_written(&pace);
        g_assert_cmpuint(pace_after_conflict(&pace, 0), ==, 10 * 1000);
}

static void test_at_rest_there_is_a_look_a_minute(void) {
        g_assert_cmpuint(pace_heartbeat(60, 1), ==, 60 * SECOND);
        g_assert_cmpuint(pace_heartbeat(60, 0), ==, 54 * SECOND);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/pace/failures-double-up-to-a-minute",
                        test_failures_double_up_to_a_minute);
        g_test_add_func("/pace/hosts-that-failed-together-come-back-apart",
                        test_hosts_that_failed_together_come_back_apart);
        g_test_add_func("/pace/an-answer-ends-a-row-of-failures",
                        test_an_answer_ends_a_row_of_failures);
        g_test_add_func("/pace/what-only-an-operator-mends-is-asked-for-slowly",
                        test_what_only_an_operator_mends_is_asked_for_slowly);
        g_test_add_func("/pace/conflicts-are-tried-again-at-once-and-not-for-ever",
                        test_conflicts_are_tried_again_at_once_and_not_for_ever);
        g_test_add_func("/pace/at-rest-there-is-a-look-a-minute",
                        test_at_rest_there_is_a_look_a_minute);
        return g_test_run();
}
