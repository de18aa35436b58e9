/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-policy.h"

#include <math.h>

#include "daemon/core/store-query.h"

bool store_put_frozen(Store *store, bool frozen, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_FROZEN);

        if (!store_may_write(store, error))
                return false;

        query_put_int(&query, frozen);
        return query_run(&query, error);
}

bool store_load_frozen(Store *store, bool *ret_frozen, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_FROZEN);
        int r;

        r = query_next_row(&query, error);
        if (r < 0)
                return false;

        *ret_frozen = r > 0 && query_get_int(&query) != 0;
        return true;
}

bool store_put_theta(Store *store, double theta, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_THETA);

        if (!store_may_write(store, error))
                return false;

        query_put_real(&query, theta);
        return query_run(&query, error);
}

bool store_load_theta(Store *store, double *ret_theta, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_THETA);
        int r;

        r = query_next_row(&query, error);
        if (r < 0)
                return false;

        *ret_theta = r > 0 ? query_get_real(&query) : NAN;
        return true;
}

/* Moves ------------------------------------------------------------------------------ */

void policy_move_free(PolicyMove *move) {
        if (!move)
                return;

        g_free(move->came);
        g_free(move->gave);
        g_free(move);
}

static bool put_move(Store *store, const PolicyMove *move, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_POLICY_MOVE);

        query_put_int(&query, move->made);
        query_put_text(&query, move->came);
        query_put_text(&query, move->gave);
        return query_run(&query, error);
}

static bool keep_last(Store *store, Statement trim, int64_t n, GError **error) {
        g_auto(Query) query = query_new(store, trim);

        query_put_int(&query, n);
        return query_run(&query, error);
}

bool store_put_policy_move(Store *store, const PolicyMove *move, GError **error) {
        if (!store_may_write(store, error) || !store_run(store, STATEMENT_BEGIN, NULL, error))
                return false;

        if (!put_move(store, move, error) ||
            !keep_last(store, STATEMENT_TRIM_POLICY_MOVES, STORE_POLICY_MOVES_MAX, error)) {
                store_rollback(store);
                return false;
        }
        return store_run_commit(store, error);
}

GPtrArray *store_load_policy_moves(Store *store, GError **error) {
        g_autoptr(GPtrArray)
                moves = g_ptr_array_new_with_free_func((GDestroyNotify)policy_move_free);
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_POLICY_MOVES);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                PolicyMove *move = g_new0(PolicyMove, 1);

                g_ptr_array_add(moves, move);
                move->made = query_get_int(&query);
                move->came = query_get_text(&query);
                move->gave = query_get_text(&query);
        }
        return r == 0 ? g_steal_pointer(&moves) : NULL;
}

/* Changes of slices ------------------------------------------------------------------ */

void slice_part_change_free(SlicePartChange *change) {
        if (!change)
                return;

        g_free(change->part);
        g_free(change);
}

static bool put_change(Store *store, const SlicePartChange *change, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_SLICE_CHANGE);

        query_put_int(&query, change->made);
        query_put_text(&query, change->part);
        query_put_real(&query, change->has);
        query_put_int(&query, change->filled);
        query_put_real(&query, change->peak);
        return query_run(&query, error);
}

bool store_put_slice_change(Store *store, const SlicePartChange *change, GError **error) {
        if (!store_may_write(store, error) || !store_run(store, STATEMENT_BEGIN, NULL, error))
                return false;

        if (!put_change(store, change, error) ||
            !keep_last(store, STATEMENT_TRIM_SLICE_CHANGES, STORE_SLICE_CHANGES_MAX, error)) {
                store_rollback(store);
                return false;
        }
        return store_run_commit(store, error);
}

GPtrArray *store_load_slice_changes(Store *store, GError **error) {
        g_autoptr(GPtrArray)
                changes = g_ptr_array_new_with_free_func((GDestroyNotify)slice_part_change_free);
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_SLICE_CHANGES);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                SlicePartChange *change = g_new0(SlicePartChange, 1);

                g_ptr_array_add(changes, change);
                change->made = query_get_int(&query);
                change->part = query_get_text(&query);
                change->has = query_get_real(&query);
                change->filled = query_get_int(&query);
                change->peak = query_get_real(&query);
        }
        return r == 0 ? g_steal_pointer(&changes) : NULL;
}
