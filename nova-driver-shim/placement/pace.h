/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How long to wait before Placement, or virtferryd, is asked again. Pure: no clock, no loop;
 * whoever waits brings a random number from 0 to 1, so that hosts which failed together do not come
 * back together.
 */

#include <stdint.h>

/* What changes together is published together. */
#define PACE_COALESCE_USEC (100 * UINT64_C(1000))

typedef struct Pace {
        unsigned failures;  /* in a row */
        unsigned conflicts; /* since the last write that was taken */
} Pace;

/* What passes by itself: no answer, an error of the server. 1 s, doubled each time up to 60 s; of
 * that at least half. */
uint64_t pace_after_failure(Pace *pace, double random);
/* What only an operator can mend: 60 s at once, of that at least half. */
uint64_t pace_after_refusal(Pace *pace, double random);
/* Somebody else was quicker: 10 to 50 ms, ten times; after that as of a failure, since whoever
 * always is quicker is no accident. */
uint64_t pace_after_conflict(Pace *pace, double random);
/* With nothing to do: until it is seen whether all is still as it was. At least nine tenths. */
uint64_t pace_heartbeat(unsigned seconds, double random);

void pace_answered(Pace *pace); /* to anything */
void pace_written(Pace *pace);  /* a write was taken */
