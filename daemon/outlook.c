/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/outlook.h"

#include <math.h>

#include "daemon/demands.h"
#include "daemon/meter.h"

/* Of one turn: about 50 ms at most. */
#define FORECASTS 24
#define LOOKS     2 /* at guests, before a round is of them: one does not tell what is counted */
#define DAY_STEPS (G_TIME_SPAN_DAY / G_USEC_PER_SEC / DEMAND_BOOK_STEP)

typedef struct Task {
        SubjectKind kind;
        char *id, *name;
        Metric metric;
} Task;

struct Outlook {
        Manager *manager;
        GHashTable *known; /* key_of() to PolicyAhead */
        GHashTable *fresh; /* the same of the round that goes on */
        GQueue waiting;    /* Task */
        int64_t begun;     /* CLOCK_MONOTONIC us, the last round; 0 never */
        bool in_round;
        unsigned looks;  /* at guests, LOOKS at most */
        bool of_guests;  /* this round */
        bool has_guests; /* one that has ended */
};

static const Metric metrics[] = {
        METRIC_CPU,
        METRIC_RESIDENT,
        METRIC_RECEIVE_BYTES,
        METRIC_TRANSMIT_BYTES,
};

static void task_free(void *data) {
        Task *task = data;

        g_free(task->id);
        g_free(task->name);
        g_free(task);
}

static GHashTable *table_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static char *key_of(SubjectKind kind, const char *id, Metric metric) {
        return g_strdup_printf("%d %d %s", kind, metric, id);
}

Outlook *outlook_new(Manager *manager) {
        Outlook *outlook = g_new0(Outlook, 1);

        outlook->manager = manager;
        outlook->known = table_new();
        outlook->fresh = table_new();
        return outlook;
}

void outlook_free(Outlook *outlook) {
        if (!outlook)
                return;

        g_queue_clear_full(&outlook->waiting, task_free);
        g_hash_table_unref(outlook->known);
        g_hash_table_unref(outlook->fresh);
        g_free(outlook);
}

/* Rounds ---------------------------------------------------------------------------- */

static void await_subject(Outlook *outlook, const Subject *subject) {
        for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++) {
                Task *task;

                if (!demand_book_has_metric(subject->kind, metrics[i]))
                        continue;
                task = g_new0(Task, 1);
                *task = (Task){ subject->kind, g_strdup(subject->id), g_strdup(subject->name),
                                metrics[i] };
                g_queue_push_tail(&outlook->waiting, task);
        }
}

static void begin_round(Outlook *outlook, int64_t monotonic) {
        g_autoptr(GPtrArray) subjects = meter_list(outlook->manager->meter);

        for (guint i = 0; i < subjects->len; i++)
                await_subject(outlook, subjects->pdata[i]);
        outlook->begun = monotonic;
        outlook->in_round = true;
        outlook->of_guests = outlook->looks >= LOOKS;
}

static void forecast(Outlook *outlook, const Task *task) {
        DemandBand bands[DAY_STEPS];
        PolicyAhead *ahead;
        int64_t start;

        if (!demands_forecast(outlook->manager->demands, task->kind, task->id, task->name,
                              task->metric, DAY_STEPS, &start, bands, NULL))
                return;

        ahead = g_new0(PolicyAhead, 1);
        ahead->seen = NAN;
        policy_ahead_fill(ahead, bands, DEMAND_BOOK_STEP);
        g_hash_table_replace(outlook->fresh, key_of(task->kind, task->id, task->metric), ahead);
}

static void forecast_some(Outlook *outlook) {
        for (int i = 0; i < FORECASTS; i++) {
                Task *task = g_queue_pop_head(&outlook->waiting);

                if (!task)
                        return;
                forecast(outlook, task);
                task_free(task);
        }
}

/* Of whom nothing was seen in this round nothing is known any more. */
static void end_round(Outlook *outlook) {
        GHashTable *before = outlook->known;

        outlook->known = outlook->fresh;
        outlook->fresh = before;
        g_hash_table_remove_all(outlook->fresh);
        outlook->in_round = false;
        outlook->has_guests = outlook->has_guests || outlook->of_guests;
}

static bool is_due(const Outlook *outlook, int64_t monotonic) {
        return outlook->begun == 0 || monotonic - outlook->begun >= OUTLOOK_ROUND_USEC ||
               (!outlook->has_guests && outlook->looks >= LOOKS);
}

void outlook_turn(Outlook *outlook, int64_t monotonic, bool guests) {
        if (guests && outlook->looks < LOOKS)
                outlook->looks++;
        if (!outlook->in_round) {
                if (!is_due(outlook, monotonic))
                        return;
                begin_round(outlook, monotonic);
        }

        forecast_some(outlook);
        if (g_queue_is_empty(&outlook->waiting))
                end_round(outlook);
}

/* What is known --------------------------------------------------------------------- */

bool outlook_has_guests(const Outlook *outlook) {
        return outlook->has_guests;
}

static const PolicyAhead *find(const Outlook *outlook, SubjectKind kind, const char *id,
                               Metric metric) {
        g_autofree char *key = key_of(kind, id, metric);

        return g_hash_table_lookup(outlook->known, key);
}

bool outlook_knows(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric) {
        return find(outlook, kind, id, metric);
}

/* Borrowed until the next round of the meter. */
static const Subject *find_offload(const Outlook *outlook, const char *id) {
        g_autoptr(GPtrArray) subjects = meter_list(outlook->manager->meter);

        for (guint i = 0; i < subjects->len; i++) {
                const Subject *subject = subjects->pdata[i];

                if (subject->kind == SUBJECT_OFFLOAD && g_str_equal(subject->id, id))
                        return subject;
        }
        return NULL;
}

static bool use_now(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric,
                    DemandBand *ret_band) {
        const Telemetry *telemetry = meter_telemetry(outlook->manager->meter);
        const Subject *subject = kind == SUBJECT_OFFLOAD ? find_offload(outlook, id)
                                                         : telemetry_find(telemetry, kind, id);
        double now = subject ? subject->values[metric] : NAN;

        if (isnan(now))
                return false;
        *ret_band = (DemandBand){ now, now, now, now };
        return true;
}

bool outlook_band(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric,
                  unsigned hour, DemandBand *ret_band) {
        const PolicyAhead *ahead = find(outlook, kind, id, metric);

        if (!ahead)
                return use_now(outlook, kind, id, metric, ret_band);
        *ret_band = ahead->hours[hour];
        return true;
}

/* Looked for once, since there are thousands of VFs. */
void outlook_add(const Outlook *outlook, SubjectKind kind, const char *id, Metric metric,
                 OutlookSum *sum) {
        const PolicyAhead *ahead = find(outlook, kind, id, metric);
        DemandBand now;

        if (!ahead && !use_now(outlook, kind, id, metric, &now))
                return;
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                demand_sum_add(&sum->hours[hour], ahead ? &ahead->hours[hour] : &now);
}

double outlook_sum_next(const OutlookSum *sum) {
        return demand_sum_band(&sum->hours[0]).p99;
}

double outlook_sum_worst(const OutlookSum *sum, unsigned hours) {
        double worst = 0;

        for (unsigned hour = 0; hour < MIN(hours, POLICY_HOURS); hour++)
                worst = MAX(worst, demand_sum_band(&sum->hours[hour]).p95);
        return worst;
}
