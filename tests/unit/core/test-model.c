/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model.h"

#include "tests/unit/core/model-fixture.h"

/* Ways ------------------------------------------------------------------------------ */

static void test_a_new_way_is_what_the_others_are_in_the_middle(void) {
        static const double rates[] = { 1e8, 5e8, 2e10 };
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveForecast known, unknown;

        for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
                MadeUpWay way = { .rate = rates[i], .setup_ms = 300, .fixed_ms = 50, .share = 1 };
                g_autofree char *name = g_strdup_printf("host%zu", i);

                teach(model, &way, name, 9);
        }
        facts.way = "host1";
        known = forecast(model, &facts);
        facts.way = "a new one";
        unknown = forecast(model, &facts);
        assert_alike(known.total_ms.likely, unknown.total_ms.likely, 10);
        assert_alike(known.bytes.likely, unknown.bytes.likely, 10);
        g_assert_cmpuint(unknown.n_moves, ==, 0);
        g_assert_cmpint(unknown.total_ms.high, >, 5 * unknown.total_ms.low);

        facts.way = NULL; /* no way is as unknown as a new one */
        g_assert_cmpint(forecast(model, &facts).total_ms.likely, ==, unknown.total_ms.likely);
}

static void test_the_first_of_all_starts_from_the_defaults(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveForecast small;

        /* Half of the RAM, at 50 MB/s, and what is fixed. */
        assert_alike(forecast(model, &facts).total_ms.likely, 1000 + 40000 + 50, 1);
        facts.link = 10 * GB; /* which one connection cannot fill */
        assert_alike(forecast(model, &facts).total_ms.likely, 1000 + 1667 + 50, 1);
        facts.connections = 4;
        assert_alike(forecast(model, &facts).total_ms.likely, 1000 + 417 + 50, 1);
        facts.link = GB;
        assert_alike(forecast(model, &facts).total_ms.likely, 1000 + 2500 + 50, 1);
        facts.n_devices = 2;
        facts.state = 50 * MB;
        assert_alike(forecast(model, &facts).total_ms.likely, 1000 + 2562 + 50 + 200 + 50, 1);

        /* What emulated hosts were seen to take: 2 to 6 s, 100 to 900 ms. */
        facts = some_guest;
        facts.ram = 128 * MB;
        facts.n_devices = 1;
        facts.state = 60;
        small = forecast(model, &facts);
        assert_between(small.total_ms.likely, 2000, 6000);
        assert_between(small.downtime_ms.likely, 100, 900);
}

static void test_more_connections_are_another_way(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay one = { .rate = 1e8, .setup_ms = 300, .fixed_ms = 50, .share = 1 };
        MoveFacts facts = some_guest;
        MoveOutcome outcome = move(&one, &facts);
        int64_t before;

        for (int i = 0; i < 5; i++)
                model_learn(model, &facts, &outcome);
        before = forecast(model, &facts).total_ms.likely;
        facts.connections = 1; /* as 0 is */
        g_assert_cmpuint(forecast(model, &facts).n_moves, ==, 5);
        facts.connections = 8;
        one.rate = 1e9;
        outcome = move(&one, &facts);
        for (int i = 0; i < 5; i++)
                model_learn(model, &facts, &outcome);
        assert_alike(forecast(model, &facts).total_ms.likely, outcome.total_ms, 5);
        facts.connections = 0;
        assert_alike(forecast(model, &facts).total_ms.likely, before, 5);
        g_assert_cmpuint(model_n_ways(model), ==, 2);
}

static void learn_one(Model *model, const char *way) {
        MoveOutcome outcome = {
                .total_ms = 5000, .downtime_ms = 200, .setup_ms = 100, .bytes = GB
        };
        MoveFacts facts = some_guest;

        facts.way = way;
        g_assert_true(model_learn(model, &facts, &outcome));
}

static void test_the_way_that_was_taught_longest_ago_goes(void) {
        g_autoptr(Model) model = model_new();

        for (int i = 0; i < MODEL_WAYS_MAX; i++) {
                g_autofree char *name = g_strdup_printf("host%d", i);

                learn_one(model, name);
        }
        learn_one(model, "host0");
        learn_one(model, "one more");
        g_assert_cmpuint(model_n_ways(model), ==, MODEL_WAYS_MAX);
        g_assert_cmpuint(n_moves(model, "host0"), ==, 2);
        g_assert_cmpuint(n_moves(model, "host1"), ==, 0);
        g_assert_cmpuint(n_moves(model, "host2"), ==, 1);
        g_assert_cmpuint(n_moves(model, "one more"), ==, 1);
}

/* Choosing -------------------------------------------------------------------------- */

static void test_the_downtime_that_is_chosen_lets_the_guest_converge(void) {
        g_autoptr(Model) model = model_new();
        MadeUpWay way = { .rate = 1e9, .setup_ms = 300, .fixed_ms = 50, .share = 1 };
        MoveFacts facts = some_guest;
        MoveForecast foretold;
        int64_t chosen;

        teach(model, &way, "hostb", 12);
        facts.dirty_rate = 5 * GB;
        facts.working_set = GB;
        foretold = forecast(model, &facts);
        g_assert_false(foretold.converges);
        g_assert_cmpint(foretold.total_ms.likely, ==, INT64_MAX);
        g_assert_cmpint(foretold.bytes.high, ==, INT64_MAX);
        g_assert_cmpint(foretold.iterations.low, ==, INT64_MAX);
        assert_between(foretold.downtime_ms.likely, 900, 1500);

        chosen = model_choose_downtime(model, &facts, 300, 100000);
        g_assert_cmpint(chosen, ==, foretold.needed_ms);
        assert_between(chosen, 900, 1300);
        facts.allowed_ms = chosen;
        foretold = forecast(model, &facts);
        g_assert_true(foretold.converges);
        assert_between(foretold.total_ms.likely, 4000, 8000);
        g_assert_cmpint(foretold.needed_ms, ==, chosen);
        facts.allowed_ms = 2 * chosen;
        g_assert_cmpint(forecast(model, &facts).needed_ms, <=, 2 * chosen);
}

static void test_no_more_is_needed_than_is_enough(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;
        MoveForecast foretold;

        facts.state = 14500000; /* 290 ms; comfort would be 340 */
        foretold = forecast(model, &facts);
        g_assert_true(foretold.converges);
        g_assert_cmpint(foretold.needed_ms, ==, 300);
}

static void test_a_choice_keeps_its_bounds(void) {
        g_autoptr(Model) model = model_new();
        MoveFacts facts = some_guest;

        g_assert_cmpint(model_choose_downtime(model, &facts, 300, 2000), ==, 300);
        g_assert_cmpint(model_choose_downtime(model, &facts, 700, 2000), ==, 700);
        g_assert_cmpint(model_choose_downtime(model, &facts, 700, 500), ==, 500);
        facts.dirty_rate = GB;
        g_assert_cmpint(model_choose_downtime(model, &facts, 300, 2000), ==, 2000);
        facts.dirty_rate = 0;
        facts.n_devices = 1;
        facts.save_usec = 600000;
        facts.load_usec = 200000; /* 50 ms are fixed */
        g_assert_cmpint(model_choose_downtime(model, &facts, 300, 2000), ==, 850);
        facts.state = 10 * MB; /* 200 ms at 50 MB/s */
        g_assert_cmpint(model_choose_downtime(model, &facts, 300, 2000), ==, 1050);
}

/* Limits ---------------------------------------------------------------------------- */

static const uint64_t sizes[] = { 0, 1, 4096, GB, INT64_MAX, UINT64_MAX };
static const int64_t times[] = { -1, 0, 1, 1000, INT64_MAX, INT64_MIN };

static uint64_t any_size(void) {
        return sizes[g_test_rand_int_range(0, G_N_ELEMENTS(sizes))];
}

static int64_t any_time(void) {
        return times[g_test_rand_int_range(0, G_N_ELEMENTS(times))];
}

static MoveFacts any_facts(void) {
        return (MoveFacts){
                .way = g_test_rand_bit() ? "hostb" : NULL,
                .connections = (unsigned)any_size(),
                .ram = any_size(),
                .ram_used = any_size(),
                .working_set = any_size(),
                .dirty_rate = any_size(),
                .n_devices = (unsigned)any_size(),
                .n_precopy = (unsigned)any_size(),
                .state = any_size(),
                .save_usec = any_time(),
                .load_usec = any_time(),
                .bandwidth_limit = any_size(),
                .link = any_size(),
                .allowed_ms = any_time(),
        };
}

static MoveOutcome any_outcome(void) {
        return (MoveOutcome){
                .total_ms = any_time(),
                .downtime_ms = any_time(),
                .setup_ms = any_time(),
                .bytes = any_size(),
                .dirty_rate = any_size(),
                .iterations = (unsigned)any_size(),
        };
}

static void assert_in_order(const MoveBand *band) {
        g_assert_cmpint(band->low, >=, 0);
        g_assert_cmpint(band->low, <=, band->likely);
        g_assert_cmpint(band->likely, <=, band->high);
}

static void test_no_number_is_too_large_or_too_small(void) {
        g_autoptr(Model) model = model_new();

        for (int i = 0; i < 20000; i++) {
                MoveFacts facts = any_facts();
                MoveOutcome outcome = any_outcome();
                MoveForecast foretold = forecast(model, &facts);

                assert_in_order(&foretold.total_ms);
                assert_in_order(&foretold.downtime_ms);
                assert_in_order(&foretold.bytes);
                assert_in_order(&foretold.iterations);
                g_assert_cmpint(foretold.needed_ms, >, 0);
                g_assert_cmpint(foretold.total_ms.likely, >=, foretold.downtime_ms.likely);
                g_assert_cmpint(foretold.converges, ==, foretold.iterations.low < INT64_MAX);
                assert_between(model_choose_downtime(model, &facts, 300, 5000), 300, 5000);
                (void)model_choose_downtime(model, &facts, any_time(), any_time());
                (void)model_learn(model, &facts, &outcome);
        }
        g_assert_cmpuint(model_n_ways(model), >, 1);
}

#define ADD(name, function) g_test_add_func("/model/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a new way is what the others are in the middle",
            test_a_new_way_is_what_the_others_are_in_the_middle);
        ADD("the first of all starts from the defaults",
            test_the_first_of_all_starts_from_the_defaults);
        ADD("more connections are another way", test_more_connections_are_another_way);
        ADD("the way that was taught longest ago goes",
            test_the_way_that_was_taught_longest_ago_goes);
        ADD("the downtime that is chosen lets the guest converge",
            test_the_downtime_that_is_chosen_lets_the_guest_converge);
        ADD("no more is needed than is enough", test_no_more_is_needed_than_is_enough);
        ADD("a choice keeps its bounds", test_a_choice_keeps_its_bounds);
        ADD("no number is too large or too small", test_no_number_is_too_large_or_too_small);
        return g_test_run();
}
