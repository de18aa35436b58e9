/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-history.h"

#include "daemon/core/slot-blob.h"
#include "daemon/core/store-query.h"

/* Rows that may be found too old at a time, beyond those that have come. Only the oldest are looked
 * at; behind rows of a clock that was ahead, old ones stay until there are too many. */
#define TRIM_ROWS 4096

typedef struct Table {
        Statement put, load, trim_age, trim_rows;
        int64_t usec, rows;
} Table;

static const Table tables[] = {
        [SLOT_SHORT] = { STATEMENT_PUT_SHORT, STATEMENT_LOAD_SHORT, STATEMENT_TRIM_SHORT_AGE,
                         STATEMENT_TRIM_SHORT_ROWS, HISTORY_SHORT_USEC, HISTORY_SHORT_ROWS },
        [SLOT_LONG] = { STATEMENT_PUT_LONG, STATEMENT_LOAD_LONG, STATEMENT_TRIM_LONG_AGE,
                        STATEMENT_TRIM_LONG_ROWS, HISTORY_LONG_USEC, HISTORY_LONG_ROWS },
};
G_STATIC_ASSERT(G_N_ELEMENTS(tables) == _SLOT_STEP_MAX);

HistoryRow *history_row_new(const Subject *subject, SlotStep step, const Slot *slot) {
        HistoryRow *row = g_new0(HistoryRow, 1);

        row->kind = subject->kind;
        row->id = g_strdup(subject->id);
        row->name = g_strdup(subject->name);
        row->step = step;
        row->slot = *slot;
        return row;
}

void history_row_free(HistoryRow *row) {
        if (!row)
                return;

        g_free(row->id);
        g_free(row->name);
        g_free(row);
}

/* Writing --------------------------------------------------------------------------- */

static bool put_subject(Store *store, const HistoryRow *row, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_SUBJECT);

        query_put_text(&query, subject_kind_to_string(row->kind));
        query_put_text(&query, row->id);
        query_put_text(&query, row->name ?: row->id);
        return query_run(&query, error);
}

static bool put_row(Store *store, const HistoryRow *row, GError **error) {
        g_autoptr(GByteArray) blob = slot_to_blob(&row->slot, row->step);
        g_auto(Query) query = query_new(store, tables[row->step].put);

        query_put_text(&query, subject_kind_to_string(row->kind));
        query_put_text(&query, row->id);
        query_put_int(&query, row->slot.start);
        query_put_blob(&query, blob->data, blob->len);
        return query_run(&query, error);
}

static bool run_with(Store *store, Statement statement, int64_t a, int64_t b, GError **error) {
        g_auto(Query) query = query_new(store, statement);

        query_put_int(&query, a);
        if (b >= 0)
                query_put_int(&query, b);
        return query_run(&query, error);
}

static bool trim(Store *store, int64_t now, int64_t n_new, GError **error) {
        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
                if (!run_with(store, tables[i].trim_age, now - tables[i].usec, TRIM_ROWS + n_new,
                              error) ||
                    !run_with(store, tables[i].trim_rows, tables[i].rows, -1, error))
                        return false;
        return store_run(store, STATEMENT_TRIM_SUBJECTS, NULL, error);
}

static bool put_all(Store *store, const GPtrArray *rows, int64_t now, GError **error) {
        if (!store_may_write(store, error))
                return false;

        for (guint i = 0; i < rows->len; i++)
                if (!put_subject(store, rows->pdata[i], error) ||
                    !put_row(store, rows->pdata[i], error))
                        return false;
        return trim(store, now, rows->len, error);
}

bool store_put_history(Store *store, const GPtrArray *rows, int64_t now, GError **error) {
        if (!store_begin(store, error))
                return false;

        if (!put_all(store, rows, now, error)) {
                store_rollback(store);
                return false;
        }
        return store_commit(store, error);
}

/* Reading --------------------------------------------------------------------------- */

/* NULL for a row that is of no use. */
static Slot *get_slot(Query *row, SlotStep step) {
        g_autofree Slot *slot = g_new0(Slot, 1);
        const void *data;
        size_t size;

        slot->start = query_get_int(row);
        data = query_get_blob(row, &size);
        return slot_from_blob(data, size, step, slot) < 0 ? NULL : g_steal_pointer(&slot);
}

GPtrArray *store_load_history(Store *store, SubjectKind kind, const char *id, SlotStep step,
                              int64_t from, int64_t to, GError **error) {
        g_autoptr(GPtrArray) slots = g_ptr_array_new_with_free_func(g_free);
        g_auto(Query) query = query_new(store, tables[step].load);
        int r;

        query_put_text(&query, subject_kind_to_string(kind));
        query_put_text(&query, id);
        query_put_int(&query, from);
        query_put_int(&query, to);
        while ((r = query_next_row(&query, error)) > 0) {
                Slot *slot = get_slot(&query, step);

                if (slot)
                        g_ptr_array_add(slots, slot);
        }
        return r < 0 ? NULL : g_steal_pointer(&slots);
}
