/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-share.h"

#include "daemon/core/store-query.h"

static bool put(Store *store, const ShareOut *out, GError **error) {
        g_auto(Query) query = query_new(store, out->amount > 0 ? STATEMENT_PUT_SHARE
                                                               : STATEMENT_DELETE_SHARE);

        query_put_text(&query, out->resource);
        if (out->amount > 0)
                query_put_int(&query, out->amount);
        return query_run(&query, error);
}

static bool put_all(Store *store, const GPtrArray *outs, GError **error) {
        for (guint i = 0; i < outs->len; i++)
                if (!put(store, outs->pdata[i], error))
                        return false;
        return true;
}

bool store_put_shares(Store *store, const GPtrArray *outs, GError **error) {
        if (!store_may_write(store, error) || !store_run(store, STATEMENT_BEGIN, NULL, error))
                return false;

        if (!put_all(store, outs, error)) {
                store_rollback(store);
                return false;
        }
        return store_run_commit(store, error);
}

GPtrArray *store_load_shares(Store *store, GError **error) {
        g_autoptr(GPtrArray) outs = g_ptr_array_new_with_free_func((GDestroyNotify)share_out_free);
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_SHARES);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                ShareOut *out = g_new0(ShareOut, 1);

                g_ptr_array_add(outs, out);
                out->resource = query_get_text(&query);
                out->amount = query_get_int(&query);
        }
        return r == 0 ? g_steal_pointer(&outs) : NULL;
}
