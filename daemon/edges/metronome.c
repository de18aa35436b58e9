/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/metronome.h"

#include <time.h>

#define ACCURACY_USEC (50 * 1000) /* wakes with others */

struct Metronome {
        Meter *meter;
        sd_event_source *timer;
        int64_t last; /* CLOCK_MONOTONIC, microseconds; 0 never */
};

/* Before the loop sleeps: a move may have begun. */
static int on_prepare(sd_event_source *timer, void *userdata) {
        Metronome *metronome = userdata;

        int64_t due = metronome->last > 0 ? metronome->last + meter_interval_usec(metronome->meter)
                                          : 0;

        return sd_event_source_set_time(timer, (uint64_t)due);
}

static int on_time(sd_event_source *timer, uint64_t due, void *userdata) {
        Metronome *metronome = userdata;

        metronome->last = g_get_monotonic_time();
        meter_tick(metronome->meter, metronome->last);
        return 0;
}

int metronome_new(sd_event *loop, Meter *meter, Metronome **ret_metronome) {
        g_autoptr(Metronome) metronome = g_new0(Metronome, 1);
        int r;

        metronome->meter = meter;
        r = sd_event_add_time(loop, &metronome->timer, CLOCK_MONOTONIC, UINT64_MAX, ACCURACY_USEC,
                              on_time, metronome);
        if (r >= 0)
                r = sd_event_source_set_prepare(metronome->timer, on_prepare);
        if (r >= 0)
                r = sd_event_source_set_enabled(metronome->timer, SD_EVENT_ON);
        if (r < 0)
                return r;

        *ret_metronome = g_steal_pointer(&metronome);
        return 0;
}

void metronome_free(Metronome *metronome) {
        if (!metronome)
                return;

        sd_event_source_disable_unref(metronome->timer);
        g_free(metronome);
}
