/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy-slice.h"

#include <math.h>

#include "daemon/core/string-table.h"

#define HOUR_SEC   3600
#define DAY_SEC    (24 * HOUR_SEC)
#define GROW_HOURS 3
#define LOW_SEC    (3 * HOUR_SEC) /* so long everything has to say that it may shrink */
#define FULL       0.95           /* of its limit: nobody gets all of it */
#define WAITS      0.05           /* of what it has: less is chance */
#define GROW_LEAST 1.25           /* times what it has: of a guest that is at its limit */
#define GROW_MOST  2.0            /* the same: no more at once; */
#define GROW_AHEAD 1.5            /* on the word of a forecast alone */
#define LEAD       1.5            /* times what was seen: the p99 counts so far, and else the p95 */
#define WIDE_SEC   (10 * DAY_SEC) /* so long a forecast is wide when it learnt of a limit */
#define LEAD_WIDE  1.1            /* times what was seen since: no more counts until then */
#define WELL_BELOW 0.9            /* times what it has: what was given too much is taken back */
#define WHOLE      1e-9           /* of a step: is none */

struct PolicySlice {
        PolicySliceSettings settings;
        GHashTable *parts; /* id to Known */
        GArray *changed;   /* PolicySliceChanged */
};

typedef struct Known {
        double has;
        int64_t decided, changed;
        int64_t low; /* since when it might shrink; INT64_MAX: it might not */
        bool full;   /* it was at its limit at `filled`, within WIDE_SEC, and */
        int64_t filled;
        double peak;  /* this is the highest that was seen since the first time */
        GArray *made; /* int64_t: its changes of the last 24 hours, oldest first */
} Known;

static const char *const reason_words[] = {
        [POLICY_SLICE_RISES] = "rises",
        [POLICY_SLICE_SATURATES] = "saturates",
        [POLICY_SLICE_IDLES] = "idles",
};
G_STATIC_ASSERT(G_N_ELEMENTS(reason_words) == _POLICY_SLICE_REASON_MAX);

const char *policy_slice_reason_to_string(PolicySliceReason reason) {
        return string_table_word(reason_words, _POLICY_SLICE_REASON_MAX, reason);
}

PolicySliceReason policy_slice_reason_from_string(const char *text) {
        return string_table_value(reason_words, _POLICY_SLICE_REASON_MAX, text);
}

static void known_free(void *data) {
        Known *known = data;

        g_array_unref(known->made);
        g_free(known);
}

PolicySlice *policy_slice_new(const PolicySliceSettings *settings) {
        PolicySlice *policy = g_new0(PolicySlice, 1);

        policy->settings = *settings;
        policy->changed = g_array_new(FALSE, FALSE, sizeof(PolicySliceChanged));
        policy->parts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
        return policy;
}

void policy_slice_free(PolicySlice *policy) {
        if (!policy)
                return;

        g_hash_table_unref(policy->parts);
        g_array_unref(policy->changed);
        g_free(policy);
}

void policy_peaks_fill(PolicyPeaks *peaks, const DemandBand *bands, unsigned step) {
        unsigned n = HOUR_SEC / step;

        *peaks = (PolicyPeaks){ 0 };
        for (unsigned i = 0; i < POLICY_HOURS * n; i++) {
                peaks->p95[i / n] = fmax(peaks->p95[i / n], bands[i].p95);
                peaks->p99[i / n] = fmax(peaks->p99[i / n], bands[i].p99);
        }
}

static double highest(const double *hours, unsigned n) {
        double most = hours[0];

        for (unsigned i = 1; i < n; i++)
                most = fmax(most, hours[i]);
        return most;
}

double policy_slice_round(const PolicySlicePart *part, double amount) {
        return ceil(amount / part->step - WHOLE) * part->step;
}

/* What is known of it ---------------------------------------------------------------------- */

static Known *known_new(double has, int64_t changed) {
        Known *known = g_new0(Known, 1);

        known->has = has;
        known->changed = changed;
        known->low = INT64_MAX;
        known->made = g_array_new(FALSE, FALSE, sizeof(int64_t));
        return known;
}

static void forget_before(GArray *made, int64_t time) {
        guint n = 0;

        while (n < made->len && g_array_index(made, int64_t, n) <= time)
                n++;
        g_array_remove_range(made, 0, n);
}

static void note_change(PolicySlice *policy, const PolicySlicePart *part, Known *known,
                        int64_t time) {
        const PolicySliceChanged changed = { part->id,    time,          part->has,
                                             known->full, known->filled, known->peak };

        known->has = part->has;
        known->changed = time;
        known->low = INT64_MAX;
        g_array_append_val(known->made, time);
        g_array_append_val(policy->changed, changed);
}

void policy_slice_remember(PolicySlice *policy, int64_t time, const PolicySliceChanged *changed) {
        Known *known = g_hash_table_lookup(policy->parts, changed->id);

        if (!known) {
                known = known_new(changed->has, changed->made);
                g_hash_table_insert(policy->parts, g_strdup(changed->id), known);
        }
        known->has = changed->has;
        known->changed = changed->made;
        known->decided = time;
        known->full = changed->full;
        known->filled = changed->filled;
        known->peak = changed->peak;
        g_array_append_val(known->made, changed->made);
}

const GArray *policy_slice_changed(const PolicySlice *policy) {
        return policy->changed;
}

static Known *know(PolicySlice *policy, const PolicySlicePart *part, int64_t time) {
        Known *known = g_hash_table_lookup(policy->parts, part->id);

        if (!known) {
                known = known_new(part->has, time - part->age);
                g_hash_table_insert(policy->parts, g_strdup(part->id), known);
        } else if (fabs(known->has - part->has) > WHOLE * part->step) {
                note_change(policy, part, known, time);
        }
        forget_before(known->made, time - DAY_SEC);
        if (time - known->decided > HOUR_SEC) /* who knows what was between */
                known->low = INT64_MAX;
        known->decided = time;
        return known;
}

static gboolean is_of_yesterday(gpointer unused_id, gpointer data, gpointer time) {
        return *(const int64_t *)time - ((const Known *)data)->decided > DAY_SEC;
}

/* Deciding --------------------------------------------------------------------------------- */

/* NAN compares as false. */
static bool is_saturated(const PolicySlicePart *part) {
        if (part->limit > 0 && part->seen >= FULL * part->limit)
                return true;
        return part->waits >= WAITS * part->has && part->seen + part->waits >= FULL * part->has;
}

static void note_bottleneck(const PolicySlicePart *part, Known *known) {
        if (known->full && known->decided - known->filled > WIDE_SEC)
                known->full = false;
        if (is_saturated(part)) {
                known->peak = known->full ? known->peak : 0;
                known->full = true;
                known->filled = known->decided;
        }
        if (known->full)
                known->peak = fmax(known->peak, part->seen);
}

static double part_of(unsigned percent, double amount) {
        return amount * percent / 100;
}

static unsigned first_above(const PolicyPeaks *ahead, double threshold) {
        unsigned hour = 0;

        while (hour + 1 < GROW_HOURS && !(ahead->p99[hour] > threshold))
                hour++;
        return hour;
}

/* After a change of its ways a guest has been missed by much, and the p99 shows that for days.
 * After a bottleneck all of the forecast does: it has learnt of the limit. */
static double expected(const PolicySlicePart *part, const Known *known,
                       const PolicySliceChange *change) {
        double seen = fmax(part->seen, part->seen_day);
        double need = fmin(change->p99, fmax(change->p95, LEAD * seen));

        if (!known->full || known->filled == known->decided) /* it is one still */
                return need;
        return fmin(need, LEAD_WIDE * fmax(seen, known->peak));
}

static double grown(const PolicySlice *policy, const PolicySlicePart *part, double need,
                    bool saturated) {
        double most = part->has * (saturated ? GROW_MOST : GROW_AHEAD);
        double wants = policy_slice_round(part, need * 100 / policy->settings.target);

        if (saturated)
                wants = fmax(wants, policy_slice_round(part, GROW_LEAST * part->has));
        return fmin(wants, fmax(floor(most / part->step) * part->step,
                                policy_slice_round(part, part->has) + part->step));
}

/* A forecast of a guest that was not seen for an hour is not worth much. */
static bool decide_growth(const PolicySlice *policy, const PolicySlicePart *part,
                          const Known *known, PolicySliceChange *change) {
        double threshold = part_of(policy->settings.grow_above, part->has), need = NAN;
        bool saturated = is_saturated(part);

        change->p95 = change->p99 = NAN;
        if (part->ahead) {
                change->p95 = highest(part->ahead->p95, GROW_HOURS);
                change->p99 = highest(part->ahead->p99, GROW_HOURS);
                change->hour = first_above(part->ahead, threshold);
                need = expected(part, known, change);
        }
        if (!saturated && (isnan(part->seen) || !(need > threshold)))
                return false;

        if (saturated)
                need = fmax(need, part->seen);
        change->reason = saturated ? POLICY_SLICE_SATURATES : POLICY_SLICE_RISES;
        change->wants = grown(policy, part, need, saturated);
        change->score = ldexp(need / part->has, part->priority);
        return change->wants > part->has;
}

static double day_need(const PolicySlicePart *part) {
        if (!part->ahead || isnan(part->seen_day))
                return NAN;
        return fmax(highest(part->ahead->p99, POLICY_HOURS), part->seen_day);
}

static void note_low(const PolicySlice *policy, const PolicySlicePart *part, Known *known) {
        bool low = day_need(part) < part_of(policy->settings.shrink_below, part->has);

        known->low = low && !is_saturated(part) ? MIN(known->low, known->decided) : INT64_MAX;
}

/* A guest at its limit gets more than it may need, since nobody sees how much that is. When it has
 * not been there for a day, somebody does, and without the forecast. NAN: not so. */
static double fitting_need(const PolicySlice *policy, const PolicySlicePart *part,
                           const Known *known) {
        double need = fmax(part->seen_day, known->peak);

        if (!known->full || policy->settings.shrink_below == 0 || isnan(part->seen_day) ||
            known->decided - known->filled < DAY_SEC)
                return NAN;
        return need < WELL_BELOW * part_of(policy->settings.target, part->has) ? need : NAN;
}

static bool decide_shrinking(const PolicySlice *policy, const PolicySlicePart *part,
                             const Known *known, PolicySliceChange *change) {
        bool low = known->low <= known->decided - LOW_SEC;
        double need = low ? day_need(part) : fitting_need(policy, part, known);

        if (isnan(need) || known->made->len >= (policy->settings.changes + 1) / 2)
                return false;

        change->reason = POLICY_SLICE_IDLES;
        change->p95 = low ? highest(part->ahead->p95, POLICY_HOURS) : NAN;
        change->p99 = low ? highest(part->ahead->p99, POLICY_HOURS) : NAN;
        change->wants = fmax(policy_slice_round(part, need * 100 / policy->settings.target),
                             part->step);
        change->score = ldexp(need / part->has, part->priority);
        return part->has - change->wants > (1 - WHOLE) * part->step;
}

static bool decide(const PolicySlice *policy, const PolicySlicePart *part, const Known *known,
                   PolicySliceChange *ret_change) {
        *ret_change = (PolicySliceChange){ .part = part };
        if (part->held || known->decided - known->changed < policy->settings.settle ||
            known->made->len >= policy->settings.changes)
                return false;

        return decide_growth(policy, part, known, ret_change) ||
               decide_shrinking(policy, part, known, ret_change);
}

/* Who grows is before who shrinks; there, who needs it least is the first. */
static int compare(const void *first, const void *second) {
        const PolicySliceChange *a = first, *b = second;
        bool shrinks = a->reason == POLICY_SLICE_IDLES;

        if (shrinks != (b->reason == POLICY_SLICE_IDLES))
                return shrinks ? 1 : -1;
        if (a->score != b->score)
                return (a->score > b->score) == shrinks ? 1 : -1;
        return g_strcmp0(a->part->id, b->part->id);
}

GArray *policy_slice_decide(PolicySlice *policy, int64_t time, const PolicySlicePart *parts,
                            unsigned n_parts) {
        GArray *changes = g_array_new(FALSE, FALSE, sizeof(PolicySliceChange));

        g_array_set_size(policy->changed, 0);
        for (unsigned i = 0; i < n_parts; i++) {
                Known *known = know(policy, &parts[i], time);
                PolicySliceChange change;

                note_bottleneck(&parts[i], known);
                note_low(policy, &parts[i], known);
                if (decide(policy, &parts[i], known, &change))
                        g_array_append_val(changes, change);
        }
        (void)g_hash_table_foreach_remove(policy->parts, is_of_yesterday, &time);
        g_array_sort(changes, compare);
        return changes;
}
