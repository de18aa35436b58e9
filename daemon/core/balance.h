/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guests should move so that what is forecast for the day ahead is even over the hosts of a
 * cluster. It proposes; whoever carries a move out asks both hosts again.
 *
 * Which number for what:
 *  - load of a host: of each thing and hour, the p95 of what its guests want together, as a part of
 *    the size; of memory the p99, since what does not fit ends guests, and does not slow them. An
 *    upper quantile of the sum (demand-sum.h), not a sum of quantiles, and not the mean: by that,
 *    two hosts would be even of which one fails each noon;
 *  - strain: the square of load, BALANCE_STRAIN seconds that guests wait in an hour of full load.
 *    All hours and things add up. So a move gains most from where it is fullest to where it is
 *    emptiest, and nothing between hosts that are even;
 *  - gain: the strain of both hosts before, less that after;
 *  - cost: the downtime, and BALANCE_BURDEN of the time in which memory is sent.
 *
 * A move is proposed when its gain is clearly more than its cost, place (place.h) has nothing
 * against it, and the other host does not get fuller by it than the first one was, or scarce. What
 * was moved before in the plan is booked where it goes, and not free where it comes from.
 * Each move makes the strain of all less and no host fuller than the fullest; so runs end, and
 * nobody is sent to and fro. A guest moves once in a plan. Where nobody can move any more,
 * another run on the outcome, while those who have moved settle, proposes nothing, unless a host
 * then offers what was given back to it.
 *
 * Pure: no I/O, no clock. What is told is borrowed. One thread.
 */

#include "daemon/core/demand-sum.h"
#include "daemon/core/place.h"
#include "daemon/core/policy-class.h"

#define BALANCE_STRAIN 36.0 /* seconds, one percent of the hour */
#define BALANCE_BURDEN 0.1  /* as policy-leave.h */

typedef enum BalanceThing {
        BALANCE_CPU,     /* CPUs */
        BALANCE_MEMORY,  /* bytes */
        BALANCE_NETWORK, /* bytes/s, of all links */
        _BALANCE_THING_MAX,
} BalanceThing;

#define BALANCE_BANDS (_BALANCE_THING_MAX * POLICY_HOURS)

/* Bands are of thing t in hour h: [t * POLICY_HOURS + h]. */
typedef struct BalanceHost {
        double size[_BALANCE_THING_MAX]; /* 0: not known. Without CPUs or memory it takes no part;
                                          * without network, guests that use some do not go there */
        const DemandBand *base;          /* what no guest of ours uses; NULL: nothing */
} BalanceHost;

typedef struct BalanceGuest {
        const PlaceGuest *needs; /* with its name, its host, and how long it settles */
        unsigned host;           /* the number of that */
        bool stays;              /* it moves, is opted out, or something is decided about it */
        double bytes, duration, downtime; /* of its move; seconds */
        const DemandBand *bands;
} BalanceGuest;

typedef struct BalanceWorld {
        const PlaceWorld *place;
        const BalanceHost *hosts; /* as many, in the same order */
        const BalanceGuest *guests;
        unsigned n_guests;
        unsigned hours; /* that are looked at, 1 to POLICY_HOURS */
} BalanceWorld;

typedef struct BalanceMove {
        unsigned guest, from, to; /* numbers */
        BalanceThing thing;       /* of which `from` is fullest, */
        unsigned hour;            /* and when */
        double before, after;     /* its load then */
        double there;             /* the highest of `to` after the move */
        double gain, cost;        /* seconds */
} BalanceMove;

/* BalanceMove, in the order in which they are to be made; at most `moves_max`. `ret_more`: that was
 * too few. */
GArray *balance_plan(const BalanceWorld *world, unsigned moves_max, bool *ret_more);
/* Free it. */
char *balance_sentence(const BalanceWorld *world, const BalanceMove *move);
