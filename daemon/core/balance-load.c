/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/balance-parts.h"

bool balance_takes_part(const BalanceHost *host) {
        return host->size[BALANCE_CPU] > 0 && host->size[BALANCE_MEMORY] > 0;
}

void balance_load_add(BalanceLoad *load, const DemandBand *bands, unsigned hours) {
        for (unsigned t = 0; bands && t < _BALANCE_THING_MAX; t++)
                for (unsigned h = 0; h < hours; h++)
                        demand_sum_add(&load->sums[t * POLICY_HOURS + h],
                                       &bands[t * POLICY_HOURS + h]);
}

double balance_load_at(const BalanceLoad *load, const BalanceHost *host, unsigned at) {
        unsigned thing = at / POLICY_HOURS;
        DemandBand all = demand_sum_band(&load->sums[at]);

        if (host->size[thing] <= 0)
                return 0;
        return (thing == BALANCE_MEMORY ? all.p99 : all.p95) / host->size[thing];
}

BalanceFill balance_fill(const BalanceLoad *load, const BalanceHost *host, unsigned hours) {
        BalanceFill fill = { 0 };

        for (unsigned t = 0; t < _BALANCE_THING_MAX; t++)
                for (unsigned h = 0; h < hours; h++) {
                        unsigned at = t * POLICY_HOURS + h;
                        double part = balance_load_at(load, host, at);

                        fill.strain += BALANCE_STRAIN * part * part;
                        if (part <= fill.peak)
                                continue;
                        fill.peak = part;
                        fill.at = at;
                }
        return fill;
}
