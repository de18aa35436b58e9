/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/model.h"
#include "daemon/core/store-query.h"

static void put_facts(Query *query, const MoveFacts *facts) {
        query_put_text(query, facts->way);
        query_put_int(query, MAX(1, facts->connections));
        query_put_int(query, (int64_t)facts->ram);
        query_put_int(query, (int64_t)facts->ram_used);
        query_put_int(query, (int64_t)facts->working_set);
        query_put_int(query, (int64_t)facts->dirty_rate);
        query_put_int(query, facts->n_devices);
        query_put_int(query, facts->n_precopy);
        query_put_int(query, (int64_t)facts->state);
        query_put_int(query, facts->save_usec);
        query_put_int(query, facts->load_usec);
        query_put_int(query, (int64_t)facts->bandwidth_limit);
        query_put_int(query, (int64_t)facts->link);
        query_put_int(query, facts->allowed_ms);
}

static void put_outcome(Query *query, const MoveOutcome *outcome) {
        query_put_int(query, outcome->total_ms);
        query_put_int(query, outcome->downtime_ms);
        query_put_int(query, outcome->setup_ms);
        query_put_int(query, (int64_t)outcome->bytes);
        query_put_int(query, (int64_t)outcome->dirty_rate);
        query_put_int(query, outcome->iterations);
}

static bool put_row(Store *store, const MoveFacts *facts, const MoveOutcome *outcome,
                    GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_MOVE);

        put_facts(&query, facts);
        put_outcome(&query, outcome);
        return query_run(&query, error);
}

static bool trim(Store *store, Statement statement, int64_t n_kept, GError **error) {
        g_auto(Query) query = query_new(store, statement);

        query_put_int(&query, n_kept);
        return query_run(&query, error);
}

static bool put_all(Store *store, const MoveFacts *facts, const MoveOutcome *outcome,
                    GError **error) {
        return put_row(store, facts, outcome, error) &&
               trim(store, STATEMENT_TRIM_MOVES, MODEL_MOVES_MAX, error) &&
               trim(store, STATEMENT_TRIM_WAYS, MODEL_WAYS_MAX, error);
}

bool store_put_move(Store *store, const MoveFacts *facts, const MoveOutcome *outcome,
                    GError **error) {
        bool alone = sqlite3_get_autocommit(store->db); /* not in a transaction of the caller's */

        if (!store_may_write(store, error) ||
            (alone && !store_run(store, STATEMENT_BEGIN, NULL, error)))
                return false;

        if (!put_all(store, facts, outcome, error)) {
                if (alone)
                        store_rollback(store);
                return false;
        }

        return !alone || store_run_commit(store, error);
}

/* `facts->way` is NULL: it stays with the caller. */
static MoveFacts get_facts(Query *row) {
        MoveFacts facts = { 0 };

        facts.connections = (unsigned)query_get_int(row);
        facts.ram = (uint64_t)query_get_int(row);
        facts.ram_used = (uint64_t)query_get_int(row);
        facts.working_set = (uint64_t)query_get_int(row);
        facts.dirty_rate = (uint64_t)query_get_int(row);
        facts.n_devices = (unsigned)query_get_int(row);
        facts.n_precopy = (unsigned)query_get_int(row);
        facts.state = (uint64_t)query_get_int(row);
        facts.save_usec = query_get_int(row);
        facts.load_usec = query_get_int(row);
        facts.bandwidth_limit = (uint64_t)query_get_int(row);
        facts.link = (uint64_t)query_get_int(row);
        facts.allowed_ms = query_get_int(row);
        return facts;
}

static MoveOutcome get_outcome(Query *row) {
        MoveOutcome outcome = { 0 };

        outcome.total_ms = query_get_int(row);
        outcome.downtime_ms = query_get_int(row);
        outcome.setup_ms = query_get_int(row);
        outcome.bytes = (uint64_t)query_get_int(row);
        outcome.dirty_rate = (uint64_t)query_get_int(row);
        outcome.iterations = (unsigned)query_get_int(row);
        return outcome;
}

bool store_load_model(Store *store, Model *model, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_MOVES);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                g_autofree char *way = query_get_text(&query);
                MoveFacts facts = get_facts(&query);
                MoveOutcome outcome = get_outcome(&query);

                facts.way = way;
                (void)model_learn(model, &facts, &outcome); /* a row that is of no use is none */
        }
        return r == 0;
}
