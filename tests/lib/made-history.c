/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/made-history.h"

#include <math.h>

#include "daemon/core/demand-book.h"
#include "daemon/core/store-demand.h"
#include "daemon/core/store-history.h"

/* The peak comes at the same time of each day. */
static bool is_peak(const MadeHistory *history, int64_t now, int64_t start) {
        int64_t since = (start - now - history->begins) % G_TIME_SPAN_DAY;

        return (since + G_TIME_SPAN_DAY) % G_TIME_SPAN_DAY < history->lasts;
}

static Slot make_slot(const MadeHistory *history, int64_t now, int64_t start) {
        float mean = is_peak(history, now, start) ? (float)history->high : (float)history->low;
        Slot slot = { .start = start };

        for (int i = 0; i < _METRIC_MAX; i++)
                slot.min[i] = slot.mean[i] = slot.max[i] = NAN;
        for (unsigned i = 0; i < history->n_metrics; i++) {
                Metric metric = history->metrics[i];

                slot.min[metric] = slot.mean[metric] = slot.max[metric] = mean;
        }
        return slot;
}

static GPtrArray *make_rows(const MadeHistory *history, int64_t now, int64_t from, int64_t to) {
        const Subject subject = { .kind = history->kind,
                                  .id = (char *)history->id,
                                  .name = (char *)history->name };
        GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)history_row_free);
        HistoryRow *row = NULL;

        for (int64_t start = from; start < to; start += slot_step_usec(SLOT_LONG)) {
                const Slot slot = make_slot(history, now, start);

                if (row && history_row_append(row, &slot))
                        continue;
                row = history_row_new(&subject, SLOT_LONG, &slot);
                g_ptr_array_add(rows, row);
        }
        return rows;
}

static GBytes *learn(const MadeHistory *history, int64_t now, int64_t from, int64_t to,
                     Metric metric) {
        g_autoptr(Demand) demand = demand_new(DEMAND_BOOK_STEP);

        for (int64_t start = from; start < to; start += slot_step_usec(SLOT_LONG)) {
                const Slot slot = make_slot(history, now, start);

                (void)demand_update(demand, start / G_USEC_PER_SEC, slot.mean[metric]);
        }
        return demand_to_blob(demand);
}

static bool put_demand(const MadeHistory *history, Store *store, int64_t now, int64_t from,
                       int64_t to, GError **error) {
        for (unsigned i = 0; i < history->n_metrics; i++) {
                Metric metric = history->metrics[i];
                g_autoptr(GBytes) blob = learn(history, now, from, to, metric);

                if (!store_put_demand(store, history->kind, history->id, metric, blob, now, error))
                        return false;
        }
        return true;
}

bool made_history_put(const MadeHistory *history, Store *store, int64_t now, GError **error) {
        int64_t to = now - now % slot_step_usec(SLOT_LONG);
        int64_t from = to - history->days * G_TIME_SPAN_DAY;
        g_autoptr(GPtrArray) rows = make_rows(history, now, from, to);

        return store_put_history(store, rows, now, error) &&
               put_demand(history, store, now, from, to, error);
}
