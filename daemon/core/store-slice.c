/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-book.h"
#include "daemon/core/store-query.h"

#include <string.h>

#include "xml/ferry-error.h"

/* Writing: one row, and a row for each of its grants -------------------------------- */

static bool put_row(Store *store, const SliceEntry *entry, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_SLICE);
        g_autofree char *wish = slice_to_xml(entry->wish);
        g_autofree char *had = entry->had ? slice_to_xml(entry->had) : NULL;

        query_put_int(&query, entry->number);
        query_put_text(&query, entry->domain_uuid);
        query_put_text(&query, entry->domain_name);
        query_put_text(&query, wish);
        query_put_text(&query, had);
        query_put_text(&query, slice_state_to_string(entry->state));
        query_put_int(&query, entry->created);
        query_put_int(&query, entry->changed);
        query_put_int(&query, entry->expires);
        return query_run(&query, error);
}

static bool put_grant(Store *store, const SliceEntry *entry, guint position, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_GRANT);
        const SliceGrant *grant = entry->grants->pdata[position];

        query_put_int(&query, entry->number);
        query_put_int(&query, position);
        query_put_text(&query, grant->resource);
        query_put_text(&query, grant->part);
        query_put_int(&query, (int64_t)grant->amount);
        return query_run(&query, error);
}

static bool run_by_number(Store *store, Statement statement, const SliceEntry *entry,
                          GError **error) {
        g_auto(Query) query = query_new(store, statement);

        query_put_int(&query, entry->number);
        return query_run(&query, error);
}

bool store_put_slice(Store *store, const SliceEntry *entry, GError **error) {
        if (!store_may_write(store, error) || !put_row(store, entry, error) ||
            !run_by_number(store, STATEMENT_DELETE_GRANTS, entry, error))
                return false;

        for (guint i = 0; i < entry->grants->len; i++)
                if (!put_grant(store, entry, i, error))
                        return false;
        return true;
}

bool store_note_slice(Store *store, const SliceEntry *entry, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_NOTE_SLICE);
        g_autofree char *had = entry->had ? slice_to_xml(entry->had) : NULL;

        query_put_text(&query, entry->domain_name);
        query_put_text(&query, had);
        query_put_text(&query, slice_state_to_string(entry->state));
        query_put_int(&query, entry->changed);
        query_put_int(&query, entry->expires);
        query_put_int(&query, entry->number);
        return store_may_write(store, error) && query_run(&query, error);
}

bool store_delete_slice(Store *store, const SliceEntry *entry, GError **error) {
        return store_may_write(store, error) &&
               run_by_number(store, STATEMENT_DELETE_SLICE, entry, error);
}

/* Reading --------------------------------------------------------------------------- */

static bool load_grants(Store *store, SliceEntry *entry, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_GRANTS);
        int r;

        query_put_int(&query, entry->number);
        while ((r = query_next_row(&query, error)) > 0) {
                g_autofree char *resource = query_get_text(&query), *part = query_get_text(&query);
                uint64_t amount = (uint64_t)query_get_int(&query);

                g_ptr_array_add(entry->grants, slice_grant_new(resource, part, amount));
        }
        return r == 0;
}

/* NULL without an error: there is none. */
static Slice *read_slice(Query *row, const char *domain_name, GError **error) {
        g_autofree char *xml = query_get_text(row);
        g_autoptr(GError) reason = NULL;
        Slice *slice;

        if (!xml)
                return NULL;

        slice = slice_from_xml(xml, strlen(xml), &reason);
        if (!slice)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                            "The database %s cannot be read: the hardware slice of guest %s is not "
                            "one that this version knows (%s); move the file away to begin without "
                            "it",
                            row->store->path, domain_name, reason->message);
        return slice;
}

static bool read_state(Query *row, SliceEntry *entry, GError **error) {
        g_autofree char *word = query_get_text(row), *object = NULL;

        entry->state = slice_state_from_string(word);
        if (entry->state >= 0)
                return true;

        object = g_strdup_printf("the hardware slice of guest %s", entry->domain_name);
        return query_set_unknown_word(row, object, "state", word, error);
}

static SliceEntry *entry_from_row(Query *row, GError **error) {
        int64_t number = query_get_int(row);
        g_autofree char *uuid = query_get_text(row), *name = query_get_text(row);
        Slice *wish = read_slice(row, name, error);
        g_autoptr(SliceEntry) entry = NULL;
        g_autoptr(GError) problem = NULL;

        if (!wish)
                return NULL;

        entry = slice_entry_new(uuid, name, wish);
        entry->number = number;
        entry->had = read_slice(row, name, &problem);
        if (problem) {
                g_propagate_error(error, g_steal_pointer(&problem));
                return NULL;
        }
        if (!read_state(row, entry, error))
                return NULL;
        entry->created = query_get_int(row);
        entry->changed = query_get_int(row);
        entry->expires = query_get_int(row);
        return g_steal_pointer(&entry);
}

GPtrArray *store_load_slices(Store *store, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_SLICES);
        g_autoptr(GPtrArray)
                entries = g_ptr_array_new_with_free_func((GDestroyNotify)slice_entry_free);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                SliceEntry *entry = entry_from_row(&query, error);

                if (!entry)
                        return NULL;
                g_ptr_array_add(entries, entry);
                if (!load_grants(store, entry, error))
                        return NULL;
        }
        return r < 0 ? NULL : g_steal_pointer(&entries);
}
