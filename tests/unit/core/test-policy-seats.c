/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy.h"

#include <math.h>

#include "tests/unit/core/made-up-series.h"

#define BEGIN  INT64_C(1000000)
#define HOUR   3600
#define GUESTS 8
#define MB     1e6

typedef struct Fixture {
        PolicySettings settings;
        Policy *policy;
        PolicyAhead receive[GUESTS], transmit[GUESTS];
        PolicyGuest guests[GUESTS];
        PolicySeat seats[GUESTS];
        unsigned n_guests, n_seats;
        GPtrArray *advice;
} Fixture;

static const char *const names[GUESTS] = { "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7" };
static const char *const seat_names[GUESTS] = { "vf0", "vf1", "vf2", "vf3",
                                                "vf4", "vf5", "vf6", "vf7" };

/* The same for all hours: 3 parts of it are received, one is sent. */
static void expect(Fixture *f, unsigned guest, unsigned hour, double mean) {
        f->receive[guest].hours[hour] = (DemandBand){ mean * 0.75, mean * 0.7, mean, mean * 1.2 };
        f->transmit[guest].hours[hour] = (DemandBand){ mean * 0.25, mean * 0.2, mean * 0.3,
                                                       mean * 0.5 };
}

static void expect_always(Fixture *f, unsigned guest, double mean) {
        f->receive[guest].seen = mean * 0.75;
        f->transmit[guest].seen = mean * 0.25;
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                expect(f, guest, hour, mean);
}

static void setup(Fixture *f, gconstpointer unused) {
        f->settings = (PolicySettings){ POLICY_ACT, .moves = 24, .settle = HOUR };
        f->policy = policy_new(&f->settings);
        f->n_guests = 3;
        f->n_seats = 1;
        for (unsigned i = 0; i < GUESTS; i++) {
                f->guests[i] = (PolicyGuest){ .id = names[i], .name = names[i], .outage = 1 };
                f->guests[i].ahead[METRIC_RECEIVE_BYTES] = &f->receive[i];
                f->guests[i].ahead[METRIC_TRANSMIT_BYTES] = &f->transmit[i];
                f->seats[i] = (PolicySeat){ .id = seat_names[i] };
                expect_always(f, i, 10 * MB);
        }
        f->seats[0].guest = "g0";
}

static void teardown(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->advice, g_ptr_array_unref);
        policy_free(f->policy);
}

static guint decide(Fixture *f, int64_t time) {
        g_clear_pointer(&f->advice, g_ptr_array_unref);
        f->advice = policy_decide(f->policy, time, f->guests, f->n_guests, f->seats, f->n_seats);
        return f->advice->len;
}

static const Advice *nth(const Fixture *f, guint i) {
        g_assert_cmpuint(i, <, f->advice->len);
        return f->advice->pdata[i];
}

static const char *own_name(const char *id) {
        for (unsigned i = 0; id && i < GUESTS; i++)
                if (g_str_equal(names[i], id))
                        return names[i];
        return NULL;
}

/* Returns how many. */
static unsigned carry_out(Fixture *f, int64_t time) {
        unsigned n = decide(f, time);

        for (guint i = 0; i < n; i++) {
                for (unsigned s = 0; s < f->n_seats; s++)
                        if (g_str_equal(f->seats[s].id, nth(f, i)->seat))
                                f->seats[s].guest = own_name(nth(f, i)->in.id);
                policy_moved(f->policy, time, nth(f, i));
        }
        return n;
}

static void test_who_will_have_more_takes_the_seat(Fixture *f, gconstpointer unused) {
        const Advice *advice;

        expect_always(f, 2, 30 * MB);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        advice = nth(f, 0);
        g_assert_cmpint(advice->kind, ==, ADVICE_EXCHANGE);
        g_assert_cmpint(advice->reason, ==, ADVICE_GAINS);
        g_assert_cmpstr(advice->seat, ==, "vf0");
        g_assert_cmpstr(advice->in.id, ==, "g2");
        g_assert_cmpstr(advice->out.id, ==, "g0");
        g_assert_cmpfloat(advice->gain, >, 3600 * 19.9 * MB);
        g_assert_cmpfloat(advice->gain, <, 3600 * 20.1 * MB);
        g_assert_cmpfloat(advice->cost, >, 39.9 * MB);
        g_assert_cmpfloat(advice->cost, <, 40.1 * MB);
        g_assert_true(advice->act);
}

static void test_a_small_gain_moves_nobody(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 11 * MB);
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_an_exchange_has_to_bring_what_it_costs(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 30 * MB);
        f->guests[2].outage = 3600;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_a_free_seat_is_taken_by_who_gains_most(Fixture *f, gconstpointer unused) {
        f->seats[0].guest = NULL;
        expect_always(f, 1, 20 * MB);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        g_assert_cmpint(nth(f, 0)->kind, ==, ADVICE_PROMOTE);
        g_assert_cmpstr(nth(f, 0)->in.id, ==, "g1");
        g_assert_null(nth(f, 0)->out.id);
}

static void test_nobody_sits_twice(Fixture *f, gconstpointer unused) {
        f->n_seats = 2;
        expect_always(f, 0, 900 * MB);
        for (unsigned i = 1; i < f->n_guests; i++)
                expect_always(f, i, 1 * MB);
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

/* Seen and expected: what a smoothed past cannot know. */
static void test_a_guest_is_promoted_before_its_peak(Fixture *f, gconstpointer unused) {
        expect(f, 1, 0, 60 * MB);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        g_assert_cmpstr(nth(f, 0)->in.id, ==, "g1");
        g_assert_cmpint(nth(f, 0)->reason, ==, ADVICE_RISES);
        expect(f, 1, 0, 10 * MB);
        expect(f, 0, 0, 1 * MB);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        g_assert_cmpint(nth(f, 0)->reason, ==, ADVICE_FALLS);
}

static void test_no_more_than_the_budget_in_any_24_hours(Fixture *f, gconstpointer unused) {
        unsigned hours[24 * 5] = { 0 };

        f->settings.moves = 4;
        policy_set(f->policy, &f->settings);
        f->n_guests = GUESTS;
        f->n_seats = 2;
        f->seats[1].guest = "g1";
        for (unsigned hour = 0; hour < G_N_ELEMENTS(hours); hour++) {
                unsigned sum = 0;

                for (unsigned i = 0; i < GUESTS; i++)
                        expect_always(f, i, made_up_chance(i, hour) < 0.2 ? 900 * MB : 1 * MB);
                hours[hour] = carry_out(f, BEGIN + hour * HOUR);
                for (unsigned i = hour >= 23 ? hour - 23 : 0; i <= hour; i++)
                        sum += hours[i];
                g_assert_cmpuint(sum, <=, 4);
        }
}

static void test_theta_follows_how_often_guests_move(Fixture *f, gconstpointer unused) {
        double theta = policy_theta(f->policy);

        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        expect_always(f, 2, 30 * MB);
        g_assert_cmpuint(carry_out(f, BEGIN), ==, 1);
        g_assert_cmpfloat(policy_theta(f->policy), >, theta);
        for (unsigned hour = 1; hour < 24; hour++)
                (void)decide(f, BEGIN + hour * HOUR);
        g_assert_cmpfloat(policy_theta(f->policy), <, theta);
}

static void test_who_has_moved_is_left_alone(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 30 * MB);
        g_assert_cmpuint(carry_out(f, BEGIN), ==, 1);
        expect_always(f, 2, 1 * MB);
        expect_always(f, 0, 900 * MB);
        g_assert_cmpuint(decide(f, BEGIN + HOUR - 1), ==, 0);
        g_assert_cmpuint(decide(f, BEGIN + HOUR), ==, 1);
}

static void test_what_is_busy_is_left_alone(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 30 * MB);
        f->seats[0].busy = true;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        f->seats[0].busy = false;
        f->guests[0].busy = true;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        f->guests[0].busy = false;
        f->guests[2].busy = true;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_no_seat_and_no_guest_is_in_two_decisions(Fixture *f, gconstpointer unused) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        f->n_guests = GUESTS;
        f->n_seats = 4;
        for (unsigned i = 0; i < 4; i++)
                f->seats[i].guest = names[i];
        for (unsigned i = 4; i < GUESTS; i++)
                expect_always(f, i, i * 100 * MB);
        f->guests[1].opted_out = true;
        g_assert_cmpuint(decide(f, BEGIN), ==, 4);
        for (guint i = 0; i < 4; i++) {
                g_assert_true(g_hash_table_add(seen, nth(f, i)->seat));
                g_assert_true(g_hash_table_add(seen, nth(f, i)->out.id));
                if (nth(f, i)->in.id)
                        g_assert_true(g_hash_table_add(seen, nth(f, i)->in.id));
        }
        g_assert_cmpint(nth(f, 0)->kind, ==, ADVICE_DEMOTE);
        g_assert_cmpstr(nth(f, 1)->in.id, ==, "g7"); /* the best one first */
        g_assert_cmpstr(nth(f, 3)->in.id, ==, "g5");
}

static void test_who_opted_out_gives_back_and_never_gets(Fixture *f, gconstpointer unused) {
        expect_always(f, 0, 900 * MB);
        f->guests[0].opted_out = true;
        f->guests[1].opted_out = true;
        f->guests[2].opted_out = true;
        g_assert_cmpuint(carry_out(f, BEGIN), ==, 1);
        g_assert_cmpint(nth(f, 0)->kind, ==, ADVICE_DEMOTE);
        g_assert_cmpint(nth(f, 0)->reason, ==, ADVICE_OPTED_OUT);
        g_assert_cmpuint(decide(f, BEGIN + 2 * HOUR), ==, 0);
}

static void test_priority_doubles(Fixture *f, gconstpointer unused) {
        expect_always(f, 1, 30 * MB);
        expect_always(f, 2, 20 * MB);
        f->guests[2].priority = 1;
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        g_assert_cmpstr(nth(f, 0)->in.id, ==, "g2");
}

static void test_what_the_host_cannot_carry_goes_first(Fixture *f, gconstpointer unused) {
        expect_always(f, 1, 30 * MB);
        expect_always(f, 2, 28 * MB);
        f->guests[2].path = 32 * MB;
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        g_assert_cmpstr(nth(f, 0)->in.id, ==, "g2");
        g_assert_cmpint(nth(f, 0)->reason, ==, ADVICE_OVERLOADS);
}

static void test_a_seat_that_does_not_carry_it_is_no_seat(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 30 * MB);
        f->seats[0].carries = 35 * MB;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        f->seats[0].carries = 45 * MB;
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
}

static void test_who_idles_for_hours_gives_its_seat_back(Fixture *f, gconstpointer unused) {
        f->n_guests = 1;
        f->settings.idle = 2 * MB;
        policy_set(f->policy, &f->settings);
        expect_always(f, 0, 1 * MB);
        expect(f, 0, 5, 9 * MB); /* a peak is near */
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        expect(f, 0, 5, 1 * MB);
        g_assert_cmpuint(carry_out(f, BEGIN), ==, 1);
        g_assert_cmpint(nth(f, 0)->reason, ==, ADVICE_IDLES);
        g_assert_cmpuint(decide(f, BEGIN + 2 * HOUR), ==, 0);
        expect(f, 0, 0, 9 * MB);
        g_assert_cmpuint(decide(f, BEGIN + 2 * HOUR), ==, 1);
}

static void test_nothing_is_decided_of_what_is_not_known(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 900 * MB);
        f->guests[2].ahead[METRIC_TRANSMIT_BYTES] = NULL;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        expect_always(f, 1, 900 * MB);
        f->guests[0].ahead[METRIC_TRANSMIT_BYTES] = NULL;
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
        f->seats[0].guest = "somebody";
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_only_act_acts(Fixture *f, gconstpointer unused) {
        expect_always(f, 2, 900 * MB);
        f->settings.mode = POLICY_ADVISE;
        policy_set(f->policy, &f->settings);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
        g_assert_false(nth(f, 0)->act);
        f->settings.mode = POLICY_OBSERVE;
        policy_set(f->policy, &f->settings);
        g_assert_cmpuint(decide(f, BEGIN), ==, 0);
}

static void test_a_clock_that_jumps_is_no_time(Fixture *f, gconstpointer unused) {
        const int64_t year = INT64_C(365) * 24 * HOUR;
        double theta;

        expect_always(f, 2, 30 * MB);
        g_assert_cmpuint(carry_out(f, BEGIN), ==, 1);
        expect_always(f, 0, 900 * MB);
        theta = policy_theta(f->policy);
        g_assert_cmpuint(decide(f, BEGIN + year), ==, 0); /* it has moved just now */
        g_assert_cmpuint(decide(f, BEGIN - HOUR), ==, 0);
        g_assert_cmpfloat(policy_theta(f->policy), ==, theta);
        g_assert_cmpuint(decide(f, BEGIN), ==, 1);
}

/* One wants the VF by its traffic, the other one since the host does not carry its peaks; both
 * are near each other, and each forecast is a bit off. After days without a move the bar is low. */
static void test_two_classes_never_fight_for_a_seat(Fixture *f, gconstpointer unused) {
        unsigned moves = 0;

        f->n_guests = 2;
        f->settings.settle = 0;
        policy_set(f->policy, &f->settings);
        f->guests[1].path = 40 * MB;
        for (unsigned i = 0; i < 7 * MADE_UP_DAY; i++) {
                double noise = 0.96 + 0.08 * made_up_chance(1, i);

                expect_always(f, 0, 50 * MB * noise);
                expect_always(f, 1, 39 * MB * (2 - noise)); /* 1.3 times of it as p95 */
                moves += carry_out(f, BEGIN + i * MADE_UP_STEP);
        }
        g_assert_cmpuint(moves, <=, 1);
}

static void test_a_person_reads_why(Fixture *f, gconstpointer unused) {
        g_autofree char *sentence = NULL, *back = NULL;

        expect_always(f, 2, 30 * MB);
        expect(f, 2, 0, 90 * MB);
        (void)decide(f, BEGIN);
        sentence = advice_to_sentence(nth(f, 0));
        g_assert_cmpstr(sentence, ==,
                        "g2 should have vf0 instead of g0 now, before its traffic rises: g2 had 30 "
                        "MB/s and is expected to have 90 MB/s (81 MB/s to 117 MB/s), g0 had 10 "
                        "MB/s and is expected to have 10 MB/s (9.0 MB/s to 13 MB/s); an hour gains "
                        "216 GB, and the exchange costs 100 MB");
        f->guests[0].opted_out = true;
        (void)decide(f, BEGIN);
        back = advice_to_sentence(nth(f, 0));
        g_assert_cmpstr(back, ==,
                        "g0 should give vf0 back, since it does not want one: g0 had 10 MB/s and "
                        "is expected to have 10 MB/s (9.0 MB/s to 13 MB/s)");
}

static void test_a_day_of_steps_becomes_hours(void) {
        DemandBand bands[48];
        PolicyAhead ahead;

        for (unsigned i = 0; i < 48; i++)
                bands[i] = (DemandBand){ i, i + 1, i + 2, i + 3 };
        policy_ahead_fill(&ahead, bands, 1800);
        g_assert_cmpfloat(ahead.hours[0].mean, ==, 0.5);
        g_assert_cmpfloat(ahead.hours[23].mean, ==, 46.5);
        g_assert_cmpfloat(ahead.hours[23].p99, ==, 49.5);
}

#define ADD(name, function) \
        g_test_add("/policy-seats/" name, Fixture, NULL, setup, function, teardown)

#define UP INT64_C(600) /* the host has just begun */

static void test_what_was_done_before_counts(Fixture *f, gconstpointer unused) {
        f->settings.moves = 2;
        policy_set(f->policy, &f->settings);
        policy_remember(f->policy, 25 * HOUR, "g1", NULL);
        policy_remember(f->policy, 23 * HOUR, "g1", NULL);
        policy_remember(f->policy, HOUR / 2, "g2", "g0");
        g_assert_cmpuint(policy_moves_left(f->policy), ==, 0);

        expect_always(f, 2, 30 * MB);
        g_assert_cmpuint(decide(f, UP), ==, 0);
        f->settings.moves = 3;
        policy_set(f->policy, &f->settings);
        g_assert_cmpuint(decide(f, UP + HOUR / 2 - 1), ==, 0); /* left alone */
        g_assert_cmpuint(decide(f, UP + HOUR / 2), ==, 1);
        g_assert_cmpuint(policy_moves_left(f->policy), ==, 1);
        g_assert_cmpuint(decide(f, UP + HOUR), ==, 1);
        g_assert_cmpuint(policy_moves_left(f->policy), ==, 2);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("who will have more takes the seat", test_who_will_have_more_takes_the_seat);
        ADD("a small gain moves nobody", test_a_small_gain_moves_nobody);
        ADD("an exchange has to bring what it costs", test_an_exchange_has_to_bring_what_it_costs);
        ADD("a free seat is taken by who gains most", test_a_free_seat_is_taken_by_who_gains_most);
        ADD("nobody sits twice", test_nobody_sits_twice);
        ADD("a guest is promoted before its peak", test_a_guest_is_promoted_before_its_peak);
        ADD("no more than the budget in any 24 hours",
            test_no_more_than_the_budget_in_any_24_hours);
        ADD("theta follows how often guests move", test_theta_follows_how_often_guests_move);
        ADD("who has moved is left alone", test_who_has_moved_is_left_alone);
        ADD("what is busy is left alone", test_what_is_busy_is_left_alone);
        ADD("no seat and no guest is in two decisions",
            test_no_seat_and_no_guest_is_in_two_decisions);
        ADD("who opted out gives back and never gets",
            test_who_opted_out_gives_back_and_never_gets);
        ADD("priority doubles", test_priority_doubles);
        ADD("what the host cannot carry goes first", test_what_the_host_cannot_carry_goes_first);
        ADD("a seat that does not carry it is no seat",
            test_a_seat_that_does_not_carry_it_is_no_seat);
        ADD("who idles for hours gives its seat back",
            test_who_idles_for_hours_gives_its_seat_back);
        ADD("nothing is decided of what is not known",
            test_nothing_is_decided_of_what_is_not_known);
        ADD("only act acts", test_only_act_acts);
        ADD("a clock that jumps is no time", test_a_clock_that_jumps_is_no_time);
        ADD("what was done before counts", test_what_was_done_before_counts);
        ADD("two classes never fight for a seat", test_two_classes_never_fight_for_a_seat);
        ADD("a person reads why", test_a_person_reads_why);
        g_test_add_func("/policy-seats/a day of steps becomes hours",
                        test_a_day_of_steps_becomes_hours);
        return g_test_run();
}
