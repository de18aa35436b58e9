/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bands of a day ahead as hosts tell each other of them (core/cluster-doc-load.h), and as balance.h
 * has them. What is rounded away is no half of a unit. Pure. */

#include "daemon/core/balance.h"
#include "daemon/core/cluster-doc-load.h"

/* In CPUs, bytes or bytes/s. */
int64_t cluster_amount_of_thing(BalanceThing thing, double value);
double cluster_value_of_thing(BalanceThing thing, int64_t amount);

/* BALANCE_BANDS of them. */
void cluster_bands_tell(ClusterLoadBands *told, const DemandBand *bands);
/* The p50 is the mean: it was not told. */
void cluster_bands_read(const ClusterLoadBands *told, DemandBand *ret_bands);
