/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-sum.h"

#include <math.h>

static const DemandBand band = { .mean = 10, .p50 = 9, .p95 = 13, .p99 = 14 };

static void test_one_is_itself(void) {
        DemandSum sum = { 0 };
        DemandBand all;

        demand_sum_add(&sum, &band);
        all = demand_sum_band(&sum);
        g_assert_cmpfloat(all.mean, ==, 10);
        g_assert_cmpfloat(all.p50, ==, 9);
        g_assert_cmpfloat(all.p95, ==, 13);
        g_assert_cmpfloat(all.p99, ==, 14);
}

/* 16 times what one is above its mean is 4 times of it. */
static void test_not_all_peak_at_once(void) {
        DemandSum sum = { 0 };
        DemandBand all;

        for (int i = 0; i < 16; i++)
                demand_sum_add(&sum, &band);
        all = demand_sum_band(&sum);
        g_assert_cmpfloat(all.mean, ==, 160);
        g_assert_cmpfloat(all.p95, ==, 160 + 4 * 3);
        g_assert_cmpfloat(all.p99, ==, 160 + 4 * 4);
}

/* One of the sum's own quantile, by drawing from what is assumed. */
static void test_the_sum_of_normal_series_is_met(void) {
        const double sigma[] = { 1, 2, 3, 4 };
        g_autoptr(GRand) rand = g_rand_new_with_seed(42);
        int below = 0, n = 20000;
        DemandSum sum = { 0 };

        for (size_t i = 0; i < G_N_ELEMENTS(sigma); i++)
                demand_sum_add(&sum, &(DemandBand){ 100, 100, 100 + 1.645 * sigma[i],
                                                    100 + 2.326 * sigma[i] });
        for (int i = 0; i < n; i++) {
                double drawn = 0;

                for (size_t s = 0; s < G_N_ELEMENTS(sigma); s++)
                        drawn += 100 + sigma[s] * sqrt(-2 * log(1 - g_rand_double(rand))) *
                                               cos(2 * G_PI * g_rand_double(rand));
                below += drawn <= demand_sum_band(&sum).p95;
        }
        g_assert_cmpint(below, >, n * 94 / 100);
        g_assert_cmpint(below, <, n * 96 / 100);
}

static void test_quantiles_are_in_order(void) {
        DemandSum sum = { 0 };
        DemandBand all;

        demand_sum_add(&sum, &(DemandBand){ .mean = 5, .p50 = 0, .p95 = 0, .p99 = 90 });
        demand_sum_add(&sum, &(DemandBand){ .mean = 1, .p50 = 20, .p95 = 20, .p99 = 20 });
        all = demand_sum_band(&sum);
        g_assert_cmpfloat(all.p50, <=, all.p95);
        g_assert_cmpfloat(all.p95, <=, all.p99);
        g_assert_cmpfloat(demand_sum_band(&(DemandSum){ 0 }).p99, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/demand-sum/one is itself", test_one_is_itself);
        g_test_add_func("/demand-sum/not all are at their peak at once", test_not_all_peak_at_once);
        g_test_add_func("/demand-sum/the quantile of the sum of normal series is met",
                        test_the_sum_of_normal_series_is_met);
        g_test_add_func("/demand-sum/quantiles are in order", test_quantiles_are_in_order);
        return g_test_run();
}
