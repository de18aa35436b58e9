/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-math.h"

#include <glib.h>
#include <math.h>

#include "tests/unit/core/made-up-series.h"

static void test_an_average_is_plain_at_first(void) {
        Average average = { 0 };

        for (int i = 1; i <= 9; i++)
                average_add(&average, (float)i, 0.01f);
        g_assert_cmpfloat_with_epsilon(average.value, 5, 1e-5);
}

static void test_an_average_forgets(void) {
        Average average = { 0 };

        for (int i = 0; i < 1000; i++)
                average_add(&average, 8, half_life_rate(10));
        for (int i = 0; i < 10; i++)
                average_add(&average, 0, half_life_rate(10));
        g_assert_cmpfloat_with_epsilon(average.value, 4, 1e-3);
}

static void test_a_tail_is_where_it_should_be(void) {
        Histogram histogram = { 0 };

        for (int i = 0; i < 10000; i++)
                histogram_add(&histogram, (float)i / 5000 - 1, 1);
        g_assert_cmpfloat_with_epsilon(histogram_tail(&histogram, 0.05f), 0.9, 0.02);
        g_assert_cmpfloat_with_epsilon(histogram_tail(&histogram, 0.5f), 0, 0.02);
        g_assert_cmpfloat_with_epsilon(histogram_tail(&histogram, 0.95f), -0.9, 0.02);
        histogram_scale(&histogram, 1e-3f);
        g_assert_cmpfloat_with_epsilon(histogram_tail(&histogram, 0.05f), 0.9, 0.02);
}

static void test_what_is_far_away_is_in_the_last_bucket(void) {
        Histogram histogram = { 0 };

        histogram_add(&histogram, 1e30f, 1);
        g_assert_cmpfloat(histogram_tail(&histogram, 0.05f), >, 60);
        histogram_add(&histogram, -1e30f, 9);
        g_assert_cmpfloat(histogram_tail(&histogram, 0.5f), <, -60);
        histogram_add(&histogram, NAN, 1);
}

static void test_of_nothing_is_nothing(void) {
        Histogram histogram = { 0 };

        g_assert_cmpfloat(histogram_tail(&histogram, 0.05f), ==, 0);
        g_assert_true(isnan(floats_median(NULL, 0)));
}

static void test_the_kth_is_the_kth(void) {
        for (unsigned n = 1; n < 40; n++)
                for (unsigned k = 0; k < n; k++) {
                        float values[40];

                        /* each of 0 to n - 1 once, and then each twice */
                        for (unsigned i = 0; i < n; i++)
                                values[i] = (float)(i * 41 % n);
                        if (n != 1 && 41 % n != 0 && n != 41)
                                g_assert_cmpfloat(floats_select(values, n, k), ==, (float)k);
                        for (unsigned i = 0; i < n; i++)
                                values[i] = (float)((n - i - 1) / 2);
                        g_assert_cmpfloat(floats_select(values, n, k), ==, (float)(k / 2));
                }
}

static void test_weights_weigh(void) {
        Weighted values[] = { { 3, 1 }, { 1, 90 }, { 2, 9 } };

        weighted_sort(values, 3);
        g_assert_cmpfloat(weighted_tail(values, 3, 0.5f), ==, 1);
        g_assert_cmpfloat(weighted_tail(values, 3, 0.05f), ==, 2);
        g_assert_cmpfloat(weighted_tail(values, 3, 0.005f), ==, 3);
}

#define ADD(name, function) g_test_add_func("/demand-math/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("an average is plain at first", test_an_average_is_plain_at_first);
        ADD("an average forgets", test_an_average_forgets);
        ADD("a tail is where it should be", test_a_tail_is_where_it_should_be);
        ADD("what is far away is in the last bucket", test_what_is_far_away_is_in_the_last_bucket);
        ADD("of nothing is nothing", test_of_nothing_is_nothing);
        ADD("the kth is the kth", test_the_kth_is_the_kth);
        ADD("weights weigh", test_weights_weigh);
        return g_test_run();
}
