/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand.h"

#include <math.h>

#include "tests/unit/core/made-up-series.h"

static const MadeUpSeries daily = { .level = 40, .daily = 20, .noise = 2, .seed = 1 };
static const MadeUpSeries weekly = {
        .level = 60, .daily = 20, .weekly = 30, .noise = 2, .seed = 2
};

static void teach(Demand *demand, unsigned i, double value) {
        g_assert_true(demand_update(demand, MADE_UP_BEGIN + (int64_t)i * MADE_UP_STEP, value));
}

static Demand *taught(const MadeUpSeries *series, unsigned n) {
        Demand *demand = demand_new(MADE_UP_STEP);

        for (unsigned i = 0; i < n; i++)
                teach(demand, i, made_up_series_value(series, i));
        return demand;
}

static void forecast(const Demand *demand, unsigned n, DemandBand *bands) {
        g_assert_true(demand_forecast(demand, n, bands));
        for (unsigned i = 0; i < n; i++) {
                g_assert_true(isfinite(bands[i].mean) && isfinite(bands[i].p99));
                g_assert_cmpfloat(bands[i].mean, >=, 0);
                g_assert_cmpfloat(bands[i].p50, >=, 0);
                g_assert_cmpfloat(bands[i].p50, <=, bands[i].p95);
                g_assert_cmpfloat(bands[i].p95, <=, bands[i].p99);
        }
}

static double average_width(const DemandBand *bands, unsigned n) {
        double sum = 0;

        for (unsigned i = 0; i < n; i++)
                sum += bands[i].p95 - bands[i].p50;
        return sum / n;
}

/* What was forecast for `n` steps from `begin` on, held against what came. */
typedef struct Outcome {
        double miss;  /* of p50, average */
        double above; /* part of the steps above p95 */
        double most;  /* above p99 */
} Outcome;

static Outcome compare(const MadeUpSeries *series, unsigned begin, const DemandBand *bands,
                       unsigned n) {
        Outcome outcome = { 0 };

        for (unsigned i = 0; i < n; i++) {
                double value = made_up_series_value(series, begin + i);

                outcome.miss += fabs(value - bands[i].p50) / n;
                outcome.above += (value > bands[i].p95 ? 1.0 : 0) / n;
                outcome.most += (value > bands[i].p99 ? 1.0 : 0) / n;
        }
        return outcome;
}

/* A day ahead, of each day from `first` on. */
static Outcome follow(const MadeUpSeries *series, unsigned first, unsigned n_days) {
        g_autoptr(Demand) demand = taught(series, first * MADE_UP_DAY);
        DemandBand bands[MADE_UP_DAY];
        Outcome all = { 0 };

        for (unsigned day = first; day < first + n_days; day++) {
                unsigned begin = day * MADE_UP_DAY;
                Outcome one;

                forecast(demand, MADE_UP_DAY, bands);
                one = compare(series, begin, bands, MADE_UP_DAY);
                all.miss += one.miss / n_days;
                all.above += one.above / n_days;
                all.most += one.most / n_days;
                for (unsigned i = begin; i < begin + MADE_UP_DAY; i++)
                        teach(demand, i, made_up_series_value(series, i));
        }
        return all;
}

static void test_nothing_is_forecast_of_nothing(void) {
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
        DemandBand band;

        g_assert_false(demand_forecast(demand, 1, &band));
        teach(demand, 0, NAN);
        g_assert_false(demand_forecast(demand, 1, &band));
        teach(demand, 1, 5);
        forecast(demand, 1, &band);
        g_assert_cmpfloat(band.p50, ==, 5);
}

static void test_steps_divide_the_hour(void) {
        g_assert_true(demand_step_is_valid(60));
        g_assert_true(demand_step_is_valid(300));
        g_assert_true(demand_step_is_valid(3600));
        g_assert_false(demand_step_is_valid(0));
        g_assert_false(demand_step_is_valid(59));
        g_assert_false(demand_step_is_valid(420));
        g_assert_false(demand_step_is_valid(7200));
        g_assert_cmpuint(demand_day(300), ==, 288);
}

static void test_a_series_has_a_size_that_stays(void) {
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);

        g_assert_cmpuint(demand_size(demand), <=, DEMAND_SIZE_MAX);
}

static void test_time_goes_one_way(void) {
        g_autoptr(Demand) demand = taught(&daily, 10);

        g_assert_false(demand_update(demand, MADE_UP_BEGIN, 1));
        g_assert_false(demand_update(demand, MADE_UP_BEGIN + 9 * MADE_UP_STEP + 299, 1));
        g_assert_false(demand_update(demand, -1, 1));
        g_assert_false(demand_update(demand, INT64_MIN, 1));
        g_assert_false(demand_update(demand, INT64_MAX, 1));
        g_assert_true(demand_update(demand, MADE_UP_BEGIN + 10 * MADE_UP_STEP + 299, 1));
}

static void test_what_never_changes_is_forecast_as_it_is(void) {
        static const double values[] = { 0, 1e-9, 7, 3e14 };

        for (size_t v = 0; v < G_N_ELEMENTS(values); v++) {
                g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
                DemandBand bands[MADE_UP_DAY];

                for (unsigned i = 0; i < 3 * MADE_UP_DAY; i++)
                        teach(demand, i, values[v]);
                forecast(demand, MADE_UP_DAY, bands);
                for (unsigned i = 0; i < MADE_UP_DAY; i++) {
                        g_assert_cmpfloat_with_epsilon(bands[i].p50, values[v],
                                                       1e-5 * values[v] + 1e-30);
                        g_assert_cmpfloat_with_epsilon(bands[i].mean, values[v],
                                                       1e-5 * values[v] + 1e-30);
                        g_assert_cmpfloat_with_epsilon(bands[i].p99, values[v],
                                                       1e-3 * values[v] + 1e-30);
                }
        }
}

static void test_a_day_is_known_after_two(void) {
        Outcome outcome = follow(&daily, 2, 2);

        g_assert_cmpfloat(outcome.miss, <, 2.5); /* 1.6 is the noise alone, 12.7 the wave */
        g_assert_cmpfloat(outcome.above, <, 0.12);
}

static void test_a_week_is_known_after_three(void) {
        g_assert_cmpfloat(follow(&weekly, 21, 7).miss, <, 3);
}

static void test_tails_are_as_rare_as_they_say(void) {
        Outcome outcome = follow(&daily, 7, 14);

        g_assert_cmpfloat(outcome.above, >, 0.035);
        g_assert_cmpfloat(outcome.above, <, 0.065);
        g_assert_cmpfloat(outcome.most, >, 0.002);
        g_assert_cmpfloat(outcome.most, <, 0.02);
}

static void test_the_first_values_get_a_margin(void) {
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
        DemandBand bands[MADE_UP_DAY];

        teach(demand, 0, 10);
        teach(demand, 1, 20);
        teach(demand, 2, 10);
        forecast(demand, MADE_UP_DAY, bands);
        g_assert_cmpfloat(bands[0].p50, ==, 10);
        g_assert_cmpfloat_with_epsilon(bands[0].p95, 20 * (1 + 4 * 0.15), 1e-3);
        g_assert_cmpfloat_with_epsilon(bands[MADE_UP_DAY - 1].p99, 20 * (1 + 4 * 0.3), 1e-3);
        for (unsigned i = 3; i < 12; i++)
                teach(demand, i, 10);
        forecast(demand, MADE_UP_DAY, bands); /* a whole hour */
        g_assert_cmpfloat_with_epsilon(bands[0].p95, 20 * 1.15, 1e-3);
        g_assert_cmpfloat_with_epsilon(bands[0].p99, 20 * 1.3, 1e-3);
}

/* The hour ahead, of 200 series that begin at any time of the day and are seen for `n` steps. */
static Outcome young(unsigned n) {
        Outcome all = { 0 };

        for (unsigned s = 0; s < 200; s++) {
                MadeUpSeries series = { .level = 40, .daily = 20, .noise = 6, .seed = 100 + s };
                unsigned begin = s * 37 % MADE_UP_DAY;
                g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
                DemandBand bands[12];
                Outcome one;

                for (unsigned i = begin; i < begin + n; i++)
                        teach(demand, i, made_up_series_value(&series, i));
                forecast(demand, 12, bands);
                one = compare(&series, begin + n, bands, 12);
                all.above += one.above / 200;
                all.most += one.most / 200;
        }
        return all;
}

static void test_a_young_band_promises_no_more_than_it_knows(void) {
        static const unsigned ages[] = { 1, 2, 3, 6, 12, 18, 24, 36, 48, 72, 144, 287 };

        for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
                Outcome outcome = young(ages[i]);

                g_assert_cmpfloat(outcome.above, <, 0.08);
                g_assert_cmpfloat(outcome.most, <, 0.04);
        }
}

static void test_an_hour_is_enough_to_begin_with(void) {
        g_autoptr(Demand) demand = taught(&daily, 13);
        DemandBand bands[12];
        Outcome outcome;

        forecast(demand, 12, bands);
        outcome = compare(&daily, 13, bands, 12);
        g_assert_cmpfloat(outcome.above, <=, 2.0 / 12);
        g_assert_cmpfloat(outcome.miss, <, 8); /* of about 50, that rise */
        g_assert_cmpfloat(bands[11].p95, <, 100);
}

/* After a step up, the next hours are known at once, and the next day a day later. */
static void test_a_step_is_followed(void) {
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
        DemandBand bands[MADE_UP_DAY];
        unsigned step = 7 * MADE_UP_DAY;

        for (unsigned i = 0; i < step + 36; i++)
                teach(demand, i, (i < step ? 20 : 80) + made_up_chance(3, i));
        forecast(demand, 12, bands);
        g_assert_cmpfloat_with_epsilon(bands[11].p50, 80.5, 5);

        for (unsigned i = step + 36; i < step + 2 * MADE_UP_DAY; i++)
                teach(demand, i, 80 + made_up_chance(3, i));
        forecast(demand, MADE_UP_DAY, bands);
        g_assert_cmpfloat_with_epsilon(bands[MADE_UP_DAY - 1].p50, 80.5, 2);
        g_assert_cmpfloat_with_epsilon(bands[MADE_UP_DAY - 1].mean, 80.5, 6);
}

/* A gap is no zero: the band is wider, and about where it was. */
static void test_a_missing_day_widens_the_band(void) {
        g_autoptr(Demand) demand = taught(&daily, 13 * MADE_UP_DAY);
        DemandBand before[MADE_UP_DAY], after[MADE_UP_DAY];

        forecast(demand, MADE_UP_DAY, before);
        teach(demand, 14 * MADE_UP_DAY - 1, NAN); /* and so all before it */
        forecast(demand, MADE_UP_DAY, after);
        g_assert_cmpfloat(average_width(after, 12), >, 1.1 * average_width(before, 12));
        g_assert_cmpfloat(average_width(after, MADE_UP_DAY), >,
                          1.1 * average_width(before, MADE_UP_DAY));
        g_assert_cmpfloat(compare(&daily, 14 * MADE_UP_DAY, after, MADE_UP_DAY).miss, <, 3);
}

static void test_missing_samples_are_not_learnt(void) {
        static const double missing[] = { NAN, INFINITY, -1, 2e15 };

        for (size_t m = 0; m < G_N_ELEMENTS(missing); m++) {
                g_autoptr(Demand) holed = demand_new(MADE_UP_STEP);
                g_autoptr(Demand) skipped = demand_new(MADE_UP_STEP);
                DemandBand a[MADE_UP_DAY], b[MADE_UP_DAY];

                for (unsigned i = 0; i < 3 * MADE_UP_DAY; i++) {
                        bool gone = made_up_chance(4, i) < 0.3 && i < 3 * MADE_UP_DAY - 1;

                        teach(holed, i, gone ? missing[m] : made_up_series_value(&daily, i));
                        if (!gone)
                                teach(skipped, i, made_up_series_value(&daily, i));
                }
                forecast(holed, MADE_UP_DAY, a);
                forecast(skipped, MADE_UP_DAY, b);
                g_assert_cmpmem(a, sizeof(a), b, sizeof(b));
                g_assert_cmpfloat(compare(&daily, 3 * MADE_UP_DAY, a, MADE_UP_DAY).miss, <, 3);
        }
}

/* Where most is nothing and the rest is much, half is below p50 and the mean is what it costs. */
static void test_the_mean_is_not_the_middle(void) {
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
        DemandBand bands[MADE_UP_DAY];
        double mean = 0;

        for (unsigned i = 0; i < 14 * MADE_UP_DAY; i++)
                teach(demand, i, made_up_chance(5, i) < 0.2 ? 100 : 0);
        forecast(demand, MADE_UP_DAY, bands);
        for (unsigned i = 0; i < MADE_UP_DAY; i++)
                mean += bands[i].mean / MADE_UP_DAY;
        g_assert_cmpfloat(bands[100].p50, <, 5);
        g_assert_cmpfloat_with_epsilon(mean, 20, 6);
        g_assert_cmpfloat(bands[100].p95, >, 80);
}

static void test_any_step_will_do(void) {
        static const unsigned steps[] = { 60, 900, 1800, 3600 };

        for (size_t s = 0; s < G_N_ELEMENTS(steps); s++) {
                g_autoptr(Demand) demand = demand_new(steps[s]);
                unsigned day = demand_day(steps[s]);
                g_autofree DemandBand *bands = g_new(DemandBand, day);

                for (unsigned i = 0; i < 4 * day; i++)
                        g_assert_true(
                                demand_update(demand, MADE_UP_BEGIN + (int64_t)i * steps[s],
                                              made_up_series_value(&daily, i * MADE_UP_DAY / day)));
                forecast(demand, day, bands);
                g_assert_cmpfloat_with_epsilon(bands[day / 4].p50, 60, 6);
                g_assert_cmpfloat_with_epsilon(bands[day * 3 / 4].p50, 20, 6);
        }
}

static void test_a_leap_of_years_begins_anew(void) {
        g_autoptr(Demand) demand = taught(&daily, 7 * MADE_UP_DAY);
        DemandBand bands[MADE_UP_DAY];

        g_assert_true(demand_update(demand, DEMAND_TIME_MAX, 1000));
        forecast(demand, MADE_UP_DAY, bands);
}

#define ADD(name, function) g_test_add_func("/demand/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("nothing is forecast of nothing", test_nothing_is_forecast_of_nothing);
        ADD("steps divide the hour", test_steps_divide_the_hour);
        ADD("a series has a size that stays", test_a_series_has_a_size_that_stays);
        ADD("time goes one way", test_time_goes_one_way);
        ADD("what never changes is forecast as it is",
            test_what_never_changes_is_forecast_as_it_is);
        ADD("a day is known after two", test_a_day_is_known_after_two);
        ADD("a week is known after three", test_a_week_is_known_after_three);
        ADD("tails are as rare as they say", test_tails_are_as_rare_as_they_say);
        ADD("the first values get a margin", test_the_first_values_get_a_margin);
        ADD("a young band promises no more than it knows",
            test_a_young_band_promises_no_more_than_it_knows);
        ADD("an hour is enough to begin with", test_an_hour_is_enough_to_begin_with);
        ADD("a step is followed", test_a_step_is_followed);
        ADD("a missing day widens the band", test_a_missing_day_widens_the_band);
        ADD("missing samples are not learnt", test_missing_samples_are_not_learnt);
        ADD("the mean is not the middle", test_the_mean_is_not_the_middle);
        ADD("any step will do", test_any_step_will_do);
        ADD("a leap of years begins anew", test_a_leap_of_years_begins_anew);
        return g_test_run();
}
