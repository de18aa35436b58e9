/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay-rows.h"

#include <math.h>
#include <string.h>

typedef struct Row {
        uint32_t step;  /* since the epoch */
        uint32_t place; /* guest * _REPLAY_WAY_MAX + way */
        float value;
} Row;
G_STATIC_ASSERT(REPLAY_TIME_MAX / REPLAY_STEP <= UINT32_MAX);

struct ReplayRows {
        GArray *rows;       /* Row */
        GPtrArray *names;   /* of guests */
        GHashTable *guests; /* name -> index + 1 */
        uint32_t first, last;
};

ReplayRows *replay_rows_new(void) {
        ReplayRows *rows = g_new0(ReplayRows, 1);

        rows->rows = g_array_new(FALSE, FALSE, sizeof(Row));
        rows->names = g_ptr_array_new_with_free_func(g_free);
        rows->guests = g_hash_table_new(g_str_hash, g_str_equal);
        rows->first = UINT32_MAX;
        return rows;
}

void replay_rows_free(ReplayRows *rows) {
        if (!rows)
                return;

        g_hash_table_unref(rows->guests);
        g_ptr_array_unref(rows->names);
        g_array_unref(rows->rows);
        g_free(rows);
}

static guint find_guest(ReplayRows *rows, const char *name) {
        guint index = GPOINTER_TO_UINT(g_hash_table_lookup(rows->guests, name));
        char *own;

        if (index > 0)
                return index - 1;

        own = g_strdup(name);
        g_ptr_array_add(rows->names, own);
        g_hash_table_insert(rows->guests, own, GUINT_TO_POINTER(rows->names->len));
        return rows->names->len - 1;
}

bool replay_rows_add(ReplayRows *rows, int64_t time, const char *guest, ReplayWay way,
                     double value) {
        Row row = {
                .step = (uint32_t)(time / REPLAY_STEP),
                .place = find_guest(rows, guest) * _REPLAY_WAY_MAX + way,
                .value = (float)value,
        };

        rows->first = MIN(rows->first, row.step);
        rows->last = MAX(rows->last, row.step);
        g_array_append_val(rows->rows, row);
        return rows->names->len <= REPLAY_GUESTS_MAX && rows->rows->len <= REPLAY_ROWS_MAX;
}

/* Averages rows of one step; `counts` has how many there were so far. */
static void put_row(const ReplayTrace *trace, const Row *row, uint32_t first, uint16_t *counts) {
        size_t n = (size_t)trace->n_hours * REPLAY_HOUR, step = row->step - first;
        const ReplayGuest *guest = trace->guests->pdata[row->place / _REPLAY_WAY_MAX];
        float *value = &guest->values[row->place % _REPLAY_WAY_MAX][step];
        uint16_t *count;

        if (step >= n || isnan(row->value))
                return;
        count = &counts[row->place * n + step];
        if (*count < UINT16_MAX)
                ++*count;
        *value = *count == 1 ? row->value : *value + (row->value - *value) / (float)*count;
}

static int compare_names(const void *a, const void *b) {
        const ReplayGuest *x = *(ReplayGuest *const *)a, *y = *(ReplayGuest *const *)b;

        return strcmp(x->name, y->name);
}

ReplayTrace *replay_rows_to_trace(const ReplayRows *rows) {
        uint32_t first = rows->first - rows->first % REPLAY_HOUR;
        uint32_t n_hours = rows->rows->len == 0 ? 0 : (rows->last + 1 - first) / REPLAY_HOUR;
        uint64_t cells = (uint64_t)n_hours * REPLAY_HOUR * rows->names->len * _REPLAY_WAY_MAX;
        g_autofree uint16_t *counts = NULL;
        ReplayTrace *trace;

        if (n_hours == 0 || n_hours > REPLAY_HOURS_MAX || cells > REPLAY_CELLS_MAX)
                return NULL;

        trace = replay_trace_new((int64_t)first * REPLAY_STEP, n_hours);
        counts = g_new0(uint16_t, cells);
        for (guint i = 0; i < rows->names->len; i++)
                (void)replay_trace_add(trace, rows->names->pdata[i]);
        for (guint i = 0; i < rows->rows->len; i++)
                put_row(trace, &g_array_index(rows->rows, Row, i), first, counts);
        g_ptr_array_sort(trace->guests, compare_names); /* the order of rows is nobody's choice */
        return trace;
}
