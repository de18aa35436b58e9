/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-math.h"

#include <math.h>

static Numbers numbers(const double *values, unsigned n) {
        Numbers numbers = { .n = 0 };

        for (unsigned i = 0; i < n; i++)
                numbers_add(&numbers, values[i]);
        return numbers;
}

static void test_a_median_is_in_the_middle(void) {
        static const double values[] = { 9, -1, 4, 1e300, 5 };
        Numbers none = { .n = 0 }, odd = numbers(values, 5), even = numbers(values, 4);

        g_assert_cmpfloat(numbers_median(&none, 7), ==, 7);
        g_assert_cmpfloat(numbers_median(&odd, 7), ==, 5);
        g_assert_cmpfloat(numbers_median(&even, 7), ==, 6.5);
}

static void test_what_is_no_number_is_left_out(void) {
        static const double values[] = { NAN, 3, INFINITY, -INFINITY };
        Numbers some = numbers(values, 4);

        g_assert_cmpuint(some.n, ==, 1);
        g_assert_cmpfloat(numbers_median(&some, 7), ==, 3);
}

static void test_what_is_too_much_is_left_out(void) {
        Numbers many = { .n = 0 };

        for (int i = 0; i < NUMBERS_MAX + 10; i++)
                numbers_add(&many, i);
        g_assert_cmpuint(many.n, ==, NUMBERS_MAX);
}

/* Points of y = 2x + 1, but for a wild one. */
static const Point points[] = { { 0, 1, 0 },    { 1, 3, 0 }, { 2, 5, 0 },
                                { 3, 7000, 0 }, { 4, 9, 0 }, { 5, 11, 0 } };

static void test_a_slope_is_that_of_the_many(void) {
        g_assert_cmpfloat(points_slope(points, G_N_ELEMENTS(points), 1, -1), ==, 2);
}

static void test_a_slope_needs_witnesses(void) {
        g_assert_cmpfloat(points_slope(points, 0, 1, -1), ==, -1);
        g_assert_cmpfloat(points_slope(points, 3, 1, -1), ==, -1);
        g_assert_cmpfloat(points_slope(points, G_N_ELEMENTS(points), 6, -1), ==, -1);
}

/* Of many at one place a wild one far away would be the only witness. */
static void test_one_point_alone_is_not_believed(void) {
        Point lonely[8] = { { 100, 100000, 0 } };

        for (int i = 1; i < 8; i++)
                lonely[i] = (Point){ i / 100.0, 5, 0 };
        g_assert_cmpfloat(points_slope(lonely, 8, 1, -1), ==, -1);
}

static void test_close_points_say_nothing(void) {
        Point pairs[8];

        for (int i = 0; i < 8; i++)
                pairs[i] = (Point){ i / 2 * 10 + i % 2, i / 2 * 30 - i % 2 * 5, 0 };
        g_assert_cmpfloat(points_slope(pairs, 8, 1.5, -1), ==, 3);
}

static void test_points_of_two_groups_are_not_compared(void) {
        Point two[10];

        for (int i = 0; i < 10; i++)
                two[i] = (Point){ i, 2 * i + i % 2 * 1000, i % 2 };
        g_assert_cmpfloat(points_slope(two, 10, 1, -1), ==, 2);
}

#define ADD(name, function) g_test_add_func("/math/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a median is in the middle", test_a_median_is_in_the_middle);
        ADD("what is no number is left out", test_what_is_no_number_is_left_out);
        ADD("what is too much is left out", test_what_is_too_much_is_left_out);
        ADD("a slope is that of the many", test_a_slope_is_that_of_the_many);
        ADD("a slope needs witnesses", test_a_slope_needs_witnesses);
        ADD("one point alone is not believed", test_one_point_alone_is_not_believed);
        ADD("close points say nothing", test_close_points_say_nothing);
        ADD("points of two groups are not compared", test_points_of_two_groups_are_not_compared);
        return g_test_run();
}
