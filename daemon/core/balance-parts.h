/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of daemon/core/balance*.c: what guests want of one host together. */

#include "daemon/core/balance.h"

typedef struct BalanceLoad {
        DemandSum sums[BALANCE_BANDS];
} BalanceLoad;

/* How full it makes a host. */
typedef struct BalanceFill {
        double strain; /* seconds */
        double peak;   /* load where it is highest, */
        unsigned at;   /* and where: thing * POLICY_HOURS + hour */
} BalanceFill;

void balance_load_add(BalanceLoad *load, const DemandBand *bands, unsigned hours);
BalanceFill balance_fill(const BalanceLoad *load, const BalanceHost *host, unsigned hours);
double balance_load_at(const BalanceLoad *load, const BalanceHost *host, unsigned at);
bool balance_takes_part(const BalanceHost *host);
