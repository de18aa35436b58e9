/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/model-fixture.h"

#include <math.h>

const MoveFacts some_guest = {
        .way = "hostb", .ram = 4 * GB, .save_usec = -1, .load_usec = -1, .allowed_ms = 300
};

MoveForecast forecast(const Model *model, const MoveFacts *facts) {
        MoveForecast forecast;

        model_forecast(model, facts, &forecast);
        return forecast;
}

void assert_between(int64_t value, int64_t low, int64_t high) {
        g_assert_cmpint(value, >=, low);
        g_assert_cmpint(value, <=, high);
}

void assert_alike(int64_t a, int64_t b, int percent) {
        g_assert_cmpint(ABS(a - b) * 100, <=, MAX(a, b) * percent);
}

static double random_log(double low, double high) {
        return exp(g_test_rand_double_range(log(low), log(high)));
}

MadeUpWay make_way(double noise) {
        return (MadeUpWay){
                .rate = random_log(2e7, 5e9),
                .setup_ms = random_log(100, 3000),
                .fixed_ms = random_log(20, 200),
                .device_ms = random_log(50, 200),
                .share = g_test_rand_double_range(0.3, 1),
                .noise = noise,
        };
}

MoveFacts make_guest(const MadeUpWay *way, const char *name) {
        MoveFacts facts = some_guest;

        facts.way = name;
        facts.ram = (uint64_t)(way->rate * random_log(2, 40));
        facts.dirty_rate = (uint64_t)(way->rate * g_test_rand_double_range(0, 0.5));
        facts.n_devices = (unsigned)g_test_rand_int_range(0, 4);
        facts.allowed_ms = g_test_rand_int_range(300, 800);
        return facts;
}

MoveOutcome move(const MadeUpWay *way, const MoveFacts *facts) {
        MoveOutcome outcome;

        g_assert_true(made_up_way_move(way, facts, 1e7, &outcome));
        return outcome;
}

void teach(Model *model, const MadeUpWay *way, const char *name, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                MoveFacts facts = make_guest(way, name);
                MoveOutcome outcome = move(way, &facts);

                g_assert_true(model_learn(model, &facts, &outcome));
        }
}

unsigned n_moves(const Model *model, const char *way) {
        MoveFacts facts = some_guest;

        facts.way = way;
        return forecast(model, &facts).n_moves;
}
