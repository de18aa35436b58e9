/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "daemon/edges/virt-cold.h"
#include "daemon/edges/virt-finder.h"
#include "daemon/edges/virt-link.h"
#include "daemon/edges/virt-mover.h"
#include "daemon/edges/virt-plugger.h"
#include "daemon/edges/virt-tune.h"

#define EVENTS_AT_A_TIME 32 /* the bus has its turn in between */

struct Virt {
        VirtListener listener;
        void *userdata;
        VirtOps ops;
        char *uri;
        VirtFinder *finder;
        GuestDoor *door;
        VirtLink *link;
        sd_event_source *source;

        pthread_t thread;
        bool running;
        int end_timer;
        bool ended; /* that thread's */
};

/* libvirt's thread ---------------------------------------------------------------- */

static void on_error(void *unused, virErrorPtr error) {
        /* each caller says what it could not do; libvirt would print it once more */
}

static void on_end_timer(int timer, void *unused) {
}

/* libvirt frees a timer from its loop, behind everything that was closed before. */
static void on_end_timer_removed(void *userdata) {
        Virt *virt = userdata;

        virt->ended = true;
}

static void *run_loop(void *userdata) {
        Virt *virt = userdata;

        while (!virt->ended)
                if (virEventRunDefaultImpl() < 0)
                        g_error("libvirt's event loop has failed: %s", virGetLastErrorMessage());

        return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int registered;

static void register_loop(void) {
        virSetErrorFunc(NULL, on_error);
        registered = virInitialize() < 0 ? -1 : virEventRegisterDefaultImpl();
}

static int start_thread(Virt *virt) {
        virt->end_timer = virEventAddTimeout(-1, on_end_timer, virt, on_end_timer_removed);
        if (virt->end_timer < 0)
                return -EIO;

        if (pthread_create(&virt->thread, NULL, run_loop, virt) != 0)
                return -EAGAIN;

        virt->running = true;
        return 0;
}

static void stop_thread(Virt *virt) {
        if (!virt->running)
                return;

        (void)virEventRemoveTimeout(virt->end_timer);
        (void)pthread_join(virt->thread, NULL);
}

/* The main thread ----------------------------------------------------------------- */

static int on_door(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Virt *virt = userdata;

        for (int i = 0; i < EVENTS_AT_A_TIME; i++) {
                g_autoptr(GuestEvent) event = guest_door_pop(virt->door);

                if (!event)
                        break;
                if (event->kind == GUEST_FOUND)
                        virt_finder_answer(virt->finder, event);
                else
                        virt->listener(virt->userdata, event);
        }

        return 0;
}

static void set_metadata(void *userdata, const char *uuid, const char *xml) {
        virt_link_set_metadata(((Virt *)userdata)->link, uuid, xml);
}

static void redefine(void *userdata, const char *uuid, const char *xml) {
        virt_link_redefine(((Virt *)userdata)->link, uuid, xml);
}

static void follow_job(void *userdata, const char *uuid) {
        virt_link_follow_job(((Virt *)userdata)->link, uuid);
}

static void look_again(void *userdata, const char *uuid) {
        virt_link_look_again(((Virt *)userdata)->link, uuid);
}

static void find(void *userdata, const char *domain, GuestFinder answer, void *asker) {
        Virt *virt = userdata;

        virt_link_find(virt->link, domain, false, virt_finder_ask(virt->finder, answer, asker));
}

static void measure(void *userdata, const char *domain, GuestFinder answer, void *asker) {
        Virt *virt = userdata;

        virt_link_find(virt->link, domain, true, virt_finder_ask(virt->finder, answer, asker));
}

static void migrate(void *userdata, const MoveRequest *request) {
        Virt *virt = userdata;

        if (request->off)
                virt_cold_move(virt->uri, request, virt->door);
        else
                virt_mover_begin(virt->uri, request, virt->door);
}

static void abort_job(void *userdata, const char *uuid) {
        virt_link_abort_job(((Virt *)userdata)->link, uuid);
}

static void unplug(void *userdata, const UnplugRequest *request) {
        virt_link_unplug(((Virt *)userdata)->link, request);
}

static void plug(void *userdata, const char *uuid, const char *const *elements) {
        Virt *virt = userdata;

        virt_plugger_plug(virt->uri, uuid, elements, virt->door);
}

static void shut_down(void *userdata, const char *uuid, const char *metadata, unsigned timeout_ms) {
        Virt *virt = userdata;

        virt_cold_shut_down(virt->uri, uuid, metadata, timeout_ms, virt->door);
}

static void start(void *userdata, const char *uuid) {
        Virt *virt = userdata;

        virt_cold_start(virt->uri, uuid, virt->door);
}

static void tune(void *userdata, const char *uuid, const GPtrArray *steps) {
        Virt *virt = userdata;

        virt_tune(virt->uri, uuid, steps, virt->door);
}

static void raise_max_downtime(void *userdata, const char *uuid, int64_t downtime_ms) {
        virt_link_raise_max_downtime(((Virt *)userdata)->link, uuid, downtime_ms);
}

static void set_stats_period(void *userdata, const char *uuid, unsigned period) {
        virt_link_set_stats_period(((Virt *)userdata)->link, uuid, period);
}

static void sample(void *userdata) {
        virt_link_sample(((Virt *)userdata)->link);
}

static const VirtOps virt_ops = {
        .set_metadata = set_metadata,
        .redefine = redefine,
        .follow_job = follow_job,
        .look_again = look_again,
        .find = find,
        .measure = measure,
        .migrate = migrate,
        .abort_job = abort_job,
        .unplug = unplug,
        .plug = plug,
        .shut_down = shut_down,
        .start = start,
        .tune = tune,
        .raise_max_downtime = raise_max_downtime,
        .set_stats_period = set_stats_period,
        .sample = sample,
};

const VirtOps *virt_get_ops(const Virt *virt) {
        return &virt->ops;
}

unsigned long virt_get_version(const Virt *virt) {
        return virt_link_version(virt->link);
}

unsigned long virt_get_qemu_version(const Virt *virt) {
        return virt_link_qemu_version(virt->link);
}

int virt_new(sd_event *loop, const char *uri, VirtListener listener, void *userdata,
             Virt **ret_virt) {
        g_autoptr(Virt) virt = g_new0(Virt, 1);
        int r;

        virt->listener = listener;
        virt->userdata = userdata;
        virt->ops = virt_ops;
        virt->ops.userdata = virt;
        virt->uri = g_strdup(uri);
        virt->finder = virt_finder_new();

        virt->door = guest_door_new();
        if (!virt->door)
                return -errno;

        r = sd_event_add_io(loop, &virt->source, guest_door_fd(virt->door), EPOLLIN, on_door, virt);
        if (r < 0)
                return r;

        (void)pthread_once(&once, register_loop);
        if (registered < 0)
                return -EIO;

        virt->link = virt_link_new(uri, virt->door);
        r = start_thread(virt);
        if (r < 0)
                return r;

        virt_link_start(virt->link);
        *ret_virt = g_steal_pointer(&virt);
        return 0;
}

void virt_free(Virt *virt) {
        if (!virt)
                return;

        virt_link_stop(virt->link);
        stop_thread(virt);
        virt_link_free(virt->link);

        sd_event_source_disable_unref(virt->source);
        virt_finder_free(virt->finder);
        guest_door_unref(virt->door);
        g_free(virt->uri);
        g_free(virt);
}
