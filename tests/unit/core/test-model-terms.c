/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model-terms.h"

#include <math.h>

#include "tests/unit/core/model-fixture.h"

static MoveOutcome wild(MoveOutcome outcome) {
        outcome.total_ms *= 100;
        outcome.downtime_ms *= 100;
        outcome.setup_ms *= 100;
        outcome.bytes /= 100;
        outcome.iterations *= 100;
        return outcome;
}

static void teach_wild(Model *model, const MadeUpWay *way, const char *name) {
        MoveFacts facts = make_guest(way, name);
        MoveOutcome outcome = wild(move(way, &facts));

        g_assert_true(model_learn(model, &facts, &outcome));
}

/* How far forecasts are from outcomes. */
typedef struct Errors {
        GArray *total, *downtime; /* double: by how much the larger is larger, 0.1 is ten percent */
        unsigned n, total_in_band, downtime_in_band;
} Errors;

static Errors errors_new(void) {
        return (Errors){
                .total = g_array_new(false, false, sizeof(double)),
                .downtime = g_array_new(false, false, sizeof(double)),
        };
}

static void errors_done(Errors *errors) {
        g_array_unref(errors->total);
        g_array_unref(errors->downtime);
}

static void note(GArray *array, int64_t told, int64_t foretold) {
        double error = expm1(fabs(log((double)told / (double)foretold)));

        g_array_append_val(array, error);
}

static bool is_in(const MoveBand *band, int64_t value) {
        return band->low <= value && value <= band->high;
}

static void compare(Errors *errors, const Model *model, const MadeUpWay *way, const char *name) {
        MoveFacts facts = make_guest(way, name);
        MoveOutcome outcome = move(way, &facts);
        MoveForecast foretold = forecast(model, &facts);

        g_assert_true(foretold.converges);
        note(errors->total, outcome.total_ms, foretold.total_ms.likely);
        note(errors->downtime, outcome.downtime_ms, foretold.downtime_ms.likely);
        errors->n++;
        errors->total_in_band += is_in(&foretold.total_ms, outcome.total_ms);
        errors->downtime_in_band += is_in(&foretold.downtime_ms, outcome.downtime_ms);
}

static int compare_doubles(gconstpointer a, gconstpointer b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static double median(GArray *array) {
        g_array_sort(array, compare_doubles);
        return g_array_index(array, double, array->len / 2);
}

/* Learning -------------------------------------------------------------------------- */

#define N_WAYS 200

typedef struct Lesson {
        const char *name;
        unsigned n_before, n_after; /* moves before and after a wild one */
        bool wild;
} Lesson;

static const Lesson lessons[] = {
        { "five moves are enough", 5, 0, false },
        { "a wild move among five does no harm", 3, 2, true },
        { "a wild last move does no harm", 5, 0, true },
        { "a wild first move does no harm", 0, 5, true },
};

static void take(const Lesson *lesson, Errors *errors) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = make_way(0.1);

        teach(model, &way, "hostb", lesson->n_before);
        if (lesson->wild)
                teach_wild(model, &way, "hostb");
        teach(model, &way, "hostb", lesson->n_after);
        for (int i = 0; i < 5; i++)
                compare(errors, model, &way, "hostb");
}

static void test_a_lesson_is_learnt(gconstpointer data) {
        Errors errors = errors_new();

        for (int i = 0; i < N_WAYS; i++)
                take(data, &errors);
        g_test_message("total: %.3f, %u of %u in the band", median(errors.total),
                       errors.total_in_band, errors.n);
        g_test_message("downtime: %.3f, %u of %u in the band", median(errors.downtime),
                       errors.downtime_in_band, errors.n);
        g_assert_cmpfloat(median(errors.total), <, 0.15);
        g_assert_cmpfloat(median(errors.downtime), <, 0.5);
        /* 80 of 100 are what it says; five moves do not tell that well. */
        assert_between(errors.total_in_band * 100 / errors.n, 60, 98);
        assert_between(errors.downtime_in_band * 100 / errors.n, 60, 98);
        errors_done(&errors);
}

static void test_a_band_becomes_narrow(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = make_way(0.05);
        MoveFacts facts = make_guest(&way, "hostb");
        MoveForecast before, after;

        facts.dirty_rate = 0; /* it converges on a way that nobody knows as well */
        before = forecast(model, &facts);
        teach(model, &way, "hostb", 12);
        after = forecast(model, &facts);
        g_assert_cmpuint(before.n_moves, ==, 0);
        g_assert_cmpuint(after.n_moves, ==, 12);
        g_assert_cmpint(before.total_ms.high, >, 5 * before.total_ms.low);
        g_assert_cmpint(after.total_ms.high, <, 2 * after.total_ms.low);
}

static void test_what_has_changed_is_learnt_anew(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = { .rate = 1e8, .setup_ms = 100, .fixed_ms = 50, .share = 1 };
        MoveFacts facts = some_guest;
        int64_t before;

        teach(model, &way, "hostb", MODEL_MOVES_MAX);
        before = forecast(model, &facts).total_ms.likely;
        way.rate = 1e9;
        teach(model, &way, "hostb", MODEL_MOVES_MAX);
        assert_alike(forecast(model, &facts).total_ms.likely, before / 10, 20);
        g_assert_cmpuint(forecast(model, &facts).n_moves, ==, MODEL_MOVES_MAX);
}

/* One part of a move is as it is and all others are as in the defaults. */
static void teach_sizes(Model *model, double rate, int64_t fixed_ms) {
        for (uint64_t i = 1; i <= 6; i++) {
                MoveFacts facts = some_guest;
                MoveOutcome outcome = { .downtime_ms = -1, .setup_ms = -1 };

                facts.ram = i * GB;
                outcome.bytes = i * GB / 2;
                outcome.total_ms = fixed_ms + llround((double)outcome.bytes / rate * 1000);
                g_assert_true(model_learn(model, &facts, &outcome));
        }
}

static void test_guests_of_two_sizes_tell_set_up_from_sending(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;

        teach_sizes(model, 1e8, 20000);
        facts.ram = MB;
        assert_alike(forecast(model, &facts).total_ms.likely, 20000, 5);
        facts.ram = 100 * GB;
        assert_alike(forecast(model, &facts).total_ms.likely, 520000, 5);
}

static void test_set_up_that_was_told_counts_for_guests_of_one_size(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 25000, 200, 5000, 2 * GB, 0, 3 };

        for (int i = 0; i < 6; i++)
                model_learn(model, &facts, &outcome);
        assert_alike(forecast(model, &facts).total_ms.likely, 25000, 2);
        facts.ram = MB;
        assert_alike(forecast(model, &facts).total_ms.likely, 5000, 5);
}

static void test_a_limit_says_nothing_of_the_way(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = { .rate = 1e9, .setup_ms = 1000, .fixed_ms = 50, .share = 1 };
        MoveFacts facts = some_guest;
        MoveOutcome outcome;
        int64_t before;

        teach(model, &way, "hostb", 5);
        before = forecast(model, &facts).total_ms.likely;
        facts.bandwidth_limit = 50 * MB;
        for (int i = 0; i < 9; i++) {
                outcome = move(&way, &facts);
                model_learn(model, &facts, &outcome);
        }
        assert_alike(forecast(model, &facts).total_ms.likely, outcome.total_ms, 10);
        facts.bandwidth_limit = 0;
        assert_alike(forecast(model, &facts).total_ms.likely, before, 20);
}

static void test_the_part_of_ram_that_is_sent_is_learnt(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 60000, 200, 1000, GB, 0, 3 };

        for (int i = 0; i < 6; i++)
                model_learn(model, &facts, &outcome);
        assert_alike(forecast(model, &facts).bytes.likely, GB, 2);
        facts.ram *= 2;
        assert_alike(forecast(model, &facts).bytes.likely, 2 * GB, 2);
        facts.ram_used = 3 * GB; /* nothing was learnt of what is in use */
        assert_alike(forecast(model, &facts).bytes.likely, 3 * GB, 2);
        for (int i = 0; i < 6; i++)
                model_learn(model, &facts, &outcome);
        assert_alike(forecast(model, &facts).bytes.likely, GB, 2);
}

static Terms fit(const MoveFacts *facts, const MoveOutcome *outcome) {
        Move moves[6];
        Terms prior = terms_default(facts);

        for (size_t i = 0; i < G_N_ELEMENTS(moves); i++)
                moves[i] = (Move){ *facts, *outcome };
        return terms_fit(moves, G_N_ELEMENTS(moves), &prior);
}

static void assert_term(const MoveFacts *facts, const MoveOutcome *outcome, Term term,
                        double value) {
        Terms terms = fit(facts, outcome);

        g_assert_cmpfloat_with_epsilon(terms.of[term], value, fabs(value) / 1e6);
}

static void test_no_more_ram_is_sent_than_there_is(void) {
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 200000, -1, 1000, 9 * GB, 0, 0 };

        assert_term(&facts, &outcome, TERM_SHARE, 1);
        outcome.bytes = 1;
        assert_term(&facts, &outcome, TERM_SHARE, 0.001);
        facts.ram = 0;
        assert_term(&facts, &outcome, TERM_SHARE, 0.5); /* as before */
}

static void test_state_is_no_share_of_ram(void) {
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 200000, -1, 1000, 2 * GB, 0, 0 };

        facts.n_devices = facts.n_precopy = 1;
        facts.state = 100 * MB; /* sent twice */
        facts.allowed_ms = 60000;
        assert_term(&facts, &outcome, TERM_SHARE, 0.45);
}

static void test_a_busy_guest_says_nothing_of_empty_pages(void) {
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 200000, -1, 1000, 8 * GB, 48 * MB, 0 };

        facts.allowed_ms = 2000;
        assert_term(&facts, &outcome, TERM_SHARE, 0.5);
        outcome.dirty_rate = 34 * MB; /* of 40: it is sent over and over */
        assert_term(&facts, &outcome, TERM_SHARE, 0.5);
}

static void test_what_the_job_told_of_writing_counts(void) {
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 60000, -1, 1000, 3 * GB, 0, 0 };
        Terms idle = fit(&facts, &outcome), busy;

        outcome.dirty_rate = 10 * MB;
        busy = fit(&facts, &outcome);
        g_assert_cmpfloat_with_epsilon(idle.of[TERM_SHARE], 0.75, 1e-6);
        g_assert_cmpfloat(busy.of[TERM_SHARE], <, 0.65);
        g_assert_cmpfloat(busy.of[TERM_SHARE], >, 0.5);
}

static void test_the_time_of_devices_is_not_that_of_sending(void) {
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 1000 + 50 + 5000 + 10000, -1, 1000, GB, 0, 0 };

        facts.n_devices = 1;
        facts.save_usec = 2000000;
        facts.load_usec = 3000000;
        assert_term(&facts, &outcome, TERM_RATE, 1e8);
        /* But when it leaves no time for the sending, a tenth was for it, and of that a tenth. */
        facts.load_usec = 30000000;
        assert_term(&facts, &outcome, TERM_RATE, 1e9 / (16.05 / 10 - 1));
        outcome.setup_ms = -1;
        assert_term(&facts, &outcome, TERM_SETUP_MS, 1000); /* as in the defaults */
        outcome.setup_ms = 30000;
        assert_term(&facts, &outcome, TERM_RATE, 1e9 / (16.05 / 100));
}

static void test_errors_give_bias_and_spread(void) {
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { 41050, 300, 1000, 2 * GB, 0, 3 }; /* three are foretold */
        Terms prior = terms_default(&facts), terms;
        Move moves[3];

        for (unsigned i = 0; i < 3; i++) {
                outcome.iterations = 3u << i;
                moves[i] = (Move){ facts, outcome };
        }
        /* With the prior's 0 they are 0, 0, ln 2 and ln 4. */
        terms = terms_fit(moves, 3, &prior);
        g_assert_cmpfloat_with_epsilon(terms.of[TERM_BIAS + FIGURE_ITERATIONS], log(2) / 2, 1e-9);
        g_assert_cmpfloat_with_epsilon(terms.of[TERM_SPREAD + FIGURE_ITERATIONS],
                                       1.4826 * 2.25 * log(2) / 2, 1e-9);

        outcome.iterations = 3;
        terms = fit(&facts, &outcome);
        g_assert_cmpfloat(terms.of[TERM_SPREAD + FIGURE_ITERATIONS], ==, 0.05);
}

/* A hundred times as long as foretold, as the first of all: it is half believed. */
static void test_one_move_counts_as_much_as_what_was_thought_before(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveForecast before = forecast(model, &facts), after;
        MoveOutcome outcome = { before.total_ms.likely * 100, -1, -1, 2 * GB, 0, 0 };

        model_learn(model, &facts, &outcome);
        after = forecast(model, &facts);
        assert_between(after.total_ms.likely, 5 * before.total_ms.likely,
                       30 * before.total_ms.likely);
}

static void test_what_is_sent_again_is_not_taken_for_more_ram(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = { .rate = 1e8, .setup_ms = 100, .share = 0.5 };
        MoveFacts facts = some_guest;
        MoveOutcome outcome;

        facts.dirty_rate = 30 * MB;
        outcome = move(&way, &facts);
        for (int i = 0; i < 6; i++)
                model_learn(model, &facts, &outcome);
        facts.dirty_rate = 0;
        assert_alike(forecast(model, &facts).bytes.likely, 2 * GB, 5);

        g_clear_pointer(&model, model_free);
        model = model_new(); /* and when only the job has told it */
        outcome.dirty_rate = 30 * MB;
        for (int i = 0; i < 6; i++)
                model_learn(model, &facts, &outcome);
        /* which others of the way do as well, as far as anybody knows */
        assert_alike(forecast(model, &facts).bytes.likely, (int64_t)outcome.bytes, 5);
}

static void teach_devices(Model *model, int64_t per_device_ms, double ms_per_mb) {
        for (unsigned i = 0; i < 12; i++) {
                MadeUpWay way = { .rate = 1e9, .setup_ms = 500, .fixed_ms = 40, .share = 0.5 };
                MoveFacts facts = some_guest;
                MoveOutcome outcome;

                way.device_ms = (double)per_device_ms;
                way.ms_per_byte = ms_per_mb / 1e6;
                facts.n_devices = 1 + i % 2;
                facts.state = facts.n_devices * (1 + i % 3) * 20 * MB;
                outcome = move(&way, &facts);
                g_assert_true(model_learn(model, &facts, &outcome));
        }
}

static void test_a_device_has_its_own_part_of_the_downtime(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts one = some_guest, two = some_guest;
        int64_t more;

        teach_devices(model, 180, 0);
        one.n_devices = 1;
        two.n_devices = 2;
        more = forecast(model, &two).downtime_ms.likely - forecast(model, &one).downtime_ms.likely;
        assert_alike(more, 180, 15);
}

static void test_state_has_its_own_part_of_the_downtime(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts one = some_guest, two = some_guest;
        int64_t more;

        teach_devices(model, 0, 5);
        one.n_devices = two.n_devices = 1;
        one.state = 20 * MB;
        two.state = 60 * MB;
        one.allowed_ms = two.allowed_ms = 1000;
        more = forecast(model, &two).downtime_ms.likely - forecast(model, &one).downtime_ms.likely;
        /* 200 ms to load it, 40 to send it, and 20 for the pages that do not fit any more. */
        assert_alike(more, 220, 20);
}

static void test_what_a_trial_measured_is_not_learnt_twice(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = {
                .rate = 1e9, .setup_ms = 500, .fixed_ms = 40, .device_ms = 500, .share = 1
        };
        MoveFacts facts = some_guest;
        MoveOutcome outcome;

        facts.n_devices = 1;
        facts.save_usec = 100000;
        facts.load_usec = 400000;
        outcome = move(&way, &facts);
        for (int i = 0; i < 6; i++)
                model_learn(model, &facts, &outcome);
        assert_alike(forecast(model, &facts).downtime_ms.likely, outcome.downtime_ms, 5);
        facts.n_devices = 0;
        assert_alike(forecast(model, &facts).downtime_ms.likely, outcome.downtime_ms - 500, 10);
}

static void test_a_move_of_which_little_is_known_teaches_little(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { .total_ms = 30000, .downtime_ms = -1, .setup_ms = -1, .bytes = GB };
        MoveForecast before = forecast(model, &facts), after;

        for (int i = 0; i < 9; i++)
                g_assert_true(model_learn(model, &facts, &outcome));
        after = forecast(model, &facts);
        assert_alike(after.total_ms.likely, 30000, 3);
        g_assert_cmpint(after.iterations.likely, ==, before.iterations.likely);
        assert_alike(after.downtime_ms.high / after.downtime_ms.low, 6, 40); /* as wide as ever */
}

static void test_nothing_is_learnt_from_nothing(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveOutcome outcome = { .total_ms = 0, .bytes = GB };

        g_assert_false(model_learn(model, &facts, &outcome));
        outcome.total_ms = -1;
        g_assert_false(model_learn(model, &facts, &outcome));
        outcome = (MoveOutcome){ .total_ms = 1000 };
        g_assert_false(model_learn(model, &facts, &outcome));
        outcome.bytes = 1;
        facts.way = NULL;
        g_assert_false(model_learn(model, &facts, &outcome));
        g_assert_cmpuint(model_n_ways(model), ==, 0);
}

static void add_lessons(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(lessons); i++) {
                g_autofree char *name = g_strdup_printf("/terms/%s", lessons[i].name);

                g_test_add_data_func(name, &lessons[i], test_a_lesson_is_learnt);
        }
}

#define ADD(name, function) g_test_add_func("/terms/" name, function)

static void add_fits(void) {
        ADD("no more RAM is sent than there is", test_no_more_ram_is_sent_than_there_is);
        ADD("state is no share of RAM", test_state_is_no_share_of_ram);
        ADD("a busy guest says nothing of empty pages",
            test_a_busy_guest_says_nothing_of_empty_pages);
        ADD("what the job told of writing counts", test_what_the_job_told_of_writing_counts);
        ADD("the time of devices is not that of sending",
            test_the_time_of_devices_is_not_that_of_sending);
        ADD("errors give bias and spread", test_errors_give_bias_and_spread);
        ADD("one move counts as much as what was thought before",
            test_one_move_counts_as_much_as_what_was_thought_before);
}

static void add_terms(void) {
        ADD("guests of two sizes tell set-up from sending",
            test_guests_of_two_sizes_tell_set_up_from_sending);
        ADD("set-up that was told counts for guests of one size",
            test_set_up_that_was_told_counts_for_guests_of_one_size);
        ADD("a limit says nothing of the way", test_a_limit_says_nothing_of_the_way);
        ADD("the part of RAM that is sent is learnt", test_the_part_of_ram_that_is_sent_is_learnt);
        ADD("what is sent again is not taken for more RAM",
            test_what_is_sent_again_is_not_taken_for_more_ram);
        ADD("a device has its own part of the downtime",
            test_a_device_has_its_own_part_of_the_downtime);
        ADD("state has its own part of the downtime", test_state_has_its_own_part_of_the_downtime);
        ADD("what a trial measured is not learnt twice",
            test_what_a_trial_measured_is_not_learnt_twice);
        ADD("a move of which little is known teaches little",
            test_a_move_of_which_little_is_known_teaches_little);
        ADD("nothing is learnt from nothing", test_nothing_is_learnt_from_nothing);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add_lessons();
        ADD("a band becomes narrow", test_a_band_becomes_narrow);
        ADD("what has changed is learnt anew", test_what_has_changed_is_learnt_anew);
        add_terms();
        add_fits();
        return g_test_run();
}
