/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/sampler.h"

#include <time.h>

#define PAUSE_USEC (TRAFFIC_SAMPLE_MSEC * UINT64_C(1000))

struct Sampler {
        Traffic *traffic;
        sd_event_source *timer;
        bool waits; /* the timer is set */
};

/* Before the loop sleeps. */
static int on_prepare(sd_event_source *timer, void *userdata) {
        Sampler *sampler = userdata;

        if (sampler->waits || !traffic_is_sampling(sampler->traffic))
                return 0;

        sampler->waits = true;
        return sd_event_source_set_time_relative(timer, PAUSE_USEC);
}

static int on_time(sd_event_source *timer, uint64_t due, void *userdata) {
        Sampler *sampler = userdata;

        sampler->waits = false;
        traffic_sample(sampler->traffic);
        return sd_event_source_set_time(timer, UINT64_MAX);
}

int sampler_new(sd_event *loop, Traffic *traffic, Sampler **ret_sampler) {
        Sampler *sampler = g_new0(Sampler, 1);
        int r;

        sampler->traffic = traffic;
        r = sd_event_add_time(loop, &sampler->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_time,
                              sampler);
        if (r >= 0)
                r = sd_event_source_set_prepare(sampler->timer, on_prepare);
        if (r >= 0)
                r = sd_event_source_set_enabled(sampler->timer, SD_EVENT_ON);
        if (r < 0) {
                sampler_free(sampler);
                return r;
        }

        *ret_sampler = sampler;
        return 0;
}

void sampler_free(Sampler *sampler) {
        if (!sampler)
                return;

        sd_event_source_disable_unref(sampler->timer);
        g_free(sampler);
}
