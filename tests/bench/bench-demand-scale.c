/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What it costs to know the demand of 4,000 series: each is updated every 5 minutes
 * and forecast for a day every hour, as a share of one core.
 *
 * The series are those of 1,000 guests with 4 metrics each, in the book that the
 * daemon has of them, and have learnt for 2 weeks. The peer learns nothing: it
 * reads what the store has of a guest's last 4 weeks, once for its metrics, and takes the
 * quantiles of each hour of the day. As many guests as there is time for stand for
 * all. Of the share itself the peer is what it may be.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/core/demand-book.h"
#include "daemon/core/store-history.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/core/made-up-series.h"

#define GUESTS      1000
#define METRICS     4
#define SERIES      (GUESTS * METRICS)
#define KINDS       16 /* of series, each is learnt once */
#define DAY         288
#define LEARN_DAYS  14
#define HOURS       2 /* that are measured */
#define HOUR        12
#define PEER_GUESTS 8
#define PEER_DAYS   28
#define START       (INT64_C(1800000000) - 1800000000 % 86400) /* seconds */
#define SHARE_MAX   2.0
#define BOUND       0.5

static const Metric metrics[METRICS] = {
        METRIC_CPU,
        METRIC_RESIDENT,
        METRIC_RECEIVE_BYTES,
        METRIC_TRANSMIT_BYTES,
};

static double cpu_now(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double value_at(unsigned kind, unsigned i) {
        const MadeUpSeries series = {
                .level = 30,
                .daily = 5.0 * (kind % 3),
                .weekly = kind % 4 == 3 ? 15 : 0,
                .noise = 1 + kind % 5,
                .seed = kind,
        };

        return made_up_series_value(&series, i);
}

static Slot slot_at(unsigned guest, unsigned i) {
        Slot slot = { .start = (START + (int64_t)i * DEMAND_BOOK_STEP) * G_USEC_PER_SEC };

        for (int m = 0; m < _METRIC_MAX; m++)
                slot.min[m] = slot.mean[m] = slot.max[m] = NAN;
        for (unsigned m = 0; m < METRICS; m++) {
                float value = (float)value_at((guest * METRICS + m) % KINDS, i);

                slot.min[metrics[m]] = slot.mean[metrics[m]] = slot.max[metrics[m]] = value;
        }
        return slot;
}

/* Ours ------------------------------------------------------------------------------------ */

static GBytes *learn(unsigned kind) {
        g_autoptr(Demand) demand = demand_new(DEMAND_BOOK_STEP);

        for (unsigned i = 0; i < LEARN_DAYS * DAY; i++)
                g_assert_true(demand_update(demand, START + (int64_t)i * DEMAND_BOOK_STEP,
                                            value_at(kind, i)));
        return demand_to_blob(demand);
}

static DemandBook *book_new(GPtrArray *ret_series) {
        DemandBook *book = demand_book_new();
        GBytes *blobs[KINDS];

        for (unsigned i = 0; i < KINDS; i++)
                blobs[i] = learn(i);
        for (unsigned i = 0; i < SERIES; i++) {
                g_autofree char *id = g_strdup_printf("guest%u", i / METRICS);
                DemandSeries *series = demand_book_see(book, SUBJECT_GUEST, id,
                                                       metrics[i % METRICS], 0);

                series->demand = demand_from_blob(blobs[i % KINDS], DEMAND_BOOK_STEP);
                g_ptr_array_add(ret_series, series);
        }
        for (unsigned i = 0; i < KINDS; i++)
                g_bytes_unref(blobs[i]);
        return book;
}

/* The series of each guest learn a slot. Seconds of CPU, without the slots'. */
static double update_all(DemandBook *book, unsigned i) {
        double seconds = 0;

        for (unsigned guest = 0; guest < GUESTS; guest++) {
                g_autofree char *id = g_strdup_printf("guest%u", guest);
                Slot slot = slot_at(guest, i);
                double begin = cpu_now();

                for (unsigned m = 0; m < METRICS; m++)
                        g_assert_true(demand_series_learn(
                                demand_book_see(book, SUBJECT_GUEST, id, metrics[m], i), &slot));
                seconds += cpu_now() - begin;
        }
        return seconds;
}

static double forecast_all(const GPtrArray *all) {
        double begin = cpu_now();
        DemandBand bands[DAY];

        for (guint i = 0; i < all->len; i++)
                g_assert_true(demand_forecast(((DemandSeries *)all->pdata[i])->demand, DAY, bands));
        return cpu_now() - begin;
}

/* Percent of a core. */
static double measure_ours(void) {
        g_autoptr(GPtrArray) all = g_ptr_array_new();
        g_autoptr(DemandBook) book = book_new(all);
        double update = 0, forecast = 0, size = 0;

        for (unsigned i = 0; i < HOURS * HOUR; i++) {
                update += update_all(book, LEARN_DAYS * DAY + i);
                if (i % HOUR == HOUR - 1)
                        forecast += forecast_all(all);
        }
        for (guint i = 0; i < all->len; i++)
                size += (double)demand_size(((DemandSeries *)all->pdata[i])->demand);
        printf("# %u series: %.1f us an update, %.0f us a forecast of a day, %.0f MB of memory\n",
               SERIES, update / (HOURS * HOUR) / SERIES * 1e6, forecast / HOURS / SERIES * 1e6,
               size / (1024 * 1024));
        return (update + forecast) / (HOURS * 3600) * 100;
}

/* The peer -------------------------------------------------------------------------------- */

static void put_guest(Store *store, unsigned guest) {
        g_autoptr(GPtrArray)
                rows = g_ptr_array_new_with_free_func((GDestroyNotify)history_row_free);
        g_autofree char *id = g_strdup_printf("guest%u", guest);
        const Subject subject = { .kind = SUBJECT_GUEST, .id = id, .name = id };

        for (unsigned i = 0; i < PEER_DAYS * DAY; i++) {
                Slot slot = slot_at(guest, i);

                g_ptr_array_add(rows, history_row_new(&subject, SLOT_LONG, &slot));
        }
        g_assert_true(store_put_history(
                store, rows, (START + PEER_DAYS * INT64_C(86400)) * G_USEC_PER_SEC, NULL));
}

static int compare_floats(const void *a, const void *b) {
        float x = *(const float *)a, y = *(const float *)b;

        return (x > y) - (x < y);
}

/* Of the samples of an hour of the day. */
static DemandBand band_of(const GPtrArray *slots, Metric metric, unsigned hour) {
        float values[PEER_DAYS * HOUR];
        unsigned n = 0;

        for (guint i = 0; i < slots->len; i++)
                if (i % DAY / HOUR == hour)
                        values[n++] = ((const Slot *)slots->pdata[i])->mean[metric];
        qsort(values, n, sizeof(float), compare_floats);
        return (DemandBand){ .p50 = values[n / 2],
                             .p95 = values[n * 95 / 100],
                             .p99 = values[n * 99 / 100] };
}

static void forecast_guest(Store *store, unsigned guest) {
        g_autofree char *id = g_strdup_printf("guest%u", guest);
        g_autoptr(GPtrArray) slots = NULL;

        slots = store_load_history(store, SUBJECT_GUEST, id, SLOT_LONG, 0, INT64_MAX, NULL);
        g_assert_cmpuint(slots->len, ==, PEER_DAYS * DAY);
        for (unsigned m = 0; m < METRICS; m++)
                for (unsigned hour = 0; hour < DAY / HOUR; hour++) {
                        DemandBand band = band_of(slots, metrics[m], hour);

                        g_assert_cmpfloat(band.p50, <=, band.p95);
                }
}

static double measure_peer(void) {
        char *folder = temp_folder_new();
        g_autofree char *path = g_build_filename(folder, "state.db", NULL);
        Store *store = store_open(path, NULL);
        double seconds;

        for (unsigned i = 0; i < PEER_GUESTS; i++)
                put_guest(store, i);
        seconds = cpu_now();
        for (unsigned i = 0; i < PEER_GUESTS; i++)
                forecast_guest(store, i);
        seconds = cpu_now() - seconds;
        printf("# from the history: %.0f us a forecast\n", seconds / PEER_GUESTS / METRICS * 1e6);
        store_close(store);
        temp_folder_remove(folder);
        return seconds / PEER_GUESTS * GUESTS / 3600 * 100;
}

/* The result ------------------------------------------------------------------------------ */

/* The project's one form of a benchmark's result. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench demand-scale-%s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer,
               ours / peer, bound);
        return ours <= peer * bound;
}

int main(void) {
        double ours = measure_ours();
        bool good;

        good = report("history-percent", ours, measure_peer(), BOUND);
        return report("percent", ours, SHARE_MAX, 1) && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
