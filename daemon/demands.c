/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/demands.h"

#include <math.h>

#include "daemon/core/clock-trust.h"
#include "daemon/core/store-demand.h"
#include "daemon/core/store-history.h"
#include "daemon/meter.h"
#include "xml/ferry-error.h"

#define WRITE_USEC (60 * G_USEC_PER_SEC)
/* Of one turn: about 100 ms at most, and what a single series has missed. */
#define LEARN_SERIES 64
#define LEARN_SLOTS  4096
#define STEP_USEC    ((int64_t)DEMAND_BOOK_STEP * G_USEC_PER_SEC)
/* A series that is farther ahead than this was taught by a wrong clock. */
#define AHEAD_USEC G_TIME_SPAN_DAY

struct Demands {
        Manager *manager;
        DemandBook *book;
        ClockTrust clock;
        int64_t written;   /* CLOCK_MONOTONIC us, when the last time; 0 never */
        int64_t owed;      /* series times us, that have not been written yet */
        bool read_failed;  /* since it could last be done: it is told once */
        bool write_failed; /* the same */
        bool told_full, told_anew;
};

/* Reading --------------------------------------------------------------------------- */

static void tell_anew(Demands *demands, SubjectKind kind, const char *id, Metric metric,
                      const char *why) {
        if (!demands->told_anew)
                g_warning("What was learnt of %s of %s %s %s: it is begun anew, as are others like "
                          "it",
                          metric_to_string(metric), subject_kind_to_string(kind), id, why);
        demands->told_anew = true;
}

static bool is_ahead(const Demands *demands, const Demand *demand) {
        return demand_next(demand) * G_USEC_PER_SEC > demands->manager->now() + AHEAD_USEC;
}

static Demand *load(Demands *demands, SubjectKind kind, const char *id, Metric metric,
                    GError **error) {
        const Manager *manager = demands->manager;
        g_autoptr(Demand) demand = NULL;
        g_autoptr(GBytes) blob = NULL;

        if (!store_load_demand(manager->store, kind, id, metric, &blob, error))
                return NULL;
        if (!blob)
                return demand_new(DEMAND_BOOK_STEP);

        demand = demand_from_blob(blob, DEMAND_BOOK_STEP);
        if (!demand)
                tell_anew(demands, kind, id, metric, "is damaged, or of another version");
        else if (is_ahead(demands, demand))
                tell_anew(demands, kind, id, metric, "is ahead of the clock");
        else
                return g_steal_pointer(&demand);
        return demand_new(DEMAND_BOOK_STEP);
}

/* What the history has that it does not know. */
static GPtrArray *missed(const Demands *demands, const DemandSeries *series, GError **error) {
        const Manager *manager = demands->manager;

        return meter_history(manager->meter, series->kind, series->id, SLOT_LONG,
                             demand_next(series->demand) * G_USEC_PER_SEC, manager->now(), error);
}

/* Slots that were learnt; negative: the store cannot be read. */
static int catch_up(Demands *demands, DemandSeries *series, GError **error) {
        g_autoptr(GPtrArray) slots = NULL;

        if (!series->demand)
                series->demand = load(demands, series->kind, series->id, series->metric, error);
        if (!series->demand)
                return -1;

        slots = missed(demands, series, error);
        if (!slots)
                return -1;

        for (guint i = 0; i < slots->len; i++)
                (void)demand_series_learn(series, slots->pdata[i]); /* some may be there twice */
        return (int)slots->len;
}

/* What is stored may be from before the clock went wrong. */
static void drop_if_ahead(const Demands *demands, DemandSeries *series) {
        if (series->demand && is_ahead(demands, series->demand))
                g_clear_pointer(&series->demand, demand_free);
}

static void learn_some(Demands *demands) {
        g_autoptr(GError) error = NULL;
        DemandSeries *series;
        int n_slots = 0, n;

        for (int i = 0; i < LEARN_SERIES && n_slots < LEARN_SLOTS; i++, n_slots += n) {
                series = demand_book_take_behind(demands->book);
                if (!series)
                        return;

                drop_if_ahead(demands, series);
                n = catch_up(demands, series, &error);
                if (n < 0)
                        break;
        }
        if (!error) {
                demands->read_failed = false;
                return;
        }

        demand_book_put_behind(demands->book, series);
        if (!demands->read_failed)
                g_warning("What guests will use is not learnt until it can be: %s", error->message);
        demands->read_failed = true;
}

/* Writing --------------------------------------------------------------------------- */

static bool put(Demands *demands, const DemandSeries *series, GError **error) {
        const Manager *manager = demands->manager;
        g_autoptr(GBytes) blob = demand_to_blob(series->demand);

        return store_put_demand(manager->store, series->kind, series->id, series->metric, blob,
                                manager->now(), error);
}

static bool put_all(Demands *demands, const GPtrArray *changed, GError **error) {
        const Manager *manager = demands->manager;
        int64_t steady = clock_trust_steady(&demands->clock);
        int64_t before = steady < G_TIME_SPAN_DAY ? 0 : manager->now() - DEMANDS_KEPT_USEC;

        for (guint i = 0; i < changed->len; i++)
                if (!put(demands, changed->pdata[i], error))
                        return false;
        return store_trim_demands(manager->store, before, DEMAND_BOOK_MAX, error);
}

static bool put_together(Demands *demands, const GPtrArray *changed, GError **error) {
        Store *store = demands->manager->store;

        if (!store_begin(store, error))
                return false;

        if (!put_all(demands, changed, error)) {
                store_rollback(store);
                return false;
        }
        return store_commit(store, error);
}

/* So many that each comes once in a round. */
static GPtrArray *take_turns(Demands *demands, int64_t usec) {
        GPtrArray *changed = g_ptr_array_new();
        guint size = demand_book_size(demands->book);

        demands->owed = MIN(demands->owed + size * MIN(usec, DEMANDS_ROUND_USEC),
                            size * DEMANDS_ROUND_USEC);
        while (demands->owed >= DEMANDS_ROUND_USEC) {
                DemandSeries *series = demand_book_next_turn(demands->book);

                if (series->changed)
                        g_ptr_array_add(changed, series);
                demands->owed -= DEMANDS_ROUND_USEC;
        }
        return changed;
}

static void write_some(Demands *demands, int64_t usec) {
        g_autoptr(GPtrArray) changed = take_turns(demands, usec);
        g_autoptr(GError) error = NULL;

        if (changed->len == 0)
                return;

        if (put_together(demands, changed, &error)) {
                for (guint i = 0; i < changed->len; i++)
                        ((DemandSeries *)changed->pdata[i])->changed = false;
        } else if (!demands->write_failed) {
                g_warning("What was learnt of guests is not kept until it can be: %s",
                          error->message);
        }
        demands->write_failed = error;
}

/* Rounds ---------------------------------------------------------------------------- */

void demands_turn(Demands *demands, int64_t monotonic) {
        clock_trust_note(&demands->clock, monotonic, demands->manager->now());
        if (!clock_trust_is_good(&demands->clock))
                return;

        learn_some(demands);
        if (demands->written == 0)
                demands->written = monotonic;
        if (monotonic - demands->written < WRITE_USEC)
                return;
        write_some(demands, monotonic - demands->written);
        demands->written = monotonic;
}

/* A series begins when something is known; NULL: there is none, or no room. */
static DemandSeries *series_of(Demands *demands, const Subject *subject, Metric metric,
                               bool known) {
        DemandSeries *series;

        if (!known)
                return demand_book_find(demands->book, subject->kind, subject->id, metric);

        series = demand_book_see(demands->book, subject->kind, subject->id, metric,
                                 demands->clock.now);
        if (!series && !demands->told_full)
                g_warning("What %s %s will use is not learnt, as of others that come: no more than "
                          "%d series are",
                          subject_kind_to_string(subject->kind), subject->name, DEMAND_BOOK_MAX);
        demands->told_full |= !series;
        return series;
}

void demands_on_slot(Demands *demands, const Subject *subject, const Slot *slot) {
        bool believed = clock_trust_is_good(&demands->clock);

        for (int i = 0; i < _METRIC_MAX; i++) {
                DemandSeries *series;

                if (!demand_book_has_metric(subject->kind, (Metric)i))
                        continue;

                series = series_of(demands, subject, (Metric)i, !isnan(slot->mean[i]));
                if (!series)
                        continue;
                if (!believed || !series->demand || series->behind ||
                    !demand_series_learn(series, slot))
                        demand_book_put_behind(demands->book, series);
        }
}

/* Forecasts ------------------------------------------------------------------------- */

static bool set_unknown(const char *name, SubjectKind kind, Metric metric, GError **error) {
        g_set_error(
                error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                "Nothing is known yet of %s of %s '%s': it is learnt while it runs, a slot of 5 "
                "minutes at a time; ask again in 15 minutes, and from an hour on it is of use",
                metric_to_string(metric), subject_kind_to_string(kind), name);
        return false;
}

static bool set_not_learnt(SubjectKind kind, Metric metric, GError **error) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (int i = 0; i < _METRIC_MAX; i++)
                if (demand_book_has_metric(kind, (Metric)i))
                        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                                               metric_to_string((Metric)i));
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                    "Of a %s there is no forecast of '%s': there is of %s",
                    subject_kind_to_string(kind), metric_to_string(metric), names->str);
        return false;
}

/* A copy that knows what has ended; the one in the book waits for its turn. */
static Demand *demand_as_of_now(Demands *demands, SubjectKind kind, const char *id, Metric metric,
                                GError **error) {
        const DemandSeries *found = demand_book_find(demands->book, kind, id, metric);
        DemandSeries series = { .kind = kind, .id = (char *)id, .metric = metric };
        g_autoptr(GBytes) blob = NULL;

        if (found && found->demand) {
                blob = demand_to_blob(found->demand);
                series.demand = demand_from_blob(blob, DEMAND_BOOK_STEP);
        }
        if (catch_up(demands, &series, error) < 0)
                g_clear_pointer(&series.demand, demand_free);
        return series.demand;
}

bool demands_forecast(Demands *demands, SubjectKind kind, const char *id, const char *name,
                      Metric metric, unsigned n, int64_t *ret_start, DemandBand *ret_bands,
                      GError **error) {
        int64_t now = demands->manager->now();
        g_autoptr(Demand) demand = NULL;

        if (!demand_book_has_metric(kind, metric))
                return set_not_learnt(kind, metric, error);

        demand = demand_as_of_now(demands, kind, id, metric, error);
        if (!demand)
                return false;
        if (demand_next(demand) == 0)
                return set_unknown(name, kind, metric, error);

        /* what is between: nobody knows; of the slot that goes on now, too */
        (void)demand_update(demand, (now - now % STEP_USEC - STEP_USEC) / G_USEC_PER_SEC, NAN);
        *ret_start = demand_next(demand) * G_USEC_PER_SEC;
        return demand_forecast(demand, n, ret_bands);
}

bool demands_knows(Demands *demands, SubjectKind kind, const char *id, Metric metric) {
        g_autoptr(Demand) demand = NULL;

        if (!demand_book_has_metric(kind, metric))
                return false;

        demand = demand_as_of_now(demands, kind, id, metric, NULL);
        return demand && demand_next(demand) > 0;
}

/* ----------------------------------------------------------------------------------- */

Demands *demands_new(Manager *manager) {
        Demands *demands = g_new0(Demands, 1);

        demands->manager = manager;
        demands->book = demand_book_new();
        return demands;
}

void demands_free(Demands *demands) {
        if (!demands)
                return;

        demand_book_free(demands->book);
        g_free(demands);
}
