/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-query.h"
#include "daemon/core/tuning-away.h"

bool store_put_away(Store *store, const char *domain_uuid, const TuningAway *away, GError **error) {
        g_auto(Query) query = query_new(store, away ? STATEMENT_PUT_AWAY : STATEMENT_DELETE_AWAY);

        if (!store_may_write(store, error))
                return false;

        query_put_text(&query, domain_uuid);
        if (away) {
                query_put_text(&query, away->affinity);
                query_put_text(&query, away->cpus);
        }
        return query_run(&query, error);
}

bool store_load_away(Store *store, const char *domain_uuid, TuningAway **ret_away, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_AWAY);
        g_autofree char *affinity = NULL, *cpus = NULL;
        int r;

        query_put_text(&query, domain_uuid);
        r = query_next_row(&query, error);
        if (r < 0)
                return false;

        if (r > 0) {
                affinity = query_get_text(&query);
                cpus = query_get_text(&query);
        }
        *ret_away = r > 0 ? tuning_away_new(affinity, cpus) : NULL;
        return true;
}

GPtrArray *store_list_away(Store *store, GError **error) {
        g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
        g_auto(Query) query = query_new(store, STATEMENT_LIST_AWAY);
        int r;

        while ((r = query_next_row(&query, error)) > 0)
                g_ptr_array_add(uuids, query_get_text(&query));
        return r == 0 ? g_steal_pointer(&uuids) : NULL;
}
