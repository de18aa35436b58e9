/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Two ways to come to advice that say what the test wants: the first is about the
 * whole guest, the second about its slice. One of each in a process.
 */

#include "daemon/advisor.h"

typedef struct FakeWay {
        GPtrArray *drafts;     /* AdvisorDraft, said in each round; the test fills it */
        const char *done_kind; /* who advised this kind finds it done; NULL: nothing is */
        bool waits;            /* it cannot decide yet */
        bool fails_to_load;
        unsigned n_begun, n_decided, n_done;
        char *applied; /* "KIND NAME TARGET" of what is carried out */
        AdvisorMoved reply;
        void *userdata; /* of the reply */
} FakeWay;

extern FakeWay fake_guest_way, fake_slice_way;
extern const AdvisorWay *const fake_ways[];

/* Both as they were in the beginning. */
void fake_ways_reset(void);
/* From the next round on. "p95" is 1. Borrowed: the test may change it. */
AdvisorDraft *fake_way_say(FakeWay *way, const char *kind, const char *uuid, const char *name,
                           const char *target);
void fake_way_be_silent(FakeWay *way);
/* What is carried out has ended. */
void fake_way_end(FakeWay *way, const GError *error);
