/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/clock.h"

#include <time.h>

/* What cannot be given back when its time has come does not spin the loop. */
#define PAUSE_USEC G_USEC_PER_SEC

struct Clock {
        Manager *manager;
        sd_event_source *timer;
        uint64_t not_before; /* CLOCK_REALTIME, microseconds */
};

/* Before the loop sleeps. */
static int on_prepare(sd_event_source *timer, void *userdata) {
        Clock *clock = userdata;
        int64_t next = manager_next_time(clock->manager);

        return sd_event_source_set_time(timer, next > 0 ? MAX((uint64_t)next, clock->not_before)
                                                        : UINT64_MAX);
}

static int on_time(sd_event_source *timer, uint64_t due, void *userdata) {
        Clock *clock = userdata;

        manager_on_time(clock->manager);
        clock->not_before = (uint64_t)g_get_real_time() + PAUSE_USEC;
        return sd_event_source_set_time(timer, UINT64_MAX);
}

int clock_new(sd_event *loop, Manager *manager, Clock **ret_clock) {
        g_autoptr(Clock) clock = g_new0(Clock, 1);
        int r;

        clock->manager = manager;
        r = sd_event_add_time(loop, &clock->timer, CLOCK_REALTIME, UINT64_MAX, 0, on_time, clock);
        if (r < 0)
                return r;

        r = sd_event_source_set_prepare(clock->timer, on_prepare);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(clock->timer, SD_EVENT_ON);
        if (r < 0)
                return r;

        *ret_clock = g_steal_pointer(&clock);
        return 0;
}

void clock_free(Clock *clock) {
        if (!clock)
                return;

        sd_event_source_disable_unref(clock->timer);
        g_free(clock);
}
