/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy-leave.h"

#include <math.h>

#define HOUR_SEC 3600.0
#define Z95      1.645 /* standard deviations above the mean */
#define Z99      2.326

/* Parts of the size. */
#define BEGINS  1.0  /* above: it does not fit */
#define ENDS    0.9  /* below: it fits again, after somebody was told to leave */
#define FITS    0.95 /* below: it does without a guest */

#define CLEARLY 0.7 /* of the cost of who was told to leave: no more than that is clearly less */

#define NOBODY  UINT_MAX

struct PolicyLeave {
        char *told; /* the id of who was told to leave; NULL nobody */
};

/* How it is without some guest. */
typedef struct Outcome {
        double loss; /* seconds */
        double part; /* of the size that is wanted, where that is the most */
        unsigned thing, hour;
        double expected; /* there */
} Outcome;

PolicyLeave *policy_leave_new(void) {
        return g_new0(PolicyLeave, 1);
}

void policy_leave_free(PolicyLeave *policy) {
        if (!policy)
                return;

        g_free(policy->told);
        g_free(policy);
}

/* Loss ------------------------------------------------------------------------------ */

/* Of something normal with this deviation: how often it is above `above`. */
static double chance(double above, double deviation) {
        if (deviation <= 0)
                return above < 0 ? 1 : 0;
        return erfc(above / deviation / G_SQRT2) / 2;
}

/* And how much it is above it, on average of all times. */
static double overflow(double above, double deviation) {
        double z;

        if (deviation <= 0)
                return MAX(-above, 0);
        z = above / deviation;
        return deviation * exp(-z * z / 2) / sqrt(2 * G_PI) - above * chance(above, deviation);
}

/* The quantile that has to fit. */
static double wanted(const PolicyLeaveThing *thing, const DemandBand *all) {
        return thing->kind == POLICY_LEAVE_MEMORY ? all->p99 : all->p95;
}

static double loss_of(const PolicyLeaveThing *thing, const DemandBand *all, unsigned users) {
        double above = thing->size - all->mean, deviation;

        if (thing->kind == POLICY_LEAVE_MEMORY) {
                deviation = (all->p99 - all->mean) / Z99;
                return HOUR_SEC * users * chance(above, deviation);
        }
        deviation = (all->p95 - all->mean) / Z95;
        return HOUR_SEC * users * MIN(overflow(above, deviation) / thing->size, 1);
}

static DemandBand add_up(const PolicyLeaveHost *host, unsigned thing, unsigned hour,
                         unsigned without, unsigned *ret_users) {
        DemandSum sum = { 0 };

        *ret_users = 0;
        demand_sum_add(&sum, &host->things[thing].base[hour]);
        for (unsigned i = 0; i < host->n_guests; i++) {
                const DemandBand *band = &host->guests[i].bands[thing * POLICY_HOURS + hour];

                if (i == without)
                        continue;
                demand_sum_add(&sum, band);
                *ret_users += band->mean > 0;
        }
        return demand_sum_band(&sum);
}

static Outcome look(const PolicyLeaveHost *host, unsigned without) {
        Outcome outcome = { 0 };

        for (unsigned thing = 0; thing < host->n_things; thing++)
                for (unsigned hour = 0; hour < host->hours; hour++) {
                        const PolicyLeaveThing *one = &host->things[thing];
                        unsigned users;
                        DemandBand all = add_up(host, thing, hour, without, &users);
                        double expected = wanted(one, &all), part = expected / one->size;

                        outcome.loss += loss_of(one, &all, users);
                        if (part <= outcome.part)
                                continue;
                        outcome.part = part;
                        outcome.thing = thing;
                        outcome.hour = hour;
                        outcome.expected = expected;
                }
        return outcome;
}

/* Who leaves ------------------------------------------------------------------------ */

static double cost_of(const PolicyLeaveGuest *guest) {
        return guest->downtime + POLICY_LEAVE_BURDEN * guest->duration;
}

static bool is_told(const PolicyLeave *policy, const PolicyLeaveGuest *guest) {
        return g_strcmp0(policy->told, guest->id) == 0;
}

static PolicyLeaving leave(const PolicyLeave *policy, const PolicyLeaveHost *host, unsigned guest,
                           const Outcome *before) {
        Outcome after = look(host, guest);
        unsigned users;
        DemandBand there = add_up(host, before->thing, before->hour, guest, &users);

        return (PolicyLeaving){
                .guest = guest,
                .thing = before->thing,
                .hour = before->hour,
                .expected = before->expected,
                .after = wanted(&host->things[before->thing], &there),
                .fits = after.part < (is_told(policy, &host->guests[guest]) ? BEGINS : FITS),
                .gain = before->loss - after.loss,
                .cost = cost_of(&host->guests[guest]),
        };
}

/* What speaks for it, among those of its kind: where all fit without it that it costs little, else
 * that it brings much. Who was told to leave has a lead. */
static double merit(const PolicyLeave *policy, const PolicyLeaveHost *host,
                    const PolicyLeaving *one) {
        double lead = is_told(policy, &host->guests[one->guest]) ? CLEARLY : 1;

        return one->fits ? -one->cost * lead : (one->gain - one->cost) / lead;
}

static bool is_better(const PolicyLeave *policy, const PolicyLeaveHost *host,
                      const PolicyLeaving *one, const PolicyLeaving *best) {
        if (best->guest == NOBODY || one->fits != best->fits)
                return best->guest == NOBODY || one->fits;
        return merit(policy, host, one) > merit(policy, host, best);
}

static PolicyLeaving choose(const PolicyLeave *policy, const PolicyLeaveHost *host,
                            const Outcome *before) {
        PolicyLeaving best = { .guest = NOBODY };

        for (unsigned i = 0; i < host->n_guests; i++) {
                const PolicyLeaveGuest *guest = &host->guests[i];
                PolicyLeaving one;

                if (guest->stays)
                        continue;
                one = leave(policy, host, i, before);
                /* a margin that is used up is no reason to say the contrary */
                if (one.after < one.expected && (is_told(policy, guest) || one.gain > one.cost) &&
                    is_better(policy, host, &one, &best))
                        best = one;
        }
        return best;
}

bool policy_leave_decide(PolicyLeave *policy, const PolicyLeaveHost *host, PolicyLeaving *ret) {
        Outcome before = look(host, NOBODY);
        PolicyLeaving best = { .guest = NOBODY };

        if (before.part > (policy->told ? ENDS : BEGINS))
                best = choose(policy, host, &before);

        g_clear_pointer(&policy->told, g_free);
        if (best.guest == NOBODY)
                return false;

        policy->told = g_strdup(host->guests[best.guest].id);
        *ret = best;
        return true;
}
