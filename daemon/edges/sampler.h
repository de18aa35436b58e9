/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reminds the manager to look at the traffic of guests that move, every
 * TRAFFIC_SAMPLE_MSEC as long as there are any. Otherwise the loop sleeps.
 */

#include <systemd/sd-event.h>

#include "daemon/traffic.h"

typedef struct Sampler Sampler;

int sampler_new(sd_event *loop, Traffic *traffic, Sampler **ret_sampler);
void sampler_free(Sampler *sampler);
