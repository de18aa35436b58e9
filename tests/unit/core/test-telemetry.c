/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/telemetry.h"

#include <math.h>

#define SEC   INT64_C(1000000)
#define START (INT64_C(1800000000) * SEC) /* a multiple of both steps */
#define UUID  "11111111-2222-4333-8444-555555555555"

typedef struct Fixture {
        Telemetry *telemetry;
        GArray *slots[_SLOT_STEP_MAX]; /* Slot */
        int64_t monotonic, realtime;
        Sample sample;
} Fixture;

static void take(void *userdata, const Subject *subject, SlotStep step, const Slot *slot) {
        Fixture *f = userdata;

        g_assert_cmpstr(subject->id, ==, UUID);
        g_array_append_vals(f->slots[step], slot, 1);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->telemetry = telemetry_new(take, f);
        for (int i = 0; i < _SLOT_STEP_MAX; i++)
                f->slots[i] = g_array_new(false, false, sizeof(Slot));
        f->monotonic = 1000 * SEC;
        f->realtime = START;
        sample_init(&f->sample);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        telemetry_free(f->telemetry);
        for (int i = 0; i < _SLOT_STEP_MAX; i++)
                g_array_unref(f->slots[i]);
}

static void pass(Fixture *f, int64_t usec) {
        f->monotonic += usec;
        f->realtime += usec;
}

static void round_without(Fixture *f) {
        telemetry_begin(f->telemetry, f->monotonic, f->realtime);
        telemetry_end(f->telemetry);
}

static void add(Fixture *f) {
        telemetry_begin(f->telemetry, f->monotonic, f->realtime);
        telemetry_add(f->telemetry, SUBJECT_GUEST, UUID, "g1", &f->sample);
        telemetry_end(f->telemetry);
}

/* A sample with this counter, and none other. */
static void add_count(Fixture *f, uint64_t bytes) {
        f->sample.values[METRIC_RECEIVE_BYTES] = bytes;
        add(f);
}

static double now(Fixture *f, Metric metric) {
        g_autoptr(GPtrArray) list = telemetry_list(f->telemetry);

        g_assert_cmpuint(list->len, ==, 1);
        return ((const Subject *)list->pdata[0])->values[metric];
}

static double bytes_now(Fixture *f) {
        return now(f, METRIC_RECEIVE_BYTES);
}

#define assert_gap(value)            g_assert_true(isnan(value))
#define assert_near(value, expected) g_assert_cmpfloat_with_epsilon(value, expected, 1e-3)

static void test_a_rate_is_the_difference_over_the_time(Fixture *f, gconstpointer unused) {
        add_count(f, 1000);
        assert_gap(bytes_now(f));
        pass(f, 10 * SEC);
        add_count(f, 6000);
        assert_near(bytes_now(f), 500);
        pass(f, SEC / 2);
        add_count(f, 6000);
        assert_near(bytes_now(f), 0);
}

static void test_times_become_seconds_and_gauges_stay(Fixture *f, gconstpointer unused) {
        f->sample.values[METRIC_CPU] = 0;
        f->sample.values[METRIC_BALLOON] = 4096;
        add(f);
        assert_near(now(f, METRIC_BALLOON), 4096);
        pass(f, 10 * SEC);
        f->sample.values[METRIC_CPU] = UINT64_C(15) * 1000000000;
        f->sample.values[METRIC_BALLOON] = 2048;
        add(f);
        assert_near(now(f, METRIC_CPU), 1.5);
        assert_near(now(f, METRIC_BALLOON), 2048);
}

static void test_a_counter_that_runs_backwards_is_a_gap(Fixture *f, gconstpointer unused) {
        add_count(f, UINT32_MAX);
        pass(f, SEC);
        add_count(f, 10);
        assert_gap(bytes_now(f));
        pass(f, SEC);
        add_count(f, 30);
        assert_near(bytes_now(f), 20);
}

static void test_a_qemu_that_began_anew_is_a_gap_in_all(Fixture *f, gconstpointer unused) {
        f->sample.values[METRIC_CPU] = 1000;
        add_count(f, 10);
        pass(f, SEC);
        f->sample.values[METRIC_CPU] = 999;
        add_count(f, 1000000);
        assert_gap(bytes_now(f));
        pass(f, SEC);
        add_count(f, 1000007);
        assert_near(bytes_now(f), 7);
}

static void test_another_device_in_the_sum_is_a_gap(Fixture *f, gconstpointer unused) {
        add_count(f, 10);
        pass(f, SEC);
        f->sample.shapes[METRIC_RECEIVE_BYTES] = 1;
        add_count(f, 1000000);
        assert_gap(bytes_now(f));
}

static void test_a_missing_number_is_a_gap_and_no_zero(Fixture *f, gconstpointer unused) {
        add_count(f, 10);
        pass(f, SEC);
        add_count(f, METRIC_MISSING);
        assert_gap(bytes_now(f));
        pass(f, SEC);
        add_count(f, 1000000);
        assert_gap(bytes_now(f));
        pass(f, SEC);
        add_count(f, 1000001);
        assert_near(bytes_now(f), 1);
}

static void test_a_missing_round_is_a_gap(Fixture *f, gconstpointer unused) {
        f->sample.values[METRIC_BALLOON] = 4096;
        add_count(f, 10);
        pass(f, SEC);
        round_without(f);
        assert_gap(bytes_now(f));
        pass(f, SEC);
        add_count(f, 1000000);
        assert_gap(bytes_now(f));
        assert_near(now(f, METRIC_BALLOON), 4096);
        telemetry_flush(f->telemetry);
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, ==, 0);
}

static bool is_seen(Fixture *f) {
        g_autoptr(GPtrArray) list = telemetry_list(f->telemetry);

        return subject_is_seen(list->pdata[0]);
}

static void test_nothing_is_seen_before_the_second_look_and_after_the_last(Fixture *f,
                                                                           gconstpointer unused) {
        add_count(f, 1000);
        g_assert_false(is_seen(f));
        pass(f, SEC);
        add_count(f, 1000);
        g_assert_true(is_seen(f)); /* nought is something */
        pass(f, SEC);
        round_without(f);
        g_assert_false(is_seen(f));
        pass(f, SEC);
        f->sample.values[METRIC_BALLOON] = 4096;
        add(f);
        g_assert_true(is_seen(f));
}

static void test_samples_far_apart_have_a_gap_between(Fixture *f, gconstpointer unused) {
        add_count(f, 10);
        pass(f, 61 * SEC);
        add_count(f, 1000000);
        assert_gap(bytes_now(f));
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, ==, 0);
}

static void test_whoever_has_gone_is_forgotten(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) list = NULL;

        add_count(f, 0);
        pass(f, 5 * SEC);
        add_count(f, 50);
        pass(f, 61 * SEC);
        round_without(f);
        list = telemetry_list(f->telemetry);
        g_assert_cmpuint(list->len, ==, 0);
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, ==, 1); /* what was seen is kept */
        g_assert_cmpuint(f->slots[SLOT_LONG]->len, ==, 1);
}

/* Slots ----------------------------------------------------------------------------- */

static const Slot *slot(Fixture *f, SlotStep step, guint n) {
        g_assert_cmpuint(n, <, f->slots[step]->len);
        return &g_array_index(f->slots[step], Slot, n);
}

static void test_a_slot_has_minimum_mean_and_maximum(Fixture *f, gconstpointer unused) {
        const Slot *first;

        add_count(f, 0);
        for (int i = 0; i < 30; i++) { /* 100 bytes/s, and 1000 in the last ten seconds */
                pass(f, 10 * SEC);
                add_count(f, i < 29 ? (uint64_t)(i + 1) * 1000 : 29000 + 10000);
        }
        telemetry_flush(f->telemetry);
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, ==, 30);
        g_assert_cmpuint(f->slots[SLOT_LONG]->len, ==, 1);
        first = slot(f, SLOT_LONG, 0);
        g_assert_cmpint(first->start, ==, START);
        assert_near(first->min[METRIC_RECEIVE_BYTES], 100);
        assert_near(first->max[METRIC_RECEIVE_BYTES], 1000);
        assert_near(first->mean[METRIC_RECEIVE_BYTES], 130);
        assert_gap(first->mean[METRIC_CPU]);
}

static void test_a_rate_is_spread_over_the_slots_it_touches(Fixture *f, gconstpointer unused) {
        pass(f, 5 * SEC);
        add_count(f, 0);
        pass(f, 20 * SEC);
        add_count(f, 200);
        telemetry_flush(f->telemetry);
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, ==, 3);
        for (guint i = 0; i < 3; i++) {
                g_assert_cmpint(slot(f, SLOT_SHORT, i)->start, ==, START + i * 10 * SEC);
                assert_near(slot(f, SLOT_SHORT, i)->mean[METRIC_RECEIVE_BYTES], 10);
        }
}

static void test_a_clock_that_is_set_spoils_no_rate(Fixture *f, gconstpointer unused) {
        add_count(f, 0);
        f->realtime += 3600 * SEC;
        pass(f, 10 * SEC);
        add_count(f, 100);
        assert_near(bytes_now(f), 10);
        f->realtime -= 7200 * SEC;
        pass(f, 10 * SEC);
        add_count(f, 200);
        assert_near(bytes_now(f), 10);
        telemetry_flush(f->telemetry);
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, ==, 2);
}

static void test_a_clock_that_is_slewed_touches_no_slot_twice(Fixture *f, gconstpointer unused) {
        f->realtime += 500;
        add_count(f, 0);
        for (uint64_t i = 1; i <= 100; i++) {
                pass(f, 10 * SEC);
                f->realtime += i % 2 ? -1000 : 1000;
                add_count(f, 100 * i);
        }
        telemetry_flush(f->telemetry);
        for (guint i = 1; i < f->slots[SLOT_SHORT]->len; i++)
                g_assert_cmpint(slot(f, SLOT_SHORT, i)->start, ==,
                                slot(f, SLOT_SHORT, i - 1)->start + 10 * SEC);
}

/* A clock at its worst: a step of a second or two each time, and now and then a year or a day. */
static void disturb_clock(Fixture *f, GRand *random) {
        static const int64_t jumps[] = { 365 * G_TIME_SPAN_DAY, -365 * G_TIME_SPAN_DAY,
                                         -G_TIME_SPAN_DAY, G_TIME_SPAN_DAY, -START * 2 };

        f->realtime += g_rand_int_range(random, -2500000, 2500001);
        if (g_rand_int_range(random, 0, 50) == 0)
                f->realtime += jumps[g_rand_int_range(random, 0, G_N_ELEMENTS(jumps))];
        if (f->realtime < 0)
                f->realtime = START;
}

static void check_slots(const Fixture *f, SlotStep step, double bytes) {
        for (guint i = 0; i < f->slots[step]->len; i++) {
                const Slot *slot = &g_array_index(f->slots[step], Slot, i);

                g_assert_cmpint(slot->start, >=, 0);
                g_assert_cmpint(slot->start % slot_step_usec(step), ==, 0);
                if (isnan(slot->mean[METRIC_RECEIVE_BYTES]))
                        continue;
                assert_near(slot->min[METRIC_RECEIVE_BYTES], bytes);
                assert_near(slot->mean[METRIC_RECEIVE_BYTES], bytes);
                assert_near(slot->max[METRIC_RECEIVE_BYTES], bytes);
        }
}

static void test_whatever_the_clock_does_rates_are_right(Fixture *f, gconstpointer unused) {
        g_autoptr(GRand) random = g_rand_new_with_seed(1);

        for (uint64_t i = 0; i < 5000; i++) {
                add_count(f, i * 1000);
                if (i > 0)
                        assert_near(bytes_now(f), 100);
                pass(f, 10 * SEC);
                disturb_clock(f, random);
        }
        telemetry_flush(f->telemetry);
        check_slots(f, SLOT_SHORT, 100);
        check_slots(f, SLOT_LONG, 100);
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, >=, 5000);     /* nothing was left out, */
        g_assert_cmpuint(f->slots[SLOT_SHORT]->len, <=, 3 * 5000); /* or given again and again */
}

/* Counters of 32 and of 64 bits, from shortly before they are full. */
static void test_a_counter_that_turns_over_is_one_gap(Fixture *f, gconstpointer bits) {
        uint64_t most = GPOINTER_TO_INT(bits) == 32 ? UINT32_MAX : UINT64_MAX;
        guint n_gaps = 0;

        f->sample.values[METRIC_TRANSMIT_PACKETS] = 0;
        for (uint64_t i = 0; i < 100; i++) {
                f->sample.values[METRIC_TRANSMIT_PACKETS] += 20;
                add_count(f, (most - 50000 + i * 1000 + 7) & most);
                if (i > 0 && isnan(bytes_now(f)))
                        n_gaps++;
                else if (i > 0)
                        assert_near(bytes_now(f), 100);
                pass(f, 10 * SEC);
        }
        g_assert_cmpuint(n_gaps, ==, 1);
        telemetry_flush(f->telemetry);
        check_slots(f, SLOT_SHORT, 100);
        check_slots(f, SLOT_LONG, 100);
}

/* The function's driver was loaded again: more bytes than before, fewer packets. */
static void test_counters_of_one_origin_begin_anew_together(Fixture *f, gconstpointer unused) {
        f->sample.values[METRIC_RECEIVE_PACKETS] = 1000;
        f->sample.values[METRIC_READ_BYTES] = 0;
        add_count(f, 100);
        pass(f, 10 * SEC);
        f->sample.values[METRIC_RECEIVE_PACKETS] = 10;
        f->sample.values[METRIC_READ_BYTES] = 50;
        add_count(f, 5000);
        assert_gap(bytes_now(f));
        assert_gap(now(f, METRIC_RECEIVE_PACKETS));
        assert_near(now(f, METRIC_READ_BYTES), 5);
        pass(f, 10 * SEC);
        add_count(f, 6000);
        assert_near(bytes_now(f), 100);
}

static void test_each_kind_has_one_name(void) {
        for (int i = 0; i < _SUBJECT_KIND_MAX; i++)
                g_assert_cmpint(subject_kind_from_string(subject_kind_to_string((SubjectKind)i)),
                                ==, i);
        g_assert_cmpint(subject_kind_from_string("colour"), ==, _SUBJECT_KIND_INVALID);
        g_assert_null(subject_kind_to_string(_SUBJECT_KIND_MAX));
}

#define ADD(name, function) \
        g_test_add("/telemetry/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("a rate is the difference over the time", test_a_rate_is_the_difference_over_the_time);
        ADD("times become seconds and gauges stay", test_times_become_seconds_and_gauges_stay);
        ADD("a counter that runs backwards is a gap", test_a_counter_that_runs_backwards_is_a_gap);
        ADD("a QEMU that began anew is a gap in all", test_a_qemu_that_began_anew_is_a_gap_in_all);
        ADD("another device in the sum is a gap", test_another_device_in_the_sum_is_a_gap);
        ADD("a missing number is a gap and no zero", test_a_missing_number_is_a_gap_and_no_zero);
        ADD("a missing round is a gap", test_a_missing_round_is_a_gap);
        ADD("nothing is seen before the second look and after the last",
            test_nothing_is_seen_before_the_second_look_and_after_the_last);
        ADD("samples far apart have a gap between", test_samples_far_apart_have_a_gap_between);
        ADD("whoever has gone is forgotten", test_whoever_has_gone_is_forgotten);
        ADD("a slot has minimum, mean and maximum", test_a_slot_has_minimum_mean_and_maximum);
        ADD("a rate is spread over the slots it touches",
            test_a_rate_is_spread_over_the_slots_it_touches);
        ADD("a clock that is set spoils no rate", test_a_clock_that_is_set_spoils_no_rate);
        ADD("a clock that is slewed touches no slot twice",
            test_a_clock_that_is_slewed_touches_no_slot_twice);
        ADD("whatever the clock does rates are right",
            test_whatever_the_clock_does_rates_are_right);
        g_test_add("/telemetry/a counter of 32 bits that turns over is one gap", Fixture,
                   GINT_TO_POINTER(32), set_up, test_a_counter_that_turns_over_is_one_gap,
                   tear_down);
        g_test_add("/telemetry/a counter of 64 bits that turns over is one gap", Fixture,
                   GINT_TO_POINTER(64), set_up, test_a_counter_that_turns_over_is_one_gap,
                   tear_down);
        ADD("counters of one origin begin anew together",
            test_counters_of_one_origin_begin_anew_together);
        g_test_add_func("/telemetry/each kind has one name", test_each_kind_has_one_name);
        return g_test_run();
}
