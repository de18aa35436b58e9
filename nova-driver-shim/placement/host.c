/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/host.h"

#include <errno.h>
#include <string.h>

#include "daemon/names.h"
#include "nova-driver-shim/placement/host-objects.h"
#include "nova-driver-shim/placement/pace.h"

#define LOOK_SEC 60

/* All is asked for at once and taken when all has come, in this order: objects say of devices what
 * headroom has not. */
typedef enum Question {
        QUESTION_HEADROOM,
        QUESTION_OBJECTS,
        QUESTION_DRAIN,
        _QUESTION_MAX,
} Question;

struct Host {
        sd_bus *bus;
        sd_bus_slot *signals[5];
        HostReply reply;
        void *userdata;
        Pace pace;
        sd_event_source *timer;
        bool soon; /* the timer is for a change, not for a look */
        sd_bus_slot *calls[_QUESTION_MAX];
        sd_bus_message *answers[_QUESTION_MAX];
        bool changed; /* since it was asked */
};

static void ask(Host *host);

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Host *host = userdata;

        host->timer = sd_event_source_disable_unref(host->timer);
        host->soon = false;
        ask(host);
        return 0;
}

static void look_in(Host *host, uint64_t usec, bool soon) {
        host->timer = sd_event_source_disable_unref(host->timer);
        host->soon = soon;
        (void)sd_event_add_time_relative(sd_bus_get_event(host->bus), &host->timer, CLOCK_MONOTONIC,
                                         usec, 0, on_time, host);
}

static bool is_asking(const Host *host) {
        for (Question i = 0; i < _QUESTION_MAX; i++)
                if (host->calls[i])
                        return true;
        return false;
}

static void drop_calls(Host *host) {
        for (Question i = 0; i < _QUESTION_MAX; i++) {
                host->calls[i] = sd_bus_slot_unref(host->calls[i]);
                host->answers[i] = sd_bus_message_unref(host->answers[i]);
        }
}

static void fail(Host *host, const char *reason) {
        g_autofree char *sentence = NULL;

        drop_calls(host);
        look_in(host, pace_after_failure(&host->pace, g_random_double()), false);
        sentence = g_strdup_printf("virtferryd does not tell how this host is: %s", reason);
        host->reply(host->userdata, NULL, sentence);
}

static int read_all(Host *host, HostState *state) {
        const char *drain;
        int r;

        r = host_objects_read_headroom(host->answers[QUESTION_HEADROOM], state);
        if (r >= 0)
                r = host_objects_read_managed(host->answers[QUESTION_OBJECTS], state);
        if (r >= 0)
                r = sd_bus_message_read(host->answers[QUESTION_DRAIN], "v", "s", &drain);
        if (r >= 0)
                state->closed = *drain;
        return r;
}

static void take(Host *host) {
        g_autoptr(HostState) state = host_state_new();
        int r;

        r = read_all(host, state);
        if (r < 0) {
                fail(host, strerror(-r));
                return;
        }

        drop_calls(host);
        pace_written(&host->pace);
        look_in(host,
                host->changed ? PACE_COALESCE_USEC : pace_heartbeat(LOOK_SEC, g_random_double()),
                host->changed);
        host->reply(host->userdata, g_steal_pointer(&state), NULL);
}

static int take_answer(Host *host, Question question, sd_bus_message *m) {
        const sd_bus_error *error = sd_bus_message_get_error(m);

        host->calls[question] = sd_bus_slot_unref(host->calls[question]);
        if (error) {
                fail(host, error->message);
                return 0;
        }

        host->answers[question] = sd_bus_message_ref(m);
        if (!is_asking(host))
                take(host);
        return 0;
}

static int on_headroom(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        return take_answer(userdata, QUESTION_HEADROOM, m);
}

static int on_objects(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        return take_answer(userdata, QUESTION_OBJECTS, m);
}

static int on_drain(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        return take_answer(userdata, QUESTION_DRAIN, m);
}

/* An operator who has stopped it wants it stopped. */
static int call(Host *host, Question question, const char *interface, const char *method,
                const char *of, const char *property, sd_bus_message_handler_t handler) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(host->bus, &m, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                           interface, method);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0 && property)
                r = sd_bus_message_append(m, "ss", of, property);
        return r < 0 ? r
                     : sd_bus_call_async(host->bus, &host->calls[question], m, handler, host, 0);
}

static void ask(Host *host) {
        int r;

        host->changed = false;
        r = call(host, QUESTION_HEADROOM, FERRY_INTERFACE_MANAGER, "ListHeadroom", NULL, NULL,
                 on_headroom);
        if (r >= 0)
                r = call(host, QUESTION_OBJECTS, "org.freedesktop.DBus.ObjectManager",
                         "GetManagedObjects", NULL, NULL, on_objects);
        if (r >= 0)
                r = call(host, QUESTION_DRAIN, "org.freedesktop.DBus.Properties", "Get",
                         FERRY_INTERFACE_MANAGER, "DrainState", on_drain);
        if (r < 0)
                fail(host, strerror(-r));
}

/* The first of several changes starts the clock, so that the last one is not late. */
static int on_change(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Host *host = userdata;

        host->changed = true;
        if (!host->soon && !is_asking(host))
                look_in(host, PACE_COALESCE_USEC, true);
        return 0;
}

/* One that is restarted is back in a moment. */
static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        const char *name, *before, *now;
        Host *host = userdata;

        if (sd_bus_message_read(m, "sss", &name, &before, &now) < 0)
                return 0;

        drop_calls(host);
        if (*now)
                host->pace = (Pace){ 0 };
        look_in(host, *now ? PACE_COALESCE_USEC : pace_after_failure(&host->pace, 1), true);
        return 0;
}

#define PROPERTIES                                                              \
        "type='signal',sender='" FERRY_BUS_NAME "',member='PropertiesChanged'," \
        "interface='org.freedesktop.DBus.Properties',arg0="
#define OBJECTS                                      \
        "type='signal',sender='" FERRY_BUS_NAME "'," \
        "interface='org.freedesktop.DBus.ObjectManager'"
#define OWNER                                                                    \
        "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'," \
        "interface='org.freedesktop.DBus',arg0='" FERRY_BUS_NAME "'"

static int listen(Host *host) {
        static const struct {
                const char *match;
                sd_bus_message_handler_t handler;
        } matches[] = {
                { PROPERTIES "'" FERRY_INTERFACE_DEVICE "'", on_change },
                { PROPERTIES "'" FERRY_INTERFACE_SLICE "'", on_change },
                { PROPERTIES "'" FERRY_INTERFACE_MANAGER "'", on_change },
                { OBJECTS, on_change },
                { OWNER, on_owner },
        };
        int r = 0;

        G_STATIC_ASSERT(G_N_ELEMENTS(matches) == G_N_ELEMENTS(host->signals));
        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(matches); i++)
                r = sd_bus_add_match_async(host->bus, &host->signals[i], matches[i].match,
                                           matches[i].handler, NULL, host);
        return r;
}

int host_new(sd_bus *bus, HostReply reply, void *userdata, Host **ret_host) {
        g_autoptr(Host) host = g_new0(Host, 1);
        int r;

        host->bus = sd_bus_ref(bus);
        host->reply = reply;
        host->userdata = userdata;
        r = listen(host);
        if (r < 0)
                return r;

        look_in(host, 0, true);
        *ret_host = g_steal_pointer(&host);
        return 0;
}

void host_free(Host *host) {
        if (!host)
                return;

        drop_calls(host);
        sd_event_source_disable_unref(host->timer);
        for (size_t i = 0; i < G_N_ELEMENTS(host->signals); i++)
                sd_bus_slot_unref(host->signals[i]);
        sd_bus_unref(host->bus);
        g_free(host);
}
