/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guest should leave this host, because what its guests are expected to use will not fit it.
 *
 * A host has several things that are used: CPUs, memory, both directions of each link. In each hour
 * ahead, what the guests want of one adds up (demand-sum.h: the quantile of the sum, not the sum of
 * the quantiles); where the p95 of that (of memory: the p99) is more than there is, it does not
 * fit.
 *
 * All is weighed in seconds for which a guest stands still:
 *   loss  of an hour in which it does not fit: what is wanted beyond the size, on average, as a
 * part of the size, is lost to each guest that uses the thing; when memory is short, all of the
 *         time is, as often as that is expected
 *   gain  the loss of all hours that a guest spares the others, and itself, by leaving
 *   cost  of its move: its downtime, and BURDEN of the time that its memory is sent for
 *
 * Of those whose leaving makes all fit the one that costs least leaves; where none does by itself,
 * the one that brings most. The gain has to be more than the cost. One at a time.
 *
 * Hysteresis: without that guest all has to fit with a margin; and who was told to leave is told so
 * until it would fit with a margin by itself, unless another one costs clearly less.
 *
 * Pure: no store, no loop, no clock. Owned by the advisor; one thread.
 */

#include "daemon/core/demand-sum.h"
#include "daemon/core/policy-class.h"

#define POLICY_LEAVE_BURDEN 0.1

typedef enum PolicyLeaveKind {
        POLICY_LEAVE_CPU,
        POLICY_LEAVE_MEMORY,
        POLICY_LEAVE_NETWORK,
} PolicyLeaveKind;

typedef struct PolicyLeaveThing {
        PolicyLeaveKind kind;
        const char *name;              /* the id of a PF; NULL: there is one of the kind */
        double size;                   /* CPUs, bytes, bytes/s; > 0 */
        DemandBand base[POLICY_HOURS]; /* what is used of it by no guest that could leave */
} PolicyLeaveThing;

/* Strings and bands are borrowed. */
typedef struct PolicyLeaveGuest {
        const char *id, *name;
        bool stays;                       /* it does not leave, whatever that would bring */
        double bytes, duration, downtime; /* of its move; seconds */
        const DemandBand *bands;          /* of thing t in hour h: [t * POLICY_HOURS + h] */
} PolicyLeaveGuest;

typedef struct PolicyLeaveHost {
        const PolicyLeaveThing *things;
        unsigned n_things;
        const PolicyLeaveGuest *guests;
        unsigned n_guests;
        unsigned hours; /* that are looked at, 1 to POLICY_HOURS */
} PolicyLeaveHost;

typedef struct PolicyLeaving {
        unsigned guest;         /* its number */
        unsigned thing, hour;   /* where most is wanted */
        double expected, after; /* of that: what is wanted, and what is without this guest */
        bool fits;              /* all does, without it */
        double gain, cost;      /* seconds */
} PolicyLeaving;

typedef struct PolicyLeave PolicyLeave;

PolicyLeave *policy_leave_new(void);
void policy_leave_free(PolicyLeave *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyLeave, policy_leave_free)

/* False: nobody should. */
bool policy_leave_decide(PolicyLeave *policy, const PolicyLeaveHost *host, PolicyLeaving *ret);
