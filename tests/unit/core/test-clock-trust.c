/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/clock-trust.h"

#define SEC    G_USEC_PER_SEC
#define MINUTE G_TIME_SPAN_MINUTE
#define YEAR   (365 * G_TIME_SPAN_DAY)

typedef struct Clocks {
        ClockTrust trust;
        int64_t monotonic, realtime;
} Clocks;

static Clocks clocks_new(void) {
        return (Clocks){ .monotonic = 77 * SEC, .realtime = 50 * YEAR };
}

/* So many rounds of 10 seconds, in each of which the clock is set by so much. */
static bool pass(Clocks *clocks, int n, int64_t set) {
        for (int i = 0; i < n; i++) {
                clocks->monotonic += 10 * SEC;
                clocks->realtime += 10 * SEC + set;
                clock_trust_note(&clocks->trust, clocks->monotonic, clocks->realtime);
        }
        return clock_trust_is_good(&clocks->trust);
}

static void test_a_start_is_not_believed_at_once(void) {
        Clocks clocks = clocks_new();

        g_assert_false(clock_trust_is_good(&clocks.trust));
        g_assert_false(pass(&clocks, 60, 0));
        g_assert_true(pass(&clocks, 1, 0));
}

static void check_jump(int64_t usec) {
        Clocks clocks = clocks_new();

        g_assert_true(pass(&clocks, 100, 0));
        clocks.realtime += usec;
        g_assert_false(pass(&clocks, 60, 0));
        g_assert_true(pass(&clocks, 1, 0));
        g_assert_cmpint(clock_trust_steady(&clocks.trust), ==, 10 * MINUTE);
}

static void test_a_jump_is_believed_when_it_lasts(void) {
        check_jump(YEAR);
        check_jump(-YEAR);
        check_jump(61 * SEC);
        check_jump(-61 * SEC);
}

static void test_there_and_back_are_two_jumps(void) {
        Clocks clocks = clocks_new();

        g_assert_true(pass(&clocks, 100, 0));
        clocks.realtime += YEAR;
        g_assert_false(pass(&clocks, 30, 0));
        clocks.realtime -= YEAR;
        g_assert_false(pass(&clocks, 60, 0));
        g_assert_true(pass(&clocks, 1, 0));
}

static void test_a_little_is_no_jump(void) {
        Clocks clocks = clocks_new();

        g_assert_true(pass(&clocks, 100, 0));
        clocks.realtime += 60 * SEC;
        g_assert_true(pass(&clocks, 1, 0));
        clocks.realtime -= 120 * SEC;
        g_assert_true(pass(&clocks, 1, 0));
}

static void test_many_small_steps_are_a_jump(void) {
        Clocks clocks = clocks_new();

        g_assert_true(pass(&clocks, 100, 0));
        g_assert_true(pass(&clocks, 6, 10 * SEC));
        g_assert_false(pass(&clocks, 1, 10 * SEC));
        g_assert_false(pass(&clocks, 1000, 10 * SEC)); /* as fast as it goes on */
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/clock-trust/a start is not believed at once",
                        test_a_start_is_not_believed_at_once);
        g_test_add_func("/clock-trust/a jump is believed when it lasts",
                        test_a_jump_is_believed_when_it_lasts);
        g_test_add_func("/clock-trust/there and back are two jumps",
                        test_there_and_back_are_two_jumps);
        g_test_add_func("/clock-trust/a little is no jump", test_a_little_is_no_jump);
        g_test_add_func("/clock-trust/many small steps are a jump",
                        test_many_small_steps_are_a_jump);
        return g_test_run();
}
