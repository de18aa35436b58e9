/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/switch-watch.h"

#include <sys/epoll.h>
#include <time.h>

#include "daemon/facts/fd.h"
#include "daemon/facts/rtnl-watch.h"

#define QUIET_USEC (1 * G_USEC_PER_SEC)

struct SwitchWatch {
        SwitchListener listener;
        void *userdata;
        Fd fd;
        sd_event_source *messages, *timer;
};

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        SwitchWatch *watch = userdata;

        watch->listener(watch->userdata);
        return 0;
}

/* Further changes until then are seen with it. */
static int on_message(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        SwitchWatch *watch = userdata;
        int waiting = SD_EVENT_OFF;
        int r;

        if (!rtnl_watch_read(fd))
                return 0;

        r = sd_event_source_get_enabled(watch->timer, &waiting);
        if (r < 0 || waiting != SD_EVENT_OFF)
                return r;

        r = sd_event_source_set_time_relative(watch->timer, QUIET_USEC);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

static int start(SwitchWatch *watch, sd_event *loop) {
        int r;

        watch->fd = rtnl_watch_open();
        if (watch->fd < 0)
                return watch->fd;

        r = sd_event_add_io(loop, &watch->messages, watch->fd, EPOLLIN, on_message, watch);
        if (r >= 0)
                r = sd_event_add_time_relative(loop, &watch->timer, CLOCK_MONOTONIC, QUIET_USEC, 0,
                                               on_timer, watch);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
}

int switch_watch_new(sd_event *loop, SwitchListener listener, void *userdata,
                     SwitchWatch **ret_watch) {
        g_autoptr(SwitchWatch) watch = g_new0(SwitchWatch, 1);
        int r;

        watch->fd = -1;
        watch->listener = listener;
        watch->userdata = userdata;

        r = start(watch, loop);
        if (r < 0)
                return r;

        *ret_watch = g_steal_pointer(&watch);
        return 0;
}

void switch_watch_free(SwitchWatch *watch) {
        if (!watch)
                return;

        sd_event_source_unref(watch->messages);
        sd_event_source_unref(watch->timer);
        if (watch->fd >= 0)
                fd_close(watch->fd);
        g_free(watch);
}
