/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/clock-trust.h"

static bool is_apart(const ClockTrust *trust, int64_t offset) {
        return offset - trust->offset > CLOCK_TRUST_APART_USEC ||
               trust->offset - offset > CLOCK_TRUST_APART_USEC;
}

void clock_trust_note(ClockTrust *trust, int64_t monotonic, int64_t realtime) {
        int64_t offset = realtime - monotonic;

        if (!trust->begun || is_apart(trust, offset)) {
                trust->begun = true;
                trust->offset = offset;
                trust->since = monotonic;
        }
        trust->now = monotonic;
}

int64_t clock_trust_steady(const ClockTrust *trust) {
        return trust->begun ? trust->now - trust->since : 0;
}

bool clock_trust_is_good(const ClockTrust *trust) {
        return clock_trust_steady(trust) >= CLOCK_TRUST_SETTLE_USEC;
}
