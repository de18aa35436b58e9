/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-course.h"

#include <math.h>

#include "tests/unit/core/made-up-way.h"

#define N_RANDOM 20000

static void assert_near(double a, double b, double relative) {
        if (fabs(a - b) > relative * fmax(fabs(a), fabs(b)))
                g_error("%.9g is not %.9g", a, b);
}

/* Rounds ---------------------------------------------------------------------------- */

static bool walk_rounds(const Rounds *rounds, double *ret_n, double *ret_sent, double *ret_left) {
        double round = rounds->first, sent = 0;

        for (int n = 1; n <= ROUNDS_MAX; n++) {
                sent += round;
                round = fmin(rounds->ceiling, rounds->ratio * round);
                if (round < rounds->target) {
                        *ret_n = n;
                        *ret_sent = sent;
                        *ret_left = round;
                        return true;
                }
        }
        return false;
}

static double random_log(double low, double high) {
        return exp(g_test_rand_double_range(log(low), log(high)));
}

static void test_the_closed_form_is_what_a_walk_finds(void) {
        unsigned n_ended = 0;

        for (int i = 0; i < N_RANDOM; i++) {
                Rounds rounds = {
                        .first = random_log(1, 1e12),
                        .ratio = g_test_rand_bit() ? random_log(1e-6, 10)
                                                   : g_test_rand_double_range(0.9, 1.1),
                        .ceiling = random_log(1, 1e12),
                        .target = random_log(1, 1e10),
                };
                double n = 0, sent = 0, left = 0, n_walked = 0, sent_walked = 0, left_walked = 0;
                bool ended = walk_rounds(&rounds, &n_walked, &sent_walked, &left_walked);

                g_assert_cmpint(rounds_solve(&rounds, &n, &sent, &left), ==, ended);
                n_ended += ended;
                g_assert_cmpfloat(n, ==, n_walked);
                assert_near(sent, sent_walked, 1e-9);
                assert_near(left, left_walked, 1e-9);
        }
        g_assert_cmpuint(n_ended, >, N_RANDOM / 4);
        g_assert_cmpuint(n_ended, <, N_RANDOM * 9 / 10);
}

static void test_nothing_fits_into_nothing(void) {
        Rounds rounds = { .first = 1, .ratio = 0, .ceiling = 1, .target = 0 };
        double n, sent, left;

        g_assert_false(rounds_solve(&rounds, &n, &sent, &left));
        rounds.target = 1;
        g_assert_true(rounds_solve(&rounds, &n, &sent, &left));
}

/* Convergence ----------------------------------------------------------------------- */

#define MB UINT64_C(1000000)

static const Terms plain_terms = { {
        [TERM_RATE] = 1e8,
        [TERM_SETUP_MS] = 400,
        [TERM_FIXED_MS] = 20,
        [TERM_DEVICE_MS] = 70,
        [TERM_MS_PER_BYTE] = 1e-5,
        [TERM_SHARE] = 0.5,
        [TERM_SHARE_OF_USED] = 1,
} };

/* Its limit is 30 MB, of which 27.5 MB are kept back. */
static const MoveFacts plain = {
        .ram = 1000 * MB, .save_usec = -1, .load_usec = -1, .allowed_ms = 300
};

static bool run(const MoveFacts *facts, double figures[_FIGURE_MAX]) {
        Course course = course_new(facts, &plain_terms);

        return course_run(&course, course_allowed_ms(facts), figures);
}

static double needed(const MoveFacts *facts) {
        Course course = course_new(facts, &plain_terms);

        return course_needed_ms(&course);
}

static void assert_run(const MoveFacts *facts, double total_ms, double down_ms, double megabytes,
                       double iterations) {
        double figures[_FIGURE_MAX];

        g_assert_true(run(facts, figures));
        assert_near(figures[FIGURE_TOTAL_MS], total_ms, 1e-6);
        assert_near(figures[FIGURE_DOWNTIME_MS], down_ms, 1e-6);
        assert_near(figures[FIGURE_BYTES], megabytes * 1e6, 1e-6);
        g_assert_cmpfloat(figures[FIGURE_ITERATIONS], ==, iterations);
}

static void test_an_idle_guest_is_sent_once(void) {
        MoveFacts facts = plain;

        assert_run(&facts, 400 + 5000 + 20, 137.5 + 20, 500, 3);
        facts.ram = 20 * MB; /* all of it fits into the pause */
        assert_run(&facts, 400 + 100 + 20, 100 + 20, 10, 2);
        facts.ram = 0;
        assert_run(&facts, 400 + 20, 20, 0, 2);
}

static void test_known_use_of_ram_counts_instead_of_a_share(void) {
        MoveFacts facts = plain;

        facts.ram_used = 800 * MB;
        assert_run(&facts, 400 + 8000 + 20, 0.8 * 275 + 20, 800, 3);
        facts.ram_used = 2000 * MB;
        assert_run(&facts, 400 + 10000 + 20, 275 + 20, 1000, 3);
        facts.ram = 0;
        assert_run(&facts, 400 + 20000 + 20, 275 + 20, 2000, 3);
}

/* 486.25 MB are sent first, and 48.625 dirtied; with 27.5 of these pages goes what was kept back,
 * of which half is empty, so that it is 34.875 MB to send; then 3.4875, and 0.34875 in the pause.
 */
static void test_each_round_is_what_the_last_has_left(void) {
        MoveFacts facts = plain;

        facts.dirty_rate = 10 * MB;
        assert_run(&facts, 400 + 5524.6125 + 20, 300 + 20, 552.46125, 5);
        facts.dirty_rate = MB / 10; /* 0.48625 MB during the first, which need no round */
        assert_run(&facts, 400 + 5004.8625 + 20, 137.5 + 4.8625 + 20, 500.48625, 3);
        facts.dirty_rate = 6 * MB / 10; /* 2.9175 MB are a round; most that was kept back waits */
        assert_run(&facts, 400 + 5029.262525 + 20, 177.0875 + 20, 502.9262525, 4);
}

static void test_no_more_is_sent_in_the_pause_than_there_can_be(void) {
        MoveFacts facts = plain;

        facts.dirty_rate = 1100 * MB;
        facts.working_set = 3 * MB; /* which with the half of what is kept back is 16.75 */
        assert_run(&facts, 400 + 5030 + 20, 167.5 + 20, 503, 4);
        facts.working_set = 0;
        facts.ram = 28 * MB; /* of which half is empty */
        assert_run(&facts, 400 + 167.5 + 20, 140 + 20, 16.75, 4);
        facts.dirty_rate = 400 * MB;
        assert_run(&facts, 400 + 150 + 20, 140 + 20, 15, 3);
}

static void test_dirty_memory_ends_at_the_working_set(void) {
        MoveFacts facts = plain;
        double figures[_FIGURE_MAX];

        facts.dirty_rate = 1000 * MB;
        facts.working_set = 29 * MB; /* beyond what is kept back 1.5 MB can be dirty */
        assert_run(&facts, 400 + 5305 + 20, 320, 530.5, 4);
        facts.working_set = 31 * MB;
        g_assert_false(run(&facts, figures));
        facts.working_set = 0; /* not known: all that is not empty */
        g_assert_false(run(&facts, figures));
        g_assert_cmpfloat(needed(&facts), ==, 5050);
        g_assert_true(isinf(figures[FIGURE_TOTAL_MS]));
        g_assert_true(isinf(figures[FIGURE_BYTES]));
        g_assert_true(isinf(figures[FIGURE_ITERATIONS]));
        assert_near(figures[FIGURE_DOWNTIME_MS], 5000 + 20, 1e-6);
}

static void test_nobody_waits_for_a_hundred_rounds(void) {
        MoveFacts facts = plain;
        double figures[_FIGURE_MAX];

        facts.dirty_rate = 94 * MB;
        g_assert_true(run(&facts, figures));
        g_assert_cmpfloat(figures[FIGURE_ITERATIONS], >, 80);
        facts.dirty_rate = 96 * MB;
        g_assert_false(run(&facts, figures));
        g_assert_cmpfloat(needed(&facts), ==, 5050);
}

static void test_state_of_devices_has_to_fit_into_the_pause(void) {
        MoveFacts facts = plain;
        double figures[_FIGURE_MAX];

        facts.n_devices = 2;
        facts.state = 10 * MB; /* leaves a limit of 20 MB: 17.5 are kept back */
        assert_run(&facts, 400 + 5100 + 20 + 140 + 100, 87.5 + 100 + 20 + 140 + 100, 510, 3);
        facts.state = 29 * MB; /* a limit of 1 MB: nothing is kept back */
        assert_run(&facts, 400 + 5290 + 20 + 140 + 290, 290 + 20 + 140 + 290, 529, 3);
        facts.state = 30 * MB;
        g_assert_false(run(&facts, figures));
        g_assert_cmpfloat(needed(&facts), ==, 350);
        assert_near(figures[FIGURE_DOWNTIME_MS], 50 + 300 + 20 + 140 + 300, 1e-6);
        facts.ram = 0;
        g_assert_false(run(&facts, figures));
}

static void test_even_the_largest_state_fits_into_some_pause(void) {
        MoveFacts facts = plain;
        double figures[_FIGURE_MAX];
        Course course;

        facts.state = UINT64_MAX;
        facts.link = 1;
        facts.ram = 0; /* which gives no room */
        course = course_new(&facts, &plain_terms);
        g_assert_true(course_run(&course, course_needed_ms(&course), figures));
}

static void test_a_driver_that_tells_no_size_is_not_waited_for(void) {
        MoveFacts facts = plain;
        double figures[_FIGURE_MAX];

        facts.n_devices = 1;
        facts.state = MODEL_STATE_UNTOLD;
        g_assert_false(run(&facts, figures));
        assert_near(needed(&facts), 107374182400 / 1e5 + 50, 1e-9);
        facts.allowed_ms = 2000000; /* then all goes in the pause, and is not that large */
        assert_run(&facts, 400 + 5000 + 20 + 70, 5000 + 20 + 70, 500, 2);
}

static void test_devices_with_pre_copy_send_before_the_pause_too(void) {
        MoveFacts facts = plain;

        facts.n_devices = 2;
        facts.n_precopy = 1;
        facts.state = 10 * MB;
        assert_run(&facts, 400 + 5150 + 260, 87.5 + 100 + 260, 515, 3);
        facts.n_precopy = 9; /* no more than there are */
        assert_run(&facts, 400 + 5200 + 260, 87.5 + 100 + 260, 520, 3);
        facts.dirty_rate = 10 * MB; /* 50.125 MB while 501.25 are sent, then 4.1375 and 0.41375 */
        assert_run(&facts, 400 + 5746.7625 + 260, 200 + 100 + 260, 574.67625, 5);
}

static void test_what_a_trial_has_measured_counts(void) {
        MoveFacts facts = plain;

        facts.n_devices = 2;
        facts.save_usec = 30000;
        assert_run(&facts, 400 + 5000 + 160, 137.5 + 160, 500, 3);
        facts.load_usec = 5000;
        assert_run(&facts, 400 + 5000 + 90, 137.5 + 90, 500, 3);
        facts.save_usec = -1;
        assert_run(&facts, 400 + 5000 + 160, 137.5 + 160, 500, 3);
}

static void test_a_slow_link_is_a_slow_way(void) {
        MoveFacts facts = plain;

        facts.link = 50 * MB;
        assert_run(&facts, 400 + 10000 + 20, 137.5 + 20, 500, 3);
        facts.link = 5000 * MB;
        assert_run(&facts, 400 + 5000 + 20, 137.5 + 20, 500, 3);
}

static void test_a_limit_of_bandwidth_ends_with_the_pause(void) {
        MoveFacts facts = plain;

        facts.bandwidth_limit = 50 * MB; /* 15 MB may be pending, and go at 100 MB/s */
        assert_run(&facts, 400 + 10000 + 20, 68.75 + 20, 500, 3);
        facts.bandwidth_limit = 500 * MB;
        assert_run(&facts, 400 + 5000 + 20, 137.5 + 20, 500, 3);
}

static void test_qemus_downtime_is_meant_where_none_is_said(void) {
        MoveFacts facts = plain;

        facts.allowed_ms = 0;
        assert_run(&facts, 400 + 5000 + 20, 137.5 + 20, 500, 3);
        facts.allowed_ms = -1;
        assert_run(&facts, 400 + 5000 + 20, 137.5 + 20, 500, 3);
        facts.allowed_ms = 1000;
        assert_run(&facts, 400 + 5000 + 20, 487.5 + 20, 500, 3);
}

/* Properties ------------------------------------------------------------------------ */

static uint64_t random_size(double low, double high) {
        return g_test_rand_int_range(0, 4) == 0 ? 0 : (uint64_t)random_log(low, high);
}

static MoveFacts random_facts(void) {
        MoveFacts facts = {
                .ram = random_size(1e6, 1e13),
                .ram_used = random_size(1e6, 1e13),
                .working_set = random_size(1e4, 1e13),
                .dirty_rate = random_size(1e3, 1e11),
                .n_devices = (unsigned)g_test_rand_int_range(0, 5),
                .state = random_size(10, 1e11),
                .save_usec = g_test_rand_int_range(-1, 100000),
                .load_usec = g_test_rand_int_range(-1, 100000),
                .bandwidth_limit = random_size(1e5, 1e11),
                .link = random_size(1e5, 1e11),
                .allowed_ms = (int64_t)random_log(1, 1e5),
        };

        return facts;
}

static Terms random_terms(void) {
        Terms terms = plain_terms;

        terms.of[TERM_RATE] = random_log(1e5, 1e11);
        terms.of[TERM_SHARE] = g_test_rand_double_range(0.01, 1);
        terms.of[TERM_SHARE_OF_USED] = g_test_rand_double_range(0.5, 1);
        return terms;
}

static void more_ram(MoveFacts *facts, Terms *terms, double factor) {
        if (facts->ram_used == 0) /* else there are only more empty pages */
                facts->ram = (uint64_t)((double)facts->ram * factor);
}

static void more_used_ram(MoveFacts *facts, Terms *terms, double factor) {
        if (facts->ram_used > 0)
                facts->ram_used = (uint64_t)((double)facts->ram_used * factor);
}

static void more_working_set(MoveFacts *facts, Terms *terms, double factor) {
        if (facts->working_set > 0)
                facts->working_set = (uint64_t)((double)facts->working_set * factor);
}

static void more_dirty(MoveFacts *facts, Terms *terms, double factor) {
        facts->dirty_rate = (uint64_t)((double)facts->dirty_rate * factor) + 1;
}

static void more_devices(MoveFacts *facts, Terms *terms, double factor) {
        facts->n_devices++;
}

static void more_state(MoveFacts *facts, Terms *terms, double factor) {
        facts->state = (uint64_t)((double)facts->state * factor) + 1;
}

static void slower_link(MoveFacts *facts, Terms *terms, double factor) {
        if (facts->link > 0)
                facts->link = (uint64_t)((double)facts->link / factor) + 1;
}

static void slower_way(MoveFacts *facts, Terms *terms, double factor) {
        terms->of[TERM_RATE] /= factor;
}

typedef void (*Burden)(MoveFacts *facts, Terms *terms, double factor);

static const struct {
        const char *name;
        Burden add;
} burdens[] = {
        { "more RAM", more_ram },
        { "more RAM in use", more_used_ram },
        { "more to write in", more_working_set },
        { "a faster writer", more_dirty },
        { "more devices", more_devices },
        { "more state", more_state },
        { "a slower link", slower_link },
        { "a slower way", slower_way },
};

static void assert_not_less(const double less[_FIGURE_MAX], const double more[_FIGURE_MAX]) {
        for (Figure figure = 0; figure < _FIGURE_MAX; figure++)
                if (more[figure] < less[figure] * (1 - 1e-9))
                        g_error("figure %d: %.9g is less than %.9g", (int)figure, more[figure],
                                less[figure]);
}

static void test_a_burden_is_never_foretold_to_shorten_a_move(gconstpointer data) {
        Burden add = *(const Burden *)data;

        for (int i = 0; i < N_RANDOM; i++) {
                MoveFacts facts = random_facts();
                Terms terms = random_terms();
                Course course = course_new(&facts, &terms);
                double allowed = course_allowed_ms(&facts);
                double before[_FIGURE_MAX], after[_FIGURE_MAX];

                course_run(&course, allowed, before);
                add(&facts, &terms, random_log(1.001, 30));
                course = course_new(&facts, &terms);
                course_run(&course, allowed, after);
                assert_not_less(before, after);
        }
}

static void test_what_is_needed_is_enough_and_not_there_before(void) {
        unsigned n_endless = 0;

        for (int i = 0; i < N_RANDOM; i++) {
                MoveFacts facts = random_facts();
                Terms terms = random_terms();
                Course course = course_new(&facts, &terms);
                double figures[_FIGURE_MAX], enough = course_needed_ms(&course);

                g_assert_true(course_run(&course, enough, figures));
                if (course_run(&course, course_allowed_ms(&facts), figures))
                        continue;
                n_endless++;
                g_assert_cmpfloat(enough, >, course_allowed_ms(&facts));
                g_assert_true(isfinite(figures[FIGURE_DOWNTIME_MS]));
        }
        g_assert_cmpuint(n_endless, >, N_RANDOM / 10);
}

static MoveFacts random_guest(double rate) {
        return (MoveFacts){
                .ram = (uint64_t)(rate * random_log(1, 100)),
                .dirty_rate = (uint64_t)(rate * (g_test_rand_bit()
                                                         ? g_test_rand_double_range(0, 0.8)
                                                         : g_test_rand_double_range(1.2, 4))),
                .working_set = (uint64_t)(rate * random_log(0.02, 10)),
                .n_devices = 1,
                .state = (uint64_t)(rate * g_test_rand_double_range(0, 0.1)),
                .save_usec = -1,
                .load_usec = -1,
                .allowed_ms = g_test_rand_int_range(200, 2000),
        };
}

/* Where as much as the limit is dirty, chance decides. */
static bool is_on_the_edge(const MoveFacts *facts, const MadeUpWay *way) {
        double limit = way->rate * (double)facts->allowed_ms / 1000 - (double)facts->state;
        double dirty = fmin((double)facts->working_set, (double)facts->ram * way->share);

        return dirty > 0.8 * limit && dirty < 1.2 * limit;
}

static bool is_near(double a, double b, double relative) {
        return fabs(a - b) <= relative * fmax(fabs(a), fabs(b));
}

/* Both come to the pause, or neither does. */
static bool compare(const MadeUpWay *way, const Terms *terms, const MoveFacts *facts,
                    bool *ret_near) {
        Course course = course_new(facts, terms);
        double figures[_FIGURE_MAX];
        MoveOutcome outcome;
        bool paused = made_up_way_move(way, facts, 3600000, &outcome);

        g_assert_cmpint(course_run(&course, course_allowed_ms(facts), figures), ==, paused);
        if (!paused)
                return false;

        *ret_near = is_near(figures[FIGURE_TOTAL_MS], (double)outcome.total_ms, 0.1) &&
                    is_near(figures[FIGURE_BYTES], (double)outcome.bytes, 0.1) &&
                    is_near(figures[FIGURE_DOWNTIME_MS], (double)outcome.downtime_ms, 0.25);
        return true;
}

static void test_the_formula_is_what_a_step_by_step_migration_does(void) {
        MadeUpWay way = { .setup_ms = 400, .fixed_ms = 20, .device_ms = 70 };
        unsigned n_paused = 0, n_near = 0, n = 2000;

        for (unsigned i = 0; i < n; i++) {
                Terms terms = plain_terms;
                MoveFacts facts;
                bool near;

                terms.of[TERM_MS_PER_BYTE] = 0;
                way.rate = terms.of[TERM_RATE] = random_log(1e7, 1e10);
                way.share = terms.of[TERM_SHARE] = g_test_rand_double_range(0.3, 1);
                facts = random_guest(way.rate);
                if (is_on_the_edge(&facts, &way) || !compare(&way, &terms, &facts, &near))
                        continue;
                n_paused++;
                n_near += near;
        }
        g_test_message("%u paused, %u near", n_paused, n_near);
        g_assert_cmpuint(n_paused, >, n / 3);
        g_assert_cmpuint(n_near, >, n_paused * 95 / 100);
}

static void add_burdens(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(burdens); i++) {
                g_autofree char *name = g_strdup_printf("/course/%s never shortens the forecast",
                                                        burdens[i].name);

                g_test_add_data_func(name, &burdens[i].add,
                                     test_a_burden_is_never_foretold_to_shorten_a_move);
        }
}

#define ADD(name, function) g_test_add_func("/course/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("the closed form is what a walk finds", test_the_closed_form_is_what_a_walk_finds);
        ADD("nothing fits into nothing", test_nothing_fits_into_nothing);
        ADD("an idle guest is sent once", test_an_idle_guest_is_sent_once);
        ADD("known use of RAM counts instead of a share",
            test_known_use_of_ram_counts_instead_of_a_share);
        ADD("each round is what the last has left", test_each_round_is_what_the_last_has_left);
        ADD("no more is sent in the pause than there can be",
            test_no_more_is_sent_in_the_pause_than_there_can_be);
        ADD("even the largest state fits into some pause",
            test_even_the_largest_state_fits_into_some_pause);
        ADD("dirty memory ends at the working set", test_dirty_memory_ends_at_the_working_set);
        ADD("nobody waits for a hundred rounds", test_nobody_waits_for_a_hundred_rounds);
        ADD("state of devices has to fit into the pause",
            test_state_of_devices_has_to_fit_into_the_pause);
        ADD("a driver that tells no size is not waited for",
            test_a_driver_that_tells_no_size_is_not_waited_for);
        ADD("devices with pre-copy send before the pause too",
            test_devices_with_pre_copy_send_before_the_pause_too);
        ADD("what a trial has measured counts", test_what_a_trial_has_measured_counts);
        ADD("a slow link is a slow way", test_a_slow_link_is_a_slow_way);
        ADD("a limit of bandwidth ends with the pause",
            test_a_limit_of_bandwidth_ends_with_the_pause);
        ADD("QEMU's downtime is meant where none is said",
            test_qemus_downtime_is_meant_where_none_is_said);
        add_burdens();
        ADD("what is needed is enough and not there before",
            test_what_is_needed_is_enough_and_not_there_before);
        ADD("the formula is what a step by step migration does",
            test_the_formula_is_what_a_step_by_step_migration_does);
        return g_test_run();
}
