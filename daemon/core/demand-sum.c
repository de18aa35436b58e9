/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-sum.h"

#include <math.h>

/* A series that is nothing but rare peaks has its mean above its p95. */
static double above(double quantile, double mean) {
        double more = MAX(quantile - mean, 0);

        return more * more;
}

void demand_sum_add(DemandSum *sum, const DemandBand *band) {
        sum->mean += band->mean;
        sum->p50 += band->p50;
        sum->above95 += above(band->p95, band->mean);
        sum->above99 += above(band->p99, band->mean);
}

DemandBand demand_sum_band(const DemandSum *sum) {
        double p95 = sum->mean + sqrt(sum->above95), p99 = sum->mean + sqrt(sum->above99);

        return (DemandBand){ sum->mean, MIN(sum->p50, p95), p95, MAX(p95, p99) };
}
