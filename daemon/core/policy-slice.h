/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How much of its cores, memory and bandwidth a hardware slice should have, by
 * what its guest is expected to use.
 *
 *   grow    the p99 of one of the next 3 hours (the p95, when that p99 is far from all that was
 *           seen) is above `grow_above` of what it has, or it uses all of that already: a guest at
 *           its limit wants more than can be seen, so it grows by a quarter at least. By half at
 *           once, or to the double when it is at its limit.
 *   shrink  for 3 hours the p99 of the whole day ahead, and all that was used in the last day,
 *           were below `shrink_below` of it
 *
 * For 10 days after a guest was at its limit its forecast is far too wide, since what it learnt of
 * was the limit: it grows before the next bottleneck by 1.1 times what was seen since then, at
 * most. After a day without that limit it is seen what it needs, and once it gives back what it was
 * given beyond the `target` of that, when it is a tenth or more.
 *
 * Both to what makes that p99 `target` of it, in whole steps. Between the two thresholds nothing
 * happens, and since what shrinks is held against a whole day, a peak of each day makes it grow
 * once and not every morning. What has changed, by whoever, is left alone for `settle` seconds; of
 * `changes` in any 24 hours the second half is kept for growing.
 *
 * It does not know what a host has: whoever asks has to try. Pure: no store, no loop, no clock.
 * Owned by the advisor; one thread.
 */

#include "daemon/core/policy-class.h"

typedef struct PolicySliceSettings {
        unsigned grow_above, shrink_below, target; /* percent; the last is between the others */
        unsigned settle;                           /* seconds */
        unsigned changes;                          /* of a part in any 24 hours; > 0 */
} PolicySliceSettings;

/* The highest of each hour, so that a step of 5 minutes counts. */
typedef struct PolicyPeaks {
        double p95[POLICY_HOURS], p99[POLICY_HOURS];
} PolicyPeaks;

/* `bands` as demand_forecast() gives them for a whole day, in steps of `step` seconds. */
void policy_peaks_fill(PolicyPeaks *peaks, const DemandBand *bands, unsigned step);

/* Of one slice: its cores, its memory, or what one of its functions sends. Amounts are in the unit
 * of what is measured of it; NAN: not known. Borrowed. */
typedef struct PolicySlicePart {
        const char *id;  /* that no other part has */
        int priority;    /* of the guest: each step counts double when several want to grow */
        bool held;       /* nothing is decided about it now */
        int64_t age;     /* seconds since it was changed last, for all that is stored */
        double has;      /* > 0 */
        double step;     /* it grows and shrinks by whole ones */
        double limit;    /* more than this it cannot use; 0: nothing keeps it from that */
        double seen;     /* the highest average of 5 minutes in the last hour, and */
        double seen_day; /* in the last day; NAN also where it is not known for a day */
        double waits;    /* what it wanted beyond that and did not get, on average of the hour */
        const PolicyPeaks *ahead; /* NULL: not known */
} PolicySlicePart;

typedef enum PolicySliceReason {
        POLICY_SLICE_RISES,
        POLICY_SLICE_SATURATES,
        POLICY_SLICE_IDLES,
        _POLICY_SLICE_REASON_MAX,
        _POLICY_SLICE_REASON_INVALID = -22,
} PolicySliceReason;

const char *policy_slice_reason_to_string(PolicySliceReason reason); /* "rises" */
PolicySliceReason policy_slice_reason_from_string(const char *text);

typedef struct PolicySliceChange {
        const PolicySlicePart *part;
        PolicySliceReason reason;
        double wants;    /* that it should have; more than it has, or less */
        double p95, p99; /* the highest of the hours that count; NAN: not known, or not believed */
        unsigned hour;   /* of one that rises: the first that is above the threshold, 0 the next */
        double score;
} PolicySliceChange;

typedef struct PolicySlice PolicySlice;

PolicySlice *policy_slice_new(const PolicySliceSettings *settings);
void policy_slice_free(PolicySlice *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicySlice, policy_slice_free)

/* What is known of a part beside what it has and uses. Times are in seconds, of a clock that is not
 * set. */
typedef struct PolicySliceChanged {
        const char *id;
        int64_t made; /* its last change, */
        double has;   /* since then */
        bool full;    /* it was at its limit shortly before: at `filled`, and `peak` was seen since
                       * the first time */
        int64_t filled;
        double peak;
} PolicySliceChanged;

/* After a restart, before all else at `time`: a change that was made before, the oldest first. */
void policy_slice_remember(PolicySlice *policy, int64_t time, const PolicySliceChanged *changed);
/* Those that the last policy_slice_decide() has noted: PolicySliceChanged, with the ids of its
 * parts. Borrowed. */
const GArray *policy_slice_changed(const PolicySlice *policy);

/* What should be other than it is at `time` (seconds, of a clock that is not set): who grows first,
 * the most urgent before all others. PolicySliceChange. That a part has another amount than at the
 * last time is noted as its change. Free the array. */
GArray *policy_slice_decide(PolicySlice *policy, int64_t time, const PolicySlicePart *parts,
                            unsigned n_parts);
/* The amount of whole steps that is not less. */
double policy_slice_round(const PolicySlicePart *part, double amount);
