/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is in the way, told in the journal when it begins and when it ends, however often it is met
 * between. Main thread.
 */

#include <stdbool.h>

typedef enum TroubleKind {
        TROUBLE_NONE,
        TROUBLE_HOST,     /* virtferryd does not answer */
        TROUBLE_ROOT,     /* Nova has no provider of this host yet */
        TROUBLE_AWAY,     /* Placement or Keystone does not answer, or not well */
        TROUBLE_REFUSED,  /* who we are is not good enough */
        TROUBLE_CONFLICT, /* somebody else writes all the time */
        TROUBLE_PROVIDER, /* one provider cannot be published */
        _TROUBLE_MAX,
} TroubleKind;

typedef struct Trouble {
        TroubleKind kind;
        char *sentence; /* NULL: there is none */
} Trouble;

void trouble_done(Trouble *trouble);
/* The journal has the first sentence of each kind, `sentence` has the last one. False: all is as it
 * was. */
bool trouble_begins(Trouble *trouble, TroubleKind kind, const char *sentence);
bool trouble_ends(Trouble *trouble);
