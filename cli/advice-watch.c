/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/advice.h"
#include "cli/follow.h"
#include "cli/output.h"
#include "daemon/names.h"

typedef struct Watch {
        const Options *options;
        Client *client;
        Follow follow;
        GPtrArray *advice; /* Object */
} Watch;

static void show(const Watch *watch, const Object *advice) {
        if (watch->options->json)
                output_json_line(advice->properties);
        else
                advice_print(advice);
        (void)fflush(stdout);
}

static void show_gone(const Watch *watch, const Object *advice) {
        const char *id = object_string(advice, "Id");

        if (watch->options->json)
                output_json_line(g_variant_new_parsed("{'Id': <%s>, 'Withdrawn': <true>}", id));
        else
                printf("%s: not advised any more\n", id);
        (void)fflush(stdout);
}

/* Those of one list that the other has not. */
static void show_difference(const Watch *watch, const GPtrArray *of, const GPtrArray *without,
                            void (*shows)(const Watch *, const Object *)) {
        for (guint i = 0; i < of->len; i++) {
                const Object *advice = of->pdata[i];

                if (!objects_find(without, advice->path))
                        shows(watch, advice);
        }
}

/* A daemon that was started anew begins with other numbers, and what it said before is gone. */
static bool refresh(void *userdata, GError **error) {
        Watch *watch = userdata;
        GPtrArray *now = advice_objects(watch->client, error);

        if (!now)
                return false;

        show_difference(watch, watch->advice, now, show_gone);
        show_difference(watch, now, watch->advice, show);
        g_ptr_array_unref(watch->advice);
        watch->advice = now;
        return true;
}

/* The figures of each round are no news to a person. */
static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Watch *watch = userdata;
        const Object *advice;

        if (follow_is_old(&watch->follow, m))
                return 0;

        advice = objects_changed(watch->advice, m);
        if (advice && watch->options->json)
                show(watch, advice);
        return 0;
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        g_autoptr(Object) advice = NULL;
        Watch *watch = userdata;

        if (follow_is_old(&watch->follow, m))
                return 0;

        advice = object_new_added(m, FERRY_INTERFACE_ADVICE);
        if (!advice || objects_find(watch->advice, advice->path))
                return 0;

        show(watch, advice);
        g_ptr_array_add(watch->advice, g_steal_pointer(&advice));
        return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Watch *watch = userdata;
        const char *path;
        Object *advice;

        if (follow_is_old(&watch->follow, m) || sd_bus_message_read(m, "o", &path) <= 0)
                return 0;

        advice = objects_find(watch->advice, path);
        if (advice) {
                show_gone(watch, advice);
                g_ptr_array_remove(watch->advice, advice);
        }
        return 0;
}

static bool on_interrupt(void *userdata) {
        return true;
}

static const FollowMatch matches[] = {
        { "type='signal',sender='" FERRY_BUS_NAME "',member='PropertiesChanged',"
          "interface='org.freedesktop.DBus.Properties',arg0='" FERRY_INTERFACE_ADVICE "'",
          on_changed },
        { "type='signal',sender='" FERRY_BUS_NAME "',member='InterfacesAdded',"
          "interface='org.freedesktop.DBus.ObjectManager'",
          on_added },
        { "type='signal',sender='" FERRY_BUS_NAME "',member='InterfacesRemoved',"
          "interface='org.freedesktop.DBus.ObjectManager'",
          on_removed },
        { NULL },
};

/* Listens first and looks then, so that nothing is missed between the two. */
int advice_watch(const Options *options, Client *client, GError **error) {
        static const FollowCalls calls = { refresh, on_interrupt };
        Watch watch = {
                .options = options,
                .client = client,
                .advice = g_ptr_array_new_with_free_func((GDestroyNotify)object_free),
        };
        bool good;

        good = follow_open(&watch.follow, client, &calls, matches, &watch, error) &&
               refresh(&watch, error);
        if (good && output_is_terminal() && !options->no_legend)
                fputs("Following advice until Ctrl-C.\n", stderr);
        good = good && follow_run(&watch.follow, error);
        follow_close(&watch.follow);
        g_ptr_array_unref(watch.advice);
        return good ? EXIT_STATUS_OK : -1;
}
