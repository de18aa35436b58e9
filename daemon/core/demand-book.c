/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-book.h"

struct DemandBook {
        GHashTable *series;         /* key_of() to DemandSeries */
        GQueue seen, turns, behind; /* of the links in them; first is the oldest */
};

#define BIT(metric)  (1u << (metric))

#define LINK_METRICS (BIT(METRIC_RECEIVE_BYTES) | BIT(METRIC_TRANSMIT_BYTES))
#define GUEST_METRICS                                                               \
        (LINK_METRICS | BIT(METRIC_CPU) | BIT(METRIC_RESIDENT) | BIT(METRIC_USED) | \
         BIT(METRIC_READ_BYTES) | BIT(METRIC_WRITE_BYTES))
#define OFFLOAD_METRICS (LINK_METRICS | BIT(METRIC_CPU) | BIT(METRIC_RESIDENT))

static const unsigned metrics[] = {
        [SUBJECT_GUEST] = GUEST_METRICS,
        [SUBJECT_VF] = LINK_METRICS | BIT(METRIC_BUSY) | BIT(METRIC_DEVICE_MEMORY),
        [SUBJECT_PF] = LINK_METRICS,
        [SUBJECT_OFFLOAD] = OFFLOAD_METRICS,
};
G_STATIC_ASSERT(G_N_ELEMENTS(metrics) == _SUBJECT_KIND_MAX);
G_STATIC_ASSERT(_METRIC_MAX <= 32);

bool demand_book_has_metric(SubjectKind kind, Metric metric) {
        return metrics[kind] & BIT(metric);
}

static char *key_of(SubjectKind kind, const char *id, Metric metric) {
        return g_strdup_printf("%d %d %s", kind, metric, id);
}

static DemandSeries *series_new(SubjectKind kind, const char *id, Metric metric) {
        DemandSeries *series = g_new0(DemandSeries, 1);

        series->kind = kind;
        series->id = g_strdup(id);
        series->metric = metric;
        series->by_seen.data = series->by_turn.data = series->by_behind.data = series;
        return series;
}

static void series_free(void *data) {
        DemandSeries *series = data;

        demand_free(series->demand);
        g_free(series->id);
        g_free(series);
}

DemandBook *demand_book_new(void) {
        DemandBook *book = g_new0(DemandBook, 1);

        book->series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, series_free);
        return book;
}

void demand_book_free(DemandBook *book) {
        if (!book)
                return;

        g_hash_table_unref(book->series);
        g_free(book);
}

guint demand_book_size(const DemandBook *book) {
        return g_hash_table_size(book->series);
}

DemandSeries *demand_book_find(const DemandBook *book, SubjectKind kind, const char *id,
                               Metric metric) {
        g_autofree char *key = key_of(kind, id, metric);

        return g_hash_table_lookup(book->series, key);
}

static void remove_series(DemandBook *book, DemandSeries *series) {
        g_autofree char *key = key_of(series->kind, series->id, series->metric);

        g_queue_unlink(&book->seen, &series->by_seen);
        g_queue_unlink(&book->turns, &series->by_turn);
        if (series->behind)
                g_queue_unlink(&book->behind, &series->by_behind);
        g_hash_table_remove(book->series, key);
}

static bool make_room(DemandBook *book, int64_t monotonic) {
        DemandSeries *oldest = g_queue_peek_head(&book->seen);

        if (demand_book_size(book) < DEMAND_BOOK_MAX)
                return true;
        if (monotonic - oldest->seen < DEMAND_BOOK_IDLE_USEC)
                return false;

        remove_series(book, oldest);
        return true;
}

static DemandSeries *add_series(DemandBook *book, SubjectKind kind, const char *id, Metric metric) {
        DemandSeries *series = series_new(kind, id, metric);

        g_hash_table_insert(book->series, key_of(kind, id, metric), series);
        g_queue_push_tail_link(&book->seen, &series->by_seen);
        g_queue_push_tail_link(&book->turns, &series->by_turn);
        return series;
}

DemandSeries *demand_book_see(DemandBook *book, SubjectKind kind, const char *id, Metric metric,
                              int64_t monotonic) {
        DemandSeries *series = demand_book_find(book, kind, id, metric);

        if (!series) {
                if (!make_room(book, monotonic))
                        return NULL;
                series = add_series(book, kind, id, metric);
        }
        series->seen = monotonic;
        g_queue_unlink(&book->seen, &series->by_seen);
        g_queue_push_tail_link(&book->seen, &series->by_seen);
        return series;
}

bool demand_series_learn(DemandSeries *series, const Slot *slot) {
        if (!demand_update(series->demand, slot->start / G_USEC_PER_SEC,
                           slot->mean[series->metric]))
                return false;

        series->changed = true;
        return true;
}

void demand_book_put_behind(DemandBook *book, DemandSeries *series) {
        if (series->behind)
                return;

        series->behind = true;
        g_queue_push_tail_link(&book->behind, &series->by_behind);
}

DemandSeries *demand_book_take_behind(DemandBook *book) {
        GList *link = g_queue_pop_head_link(&book->behind);
        DemandSeries *series = link ? link->data : NULL;

        if (series)
                series->behind = false;
        return series;
}

DemandSeries *demand_book_next_turn(DemandBook *book) {
        GList *link = g_queue_pop_head_link(&book->turns);

        if (!link)
                return NULL;

        g_queue_push_tail_link(&book->turns, link);
        return link->data;
}
