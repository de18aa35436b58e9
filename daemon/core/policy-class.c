/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/policy-class.h"

#include <math.h>

const PolicyClass *const policy_classes[] = {
        &policy_class_traffic,
        &policy_class_capacity,
        NULL,
};

static void add_band(DemandBand *sum, const DemandBand *band, double part) {
        sum->mean += band->mean * part;
        sum->p50 += band->p50 * part;
        sum->p95 += band->p95 * part;
        sum->p99 += band->p99 * part;
}

void policy_ahead_fill(PolicyAhead *ahead, const DemandBand *bands, unsigned step) {
        unsigned n = 3600 / step;

        for (unsigned hour = 0; hour < POLICY_HOURS; hour++) {
                ahead->hours[hour] = (DemandBand){ 0 };
                for (unsigned i = 0; i < n; i++)
                        add_band(&ahead->hours[hour], &bands[hour * n + i], 1.0 / n);
        }
}

bool policy_traffic(const PolicyGuest *guest, unsigned hour, DemandBand *ret_band) {
        const PolicyAhead *receive = guest->ahead[METRIC_RECEIVE_BYTES];
        const PolicyAhead *transmit = guest->ahead[METRIC_TRANSMIT_BYTES];

        if (!receive || !transmit)
                return false;

        /* they rise together more often than not: the sum of the quantiles */
        *ret_band = receive->hours[hour];
        add_band(ret_band, &transmit->hours[hour], 1);
        return true;
}

double policy_traffic_seen(const PolicyGuest *guest) {
        const PolicyAhead *receive = guest->ahead[METRIC_RECEIVE_BYTES];
        const PolicyAhead *transmit = guest->ahead[METRIC_TRANSMIT_BYTES];

        return receive && transmit ? receive->seen + transmit->seen : NAN;
}

double policy_worth(const PolicyGuest *guest, unsigned hour, const PolicyClass **ret_class) {
        double most = NAN;

        for (const PolicyClass *const *class = policy_classes; *class; class ++) {
                double worth = (*class)->worth(guest, hour);

                if (isnan(worth) || worth <= most)
                        continue;
                most = worth;
                *ret_class = *class;
        }
        return most;
}
