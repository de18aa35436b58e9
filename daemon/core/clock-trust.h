/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether CLOCK_REALTIME can be believed, as CLOCK_MONOTONIC tells.
 *
 * The two go on together: where one gets away from the other by more than
 * CLOCK_TRUST_APART_USEC, by one jump or by many small ones, somebody has set
 * the clock, or it was wrong before. It is believed again when they have gone
 * on together for CLOCK_TRUST_SETTLE_USEC, and so it is after the start, since
 * a host may boot with any time. Pure; content of its owner, zeroed to begin.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TRUST_APART_USEC  G_TIME_SPAN_MINUTE
#define CLOCK_TRUST_SETTLE_USEC (10 * G_TIME_SPAN_MINUTE)

typedef struct ClockTrust {
        bool begun;
        int64_t offset; /* of one from the other, us, at `since` */
        int64_t since;  /* CLOCK_MONOTONIC, us */
        int64_t now;    /* of the last look */
} ClockTrust;

/* A look at both, us. */
void clock_trust_note(ClockTrust *trust, int64_t monotonic, int64_t realtime);
/* For how long they have gone on together, as of the last look; us. */
int64_t clock_trust_steady(const ClockTrust *trust);
bool clock_trust_is_good(const ClockTrust *trust);
