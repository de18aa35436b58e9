/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/pace.h"

#include <glib.h>

#define SECOND_USEC       UINT64_C(1000000)
#define FIRST_USEC        SECOND_USEC
#define LONGEST_USEC      (60 * SECOND_USEC)
#define CONFLICT_USEC     (50 * UINT64_C(1000))
#define CONFLICTS_AT_ONCE 10

static uint64_t jitter(uint64_t usec, double least, double random) {
        return (uint64_t)((double)usec * (least + (1 - least) * random));
}

uint64_t pace_after_failure(Pace *pace, double random) {
        uint64_t usec = LONGEST_USEC;

        if (FIRST_USEC << MIN(pace->failures, 10) < LONGEST_USEC)
                usec = FIRST_USEC << pace->failures;
        pace->failures++;
        return jitter(usec, 0.5, random);
}

uint64_t pace_after_refusal(Pace *pace, double random) {
        pace->failures++;
        return jitter(LONGEST_USEC, 0.5, random);
}

uint64_t pace_after_conflict(Pace *pace, double random) {
        if (pace->conflicts++ < CONFLICTS_AT_ONCE)
                return jitter(CONFLICT_USEC, 0.2, random);
        return pace_after_failure(pace, random);
}

uint64_t pace_heartbeat(unsigned seconds, double random) {
        return jitter(seconds * SECOND_USEC, 0.9, random);
}

void pace_answered(Pace *pace) {
        if (pace->conflicts <= CONFLICTS_AT_ONCE)
                pace->failures = 0;
}

void pace_written(Pace *pace) {
        *pace = (Pace){ 0 };
}
