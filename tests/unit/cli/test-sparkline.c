/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/sparkline.h"

#include <math.h>

static void check(const double *values, guint n, const char *expected) {
        g_autofree char *line = sparkline(values, n);

        g_assert_cmpstr(line, ==, expected);
}

static void test_bars_go_from_nothing_to_the_highest(void) {
        static const double values[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
        static const double high[] = { 1000, 1001 };

        check(values, G_N_ELEMENTS(values), "▁▂▃▄▅▆▇█");
        check(high, G_N_ELEMENTS(high), "██"); /* next to nothing has changed */
}

static void test_a_gap_is_a_blank_and_nothing_used_is_a_bar(void) {
        static const double values[] = { NAN, 0, NAN, 8 };
        static const double nothing[] = { 0, 0 };
        static const double nobody[] = { NAN, NAN };

        check(values, G_N_ELEMENTS(values), " ▁ █");
        check(nothing, G_N_ELEMENTS(nothing), "▁▁");
        check(nobody, G_N_ELEMENTS(nobody), "  ");
        check(NULL, 0, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sparkline/bars go from nothing to the highest",
                        test_bars_go_from_nothing_to_the_highest);
        g_test_add_func("/sparkline/a gap is a blank and nothing used is a bar",
                        test_a_gap_is_a_blank_and_nothing_used_is_a_bar);
        return g_test_run();
}
