/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
