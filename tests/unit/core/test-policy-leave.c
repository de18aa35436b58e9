/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy-leave.h"

#include <math.h>
#include <string.h>

#include "tests/unit/core/made-up-series.h"

#define GUESTS 12
#define GIB    1073741824.0

enum {
        CPU,
        MEMORY,
        LINK,
        THINGS
};

/* A host of 16 CPUs, 64 GiB and a link of 1 GB/s, with 4 guests of 3 CPUs, 8 GiB and 10 MB/s: there
 * is room. */
typedef struct Fixture {
        PolicyLeave *policy;
        PolicyLeaveThing things[THINGS];
        PolicyLeaveGuest guests[GUESTS];
        DemandBand bands[GUESTS][THINGS * POLICY_HOURS];
        PolicyLeaveHost host;
        PolicyLeaving leaving;
} Fixture;

static const char *const names[GUESTS] = { "g0", "g1", "g2", "g3", "g4",  "g5",
                                           "g6", "g7", "g8", "g9", "g10", "g11" };

static DemandBand steady(double mean, double above) {
        return (DemandBand){ mean, mean, mean + above, mean + 1.414 * above };
}

static void expect(Fixture *f, unsigned guest, unsigned thing, double mean, double above) {
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                f->bands[guest][thing * POLICY_HOURS + hour] = steady(mean, above);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->policy = policy_leave_new();
        f->things[CPU] = (PolicyLeaveThing){ .kind = POLICY_LEAVE_CPU, .size = 16 };
        f->things[MEMORY] = (PolicyLeaveThing){ .kind = POLICY_LEAVE_MEMORY, .size = 64 * GIB };
        f->things[LINK] =
                (PolicyLeaveThing){ .kind = POLICY_LEAVE_NETWORK, .name = "pf0", .size = 1e9 };
        for (unsigned i = 0; i < GUESTS; i++) {
                f->guests[i] = (PolicyLeaveGuest){ names[i],         names[i],
                                                   .bytes = 8 * GIB, .duration = 60,
                                                   .downtime = 0.3,  .bands = f->bands[i] };
                expect(f, i, CPU, 3, 0.5);
                expect(f, i, MEMORY, 8 * GIB, GIB);
                expect(f, i, LINK, 1e7, 1e6);
        }
        f->host = (PolicyLeaveHost){ f->things, THINGS, f->guests, 4, 4 };
}

static void tear_down(Fixture *f, gconstpointer unused) {
        policy_leave_free(f->policy);
}

/* The name of who is to leave; "" nobody. */
static const char *decide(Fixture *f) {
        return policy_leave_decide(f->policy, &f->host, &f->leaving) ? names[f->leaving.guest] : "";
}

static void test_where_all_fit_nobody_leaves(Fixture *f, gconstpointer unused) {
        g_assert_cmpstr(decide(f), ==, "");
}

/* 12 CPUs and 4 above would be more than there is: not all are above at once. */
static void test_quantiles_do_not_add_up(Fixture *f, gconstpointer unused) {
        for (unsigned i = 0; i < 4; i++)
                expect(f, i, CPU, 3, 1.2);
        g_assert_cmpstr(decide(f), ==, "");
        for (unsigned i = 0; i < 4; i++)
                expect(f, i, CPU, 3, 2.2);
        g_assert_cmpstr(decide(f), !=, "");
}

static void test_the_cheapest_that_makes_it_fit_leaves(Fixture *f, gconstpointer unused) {
        f->host.n_guests = 6;
        f->guests[3].duration = 20;
        f->guests[5].duration = 1; /* that would not be enough */
        expect(f, 5, CPU, 0.2, 0.1);
        expect(f, 4, CPU, 4, 0.5);
        g_assert_cmpstr(decide(f), ==, "g3");
        g_assert_true(f->leaving.fits);
        g_assert_cmpuint(f->leaving.thing, ==, CPU);
        g_assert_cmpfloat(f->leaving.expected, >, 16);
        g_assert_cmpfloat(f->leaving.after, <, 15.2);
        g_assert_cmpfloat(f->leaving.gain, >, f->leaving.cost);
        g_assert_cmpfloat(ABS(f->leaving.cost - 2.3), <, 1e-9);
}

static void test_who_stays_is_not_told(Fixture *f, gconstpointer unused) {
        f->host.n_guests = 6;
        f->guests[3].duration = 20;
        f->guests[3].stays = true;
        g_assert_cmpstr(decide(f), !=, "g3");
        for (unsigned i = 0; i < GUESTS; i++)
                f->guests[i].stays = true;
        g_assert_cmpstr(decide(f), ==, "");
}

static void test_a_move_that_costs_more_than_it_brings_is_not_made(Fixture *f,
                                                                   gconstpointer unused) {
        f->host.n_guests = 6;
        for (unsigned i = 0; i < GUESTS; i++)
                f->guests[i].duration = 1e6;
        g_assert_cmpstr(decide(f), ==, "");
}

static void test_a_peak_beyond_the_horizon_moves_nobody(Fixture *f, gconstpointer unused) {
        f->bands[0][CPU * POLICY_HOURS + 4] = steady(20, 1);
        g_assert_cmpstr(decide(f), ==, "");
        f->host.hours = 5;
        g_assert_cmpstr(decide(f), ==, "g0");
        g_assert_cmpuint(f->leaving.hour, ==, 4);
}

static void test_memory_counts_by_its_p99(Fixture *f, gconstpointer unused) {
        f->host.n_guests = 7; /* 56 GiB, 2.6 above as p95, 3.7 as p99 */
        for (unsigned i = 0; i < GUESTS; i++)
                expect(f, i, CPU, 0.1, 0);
        g_assert_cmpstr(decide(f), ==, "");
        expect(f, 0, MEMORY, 8 * GIB, 5 * GIB); /* 5.6 as p95, 7.9 as p99 */
        expect(f, 1, MEMORY, 8.2 * GIB, GIB);
        g_assert_cmpstr(decide(f), !=, "");
        g_assert_cmpuint(f->leaving.thing, ==, MEMORY);
}

static void test_links_count_with_what_no_guest_uses(Fixture *f, gconstpointer unused) {
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                f->things[LINK].base[hour] = steady(5e8, 1e7);
        g_assert_cmpstr(decide(f), ==, "");
        expect(f, 2, LINK, 6e8, 1e7);
        g_assert_cmpstr(decide(f), ==, "g2");
        g_assert_cmpuint(f->leaving.thing, ==, LINK);
}

/* Nobody is to blame. */
static void test_what_no_guest_uses_moves_nobody(Fixture *f, gconstpointer unused) {
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                f->things[LINK].base[hour] = steady(2e9, 1e7);
        for (unsigned i = 0; i < GUESTS; i++)
                expect(f, i, LINK, 0, 0);
        g_assert_cmpstr(decide(f), ==, "");
}

static void test_where_one_is_not_enough_who_brings_most_leaves(Fixture *f, gconstpointer unused) {
        f->host.n_guests = 10;
        expect(f, 7, CPU, 5, 0.5);
        g_assert_cmpstr(decide(f), ==, "g7");
        g_assert_false(f->leaving.fits);
}

static void test_who_was_told_is_told_until_it_fits_with_a_margin(Fixture *f,
                                                                  gconstpointer unused) {
        for (unsigned i = 0; i < GUESTS; i++)
                expect(f, i, CPU, 2.8, 0.5);
        f->host.n_guests = 6;
        f->guests[3].duration = 50;
        g_assert_cmpstr(decide(f), ==, "g3");
        f->guests[2].duration = 45; /* not clearly less */
        g_assert_cmpstr(decide(f), ==, "g3");
        f->guests[2].duration = 20;
        g_assert_cmpstr(decide(f), ==, "g2");

        f->host.n_guests = 5; /* 14 CPUs and 1.1: 94 percent */
        g_assert_cmpstr(decide(f), ==, "g2");
        expect(f, 4, CPU, 1.8, 0.5); /* 88 */
        g_assert_cmpstr(decide(f), ==, "");
        expect(f, 4, CPU, 2.8, 0.5);
        g_assert_cmpstr(decide(f), ==, "");
}

static void test_where_none_is_enough_the_same_is_told(Fixture *f, gconstpointer unused) {
        f->host.n_guests = 10;
        expect(f, 7, CPU, 3.5, 0.5);
        g_assert_cmpstr(decide(f), ==, "g7");
        expect(f, 6, CPU, 3.8, 0.5); /* not clearly more */
        g_assert_cmpstr(decide(f), ==, "g7");
        expect(f, 6, CPU, 9, 0.5);
        g_assert_cmpstr(decide(f), ==, "g6");
}

static void test_who_moves_without_end_is_not_told(Fixture *f, gconstpointer unused) {
        f->host.n_guests = 6;
        for (unsigned i = 0; i < GUESTS; i++)
                f->guests[i].duration = i == 5 ? 60 : HUGE_VAL;
        g_assert_cmpstr(decide(f), ==, "g5");
}

/* A day of two hosts ---------------------------------------------------------------- */

#define SETTLE     3600
#define MOVES_MAX  4
#define ROUND      3 /* steps */
#define LEARN_DAYS 5

typedef struct World {
        Demand *demand[GUESTS]; /* CPU */
        MadeUpSeries series[GUESTS];
        unsigned host[GUESTS]; /* 0 or 1 */
        int moved[GUESTS];     /* the step; long before: never */
        PolicyLeave *policy[2];
        unsigned moves[2], per_guest[GUESTS];
        unsigned advised; /* another advice than before, or none any more */
        const char *last[2];
        bool acts;
} World;

static void learn(World *w, unsigned step) {
        for (unsigned i = 0; i < GUESTS; i++)
                (void)demand_update(w->demand[i], MADE_UP_BEGIN + (int64_t)step * MADE_UP_STEP,
                                    made_up_series_value(&w->series[i], step));
}

/* 12 guests of 1.6 CPUs, 0.6 more by day and less by night: 9 of them on the first host, which is
 * too many for its 16 CPUs by day. */
static World *world_new(double noise, bool acts) {
        World *w = g_new0(World, 1);

        for (unsigned i = 0; i < GUESTS; i++) {
                w->demand[i] = demand_new(MADE_UP_STEP);
                w->series[i] = (MadeUpSeries){ 1.6, 0.6, 0, noise, i + 1 };
                w->host[i] = i >= 9;
                w->moved[i] = -SETTLE;
        }
        for (unsigned h = 0; h < 2; h++)
                w->policy[h] = policy_leave_new();
        w->last[0] = w->last[1] = "";
        w->acts = acts;
        for (unsigned step = 0; step < LEARN_DAYS * MADE_UP_DAY; step++)
                learn(w, step);
        return w;
}

static void world_free(World *w) {
        for (unsigned i = 0; i < GUESTS; i++)
                demand_free(w->demand[i]);
        for (unsigned h = 0; h < 2; h++)
                policy_leave_free(w->policy[h]);
        g_free(w);
}

static bool has_settled(const World *w, unsigned guest, int step) {
        return (step - w->moved[guest]) * MADE_UP_STEP >= SETTLE;
}

static void decide_for(World *w, unsigned h, int step, const PolicyAhead ahead[static GUESTS]) {
        PolicyLeaveThing cpus = { .kind = POLICY_LEAVE_CPU, .size = 16 };
        PolicyLeaveGuest guests[GUESTS];
        PolicyLeaveHost host = { &cpus, 1, guests, 0, 4 };
        PolicyLeaving leaving;
        const char *told = "";

        for (unsigned i = 0; i < GUESTS; i++)
                if (w->host[i] == h)
                        guests[host.n_guests++] = (PolicyLeaveGuest){
                                names[i],
                                names[i],
                                .stays = !has_settled(w, i, step) || w->moves[h] >= MOVES_MAX,
                                .duration = 60 + i,
                                .downtime = 0.3,
                                .bands = ahead[i].hours,
                        };
        if (policy_leave_decide(w->policy[h], &host, &leaving))
                told = guests[leaving.guest].id;
        w->advised += strcmp(told, w->last[h]) != 0;
        w->last[h] = told;
        if (!*told || !w->acts)
                return;
        for (unsigned i = 0; i < GUESTS; i++)
                if (g_str_equal(names[i], told)) {
                        w->host[i] = !h;
                        w->moved[i] = step;
                        w->per_guest[i]++;
                        w->moves[h]++;
                }
}

/* CPU seconds that could not be had on the first host. */
static double live_a_day(World *w) {
        double lost = 0;

        for (unsigned n = 0; n < MADE_UP_DAY; n++) {
                unsigned step = LEARN_DAYS * MADE_UP_DAY + n;
                PolicyAhead ahead[GUESTS] = { 0 };
                DemandBand bands[MADE_UP_DAY];
                double used = 0;

                for (unsigned i = 0; i < GUESTS; i++)
                        used += w->host[i] == 0 ? made_up_series_value(&w->series[i], step) : 0;
                lost += MAX(used - 16, 0) * MADE_UP_STEP;
                learn(w, step);
                if (n % ROUND != 0)
                        continue;
                for (unsigned i = 0; i < GUESTS; i++) {
                        g_assert_true(demand_forecast(w->demand[i], MADE_UP_DAY, bands));
                        policy_ahead_fill(&ahead[i], bands, MADE_UP_STEP);
                }
                for (unsigned h = 0; h < 2; h++)
                        decide_for(w, h, (int)step, ahead);
        }
        return lost;
}

/* Both hosts have the same policy: who has left does not come back. */
static void test_a_day_moves_few_and_none_of_them_back(void) {
        World *w = world_new(0.15, true), *without = world_new(0.15, false);
        double lost = live_a_day(w), would_be = live_a_day(without);

        g_assert_cmpuint(w->moves[0], >=, 1);
        g_assert_cmpuint(w->moves[0], <=, 3);
        g_assert_cmpuint(w->moves[1], ==, 0);
        for (unsigned i = 0; i < GUESTS; i++)
                g_assert_cmpuint(w->per_guest[i], <=, 1);
        g_assert_cmpfloat(would_be, >, 3600);
        g_assert_cmpfloat(lost, <, would_be / 10);
        world_free(without);
        world_free(w);
}

/* What nobody does is not said anew each time the forecast is another by a bit. */
static void test_a_day_of_noise_changes_little_of_what_is_said(void) {
        World *w = world_new(0.5, false);

        (void)live_a_day(w);
        g_test_message("%u changes of what is said", w->advised);
        g_assert_cmpuint(w->advised, >=, 1);
        g_assert_cmpuint(w->advised, <=, 4);
        world_free(w);
}

/* Two hosts that are both full do not pass guests to each other all day. */
static void test_full_hosts_do_not_play_ball(void) {
        World *w = world_new(0.15, true);

        for (unsigned i = 0; i < GUESTS; i++) {
                w->host[i] = i % 2;
                w->series[i].level = 2.6;
        }
        (void)live_a_day(w);
        g_assert_cmpuint(w->moves[0], <=, MOVES_MAX);
        g_assert_cmpuint(w->moves[1], <=, MOVES_MAX);
        for (unsigned i = 0; i < GUESTS; i++)
                g_assert_cmpuint(w->per_guest[i], <=, 1);
        world_free(w);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/policy-leave/" name, Fixture, NULL, set_up, function, tear_down)

        ADD("where all fit nobody leaves", test_where_all_fit_nobody_leaves);
        ADD("quantiles do not add up", test_quantiles_do_not_add_up);
        ADD("the cheapest that makes it fit leaves", test_the_cheapest_that_makes_it_fit_leaves);
        ADD("who stays is not told to leave", test_who_stays_is_not_told);
        ADD("a move that costs more than it brings is not made",
            test_a_move_that_costs_more_than_it_brings_is_not_made);
        ADD("a peak beyond the horizon moves nobody", test_a_peak_beyond_the_horizon_moves_nobody);
        ADD("memory counts by its p99", test_memory_counts_by_its_p99);
        ADD("links count with what no guest uses", test_links_count_with_what_no_guest_uses);
        ADD("what no guest uses moves nobody", test_what_no_guest_uses_moves_nobody);
        ADD("where one is not enough, who brings most leaves",
            test_where_one_is_not_enough_who_brings_most_leaves);
        ADD("who was told to leave is told until it fits with a margin",
            test_who_was_told_is_told_until_it_fits_with_a_margin);
        ADD("where none is enough, the same is told until another one brings clearly more",
            test_where_none_is_enough_the_same_is_told);
        ADD("who moves without end is not told", test_who_moves_without_end_is_not_told);
        g_test_add_func("/policy-leave/a day moves few, and none of them back",
                        test_a_day_moves_few_and_none_of_them_back);
        g_test_add_func("/policy-leave/a day of noise changes little of what is said",
                        test_a_day_of_noise_changes_little_of_what_is_said);
        g_test_add_func("/policy-leave/hosts that are full do not play ball",
                        test_full_hosts_do_not_play_ball);
        return g_test_run();
}
