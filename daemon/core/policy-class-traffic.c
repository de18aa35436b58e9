/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whoever has the most traffic spares the host the most by sitting on the offload device. The
 * mean counts: bytes add up, quantiles do not. */

#include <math.h>

#include "daemon/core/policy-class.h"

static double worth(const PolicyGuest *guest, unsigned hour) {
        DemandBand traffic;

        return policy_traffic(guest, hour, &traffic) ? traffic.mean : NAN;
}

const PolicyClass policy_class_traffic = {
        .name = "traffic",
        .about = "it has more traffic",
        .worth = worth,
};
