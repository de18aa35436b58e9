/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model.h"

#include "daemon/core/store-query.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/core/model-fixture.h"

typedef struct Fixture {
        char *folder, *path;
        Store *store;
} Fixture;

static void open_store(Fixture *f) {
        g_autoptr(GError) error = NULL;

        g_clear_pointer(&f->store, store_close);
        f->store = store_open(f->path, &error);
        g_assert_no_error(error);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "state.db", NULL);
        open_store(f);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        store_close(f->store);
        temp_folder_remove(f->folder);
        g_free(f->path);
}

static Model *load(Fixture *f) {
        g_autoptr(Model) model = model_new();
        g_autoptr(GError) error = NULL;

        open_store(f);
        g_assert_true(store_load_model(f->store, model, &error));
        g_assert_no_error(error);
        return g_steal_pointer(&model);
}

static void learn_and_put(Fixture *f, Model *model, const MoveFacts *facts,
                          const MoveOutcome *outcome) {
        g_autoptr(GError) error = NULL;

        g_assert_true(model_learn(model, facts, outcome));
        g_assert_true(store_put_move(f->store, facts, outcome, &error));
        g_assert_no_error(error);
}

static void assert_same_band(const MoveBand *a, const MoveBand *b) {
        g_assert_cmpint(a->low, ==, b->low);
        g_assert_cmpint(a->likely, ==, b->likely);
        g_assert_cmpint(a->high, ==, b->high);
}

static void assert_same_forecast(const Model *a, const Model *b, const MoveFacts *facts) {
        MoveForecast of_a = forecast(a, facts), of_b = forecast(b, facts);

        assert_same_band(&of_a.total_ms, &of_b.total_ms);
        assert_same_band(&of_a.downtime_ms, &of_b.downtime_ms);
        assert_same_band(&of_a.bytes, &of_b.bytes);
        assert_same_band(&of_a.iterations, &of_b.iterations);
        g_assert_cmpint(of_a.needed_ms, ==, of_b.needed_ms);
        g_assert_cmpuint(of_a.n_moves, ==, of_b.n_moves);
}

static void test_what_was_learnt_outlives_a_restart(Fixture *f, gconstpointer unused) {
        g_autoptr(Model) model = model_new(), again = NULL;
        MadeUpWay way = make_way(0.1);
        const char *const names[] = { "hostb", "hostc" };

        for (int i = 0; i < 50; i++) {
                MoveFacts facts = make_guest(&way, names[i % 2]);
                MoveOutcome outcome;

                facts.connections = (unsigned)i % 3;
                facts.ram_used = i % 4 == 0 ? facts.ram / 2 : 0;
                facts.bandwidth_limit = i % 5 == 0 ? (uint64_t)(way.rate / 4) : 0;
                facts.dirty_rate /= 4;
                outcome = move(&way, &facts);
                learn_and_put(f, model, &facts, &outcome);
        }

        again = load(f);
        g_assert_cmpuint(model_n_ways(again), ==, 4);
        for (int i = 0; i < 20; i++) {
                MoveFacts facts = make_guest(&way, names[i % 2]);

                facts.connections = (unsigned)i % 3;
                assert_same_forecast(model, again, &facts);
        }
}

/* One number is other than in the rest. */
static bool vary(int number, MoveFacts *facts, MoveOutcome *outcome) {
        uint64_t *const sizes[] = {
                &facts->ram,        &facts->ram_used, &facts->working_set,
                &facts->dirty_rate, &facts->state,    &facts->bandwidth_limit,
                &facts->link,       &outcome->bytes,  &outcome->dirty_rate,
        };
        static const uint64_t values[] = { 6 * GB,  3 * GB,  30 * MB, 40 * MB, 8 * MB,
                                           45 * MB, 30 * MB, 5 * GB,  25 * MB };
        int64_t *const times[] = {
                &facts->save_usec,  &facts->load_usec,     &facts->allowed_ms,
                &outcome->total_ms, &outcome->downtime_ms, &outcome->setup_ms,
        };
        unsigned *const counts[] = { &facts->n_devices, &facts->n_precopy, &facts->connections,
                                     &outcome->iterations };
        int n_sizes = G_N_ELEMENTS(sizes), n_times = G_N_ELEMENTS(times);

        if (number < n_sizes)
                *sizes[number] = values[number];
        else if (number < n_sizes + n_times)
                *times[number - n_sizes] *= 3;
        else if (number < n_sizes + n_times + (int)G_N_ELEMENTS(counts))
                *counts[number - n_sizes - n_times] *= 2;
        else
                return false;
        return true;
}

static void test_each_number_is_read_again(Fixture *f, gconstpointer unused) {
        static const MoveFacts plain = {
                .way = "hostb",
                .connections = 1,
                .ram = 4 * GB,
                .dirty_rate = 20 * MB,
                .n_devices = 2,
                .n_precopy = 1,
                .state = 4 * MB,
                .save_usec = 50000,
                .load_usec = 90000,
                .allowed_ms = 300,
        };
        static const MoveOutcome told = { 60000, 900, 2000, 3 * GB, 0, 6 };

        for (int i = 0;; i++) {
                g_autoptr(Model) model = model_new(), again = NULL;
                MoveFacts facts = plain;
                MoveOutcome outcome = told;

                if (!vary(i, &facts, &outcome))
                        break;
                learn_and_put(f, model, &facts, &outcome);
                again = load(f);
                assert_same_forecast(model, again, &plain);
                assert_same_forecast(model, again, &facts);
                sqlite3_exec(f->store->db, "DELETE FROM moves", NULL, NULL, NULL);
        }
}

static void test_the_store_forgets_what_the_model_forgets(Fixture *f, gconstpointer unused) {
        g_autoptr(Model) model = model_new(), again = NULL;
        MoveOutcome outcome = {
                .total_ms = 5000, .downtime_ms = 200, .setup_ms = 100, .bytes = GB
        };
        g_auto(Query) query = { 0 };
        int n = 0;

        g_assert_true(store_begin(f->store, NULL));
        for (int i = 0; i < MODEL_WAYS_MAX + 20; i++) {
                g_autofree char *name = g_strdup_printf("host%d", i);
                MoveFacts facts = some_guest;

                facts.way = name;
                for (int j = 0; j < (i == 100 ? MODEL_MOVES_MAX + 3 : 1); j++)
                        learn_and_put(f, model, &facts, &outcome);
        }
        g_assert_true(store_commit(f->store, NULL));

        again = load(f);
        g_assert_cmpuint(model_n_ways(again), ==, MODEL_WAYS_MAX);
        g_assert_cmpuint(n_moves(again, "host19"), ==, 0);
        g_assert_cmpuint(n_moves(again, "host20"), ==, 1);
        g_assert_cmpuint(n_moves(again, "host100"), ==, MODEL_MOVES_MAX);

        query = query_new(f->store, STATEMENT_LOAD_MOVES);
        while (query_next_row(&query, NULL) > 0)
                n++;
        g_assert_cmpint(n, ==, MODEL_WAYS_MAX - 1 + MODEL_MOVES_MAX);
}

/* Each number has its column. */
static void test_a_move_is_stored_as_it_is(Fixture *f, gconstpointer unused) {
        MoveFacts facts = { "ho'st", 2, UINT64_MAX, 4,         5,  6,  UINT_MAX,
                            8,       9, -1,         INT64_MAX, 12, 13, 14 };
        MoveOutcome outcome = { 15, -1, INT64_MIN, 18, 19, 20 };
        static const int64_t numbers[] = { 2,  -1, 4,  5,  6,  UINT_MAX,  8,  9,  -1, INT64_MAX,
                                           12, 13, 14, 15, -1, INT64_MIN, 18, 19, 20 };
        g_auto(Query) query = { 0 };
        g_autofree char *way = NULL;

        g_assert_true(store_put_move(f->store, &facts, &outcome, NULL));
        query = query_new(f->store, STATEMENT_LOAD_MOVES);
        g_assert_cmpint(query_next_row(&query, NULL), ==, 1);
        way = query_get_text(&query);
        g_assert_cmpstr(way, ==, "ho'st");
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
                g_assert_cmpint(query_get_int(&query), ==, numbers[i]);
        g_assert_cmpint(query_next_row(&query, NULL), ==, 0);
}

static void test_a_move_that_cannot_be_stored_is_told(Fixture *f, gconstpointer unused) {
        MoveOutcome outcome = { .total_ms = 5000, .bytes = GB };
        MoveFacts facts = some_guest;
        g_autoptr(Model) again = NULL;
        g_autoptr(GError) error = NULL;

        store_fail_write(f->store, 0);
        g_assert_false(store_put_move(f->store, &facts, &outcome, &error));
        g_assert_nonnull(error);
        facts.way = NULL; /* which the table refuses: nothing is left half done */
        g_assert_false(store_put_move(f->store, &facts, &outcome, NULL));
        g_assert_true(sqlite3_get_autocommit(f->store->db));
        again = load(f);
        g_assert_cmpuint(model_n_ways(again), ==, 0);
}

#define ADD(name, function) \
        g_test_add("/store-model/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("what was learnt outlives a restart", test_what_was_learnt_outlives_a_restart);
        ADD("each number is read again", test_each_number_is_read_again);
        ADD("the store forgets what the model forgets",
            test_the_store_forgets_what_the_model_forgets);
        ADD("a move is stored as it is", test_a_move_is_stored_as_it_is);
        ADD("a move that cannot be stored is told", test_a_move_that_cannot_be_stored_is_told);
        return g_test_run();
}
