/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A guest whose demand the host may not carry, which it would be in an hour of 20, gains more than
 * its traffic: what is beyond counts on top. Nothing jumps where its demand reaches what the host
 * carries, so that a forecast that is a bit off moves nobody there. */

#include <math.h>

#include "daemon/core/policy-class.h"

static double worth(const PolicyGuest *guest, unsigned hour) {
        DemandBand traffic;

        if (guest->path <= 0 || !policy_traffic(guest, hour, &traffic))
                return NAN;
        return traffic.p95 > guest->path ? traffic.mean + traffic.p95 - guest->path : 0;
}

const PolicyClass policy_class_capacity = {
        .name = "capacity",
        .about = "the host may not carry what it wants",
        .worth = worth,
};
