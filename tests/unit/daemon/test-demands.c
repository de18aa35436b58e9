/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/demands.h"

#include "daemon/core/store-demand.h"
#include "daemon/meter.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR   G_TIME_SPAN_HOUR
#define DAY    G_TIME_SPAN_DAY
#define YEAR   (365 * DAY)

/* A guest whose CPU goes up and down, seen once a minute. */
typedef struct DemandsFixture {
        Fixture f;
        int64_t monotonic;
        unsigned n; /* minutes */
        double cpu; /* seconds */
        int n_guests;
} DemandsFixture;

static void set_up(DemandsFixture *d, gconstpointer in_file) {
        if (in_file)
                fixture_use_file(&d->f);
        fixture_set_up(&d->f, NULL);
        fixture_pass_time(20000 * DAY);
        d->monotonic = 1000 * G_USEC_PER_SEC;
        d->n_guests = 1;
}

static void tear_down(DemandsFixture *d, gconstpointer unused) {
        fixture_tear_down(&d->f, NULL);
}

/* Nothing of what is in memory is written. */
static void crash(DemandsFixture *d) {
        fixture_restart(&d->f);
}

static char *guest_id(int n) {
        return n == 0 ? g_strdup(GUEST_UUID) : g_strdup_printf("guest-%d", n);
}

static GuestSample *sample(const DemandsFixture *d, int n) {
        g_autofree char *id = guest_id(n);
        GuestSample *guest = guest_sample_new(id, "g1");

        guest->sample.values[METRIC_CPU] = (uint64_t)(d->cpu * 1e9);
        if (d->n_guests > 1) {
                guest->sample.values[METRIC_RESIDENT] = 1000;
                guest->sample.values[METRIC_READ_BYTES] = 10 * d->n;
        }
        return guest;
}

static void look(DemandsFixture *d) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_STATS;
        event->sampled = d->monotonic;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        for (int i = 0; i < d->n_guests; i++)
                g_ptr_array_add(event->samples, sample(d, i));
        manager_on_guest_event(d->f.manager, event);
}

static void run(DemandsFixture *d, int64_t usec) {
        for (int64_t i = 0; i < usec; i += MINUTE) {
                d->monotonic += MINUTE;
                d->n++;
                d->cpu += 60 * (0.5 + 0.01 * (d->n % 23));
                fixture_pass_time(MINUTE);
                look(d);
        }
}

static void forecast(DemandsFixture *d, int64_t *ret_start, DemandBand *ret_bands) {
        g_autoptr(GError) error = NULL;

        demands_forecast(d->f.manager->demands, SUBJECT_GUEST, GUEST_UUID, "g1", METRIC_CPU, 12,
                         ret_start, ret_bands, &error);
        g_assert_no_error(error);
}

static void assert_forecast_is_from_now(DemandsFixture *d) {
        int64_t start, now = d->f.manager->now();
        DemandBand bands[12];

        forecast(d, &start, bands);
        g_assert_cmpint(start, ==, now - now % (5 * MINUTE));
        for (int i = 0; i < 12; i++) {
                g_assert_cmpfloat_with_epsilon(bands[i].p50, 0.61, 0.12);
                g_assert_cmpfloat_with_epsilon(bands[i].mean, 0.61, 0.12);
                g_assert_cmpfloat(bands[i].p99, <, 5); /* a few slots have a wide one */
        }
}

static void assert_refused(DemandsFixture *d, Metric metric, int code, const char *words) {
        g_autoptr(GError) error = NULL;
        DemandBand bands[12];
        int64_t start;

        g_assert_false(demands_forecast(d->f.manager->demands, SUBJECT_GUEST, GUEST_UUID, "g1",
                                        metric, 12, &start, bands, &error));
        g_assert_error(error, FERRY_ERROR, code);
        g_assert_cmpstr(error->message, ==, words);
}

static bool is_stored(DemandsFixture *d, int guest, Metric metric) {
        g_autofree char *id = guest_id(guest);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) blob = NULL;

        store_load_demand(d->f.manager->store, SUBJECT_GUEST, id, metric, &blob, &error);
        g_assert_no_error(error);
        return blob;
}

static void test_what_is_used_is_forecast(DemandsFixture *d, gconstpointer unused) {
        run(d, 30 * MINUTE);
        assert_forecast_is_from_now(d);
        run(d, 3 * HOUR);
        assert_forecast_is_from_now(d);
}

static void test_what_is_not_known_is_no_forecast(DemandsFixture *d, gconstpointer unused) {
        static const char *const words =
                "Nothing is known yet of cpu of guest 'g1': it is learnt while it runs, a slot of "
                "5 minutes at a time; ask again in 15 minutes, and from an hour on it is of use";

        assert_refused(d, METRIC_CPU, FERRY_ERROR_NOT_FOUND, words);
        run(d, 3 * MINUTE);
        assert_refused(d, METRIC_CPU, FERRY_ERROR_NOT_FOUND, words);
        assert_refused(d, METRIC_READ_TIME, FERRY_ERROR_INVALID_ARGS,
                       "Of a guest there is no forecast of 'read-time': there is of cpu, resident, "
                       "receive-bytes, transmit-bytes, read-bytes, write-bytes, used");
}

/* The history has all, with or without something stored. */
static void test_a_crash_loses_nothing_that_has_ended(DemandsFixture *d, gconstpointer unused) {
        for (int i = 0; i < 6; i++) {
                DemandBand before[12], after[12];
                int64_t from, to;

                run(d, (31 + 14 * i) * MINUTE);
                forecast(d, &from, before);
                crash(d);
                forecast(d, &to, after);
                g_assert_cmpint(from, ==, to);
                g_assert_cmpmem(before, sizeof(before), after, sizeof(after));
        }
        g_assert_true(is_stored(d, 0, METRIC_CPU));
        assert_forecast_is_from_now(d);
}

static void put_damaged(DemandsFixture *d) {
        g_autoptr(GBytes) blob = g_bytes_new_static("not it", 6);
        g_autoptr(GError) error = NULL;

        store_put_demand(d->f.manager->store, SUBJECT_GUEST, GUEST_UUID, METRIC_CPU, blob,
                         d->f.manager->now(), &error);
        g_assert_no_error(error);
}

static void test_what_is_damaged_is_learnt_anew(DemandsFixture *d, gconstpointer unused) {
        run(d, 90 * MINUTE);
        put_damaged(d);
        crash(d);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "What was learnt of cpu of guest " GUEST_UUID
                              " is damaged, or of another version: it is begun anew, *");
        assert_forecast_is_from_now(d);
        g_test_assert_expected_messages();
        run(d, 90 * MINUTE); /* told once */
        put_damaged(d);
        assert_forecast_is_from_now(d);
}

static void test_a_guest_that_was_away_goes_on(DemandsFixture *d, gconstpointer unused) {
        int64_t start;
        DemandBand before[12], after[12];

        run(d, 3 * HOUR);
        forecast(d, &start, before);
        d->monotonic += 2 * DAY;
        fixture_pass_time(2 * DAY);
        forecast(d, &start, after);
        g_assert_cmpint(start, >, d->f.manager->now() - 5 * MINUTE);
        g_assert_cmpfloat(after[0].p95 - after[0].p50, >, before[0].p95 - before[0].p50);
        run(d, 3 * HOUR);
        assert_forecast_is_from_now(d);
}

/* The clock ---------------------------------------------------------------------------- */

static void test_a_clock_that_jumps_and_comes_back(DemandsFixture *d, gconstpointer unused) {
        static const int64_t jumps[] = { YEAR, -YEAR, 2 * HOUR, -2 * HOUR };

        run(d, 2 * HOUR);
        for (size_t i = 0; i < G_N_ELEMENTS(jumps); i++) {
                fixture_pass_time(jumps[i]);
                run(d, 9 * MINUTE);
                fixture_pass_time(-jumps[i]);
                run(d, 20 * MINUTE);
                assert_forecast_is_from_now(d);
        }
}

static void test_a_host_may_boot_with_any_time(DemandsFixture *d, gconstpointer unused) {
        run(d, 2 * HOUR);
        crash(d);
        fixture_pass_time(YEAR);
        run(d, 7 * MINUTE);
        fixture_pass_time(-YEAR);
        run(d, 20 * MINUTE);
        assert_forecast_is_from_now(d);
}

static void test_a_clock_that_was_set_right_is_believed(DemandsFixture *d, gconstpointer unused) {
        run(d, 2 * HOUR);
        fixture_pass_time(YEAR);
        run(d, 2 * HOUR);
        assert_forecast_is_from_now(d);
}

static void test_what_a_wrong_clock_taught_is_begun_anew(DemandsFixture *d, gconstpointer unused) {
        fixture_pass_time(YEAR);
        run(d, 3 * HOUR);
        g_assert_true(is_stored(d, 0, METRIC_CPU));
        fixture_pass_time(-YEAR);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "What was learnt of cpu of guest " GUEST_UUID
                              " is ahead of the clock: it is begun anew, *");
        run(d, 30 * MINUTE);
        g_test_assert_expected_messages();
        assert_forecast_is_from_now(d);
}

/* The store ---------------------------------------------------------------------------- */

static int n_stored(DemandsFixture *d) {
        int n = 0;

        for (int i = 0; i < d->n_guests; i++)
                n += is_stored(d, i, METRIC_CPU) + is_stored(d, i, METRIC_RESIDENT) +
                     is_stored(d, i, METRIC_READ_BYTES);
        return n;
}

/* 120 series in an hour are 2 a minute. */
static void test_all_are_stored_in_turns(DemandsFixture *d, gconstpointer unused) {
        int before = 0;

        d->n_guests = 40;
        for (int i = 0; i < 90; i++) {
                int now;

                run(d, MINUTE);
                now = n_stored(d);
                g_assert_cmpint(now - before, <=, 2);
                before = now;
        }
        g_assert_cmpint(before, ==, 120);
}

static void test_a_full_disk_stops_this_and_nothing_else(DemandsFixture *d, gconstpointer unused) {
        d->n_guests = 40;
        while (n_stored(d) == 0)
                run(d, MINUTE);
        store_fail_write(d->f.manager->store, 0);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "What was learnt of guests is not kept until it can be: *");
        run(d, MINUTE);
        g_test_assert_expected_messages();
        assert_forecast_is_from_now(d);
        run(d, 65 * MINUTE);
        g_assert_cmpint(n_stored(d), ==, 120);
}

static bool ghost_is_stored(DemandsFixture *d) {
        return is_stored(d, 1234, METRIC_CPU);
}

static void put_ghost(DemandsFixture *d) {
        g_autoptr(GBytes) blob = g_bytes_new_static("ghost", 5);
        g_autofree char *id = guest_id(1234);
        g_autoptr(GError) error = NULL;

        store_put_demand(d->f.manager->store, SUBJECT_GUEST, id, METRIC_CPU, blob,
                         d->f.manager->now(), &error);
        g_assert_no_error(error);
}

static void pass_days(DemandsFixture *d, int n) {
        d->monotonic += n * DAY;
        fixture_pass_time(n * DAY);
        run(d, 2 * HOUR);
}

static void test_who_does_not_come_back_is_forgotten(DemandsFixture *d, gconstpointer unused) {
        run(d, HOUR);
        put_ghost(d);
        pass_days(d, 34);
        g_assert_true(ghost_is_stored(d));
        pass_days(d, 1);
        g_assert_false(ghost_is_stored(d));
}

static void test_a_jump_forgets_nobody(DemandsFixture *d, gconstpointer unused) {
        run(d, HOUR);
        put_ghost(d);
        fixture_pass_time(YEAR);
        run(d, 3 * HOUR);
        g_assert_true(ghost_is_stored(d));
}

#define ADD(name, function) \
        g_test_add("/demands/" name, DemandsFixture, NULL, set_up, function, tear_down)
#define ADD_WITH_FILE(name, function) \
        g_test_add("/demands/" name, DemandsFixture, "", set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("what is used is forecast", test_what_is_used_is_forecast);
        ADD("what is not known is no forecast", test_what_is_not_known_is_no_forecast);
        ADD_WITH_FILE("a crash loses nothing that has ended",
                      test_a_crash_loses_nothing_that_has_ended);
        ADD_WITH_FILE("what is damaged is learnt anew", test_what_is_damaged_is_learnt_anew);
        ADD("a guest that was away goes on", test_a_guest_that_was_away_goes_on);
        ADD("a clock that jumps and comes back", test_a_clock_that_jumps_and_comes_back);
        ADD_WITH_FILE("a host may boot with any time", test_a_host_may_boot_with_any_time);
        ADD("a clock that was set right is believed", test_a_clock_that_was_set_right_is_believed);
        ADD("what a wrong clock taught is begun anew",
            test_what_a_wrong_clock_taught_is_begun_anew);
        ADD("all are stored in turns", test_all_are_stored_in_turns);
        ADD("a full disk stops this and nothing else",
            test_a_full_disk_stops_this_and_nothing_else);
        ADD("who does not come back is forgotten", test_who_does_not_come_back_is_forgotten);
        ADD("a jump forgets nobody", test_a_jump_forgets_nobody);
        return g_test_run();
}
