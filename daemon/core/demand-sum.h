/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What several series come to together. Means add up; quantiles do not: not all of them are at
 * their highest at once. What a series may be above its mean is taken as independent of the others,
 * so that these add up as squares, which is exact for normal errors and never less than the largest
 * of them. Seasons that the series share are in their means, hour by hour, and add up as they are.
 * Pure.
 */

#include "daemon/core/demand.h"

typedef struct DemandSum {
        double mean, p50;
        double above95, above99; /* squares of what is above the mean */
} DemandSum;                     /* zeroed: of none */

void demand_sum_add(DemandSum *sum, const DemandBand *band);
DemandBand demand_sum_band(const DemandSum *sum);
