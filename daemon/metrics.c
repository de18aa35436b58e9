/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics.h"

#include "daemon/core/openmetrics.h"
#include "daemon/meter.h"
#include "daemon/metrics-headroom.h"
#include "daemon/slices.h"

#define MSEC      1000
#define USEC      1000000
#define THOUSANDS 1000

/* What of a move has been counted. */
#define COUNTED_END      1
#define COUNTED_DOWNTIME 2

typedef struct Pauses {
        uint64_t count, msec;
} Pauses;

struct Metrics {
        Manager *manager;
        GHashTable *counted; /* id of a migration that is kept to COUNTED_* */
        uint64_t ended[_MIGRATION_DIRECTION_MAX][_MIGRATION_STATE_MAX];
        Pauses pauses[_MIGRATION_DIRECTION_MAX];
        GBytes *page; /* NULL: none has been made */
        int64_t made;
};

/* Moves ----------------------------------------------------------------------------- */

static unsigned what_counts(const Migration *migration) {
        bool ended = migration_state_is_final(migration->state);
        bool paused = migration->state == MIGRATION_FINISHED && migration->downtime_ms >= 0;

        return (ended ? COUNTED_END : 0) | (paused ? COUNTED_DOWNTIME : 0);
}

static void note_counted(Metrics *metrics, const Migration *migration, unsigned what) {
        if (what != 0)
                g_hash_table_replace(metrics->counted, g_strdup(migration->id),
                                     GUINT_TO_POINTER(what));
}

/* Figures may come after the end. */
void metrics_on_migration(Metrics *metrics, MigrationChange change, const Migration *migration) {
        unsigned before, fresh;

        if (change == MIGRATION_REMOVED) {
                g_hash_table_remove(metrics->counted, migration->id);
                return;
        }

        before = GPOINTER_TO_UINT(g_hash_table_lookup(metrics->counted, migration->id));
        fresh = what_counts(migration) & ~before;
        if (fresh & COUNTED_END)
                metrics->ended[migration->direction][migration->state]++;
        if (fresh & COUNTED_DOWNTIME) {
                metrics->pauses[migration->direction].count++;
                metrics->pauses[migration->direction].msec += (uint64_t)migration->downtime_ms;
        }
        note_counted(metrics, migration, before | fresh);
}

static void add_ended(const Metrics *metrics, Openmetrics *page) {
        openmetrics_family(page, "virtferry_moves", OPENMETRICS_COUNTER, NULL,
                           "Moves of guests that have ended since the daemon was started");
        for (int d = 0; d < _MIGRATION_DIRECTION_MAX; d++) {
                for (int s = 0; s < _MIGRATION_STATE_MAX; s++) {
                        g_autofree char *labels = NULL;

                        if (!migration_state_is_final((MigrationState)s))
                                continue;
                        labels = openmetrics_labels(
                                "direction", migration_direction_to_string((MigrationDirection)d),
                                "outcome", migration_state_to_string((MigrationState)s), NULL);
                        openmetrics_add(page, labels, metrics->ended[d][s], 1);
                }
        }
}

static void add_pauses(const Metrics *metrics, Openmetrics *page) {
        openmetrics_family(page, "virtferry_move_downtime_seconds", OPENMETRICS_SUMMARY, "seconds",
                           "Time for which guests stood still in moves that finished");
        for (int d = 0; d < _MIGRATION_DIRECTION_MAX; d++) {
                g_autofree char *labels = openmetrics_labels(
                        "direction", migration_direction_to_string((MigrationDirection)d), NULL);

                openmetrics_add_summary(page, labels, metrics->pauses[d].count,
                                        metrics->pauses[d].msec, MSEC);
        }
}

static void add_active(const Metrics *metrics, Openmetrics *page) {
        g_autoptr(GPtrArray) list = migration_log_list(metrics->manager->migrations);
        uint64_t active[_MIGRATION_DIRECTION_MAX] = { 0 };

        for (guint i = 0; i < list->len; i++) {
                const Migration *migration = list->pdata[i];

                if (!migration_state_is_final(migration->state))
                        active[migration->direction]++;
        }

        openmetrics_family(page, "virtferry_moves_active", OPENMETRICS_GAUGE, NULL,
                           "Moves of guests that are under way");
        for (int d = 0; d < _MIGRATION_DIRECTION_MAX; d++) {
                g_autofree char *labels = openmetrics_labels(
                        "direction", migration_direction_to_string((MigrationDirection)d), NULL);

                openmetrics_add(page, labels, active[d], 1);
        }
}

/* Guests, VFs, PFs and offload devices ---------------------------------------------- */

static char *subject_labels(const Subject *subject) {
        switch (subject->kind) {
        case SUBJECT_GUEST:
                return openmetrics_labels("uuid", subject->id, "domain", subject->name, NULL);
        case SUBJECT_VF:
        case SUBJECT_OFFLOAD:
                return openmetrics_labels("device", subject->id, NULL);
        case SUBJECT_PF:
                return openmetrics_labels("device", subject->id, "netdev", subject->name, NULL);
        case _SUBJECT_KIND_MAX:
        case _SUBJECT_KIND_INVALID:
                break;
        }
        return openmetrics_labels("id", subject->id, NULL);
}

static const char *about_of(SubjectKind kind, Metric metric) {
        static const char *const of_offload[_METRIC_MAX] = {
                [METRIC_CPU] = "CPU time of the device",
                [METRIC_RESIDENT] = "Memory of the device that is in use",
                [METRIC_UNUSED] = "Memory of the device that is free for use",
        };

        return kind == SUBJECT_OFFLOAD && of_offload[metric] ? of_offload[metric]
                                                             : metric_about(metric);
}

/* Only what Prometheus calls a base unit has a place in the name. */
static void begin_metric(Openmetrics *page, SubjectKind kind, Metric metric) {
        OpenmetricsType type = metric_is_counter(metric) ? OPENMETRICS_COUNTER : OPENMETRICS_GAUGE;
        const char *unit = metric_unit(metric), *word = metric_to_string(metric);
        bool base = g_str_equal(unit, "seconds") || g_str_equal(unit, "bytes");
        g_autofree char *name = NULL;

        name = g_strdup_printf("virtferry_%s_%s%s%s", subject_kind_to_string(kind), word,
                               base && !g_str_has_suffix(word, unit) ? "_" : "",
                               base && !g_str_has_suffix(word, unit) ? unit : "");
        (void)g_strdelimit(name, "-", '_');
        openmetrics_family(page, name, type, base ? unit : NULL, about_of(kind, metric));
}

static void add_metric(Openmetrics *page, const GPtrArray *subjects, char **labels,
                       SubjectKind kind, Metric metric) {
        begin_metric(page, kind, metric);
        for (guint i = 0; i < subjects->len; i++) {
                const Subject *subject = subjects->pdata[i];
                uint64_t value = subject->last.values[metric];

                if (subject->kind == kind && value != METRIC_MISSING)
                        openmetrics_add(page, labels[i], value, (uint64_t)metric_scale(metric));
        }
}

static void add_subjects(const Metrics *metrics, Openmetrics *page) {
        g_autoptr(GPtrArray) subjects = meter_list(metrics->manager->meter);
        g_auto(GStrv) labels = g_new0(char *, subjects->len + 1);

        for (guint i = 0; i < subjects->len; i++)
                labels[i] = subject_labels(subjects->pdata[i]);
        for (int kind = 0; kind < _SUBJECT_KIND_MAX; kind++)
                for (int metric = 0; metric < _METRIC_MAX; metric++)
                        add_metric(page, subjects, labels, (SubjectKind)kind, (Metric)metric);
}

/* Slices and leases ----------------------------------------------------------------- */

/* Sums of the grants of resources whose ids begin so, see core/slice-grant.h. */
typedef struct SliceFamily {
        const char *name, *unit, *about;
        const char *resources[3];
        uint64_t factor, scale;
} SliceFamily;

static const SliceFamily slice_families[] = {
        { "virtferry_slice_cpus",
          NULL,
          "CPUs that the hardware slice of the guest has",
          { "core:" },
          1,
          THOUSANDS },
        { "virtferry_slice_memory_bytes",
          "bytes",
          "Memory that the hardware slice of the guest has",
          { "memory:", "cxl:" },
          1,
          1 },
        { "virtferry_slice_functions",
          NULL,
          "VFs and mediated devices that the hardware slice of the guest has",
          { "vf-pool:", "mdev-type:" },
          1,
          1 },
        { "virtferry_slice_bandwidth_bytes_per_second",
          NULL,
          "Bandwidth that is guaranteed to the functions of the hardware slice",
          { "pf:" },
          1000000 / 8, /* of Mbit/s */
          1 },
};

static bool is_of(const SliceGrant *grant, const SliceFamily *family) {
        for (size_t i = 0; i < G_N_ELEMENTS(family->resources) && family->resources[i]; i++)
                if (g_str_has_prefix(grant->resource, family->resources[i]))
                        return true;
        return false;
}

static void add_slice(Openmetrics *page, const SliceEntry *entry, const SliceFamily *family) {
        g_autofree char *labels = NULL;
        uint64_t sum = 0;

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];

                if (is_of(grant, family))
                        sum += grant->amount;
        }
        if (sum == 0)
                return;

        labels = openmetrics_labels("uuid", entry->domain_uuid, "domain", entry->domain_name, NULL);
        openmetrics_add(page, labels, sum * family->factor, family->scale);
}

static void add_states(Openmetrics *page, const uint64_t *counts, int n,
                       const char *(*to_string)(int state)) {
        for (int i = 0; i < n; i++) {
                g_autofree char *labels = openmetrics_labels("state", to_string(i), NULL);

                openmetrics_add(page, labels, counts[i], 1);
        }
}

static const char *slice_state_word(int state) {
        return slice_state_to_string((SliceState)state);
}

static const char *lease_state_word(int state) {
        return lease_state_to_string((LeaseState)state);
}

static void add_slices(const Metrics *metrics, Openmetrics *page) {
        g_autoptr(GPtrArray) list = slice_book_list(slices_book(metrics->manager->slices));
        uint64_t counts[_SLICE_STATE_MAX] = { 0 };

        for (guint i = 0; i < list->len; i++)
                counts[((const SliceEntry *)list->pdata[i])->state]++;
        openmetrics_family(page, "virtferry_slices", OPENMETRICS_GAUGE, NULL, "Hardware slices");
        add_states(page, counts, _SLICE_STATE_MAX, slice_state_word);

        for (size_t f = 0; f < G_N_ELEMENTS(slice_families); f++) {
                const SliceFamily *family = &slice_families[f];

                openmetrics_family(page, family->name, OPENMETRICS_GAUGE, family->unit,
                                   family->about);
                for (guint i = 0; i < list->len; i++)
                        add_slice(page, list->pdata[i], family);
        }
}

static void add_leases(const Metrics *metrics, Openmetrics *page) {
        g_autoptr(GPtrArray) list = lease_book_list(metrics->manager->leases);
        uint64_t counts[_LEASE_STATE_MAX] = { 0 };

        for (guint i = 0; i < list->len; i++)
                counts[((const Lease *)list->pdata[i])->state]++;
        openmetrics_family(page, "virtferry_leases", OPENMETRICS_GAUGE, NULL,
                           "Devices that are leased to guests");
        add_states(page, counts, _LEASE_STATE_MAX, lease_state_word);
}

/* The page -------------------------------------------------------------------------- */

static void add_daemon(const Metrics *metrics, Openmetrics *page) {
        MeterRounds rounds = meter_rounds(metrics->manager->meter);

        openmetrics_family(page, "virtferry_daemon_round_duration_seconds", OPENMETRICS_SUMMARY,
                           "seconds", "Time in which the daemon looked at what guests use");
        openmetrics_add_summary(page, "", rounds.count, rounds.usec, USEC);
}

static GBytes *make_page(const Metrics *metrics) {
        g_autoptr(Openmetrics) page = openmetrics_new();

        add_subjects(metrics, page);
        add_slices(metrics, page);
        add_leases(metrics, page);
        metrics_add_headroom(metrics->manager->headrooms, page);
        add_ended(metrics, page);
        add_pauses(metrics, page);
        add_active(metrics, page);
        add_daemon(metrics, page);
        return openmetrics_end(g_steal_pointer(&page));
}

GBytes *metrics_page(Metrics *metrics, int64_t monotonic) {
        if (!metrics->page || monotonic - metrics->made >= METRICS_PAGE_USEC) {
                g_clear_pointer(&metrics->page, g_bytes_unref);
                metrics->page = make_page(metrics);
                metrics->made = monotonic;
        }
        return g_bytes_ref(metrics->page);
}

/* What ended before is not counted when its figures change. */
Metrics *metrics_new(Manager *manager) {
        g_autoptr(GPtrArray) list = migration_log_list(manager->migrations);
        Metrics *metrics = g_new0(Metrics, 1);

        metrics->manager = manager;
        metrics->counted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint i = 0; i < list->len; i++) {
                const Migration *migration = list->pdata[i];

                if (migration_state_is_final(migration->state))
                        note_counted(metrics, migration, COUNTED_END | COUNTED_DOWNTIME);
        }
        return metrics;
}

void metrics_free(Metrics *metrics) {
        if (!metrics)
                return;

        g_clear_pointer(&metrics->page, g_bytes_unref);
        g_hash_table_unref(metrics->counted);
        g_free(metrics);
}
