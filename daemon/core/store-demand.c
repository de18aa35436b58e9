/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-demand.h"

#include "daemon/core/store-query.h"

static void put_key(Query *query, SubjectKind kind, const char *id, Metric metric) {
        query_put_text(query, subject_kind_to_string(kind));
        query_put_text(query, id);
        query_put_text(query, metric_to_string(metric));
}

bool store_put_demand(Store *store, SubjectKind kind, const char *id, Metric metric, GBytes *blob,
                      int64_t now, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_DEMAND);
        const void *data;
        size_t size;

        if (!store_may_write(store, error) || !store_has_room(store, error))
                return false;

        data = g_bytes_get_data(blob, &size);
        put_key(&query, kind, id, metric);
        query_put_int(&query, now);
        query_put_blob(&query, data, size);
        return query_run(&query, error);
}

bool store_load_demand(Store *store, SubjectKind kind, const char *id, Metric metric,
                       GBytes **ret_blob, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_DEMAND);
        const void *data;
        size_t size;
        int r;

        put_key(&query, kind, id, metric);
        r = query_next_row(&query, error);
        if (r < 0)
                return false;

        *ret_blob = NULL;
        if (r > 0) {
                data = query_get_blob(&query, &size);
                *ret_blob = g_bytes_new(data, size);
        }
        return true;
}

bool store_trim_demands(Store *store, int64_t before, unsigned n_kept, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_TRIM_DEMANDS);

        if (!store_may_write(store, error))
                return false;

        query_put_int(&query, before);
        query_put_int(&query, n_kept);
        return query_run(&query, error);
}
