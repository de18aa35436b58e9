/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who sits on the seats of offload devices: a guest that is promoted has a VF of one, all others
 * go through the host.
 *
 * Classes (policy-class.h) say what a seat would be worth to a guest in each hour ahead; they never
 * decide. One place does, for all classes and seats at once, so that two of them that want the
 * same VF cannot fight: it has one order of guests, in bytes a second.
 *
 * What counts of a guest is what a seat is worth to it in the next hour, and for a third on average
 * over the day ahead, so that a peak alone does not move it; doubled for each step of priority. It
 * takes the seat of another one that has clearly less, when an hour brings more than the exchange
 * costs both and than a bar on top: `theta` hours of an average seat. Theta follows how often
 * guests were moved of late, so that these are the best `moves` of a day, and never more in any 24
 * hours. Whoever has moved is left alone for `settle` seconds.
 *
 * What is advised changes nothing by itself: who carries it out says policy_moved().
 *
 * Pure: no store, no loop, no clock. Owned by the manager; one thread.
 */

#include "daemon/core/advice.h"
#include "daemon/core/policy-class.h"

#define POLICY_MOVES_DEFAULT  24
#define POLICY_SETTLE_DEFAULT 3600

typedef enum PolicyMode {
        POLICY_OBSERVE, /* nothing is advised */
        POLICY_ADVISE,  /* nothing is carried out unless a person says so */
        POLICY_ACT,
        _POLICY_MODE_MAX,
        _POLICY_MODE_INVALID = -22,
} PolicyMode;

const char *policy_mode_to_string(PolicyMode mode); /* "observe", "advise", "act" */
PolicyMode policy_mode_from_string(const char *text);

typedef struct PolicySettings {
        PolicyMode mode;
        unsigned moves;  /* in any 24 hours, at most; > 0 */
        unsigned settle; /* seconds */
        double idle;     /* bytes a second: who is expected to stay below for hours gives its seat
                          * back; 0: nobody does */
} PolicySettings;

typedef struct PolicySeat {
        const char *id;    /* of the VF */
        const char *guest; /* the id of who has it; NULL: nobody */
        double carries;    /* bytes a second; 0: not known */
        bool busy;         /* something is done to it, or is advised and waits */
} PolicySeat;

typedef struct Policy Policy;

Policy *policy_new(const PolicySettings *settings);
void policy_free(Policy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_free)

/* Theta and what is known of moves stay. */
void policy_set(Policy *policy, const PolicySettings *settings);
double policy_theta(const Policy *policy);
/* How many of the moves are left, by what was known when it last decided. */
unsigned policy_moves_left(const Policy *policy);

/* Advice at `time` (seconds, of a clock that is not set), to be carried out in this order; no seat
 * and no guest is in two of them. A seat whose guest is not among `guests` is left alone, and about
 * a guest without a forecast nothing is decided. Who has opted out gives its seat back however many
 * have moved. Free the array. */
GPtrArray *policy_decide(Policy *policy, int64_t time, const PolicyGuest *guests, unsigned n_guests,
                         const PolicySeat *seats, unsigned n_seats);

/* It was carried out; advice that somebody asked for by hand counts, too. */
void policy_moved(Policy *policy, int64_t time, const Advice *advice);
/* It was, `age` seconds before the first of all times that are given here; the guests by their ids,
 * NULL: there is none. Before any of these, oldest first; theta stays. */
void policy_remember(Policy *policy, int64_t age, const char *in, const char *out);
/* Theta as it was; what it could not have been is brought within its bounds. */
void policy_remember_theta(Policy *policy, double theta);
