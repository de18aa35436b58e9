/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/drain-record.h"
#include "daemon/core/store-query.h"
#include "xml/ferry-error.h"

/* Writing: all of it anew, which is a row for each guest of one host ---------------- */

static bool put_drain(Store *store, const DrainRecord *record, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_DRAIN);

        query_put_text(&query, drain_state_to_string(record->state));
        query_put_int(&query, record->persistent);
        query_put_int(&query, record->undefine_source);
        return query_run(&query, error);
}

static bool put_destination(Store *store, const char *uri, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_DRAIN_DESTINATION);

        query_put_text(&query, uri);
        return query_run(&query, error);
}

static bool put_guest(Store *store, const DrainGuest *guest, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_DRAIN_GUEST);

        query_put_text(&query, guest->uuid);
        query_put_text(&query, guest->name);
        query_put_text(&query, guest->destination);
        query_put_text(&query, guest->reason);
        query_put_int(&query, guest->n_refused);
        query_put_text(&query, drain_guest_state_to_string(guest->state));
        return query_run(&query, error);
}

static bool put_all(Store *store, const DrainRecord *record, GError **error) {
        if (!store_run(store, STATEMENT_DELETE_DRAIN, NULL, error) ||
            !store_run(store, STATEMENT_DELETE_DRAIN_DESTINATIONS, NULL, error) ||
            !store_run(store, STATEMENT_DELETE_DRAIN_GUESTS, NULL, error))
                return false;
        if (!record)
                return true;
        if (!put_drain(store, record, error))
                return false;

        for (guint i = 0; i < record->destinations->len; i++)
                if (!put_destination(store, record->destinations->pdata[i], error))
                        return false;

        for (guint i = 0; i < record->guests->len; i++)
                if (!put_guest(store, record->guests->pdata[i], error))
                        return false;
        return true;
}

bool store_put_drain(Store *store, const DrainRecord *record, GError **error) {
        if (!store_may_write(store, error) || !store_run(store, STATEMENT_BEGIN, NULL, error))
                return false;

        if (!put_all(store, record, error)) {
                store_rollback(store);
                return false;
        }
        return store_run_commit(store, error);
}

/* Reading --------------------------------------------------------------------------- */

static bool load_destinations(Store *store, DrainRecord *record, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_DRAIN_DESTINATIONS);
        int r;

        while ((r = query_next_row(&query, error)) > 0)
                g_ptr_array_add(record->destinations, query_get_text(&query));
        return r == 0;
}

static bool load_guest(Query *row, DrainRecord *record, GError **error) {
        g_autofree char *uuid = query_get_text(row), *name = query_get_text(row), *word = NULL,
                        *object = NULL;
        DrainGuest *guest = drain_record_add(record, uuid, name);

        guest->destination = query_get_text(row);
        guest->reason = query_get_text(row);
        guest->n_refused = (unsigned)query_get_int(row);
        word = query_get_text(row);
        guest->state = drain_guest_state_from_string(word);
        if (guest->state >= 0)
                return true;

        object = g_strdup_printf("the drain of guest %s", name);
        return query_set_unknown_word(row, object, "state", word, error);
}

static bool load_guests(Store *store, DrainRecord *record, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_DRAIN_GUESTS);
        int r;

        while ((r = query_next_row(&query, error)) > 0)
                if (!load_guest(&query, record, error))
                        return false;
        return r == 0;
}

static DrainRecord *drain_from_row(Query *row, GError **error) {
        g_autoptr(DrainRecord) record = drain_record_new();
        g_autofree char *word = query_get_text(row);

        record->state = drain_state_from_string(word);
        if (record->state < 0) {
                query_set_unknown_word(row, "the drain", "state", word, error);
                return NULL;
        }
        record->persistent = query_get_int(row);
        record->undefine_source = query_get_int(row);
        return g_steal_pointer(&record);
}

bool store_load_drain(Store *store, DrainRecord **ret_record, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_DRAIN);
        g_autoptr(DrainRecord) record = NULL;
        int r;

        r = query_next_row(&query, error);
        if (r < 0)
                return false;

        if (r > 0) {
                record = drain_from_row(&query, error);
                if (!record || !load_destinations(store, record, error) ||
                    !load_guests(store, record, error))
                        return false;
        }
        *ret_record = g_steal_pointer(&record);
        return true;
}
