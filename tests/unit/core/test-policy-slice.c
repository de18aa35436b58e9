/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy-slice.h"

#include <math.h>

#include "tests/unit/core/made-up-series.h"

#define BEGIN  INT64_C(1000000)
#define MINUTE 60
#define HOUR   3600
#define DAY    (24 * HOUR)
#define PARTS  3

/* Of 8 cores of one CPU each, half of which is used, and has been for a day. */
typedef struct Fixture {
        PolicySliceSettings settings;
        PolicySlice *policy;
        PolicyPeaks ahead[PARTS];
        PolicySlicePart parts[PARTS];
        unsigned n_parts;
        GArray *changes;
} Fixture;

static const char *const ids[PARTS] = { "a", "b", "c" };

static void expect(Fixture *f, unsigned part, unsigned hour, double p99) {
        f->ahead[part].p95[hour] = p99 * 0.98;
        f->ahead[part].p99[hour] = p99;
}

static void expect_always(Fixture *f, unsigned part, double p99) {
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                expect(f, part, hour, p99);
}

/* Uses it, has done so for a day, and will. */
static void use(Fixture *f, unsigned part, double amount) {
        f->parts[part].seen = f->parts[part].seen_day = amount;
        expect_always(f, part, amount);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->settings = (PolicySliceSettings){ 85, 40, 70, HOUR, 6 };
        f->policy = policy_slice_new(&f->settings);
        f->n_parts = 1;
        for (unsigned i = 0; i < PARTS; i++) {
                f->parts[i] = (PolicySlicePart){ .id = ids[i], .age = DAY, .has = 8, .step = 1 };
                f->parts[i].limit = 8;
                f->parts[i].ahead = &f->ahead[i];
                use(f, i, 4);
        }
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->changes, g_array_unref);
        policy_slice_free(f->policy);
}

static guint decide(Fixture *f, int64_t time) {
        g_clear_pointer(&f->changes, g_array_unref);
        f->changes = policy_slice_decide(f->policy, time, f->parts, f->n_parts);
        return f->changes->len;
}

static const PolicySliceChange *nth(const Fixture *f, guint i) {
        g_assert_cmpuint(i, <, f->changes->len);
        return &g_array_index(f->changes, PolicySliceChange, i);
}

static void assert_wants(Fixture *f, int64_t time, PolicySliceReason reason, double wants) {
        g_assert_cmpuint(decide(f, time), ==, 1);
        g_assert_cmpint(nth(f, 0)->reason, ==, reason);
        g_assert_cmpfloat_with_epsilon(nth(f, 0)->wants, wants, 1e-6);
}

/* Each 5 minutes; returns how often something was carried out, at once. */
static unsigned pass(Fixture *f, int64_t *time, int64_t seconds) {
        unsigned n = 0;

        for (int64_t end = *time + seconds; *time < end; *time += 5 * MINUTE) {
                if (decide(f, *time) == 0)
                        continue;
                f->parts[0].has = nth(f, 0)->wants;
                n++;
        }
        return n;
}

/* Growing ------------------------------------------------------------------------------ */

static void test_nothing_changes_between_the_thresholds(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 6.7);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
        use(f, 0, 3.3);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

static void test_it_grows_before_the_bottleneck(Fixture *f, gconstpointer unused) {
        expect(f, 0, 2, 7);
        assert_wants(f, BEGIN, POLICY_SLICE_RISES, 10); /* 6.86 / 0.7 */
        g_assert_cmpuint(nth(f, 0)->hour, ==, 2);
        g_assert_cmpfloat(nth(f, 0)->p99, ==, 7);
        g_assert_cmpfloat_with_epsilon(nth(f, 0)->p95, 6.86, 1e-6);
}

static void test_what_is_hours_away_can_wait(Fixture *f, gconstpointer unused) {
        expect(f, 0, 3, 20);
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_it_grows_by_whole_steps(Fixture *f, gconstpointer unused) {
        f->parts[0].step = 2;
        expect(f, 0, 0, 7.2); /* 10.1 */
        assert_wants(f, BEGIN, POLICY_SLICE_RISES, 12);
}

static void test_it_does_not_grow_by_all_of_it_at_once(Fixture *f, gconstpointer unused) {
        expect(f, 0, 0, 80);
        assert_wants(f, BEGIN, POLICY_SLICE_RISES, 12);
        f->parts[0].seen = 8;
        assert_wants(f, BEGIN, POLICY_SLICE_SATURATES, 16);
        f->parts[0].id = "d"; /* but by one step */
        f->parts[0].has = f->parts[0].limit = f->parts[0].seen = 1;
        f->parts[0].step = 2;
        assert_wants(f, BEGIN, POLICY_SLICE_SATURATES, 4);
}

/* As after a change of its ways. */
static void test_a_forecast_that_knows_too_little_is_not_believed(Fixture *f,
                                                                  gconstpointer unused) {
        expect(f, 0, 1, 40);
        f->ahead[0].p95[1] = 6.7;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        f->ahead[0].p95[1] = 7.5;
        assert_wants(f, BEGIN, POLICY_SLICE_RISES, 11);
        f->ahead[0].p95[1] = 4;
        f->parts[0].seen_day = 5; /* the same */
        assert_wants(f, BEGIN, POLICY_SLICE_RISES, 11);
}

static void test_a_guest_at_its_limit_wants_more_than_is_seen(Fixture *f, gconstpointer unused) {
        f->parts[0].seen = 7.7;
        assert_wants(f, BEGIN, POLICY_SLICE_SATURATES, 11); /* of 7.7, not of the p99 */
        f->parts[0].limit = 0;                              /* it may use more than it has */
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_a_guest_that_waits_for_its_cpus_grows_by_a_quarter(Fixture *f,
                                                                    gconstpointer unused) {
        f->parts[0].limit = 16;
        f->parts[0].seen = 5;
        f->parts[0].waits = 3;
        assert_wants(f, BEGIN, POLICY_SLICE_SATURATES, 10);
        f->parts[0].seen = 4; /* the host was busy, and it had less than its own */
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_a_forecast_of_who_is_new_counts_for_nothing(Fixture *f, gconstpointer unused) {
        use(f, 0, 7);
        f->parts[0].seen = NAN;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        f->parts[0].ahead = NULL;
        f->parts[0].seen = 7;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

/* After a bottleneck ------------------------------------------------------------------- */

/* It was at its limit and has 16 since, of which it uses so much; the forecast is lost. */
static int64_t begin_after_bottleneck(Fixture *f, double uses) {
        f->parts[0].seen = f->parts[0].seen_day = 8;
        expect_always(f, 0, 40);
        assert_wants(f, BEGIN, POLICY_SLICE_SATURATES, 16);
        f->parts[0].has = f->parts[0].limit = 16;
        g_assert_cmpuint(decide(f, BEGIN + 5 * MINUTE), ==, 0);
        f->parts[0].seen = f->parts[0].seen_day = uses;
        return BEGIN + 2 * HOUR;
}

static void test_after_a_bottleneck_what_is_seen_counts(Fixture *f, gconstpointer unused) {
        int64_t time = begin_after_bottleneck(f, 11.5);

        g_assert_cmpuint(pass(f, &time, 10 * DAY - 3 * HOUR), ==, 0);
        g_assert_cmpuint(pass(f, &time, 2 * HOUR), ==, 1); /* by now the forecast is right */
}

static void test_after_a_bottleneck_it_grows_by_little(Fixture *f, gconstpointer unused) {
        int64_t time = begin_after_bottleneck(f, 12.5);

        assert_wants(f, time, POLICY_SLICE_RISES, 20); /* 1.1 * 12.5 / 0.7 */
}

static void test_after_a_bottleneck_the_next_one_is_not_waited_for(Fixture *f,
                                                                   gconstpointer unused) {
        int64_t time = begin_after_bottleneck(f, 16);

        assert_wants(f, time, POLICY_SLICE_SATURATES, 32);
}

static void test_what_was_given_too_much_is_taken_back_once(Fixture *f, gconstpointer unused) {
        int64_t time = begin_after_bottleneck(f, 9);

        g_assert_cmpuint(pass(f, &time, DAY - 3 * HOUR), ==, 0);
        assert_wants(f, time + HOUR, POLICY_SLICE_IDLES, 13); /* 9 / 0.7 */
        g_assert_true(isnan(nth(f, 0)->p99));
        g_assert_cmpuint(pass(f, &time, 2 * HOUR), ==, 1);
        f->parts[0].limit = 13;
        f->parts[0].seen = f->parts[0].seen_day = 5; /* as at a weekend */
        g_assert_cmpuint(pass(f, &time, 7 * DAY), ==, 0);
}

static void test_what_it_was_at_its_limit_with_is_kept(Fixture *f, gconstpointer unused) {
        int64_t time = begin_after_bottleneck(f, 2);

        (void)pass(f, &time, 2 * DAY);
        g_assert_cmpfloat(f->parts[0].has, ==, 12); /* 8 / 0.7 */
}

static void test_nothing_is_taken_back_where_no_slice_shrinks(Fixture *f, gconstpointer unused) {
        int64_t time;

        policy_slice_free(f->policy);
        f->settings.shrink_below = 0;
        f->policy = policy_slice_new(&f->settings);
        time = begin_after_bottleneck(f, 9);
        g_assert_cmpuint(pass(f, &time, 3 * DAY), ==, 0);
}

/* Shrinking ---------------------------------------------------------------------------- */

static void test_it_shrinks_when_everything_says_so_for_hours(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 3);
        g_assert_cmpuint(pass(f, &time, 3 * HOUR), ==, 0);
        assert_wants(f, time, POLICY_SLICE_IDLES, 5); /* 3 / 0.7 */
}

static void test_an_hour_that_says_otherwise_begins_it_anew(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 3);
        g_assert_cmpuint(pass(f, &time, 2 * HOUR), ==, 0);
        expect(f, 0, 23, 4);
        g_assert_cmpuint(decide(f, time), ==, 0);
        expect(f, 0, 23, 3);
        g_assert_cmpuint(pass(f, &time, 3 * HOUR), ==, 0);
        g_assert_cmpuint(decide(f, time), ==, 1);
}

static void test_who_was_not_looked_at_begins_anew(Fixture *f, gconstpointer unused) {
        use(f, 0, 3);
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + 4 * HOUR), ==, 0);
}

static void test_it_keeps_what_it_has_used_in_the_last_day(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 1);
        f->parts[0].seen_day = 3.1;
        g_assert_cmpuint(pass(f, &time, 3 * HOUR), ==, 0);
        assert_wants(f, time, POLICY_SLICE_IDLES, 5);
        f->parts[0].seen_day = 3.2;
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

static void test_who_is_known_for_less_than_a_day_does_not_shrink(Fixture *f,
                                                                  gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 1);
        f->parts[0].seen_day = NAN;
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

static void test_one_step_is_the_least(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 0);
        g_assert_cmpuint(pass(f, &time, 2 * DAY), ==, 1);
        g_assert_cmpfloat(f->parts[0].has, ==, 1);
}

/* A day ahead has the peak of every day in it. */
static void test_a_peak_of_each_day_is_kept_overnight(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 0.5);
        expect(f, 0, 20, 6);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

/* Hysteresis --------------------------------------------------------------------------- */

static void test_what_has_changed_is_left_alone_for_a_while(Fixture *f, gconstpointer unused) {
        use(f, 0, 7);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        f->parts[0].has = 7.5; /* by whoever, and by how much */
        g_assert_cmpuint(decide(f, BEGIN + MINUTE), ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + HOUR), ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + HOUR + MINUTE), ==, 1);
}

static void test_what_is_not_carried_out_is_said_again(Fixture *f, gconstpointer unused) {
        use(f, 0, 7);
        for (int i = 0; i < 100; i++)
                g_assert_cmpuint(decide(f, BEGIN + i * 5 * MINUTE), ==, 1);
}

static void test_a_change_before_a_restart_counts(Fixture *f, gconstpointer unused) {
        use(f, 0, 7);
        f->parts[0].age = 30 * MINUTE;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + 30 * MINUTE), ==, 1);
}

/* Another policy, as after a restart, which knows what that one noted. */
static void restart(Fixture *f, int64_t time) {
        g_autoptr(PolicySlice) before = f->policy;
        const GArray *changed = policy_slice_changed(before);

        f->policy = policy_slice_new(&f->settings);
        for (guint i = 0; i < changed->len; i++)
                policy_slice_remember(f->policy, time,
                                      &g_array_index(changed, PolicySliceChanged, i));
}

static void test_changes_of_before_a_restart_count(Fixture *f, gconstpointer unused) {
        f->settings.changes = 1;
        restart(f, BEGIN);
        (void)decide(f, BEGIN);
        f->parts[0].has = 7;
        (void)decide(f, BEGIN + MINUTE);
        use(f, 0, 7);
        restart(f, BEGIN + 2 * HOUR);
        g_assert_cmpuint(decide(f, BEGIN + 2 * HOUR), ==, 0);
        g_assert_cmpuint(policy_slice_changed(f->policy)->len, ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + DAY - HOUR), ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + DAY + 2 * MINUTE), ==, 1);
}

static void test_a_change_that_nobody_noted_counts_after_a_restart(Fixture *f,
                                                                   gconstpointer unused) {
        use(f, 0, 7);
        policy_slice_remember(f->policy, BEGIN,
                              &(PolicySliceChanged){ .id = "a", .made = BEGIN - DAY, .has = 6 });
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        g_assert_cmpuint(policy_slice_changed(f->policy)->len, ==, 1);
        g_assert_cmpuint(decide(f, BEGIN + HOUR), ==, 1);
        g_assert_cmpuint(policy_slice_changed(f->policy)->len, ==, 0);
}

static void test_a_bottleneck_of_before_a_restart_counts(Fixture *f, gconstpointer unused) {
        int64_t time = begin_after_bottleneck(f, 11.5);

        restart(f, time);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

static void test_a_day_has_so_many_changes_and_no_more(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        f->parts[0].limit = 0;
        for (int day = 0; day < 4; day++) {
                unsigned n = 0;

                for (int hour = 0; hour < 24; hour++) { /* it goes wild */
                        use(f, 0, f->parts[0].has * (made_up_chance(1, hour) < 0.5 ? 0.9 : 1.2));
                        n += pass(f, &time, HOUR);
                }
                g_assert_cmpuint(n, <=, 6);
                g_assert_cmpuint(n, >=, 5);
                f->parts[0].has = 8;
        }
}

static void test_the_second_half_of_a_day_s_changes_is_for_growing(Fixture *f,
                                                                   gconstpointer unused) {
        int64_t time = BEGIN;

        f->parts[0].has = 1024;
        f->parts[0].limit = 0;
        for (int i = 0; i < 5; i++) {
                use(f, 0, f->parts[0].has * 0.3);
                g_assert_cmpuint(pass(f, &time, 4 * HOUR), ==, i < 3 ? 1 : 0);
        }
        use(f, 0, f->parts[0].has);
        g_assert_cmpuint(pass(f, &time, HOUR), ==, 1);
}

static void test_a_spike_grows_once_and_is_kept_for_a_day(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        use(f, 0, 3.5);
        g_assert_cmpuint(pass(f, &time, 5 * HOUR), ==, 0);
        f->parts[0].seen = f->parts[0].seen_day = 8;
        g_assert_cmpuint(pass(f, &time, 10 * MINUTE), ==, 1);
        f->parts[0].limit = f->parts[0].has;
        f->parts[0].seen = 3.5; /* it is over */
        g_assert_cmpuint(pass(f, &time, 23 * HOUR), ==, 0);
        f->parts[0].seen_day = 3.5;
        g_assert_cmpuint(pass(f, &time, DAY), ==, 1);
        g_assert_cmpfloat(f->parts[0].has, ==, 5);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

static void test_who_is_held_is_left_alone(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        f->parts[0].held = true;
        use(f, 0, 8);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
        use(f, 0, 1);
        g_assert_cmpuint(pass(f, &time, DAY), ==, 0);
}

/* Several ------------------------------------------------------------------------------ */

static void test_who_is_the_most_urgent_grows_first(Fixture *f, gconstpointer unused) {
        f->n_parts = PARTS;
        use(f, 0, 7);
        use(f, 1, 7.5);
        use(f, 2, 7.2);
        g_assert_cmpuint(decide(f, BEGIN), ==, 3);
        g_assert_cmpstr(nth(f, 0)->part->id, ==, "b");
        g_assert_cmpstr(nth(f, 1)->part->id, ==, "c");
        f->parts[0].priority = 1;
        g_assert_cmpuint(decide(f, BEGIN), ==, 3);
        g_assert_cmpstr(nth(f, 0)->part->id, ==, "a");
        g_assert_cmpstr(nth(f, 2)->part->id, ==, "c");
}

static void test_who_shrinks_is_behind_who_grows(Fixture *f, gconstpointer unused) {
        int64_t time = BEGIN;

        f->n_parts = PARTS;
        use(f, 0, 2);
        use(f, 1, 1);
        g_assert_cmpuint(pass(f, &time, 3 * HOUR), ==, 0);
        use(f, 2, 7);
        g_assert_cmpuint(decide(f, time), ==, 3);
        g_assert_cmpstr(nth(f, 0)->part->id, ==, "c");
        g_assert_cmpstr(nth(f, 1)->part->id, ==, "b"); /* it needs the least */
}

/* With what is really forecast --------------------------------------------------------- */

#define LONG_DAYS  21
#define LEARNT     7 /* days */
#define HOUR_STEPS (HOUR / MADE_UP_STEP)

/* Of the day before, as far as it is there. */
static double day_peak(const double *values, unsigned i) {
        double peak = NAN;

        for (unsigned j = i >= MADE_UP_DAY ? i - MADE_UP_DAY : 0; j < i; j++)
                peak = fmax(peak, values[j]);
        return peak;
}

static void look_ahead(Fixture *f, const Demand *demand) {
        DemandBand bands[MADE_UP_DAY];

        g_assert_true(demand_forecast(demand, MADE_UP_DAY, bands));
        policy_peaks_fill(&f->ahead[0], bands, MADE_UP_STEP);
}

static void look_back(Fixture *f, const double *values, unsigned i) {
        f->parts[0].seen = day_peak(values + i - HOUR_STEPS, HOUR_STEPS);
        f->parts[0].seen_day = day_peak(values, i);
        f->parts[0].limit = f->parts[0].has;
}

#define SETTLED (LEARNT + 7) /* days */

/* From some day on it is decided twice an hour, and carried out. Returns how often; `ret_short` is
 * in how many steps it had less than it wanted. No day has two changes when it is settled. */
static unsigned live(Fixture *f, const MadeUpSeries *series, unsigned *ret_short) {
        g_autofree double *values = g_new0(double, LONG_DAYS *MADE_UP_DAY);
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
        unsigned n = 0, last = 0;

        *ret_short = 0;
        for (unsigned i = 0; i < LONG_DAYS * MADE_UP_DAY; i++) {
                int64_t time = MADE_UP_BEGIN + (int64_t)i * MADE_UP_STEP;
                double wanted = made_up_series_value(series, i);

                values[i] = fmin(wanted, f->parts[0].has);
                g_assert_true(demand_update(demand, time, values[i]));
                if (i < LEARNT * MADE_UP_DAY)
                        continue;
                *ret_short += wanted > f->parts[0].has;
                if (i % (HOUR_STEPS / 2) != 0)
                        continue;
                look_ahead(f, demand);
                look_back(f, values, i);
                if (decide(f, time) == 0)
                        continue;
                f->parts[0].has = nth(f, 0)->wants;
                n++;
                g_assert_true(i < SETTLED * MADE_UP_DAY || i - last > MADE_UP_DAY);
                last = i;
        }
        return n;
}

static void test_a_wave_of_each_day_does_not_make_it_swing(Fixture *f, gconstpointer unused) {
        static const MadeUpSeries wave = { .level = 4, .daily = 3, .noise = 0.2, .seed = 3 };
        unsigned n_short;

        f->parts[0].has = 16; /* far too much, and then enough for years */
        g_assert_cmpuint(live(f, &wave, &n_short), <=, 2);
        g_assert_cmpuint(n_short, ==, 0);
        g_assert_cmpfloat(f->parts[0].has, >=, 9);
        g_assert_cmpfloat(f->parts[0].has, <=, 16);
}

static void test_who_has_too_little_has_enough_after_some_changes(Fixture *f,
                                                                  gconstpointer unused) {
        static const MadeUpSeries wave = { .level = 6, .daily = 5, .noise = 0.2, .seed = 5 };
        unsigned n_short;

        f->parts[0].has = 3;
        g_assert_cmpuint(live(f, &wave, &n_short), <=, 6);
        g_assert_cmpuint(n_short, <, MADE_UP_DAY / 4);
        g_assert_cmpfloat(f->parts[0].has, >=, 11);
        g_assert_cmpfloat(f->parts[0].has, <=, 1.6 * 11);
}

/* Whatever it had, and however it comes to the 11 that it wants. */
static void test_a_bottleneck_does_not_make_it_far_too_big(Fixture *f, gconstpointer unused) {
        static const struct {
                MadeUpSeries wave;
                double had;
        } cases[] = {
                { { .level = 5, .daily = 6, .noise = 0.2, .seed = 7 }, 4 },
                { { .level = 8, .daily = 3, .noise = 0.2, .seed = 14 }, 4 },
                { { .level = 6, .daily = 5, .noise = 0.2, .seed = 21 }, 2 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                unsigned n_short;

                policy_slice_free(f->policy);
                f->policy = policy_slice_new(&f->settings);
                f->parts[0].has = cases[i].had;
                g_assert_cmpuint(live(f, &cases[i].wave, &n_short), <=, 6);
                g_assert_cmpuint(n_short, <, MADE_UP_DAY / 4);
                g_assert_cmpfloat(f->parts[0].has, >=, 11);
                g_assert_cmpfloat(f->parts[0].has, <=, 1.6 * 11.5); /* with its noise */
        }
}

static void test_who_idles_every_day_shrinks_and_stays_so(Fixture *f, gconstpointer unused) {
        static const MadeUpSeries wave = { .level = 0.5, .daily = 0.4, .noise = 0.05, .seed = 7 };
        unsigned n_short;

        f->parts[0].has = 32;
        g_assert_cmpuint(live(f, &wave, &n_short), <=, 3);
        g_assert_cmpuint(n_short, ==, 0);
        g_assert_cmpfloat(f->parts[0].has, >=, 1);
        g_assert_cmpfloat(f->parts[0].has, <=, 3);
}

#define TEST(name, function) \
        g_test_add("/policy-slice/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        TEST("nothing changes between the thresholds", test_nothing_changes_between_the_thresholds);
        TEST("it grows before the bottleneck", test_it_grows_before_the_bottleneck);
        TEST("what is hours away can wait", test_what_is_hours_away_can_wait);
        TEST("it grows by whole steps", test_it_grows_by_whole_steps);
        TEST("it does not grow by all of it at once", test_it_does_not_grow_by_all_of_it_at_once);
        TEST("a forecast that knows too little is not believed",
             test_a_forecast_that_knows_too_little_is_not_believed);
        TEST("a guest at its limit wants more than is seen",
             test_a_guest_at_its_limit_wants_more_than_is_seen);
        TEST("a guest that waits for its CPUs grows by a quarter",
             test_a_guest_that_waits_for_its_cpus_grows_by_a_quarter);
        TEST("a forecast of who is new counts for nothing",
             test_a_forecast_of_who_is_new_counts_for_nothing);
        TEST("after a bottleneck what is seen counts", test_after_a_bottleneck_what_is_seen_counts);
        TEST("after a bottleneck it grows by little", test_after_a_bottleneck_it_grows_by_little);
        TEST("after a bottleneck the next one is not waited for",
             test_after_a_bottleneck_the_next_one_is_not_waited_for);
        TEST("what was given too much is taken back once",
             test_what_was_given_too_much_is_taken_back_once);
        TEST("what it was at its limit with is kept", test_what_it_was_at_its_limit_with_is_kept);
        TEST("nothing is taken back where no slice shrinks",
             test_nothing_is_taken_back_where_no_slice_shrinks);
        TEST("it shrinks when everything says so for hours",
             test_it_shrinks_when_everything_says_so_for_hours);
        TEST("an hour that says otherwise begins it anew",
             test_an_hour_that_says_otherwise_begins_it_anew);
        TEST("who was not looked at begins anew", test_who_was_not_looked_at_begins_anew);
        TEST("it keeps what it has used in the last day",
             test_it_keeps_what_it_has_used_in_the_last_day);
        TEST("who is known for less than a day does not shrink",
             test_who_is_known_for_less_than_a_day_does_not_shrink);
        TEST("one step is the least", test_one_step_is_the_least);
        TEST("a peak of each day is kept overnight", test_a_peak_of_each_day_is_kept_overnight);
        TEST("what has changed is left alone for a while",
             test_what_has_changed_is_left_alone_for_a_while);
        TEST("what is not carried out is said again", test_what_is_not_carried_out_is_said_again);
        TEST("a change before a restart counts", test_a_change_before_a_restart_counts);
        TEST("changes of before a restart count", test_changes_of_before_a_restart_count);
        TEST("a change that nobody noted counts after a restart",
             test_a_change_that_nobody_noted_counts_after_a_restart);
        TEST("a bottleneck of before a restart counts",
             test_a_bottleneck_of_before_a_restart_counts);
        TEST("a day has so many changes and no more", test_a_day_has_so_many_changes_and_no_more);
        TEST("the second half of a day's changes is for growing",
             test_the_second_half_of_a_day_s_changes_is_for_growing);
        TEST("a spike grows once and is kept for a day",
             test_a_spike_grows_once_and_is_kept_for_a_day);
        TEST("who is held is left alone", test_who_is_held_is_left_alone);
        TEST("who is the most urgent grows first", test_who_is_the_most_urgent_grows_first);
        TEST("who shrinks is behind who grows", test_who_shrinks_is_behind_who_grows);
        TEST("a wave of each day does not make it swing",
             test_a_wave_of_each_day_does_not_make_it_swing);
        TEST("who has too little has enough after some changes",
             test_who_has_too_little_has_enough_after_some_changes);
        TEST("a bottleneck does not make it far too big",
             test_a_bottleneck_does_not_make_it_far_too_big);
        TEST("who idles every day shrinks and stays so",
             test_who_idles_every_day_shrinks_and_stays_so);

        return g_test_run();
}
