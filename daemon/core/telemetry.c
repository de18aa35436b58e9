/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/telemetry.h"

#include <math.h>

/* A clock that is slewed moves less than that between two samples. */
#define SLEW_USEC G_USEC_PER_SEC

/* Of the slot that is open. */
typedef struct Sum {
        double weighted, weight; /* value times us; us */
        float min, max;
} Sum;

typedef struct OpenSlot {
        int64_t start; /* -1 none is open */
        Sum sums[_METRIC_MAX];
} OpenSlot;

typedef struct Series {
        Subject subject;
        int64_t monotonic, realtime; /* of subject.last */
        bool alone; /* nothing is to be compared with it: a gap is before the next */
        OpenSlot slots[_SLOT_STEP_MAX];
} Series;

struct Telemetry {
        SlotTaker taker;
        void *userdata;
        GHashTable *series;          /* "KIND ID" to Series */
        int64_t monotonic, realtime; /* of the round */
};

static const char *const kinds[] = {
        [SUBJECT_GUEST] = "guest",
        [SUBJECT_VF] = "vf",
        [SUBJECT_PF] = "pf",
        [SUBJECT_OFFLOAD] = "offload",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == _SUBJECT_KIND_MAX);

const char *subject_kind_to_string(SubjectKind kind) {
        return kind >= 0 && kind < _SUBJECT_KIND_MAX ? kinds[kind] : NULL;
}

SubjectKind subject_kind_from_string(const char *text) {
        for (int i = 0; i < _SUBJECT_KIND_MAX; i++)
                if (g_strcmp0(kinds[i], text) == 0)
                        return (SubjectKind)i;
        return _SUBJECT_KIND_INVALID;
}

int64_t slot_step_usec(SlotStep step) {
        switch (step) {
        case SLOT_SHORT:
                return 10 * G_USEC_PER_SEC;
        case SLOT_LONG:
                return 300 * G_USEC_PER_SEC;
        case _SLOT_STEP_MAX:
                break;
        }
        g_assert_not_reached();
}

bool subject_is_seen(const Subject *subject) {
        for (int i = 0; i < _METRIC_MAX; i++)
                if (!isnan(subject->values[i]))
                        return true;
        return false;
}

/* Slots ----------------------------------------------------------------------------- */

static void give_slot(const Telemetry *telemetry, const Series *series, SlotStep step) {
        const OpenSlot *open = &series->slots[step];
        Slot slot = { .start = open->start };

        for (int i = 0; i < _METRIC_MAX; i++) {
                const Sum *sum = &open->sums[i];
                bool known = sum->weight > 0;

                slot.min[i] = known ? sum->min : NAN;
                slot.mean[i] = known ? (float)(sum->weighted / sum->weight) : NAN;
                slot.max[i] = known ? sum->max : NAN;
        }
        telemetry->taker(telemetry->userdata, &series->subject, step, &slot);
}

static void close_slot(const Telemetry *telemetry, Series *series, SlotStep step) {
        OpenSlot *open = &series->slots[step];

        if (open->start >= 0)
                give_slot(telemetry, series, step);
        *open = (OpenSlot){ .start = -1 };
}

static void add_to_sum(Sum *sum, double value, int64_t usec) {
        if (isnan(value))
                return;

        sum->min = sum->weight > 0 ? MIN(sum->min, (float)value) : (float)value;
        sum->max = sum->weight > 0 ? MAX(sum->max, (float)value) : (float)value;
        sum->weighted += value * (double)usec;
        sum->weight += (double)usec;
}

/* The values that hold from `from` to `to`. */
static void spread(const Telemetry *telemetry, Series *series, SlotStep step, int64_t from,
                   int64_t to) {
        OpenSlot *open = &series->slots[step];
        int64_t size = slot_step_usec(step);

        while (from < to) {
                int64_t start = from - from % size, end = MIN(to, start + size);

                if (open->start != start)
                        close_slot(telemetry, series, step);
                open->start = start;
                for (int i = 0; i < _METRIC_MAX; i++)
                        add_to_sum(&open->sums[i], series->subject.values[i], end - from);
                from = end;
        }
}

/* Rates ----------------------------------------------------------------------------- */

static void forget_values(Subject *subject) {
        for (int i = 0; i < _METRIC_MAX; i++)
                subject->values[i] = NAN;
}

static bool runs_backwards(const Sample *before, const Sample *now, Metric metric) {
        uint64_t old = before->values[metric], new = now->values[metric];

        return old != METRIC_MISSING && new != METRIC_MISSING &&new < old;
}

/* Whose counters begin anew together. */
typedef enum Origin {
        ORIGIN_QEMU,
        ORIGIN_NETWORK,
        ORIGIN_DISKS,
        _ORIGIN_MAX,
} Origin;

static Origin metric_origin(Metric metric) {
        if (metric >= METRIC_READ_BYTES)
                return ORIGIN_DISKS;
        return metric >= METRIC_RECEIVE_BYTES ? ORIGIN_NETWORK : ORIGIN_QEMU;
}

/* What has begun anew has begun with all its counters, and some may have grown past what they were;
 * a QEMU has taken those of its devices along. */
static void find_anew(const Sample *before, const Sample *now, bool ret_anew[_ORIGIN_MAX]) {
        for (int i = 0; i < _ORIGIN_MAX; i++)
                ret_anew[i] = runs_backwards(before, now, METRIC_CPU);
        for (int i = 0; i < _METRIC_MAX; i++)
                if (metric_is_counter((Metric)i) && runs_backwards(before, now, (Metric)i))
                        ret_anew[metric_origin((Metric)i)] = true;
}

static double rate(const Sample *before, const Sample *now, Metric metric, int64_t usec) {
        uint64_t old = before->values[metric], new = now->values[metric];

        if (old == METRIC_MISSING || new == METRIC_MISSING ||
            before->shapes[metric] != now->shapes[metric])
                return NAN;
        return (double)(new - old) / metric_scale(metric) * G_USEC_PER_SEC / (double)usec;
}

static double gauge(const Sample *now, Metric metric) {
        uint64_t value = now->values[metric];

        return value == METRIC_MISSING ? NAN : (double)value / metric_scale(metric);
}

/* What was seen since the last sample of it; a gap when that is long ago, or none was. */
static void note_values(Series *series, const Sample *now, int64_t usec) {
        Subject *subject = &series->subject;
        bool anew[_ORIGIN_MAX];

        find_anew(&subject->last, now, anew);
        for (int i = 0; i < _METRIC_MAX; i++)
                if (!metric_is_counter((Metric)i))
                        subject->values[i] = gauge(now, (Metric)i);
                else if (usec > 0 && !anew[metric_origin((Metric)i)])
                        subject->values[i] = rate(&subject->last, now, (Metric)i, usec);
                else
                        subject->values[i] = NAN;
}

/* Where the clock says, unless it has only been slewed: no slot is touched twice for that. */
static int64_t begin_of(const Series *series, int64_t realtime, int64_t usec) {
        int64_t from = realtime - usec;

        return ABS(from - series->realtime) < SLEW_USEC ? series->realtime : MAX(from, 0);
}

/* Rounds ---------------------------------------------------------------------------- */

static void series_free(void *data) {
        Series *series = data;

        g_free(series->subject.id);
        g_free(series->subject.name);
        g_free(series);
}

static Series *series_new(SubjectKind kind, const char *id) {
        Series *series = g_new0(Series, 1);

        series->subject.kind = kind;
        series->subject.id = g_strdup(id);
        series->alone = true;
        sample_init(&series->subject.last);
        for (int i = 0; i < _SLOT_STEP_MAX; i++)
                series->slots[i].start = -1;
        return series;
}

static char *make_key(SubjectKind kind, const char *id) {
        return g_strdup_printf("%s %s", subject_kind_to_string(kind), id);
}

static Series *find_series(Telemetry *telemetry, SubjectKind kind, const char *id) {
        g_autofree char *key = make_key(kind, id);
        Series *series = g_hash_table_lookup(telemetry->series, key);

        if (!series) {
                series = series_new(kind, id);
                g_hash_table_insert(telemetry->series, g_steal_pointer(&key), series);
        }
        return series;
}

void telemetry_begin(Telemetry *telemetry, int64_t monotonic, int64_t realtime) {
        telemetry->monotonic = monotonic;
        telemetry->realtime = MAX(realtime, 0);
}

void telemetry_add(Telemetry *telemetry, SubjectKind kind, const char *id, const char *name,
                   const Sample *sample) {
        Series *series = find_series(telemetry, kind, id);
        int64_t usec = telemetry->monotonic - series->monotonic;
        bool follows = !series->alone && usec > 0 && usec <= TELEMETRY_APART_USEC;

        if (g_strcmp0(series->subject.name, name) != 0) {
                g_free(series->subject.name);
                series->subject.name = g_strdup(name);
        }

        note_values(series, sample, follows ? usec : 0);
        for (int i = 0; follows && i < _SLOT_STEP_MAX; i++)
                spread(telemetry, series, (SlotStep)i, begin_of(series, telemetry->realtime, usec),
                       telemetry->realtime);

        series->subject.last = *sample;
        series->alone = false;
        series->monotonic = telemetry->monotonic;
        series->realtime = telemetry->realtime;
}

static void close_slots(const Telemetry *telemetry, Series *series) {
        for (int i = 0; i < _SLOT_STEP_MAX; i++)
                close_slot(telemetry, series, (SlotStep)i);
}

void telemetry_end(Telemetry *telemetry) {
        GHashTableIter iter;
        Series *series;

        g_hash_table_iter_init(&iter, telemetry->series);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&series)) {
                int64_t silent = telemetry->monotonic - series->monotonic;

                if (silent == 0)
                        continue;
                forget_values(&series->subject);
                sample_init(&series->subject.last);
                series->alone = true;
                if (silent <= TELEMETRY_APART_USEC)
                        continue;
                close_slots(telemetry, series);
                g_hash_table_iter_remove(&iter);
        }
}

void telemetry_flush(Telemetry *telemetry) {
        GHashTableIter iter;
        Series *series;

        g_hash_table_iter_init(&iter, telemetry->series);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&series))
                close_slots(telemetry, series);
}

static int compare(const void *a, const void *b) {
        const Subject *one = *(Subject *const *)a, *other = *(Subject *const *)b;

        if (one->kind != other->kind)
                return one->kind < other->kind ? -1 : 1;
        return g_strcmp0(one->name, other->name) ?: g_strcmp0(one->id, other->id);
}

const Subject *telemetry_find(const Telemetry *telemetry, SubjectKind kind, const char *id) {
        g_autofree char *key = make_key(kind, id);
        const Series *series = g_hash_table_lookup(telemetry->series, key);

        return series ? &series->subject : NULL;
}

GPtrArray *telemetry_list(const Telemetry *telemetry) {
        GPtrArray *list = g_ptr_array_new();
        GHashTableIter iter;
        Series *series;

        g_hash_table_iter_init(&iter, telemetry->series);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&series))
                g_ptr_array_add(list, &series->subject);
        g_ptr_array_sort(list, compare);
        return list;
}

Telemetry *telemetry_new(SlotTaker taker, void *userdata) {
        Telemetry *telemetry = g_new0(Telemetry, 1);

        telemetry->taker = taker;
        telemetry->userdata = userdata;
        telemetry->series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, series_free);
        return telemetry;
}

void telemetry_free(Telemetry *telemetry) {
        if (!telemetry)
                return;

        g_hash_table_unref(telemetry->series);
        g_free(telemetry);
}
