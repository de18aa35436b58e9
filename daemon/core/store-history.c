/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-history.h"

#include "daemon/core/slot-blob.h"
#include "daemon/core/store-query.h"

/* Of what has come, so much may go since it is too old. */
#define TRIM_FACTOR 2

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

/* Rows ------------------------------------------------------------------------------ */

HistoryRow *history_row_new(const Subject *subject, SlotStep step, const Slot *slot) {
        HistoryRow *row = g_new0(HistoryRow, 1);

        row->kind = subject->kind;
        row->id = g_strdup(subject->id);
        row->name = g_strdup(subject->name);
        row->step = step;
        row->start = slot->start;
        row->n_slots = 1;
        row->data = g_byte_array_new();
        slot_to_blob(slot, step, row->data);
        return row;
}

bool history_row_append(HistoryRow *row, const Slot *slot) {
        if (row->n_slots >= HISTORY_ROW_SLOTS ||
            slot->start != row->start + row->n_slots * slot_step_usec(row->step))
                return false;

        slot_to_blob(slot, row->step, row->data);
        row->n_slots++;
        return true;
}

void history_row_free(HistoryRow *row) {
        if (!row)
                return;

        g_free(row->id);
        g_free(row->name);
        g_byte_array_unref(row->data);
        g_free(row);
}

static void get_slots(SlotStep step, int64_t start, const uint8_t *data, size_t size, int64_t from,
                      int64_t to, GPtrArray *slots) {
        while (size > 0) {
                Slot slot = { .start = start };
                int n = slot_from_blob(data, size, step, &slot);

                if (n < 0)
                        return;
                if (start >= from && start < to)
                        g_ptr_array_add(slots, g_memdup2(&slot, sizeof(slot)));
                start += slot_step_usec(step);
                data += n;
                size -= (size_t)n;
        }
}

void history_row_get_slots(const HistoryRow *row, int64_t from, int64_t to, GPtrArray *slots) {
        get_slots(row->step, row->start, row->data->data, row->data->len, from, to, slots);
}

static int compare_slots(const void *a, const void *b) {
        const Slot *one = *(Slot *const *)a, *other = *(Slot *const *)b;

        return (one->start > other->start) - (one->start < other->start);
}

/* GLib's sort is stable, so that of equal ones the later is behind. */
void history_sort(GPtrArray *slots) {
        guint kept = 0;

        g_ptr_array_sort(slots, compare_slots);
        for (guint i = 0; i < slots->len; i++) {
                void *slot = g_steal_pointer(&slots->pdata[i]);

                if (kept > 0 && compare_slots(&slots->pdata[kept - 1], &slot) == 0)
                        g_free(slots->pdata[--kept]);
                slots->pdata[kept++] = slot;
        }
        g_ptr_array_set_size(slots, (int)kept);
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
        g_auto(Query) query = query_new(store, tables[row->step].put);

        query_put_text(&query, subject_kind_to_string(row->kind));
        query_put_text(&query, row->id);
        query_put_int(&query, row->start);
        query_put_blob(&query, row->data->data, row->data->len);
        return query_run(&query, error);
}

static bool trim_age(Store *store, const Table *table, int64_t now, int64_t n_come,
                     GError **error) {
        g_auto(Query) query = query_new(store, table->trim_age);

        query_put_int(&query, n_come * TRIM_FACTOR);
        query_put_int(&query, now - table->usec);
        query_put_int(&query, now + table->usec);
        return query_run(&query, error);
}

static bool trim_rows(Store *store, const Table *table, GError **error) {
        g_auto(Query) query = query_new(store, table->trim_rows);

        query_put_int(&query, table->rows);
        return query_run(&query, error);
}

static bool trim(Store *store, int64_t now, const int64_t *n_come, GError **error) {
        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
                if (!trim_age(store, &tables[i], now, n_come[i], error) ||
                    !trim_rows(store, &tables[i], error))
                        return false;
        return store_run(store, STATEMENT_TRIM_SUBJECTS, NULL, error);
}

static bool put_all(Store *store, const GPtrArray *rows, int64_t now, GError **error) {
        int64_t n_come[_SLOT_STEP_MAX] = { 0 };

        if (!store_may_write(store, error) || !store_has_room(store, error))
                return false;

        for (guint i = 0; i < rows->len; i++) {
                const HistoryRow *row = rows->pdata[i];

                if (!put_subject(store, row, error) || !put_row(store, row, error))
                        return false;
                n_come[row->step]++;
        }
        return trim(store, now, n_come, error);
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

static void get_row(Query *query, SlotStep step, int64_t from, int64_t to, GPtrArray *slots) {
        int64_t start = query_get_int(query);
        const void *data;
        size_t size;

        data = query_get_blob(query, &size);
        get_slots(step, start, data, size, from, to, slots);
}

GPtrArray *store_load_history(Store *store, SubjectKind kind, const char *id, SlotStep step,
                              int64_t from, int64_t to, GError **error) {
        g_autoptr(GPtrArray) slots = g_ptr_array_new_with_free_func(g_free);
        g_auto(Query) query = query_new(store, tables[step].load);
        int64_t span = HISTORY_ROW_SLOTS * slot_step_usec(step); /* of a row */
        int r;

        query_put_text(&query, subject_kind_to_string(kind));
        query_put_text(&query, id);
        query_put_int(&query, from > INT64_MIN + span ? from - span : from);
        query_put_int(&query, to);
        while ((r = query_next_row(&query, error)) > 0)
                get_row(&query, step, from, to, slots);
        if (r < 0)
                return NULL;

        history_sort(slots);
        return g_steal_pointer(&slots);
}
