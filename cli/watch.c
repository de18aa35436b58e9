/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch.h"

#include <stdio.h>
#include <string.h>

#include "cli/follow.h"
#include "cli/migration-view.h"
#include "cli/output.h"
#include "daemon/names.h"

#define FIGURES_USEC G_USEC_PER_SEC

/* A terminal shows one line of progress, which is written anew until something else is to say.
 * Elsewhere each change is a line. */
typedef struct Watch {
        const Options *options;
        Client *client;
        Follow follow;
        GPtrArray *migrations; /* Object */
        GHashTable *shown;     /* path → the line that was shown last */
        bool live;             /* on a terminal */
        bool colours;
        bool on_progress_line;
        char *only;    /* path of the one that is followed; NULL: all */
        bool stopping; /* the daemon was asked to stop it */
        bool late;     /* the last figures are not waited for any more */
} Watch;

static bool is_shown(const Watch *watch, const char *path) {
        return !watch->only || strcmp(watch->only, path) == 0;
}

static void show(Watch *watch, const Object *migration);

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        Watch *watch = userdata;
        const Object *migration = objects_find(watch->migrations, watch->only);

        watch->late = true;
        if (migration)
                show(watch, migration);
        else
                follow_stop(&watch->follow);
        return 0;
}

/* The end of the one that is followed. libvirt tells its downtime a moment after. */
static bool ends(Watch *watch, const Object *migration) {
        if (watch->late || strcmp(object_string(migration, "State"), "finished") != 0 ||
            object_int(migration, "DowntimeMSec") >= 0) {
                follow_stop(&watch->follow);
                return true;
        }

        (void)sd_event_add_time_relative(watch->follow.event, NULL, CLOCK_MONOTONIC, FIGURES_USEC,
                                         0, on_late, watch);
        return false;
}

static void show(Watch *watch, const Object *migration) {
        g_autofree char *line = migration_line(migration);
        const Style style = migration_style(migration);
        bool in_place = watch->live && migration_percent(migration) >= 0;

        if (!is_shown(watch, migration->path) ||
            g_strcmp0(g_hash_table_lookup(watch->shown, migration->path), line) == 0)
                return;
        if (watch->only && migration_has_ended(migration) && !ends(watch, migration))
                return;

        if (watch->options->json)
                output_json_line(migration->properties);
        else {
                printf("%s%s%s%s%s", watch->on_progress_line ? "\r\033[K" : "",
                       style_on(style, watch->colours), line, style_off(style, watch->colours),
                       in_place ? "" : "\n");
                watch->on_progress_line = in_place;
                (void)fflush(stdout);
        }
        g_hash_table_insert(watch->shown, g_strdup(migration->path), g_steal_pointer(&line));
}

/* The first time, what has ended already is history and not shown. */
static bool refresh(Watch *watch, bool first, GError **error) {
        g_autoptr(GVariant) managed = objects_get(watch->client, error);

        if (!managed)
                return false;

        g_clear_pointer(&watch->migrations, g_ptr_array_unref);
        watch->migrations = objects_list(managed, FERRY_INTERFACE_MIGRATION,
                                         migration_compare_start);
        for (unsigned i = 0; i < watch->migrations->len; i++) {
                Object *migration = watch->migrations->pdata[i];

                if (first && !watch->only && migration_has_ended(migration))
                        g_hash_table_insert(watch->shown, g_strdup(migration->path),
                                            migration_line(migration));
                show(watch, migration);
        }
        return true;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Watch *watch = userdata;
        const Object *migration;

        if (follow_is_old(&watch->follow, m))
                return 0;

        migration = objects_changed(watch->migrations, m);
        if (migration)
                show(watch, migration);
        return 0;
}

static void forget(Watch *watch, const char *path) {
        Object *migration = objects_find(watch->migrations, path);

        if (migration)
                g_ptr_array_remove(watch->migrations, migration);
        g_hash_table_remove(watch->shown, path);
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Watch *watch = userdata;
        Object *migration;

        if (follow_is_old(&watch->follow, m))
                return 0;

        migration = object_new_added(m, FERRY_INTERFACE_MIGRATION);
        if (!migration)
                return 0;

        forget(watch, migration->path);
        g_ptr_array_add(watch->migrations, migration);
        show(watch, migration);
        return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        const Watch *watch = userdata;
        const char *path;

        if (!follow_is_old(&watch->follow, m) && sd_bus_message_read(m, "o", &path) > 0)
                forget(userdata, path);
        return 0;
}

static const FollowMatch matches[] = {
        { "type='signal',sender='" FERRY_BUS_NAME "',member='PropertiesChanged',"
          "interface='org.freedesktop.DBus.Properties',arg0='" FERRY_INTERFACE_MIGRATION "'",
          on_changed },
        { "type='signal',sender='" FERRY_BUS_NAME "',member='InterfacesAdded',"
          "interface='org.freedesktop.DBus.ObjectManager'",
          on_added },
        { "type='signal',sender='" FERRY_BUS_NAME "',member='InterfacesRemoved',"
          "interface='org.freedesktop.DBus.ObjectManager'",
          on_removed },
        { NULL },
};

static bool on_back(void *userdata, GError **error) {
        return refresh(userdata, false, error);
}

static int on_stopped(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e)
                fprintf(stderr, "virt-ferry: %s\n", e->message);
        return 0;
}

/* The first one asks the daemon to stop the move that is followed, whose end is waited for. */
static bool on_interrupt(void *userdata) {
        Watch *watch = userdata;

        if (!watch->only || watch->stopping)
                return true;

        watch->stopping = true;
        fputs("\nStopping the migration; once more leaves it alone.\n", stderr);
        return sd_bus_call_method_async(watch->client->bus, NULL, FERRY_BUS_NAME, watch->only,
                                        FERRY_INTERFACE_MIGRATION, "Abort", on_stopped, watch,
                                        NULL) < 0;
}

static bool listen_to_bus(Watch *watch, GError **error) {
        static const FollowCalls calls = { on_back, on_interrupt };

        return follow_open(&watch->follow, watch->client, &calls, matches, watch, error);
}

static bool follow(Watch *watch, GError **error) {
        bool good;

        if (watch->live && !watch->options->no_legend && !watch->only)
                fputs("Following migrations until Ctrl-C.\n", stderr);
        good = follow_run(&watch->follow, error);
        if (watch->on_progress_line)
                putchar('\n');
        return good;
}

static void watch_begin(Watch *watch, const Options *options, Client *client) {
        *watch = (Watch){
                .options = options,
                .client = client,
                .shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                .live = output_is_terminal(),
                .colours = output_has_colours(),
        };
}

static void watch_end(Watch *watch) {
        follow_close(&watch->follow);
        g_hash_table_unref(watch->shown);
        g_clear_pointer(&watch->migrations, g_ptr_array_unref);
        g_free(watch->only);
}

/* Listens first and looks then, so that nothing is missed between the two. */
int watch_migrations(const Options *options, Client *client, GError **error) {
        Watch watch;
        bool good;

        watch_begin(&watch, options, client);
        good = listen_to_bus(&watch, error) && refresh(&watch, true, error) &&
               follow(&watch, error);
        watch_end(&watch);
        return good ? EXIT_STATUS_OK : -1;
}

static int outcome(const Watch *watch) {
        const Object *migration = objects_find(watch->migrations, watch->only);

        return migration && strcmp(object_string(migration, "State"), "finished") == 0
                       ? EXIT_STATUS_OK
                       : EXIT_STATUS_NO;
}

int watch_one_migration(const Options *options, Client *client, WatchBegin begin, void *userdata,
                        GError **error) {
        int status = -1;
        Watch watch;

        watch_begin(&watch, options, client);
        if (listen_to_bus(&watch, error)) {
                watch.only = begin(client, userdata, error);
                if (watch.only && refresh(&watch, true, error) && follow(&watch, error))
                        status = outcome(&watch);
        }
        watch_end(&watch);
        return status;
}
