/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/drain-follow.h"

#include <stdio.h>
#include <string.h>

#include "cli/follow.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/value.h"
#include "daemon/names.h"

#define GUESTS "a(sssss)"

/* As the bus has it; strings are borrowed from the drain's. */
typedef struct Guest {
        const char *uuid, *name, *destination, *state, *reason;
} Guest;

typedef struct Drain {
        const Options *options;
        Client *client;
        Follow follow;
        char *state;       /* NULL not heard yet */
        GVariant *guests;  /* GUESTS */
        GHashTable *shown; /* UUID → the line that was shown last */
        bool colours;
        bool left_alone;
} Drain;

static const char *const names[] = { "UUID", "Name", "Destination", "State", "Reason", NULL };

static bool is(const char *word, const char *other) {
        return strcmp(word, other) == 0;
}

static Guest guest_at(const Drain *drain, size_t i) {
        Guest guest;

        g_variant_get_child(drain->guests, i, "(&s&s&s&s&s)", &guest.uuid, &guest.name,
                            &guest.destination, &guest.state, &guest.reason);
        return guest;
}

static Style style_of(const Guest *guest) {
        return is(guest->state, "left")     ? STYLE_GOOD
               : is(guest->state, "stayed") ? STYLE_BAD
               : is(guest->state, "moving") ? STYLE_BUSY
                                            : STYLE_FAINT;
}

/* Changes ------------------------------------------------------------------------- */

/* "g1: moving to qemu+ssh://c/system (qemu+ssh://b/system: no VF is left)". New; NULL of a guest
 * whose turn has not come. */
static char *line_of(const Guest *guest) {
        g_autoptr(GString) line = g_string_new(NULL);
        bool waits = is(guest->state, "waiting"), moves = is(guest->state, "moving");

        if (waits && !*guest->reason)
                return NULL;

        g_string_printf(line, "%s: %s", guest->name, guest->state);
        if (!waits && *guest->destination)
                g_string_append_printf(line, " %s %s", moves ? "to" : "for", guest->destination);
        if (*guest->reason)
                g_string_append_printf(line, moves ? " (%s)" : ": %s", guest->reason);
        return text_clean(line->str);
}

static void show_json(const Drain *drain, size_t i) {
        g_autoptr(GVariant) row = g_variant_get_child_value(drain->guests, i);
        g_autoptr(GVariant) rows = g_variant_ref_sink(g_variant_new_array(NULL, &row, 1));
        g_autoptr(GVariant) named = g_variant_ref_sink(rows_named(rows, names));
        g_autoptr(GVariant) guest = g_variant_get_child_value(named, 0);

        output_json_line(guest);
}

static void show_guest(Drain *drain, size_t i) {
        const Guest guest = guest_at(drain, i);
        g_autofree char *line = line_of(&guest);

        if (!line || g_strcmp0(g_hash_table_lookup(drain->shown, guest.uuid), line) == 0)
                return;

        if (drain->options->json)
                show_json(drain, i);
        else
                printf("%s%s%s\n", style_on(style_of(&guest), drain->colours), line,
                       style_off(style_of(&guest), drain->colours));
        (void)fflush(stdout);
        g_hash_table_insert(drain->shown, g_strdup(guest.uuid), g_steal_pointer(&line));
}

/* What `properties` (a{sv}) have of it. */
static void take(Drain *drain, GVariant *properties) {
        g_autoptr(GVariant)
                guests = g_variant_lookup_value(properties, "DrainGuests", G_VARIANT_TYPE(GUESTS));
        char *state;

        if (!guests || !g_variant_lookup(properties, "DrainState", "s", &state))
                return;

        g_free(drain->state);
        drain->state = state;
        g_clear_pointer(&drain->guests, g_variant_unref);
        drain->guests = g_steal_pointer(&guests);
        (void)g_variant_get_data(drain->guests); /* in one piece, from which strings are borrowed */
        for (size_t i = 0; i < g_variant_n_children(drain->guests); i++)
                show_guest(drain, i);
        if (!is(state, "draining"))
                follow_stop(&drain->follow);
}

static bool refresh(void *userdata, GError **error) {
        const char *const interface[] = { FERRY_INTERFACE_MANAGER, NULL };
        g_autoptr(GVariant) reply = NULL, properties = NULL;
        Drain *drain = userdata;

        reply = client_ask(drain->client, "org.freedesktop.DBus.Properties", "GetAll", "(a{sv})",
                           interface, error);
        if (!reply)
                return false;

        properties = g_variant_get_child_value(reply, 0);
        take(drain, properties);
        return true;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        g_autoptr(GVariant) arguments = NULL, changed = NULL;
        Drain *drain = userdata;

        if (follow_is_old(&drain->follow, m) || value_read_rest(m, &arguments) < 0 ||
            !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
                return 0;

        changed = g_variant_get_child_value(arguments, 1);
        take(drain, changed);
        return 0;
}

static bool on_interrupt(void *userdata) {
        Drain *drain = userdata;

        drain->left_alone = true;
        fprintf(stderr, "\nThe drain goes on: 'virt-ferry %s%s%sundrain' ends it.\n",
                drain->client->host ? "-H " : "", drain->client->host ?: "",
                drain->client->host ? " " : "");
        return true;
}

/* The end ------------------------------------------------------------------------- */

static void print_table(const Drain *drain) {
        static const Column columns[] = {
                { "GUEST" }, { "STATE" }, { "DESTINATION" }, { "REASON" }, { NULL }
        };
        g_autoptr(Table) table = table_new(columns);

        for (size_t i = 0; i < g_variant_n_children(drain->guests); i++) {
                const Guest guest = guest_at(drain, i);

                table_add(table, STYLE_NONE, "%s", guest.name);
                table_add(table, style_of(&guest), "%s", guest.state);
                table_add(table, STYLE_NONE, "%s", guest.destination);
                table_add(table, STYLE_NONE, "%s", guest.reason);
        }
        if (!table_is_empty(table))
                output_table(drain->options, table, "");
}

static void print_verdict(const Drain *drain) {
        size_t n_stayed = 0;

        for (size_t i = 0; i < g_variant_n_children(drain->guests); i++)
                n_stayed += is(guest_at(drain, i).state, "stayed");

        if (n_stayed > 0)
                printf("The host is not empty: %zu of %zu guests have stayed.\n", n_stayed,
                       g_variant_n_children(drain->guests));
        else
                puts("The host is empty, and takes no guest until 'virt-ferry undrain'.");
}

static int conclude(const Drain *drain) {
        if (drain->left_alone)
                return EXIT_STATUS_NO;
        if (!*drain->state) {
                fputs("virt-ferry: the drain was ended by 'virt-ferry undrain'\n", stderr);
                return EXIT_STATUS_NO;
        }

        if (drain->options->json)
                output_json_line(g_variant_new_parsed("{'State': <%s>, 'Guests': <%@aa{sv}>}",
                                                      drain->state,
                                                      rows_named(drain->guests, names)));
        else
                print_table(drain);
        if (!drain->options->json && !drain->options->no_legend)
                print_verdict(drain);
        return is(drain->state, "drained") ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}

static void drain_done(Drain *drain) {
        follow_close(&drain->follow);
        g_hash_table_unref(drain->shown);
        g_clear_pointer(&drain->guests, g_variant_unref);
        g_free(drain->state);
}

int drain_follow(const Options *options, Client *client, DrainBegin begin, void *userdata,
                 GError **error) {
        static const FollowCalls calls = { refresh, on_interrupt };
        static const FollowMatch matches[] = {
                { "type='signal',sender='" FERRY_BUS_NAME "',member='PropertiesChanged',"
                  "interface='org.freedesktop.DBus.Properties',path='" FERRY_OBJECT_ROOT
                  "',arg0='" FERRY_INTERFACE_MANAGER "'",
                  on_changed },
                { NULL },
        };
        Drain drain = {
                .options = options,
                .client = client,
                .shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                .colours = output_has_colours(),
        };
        int status = -1;

        if (follow_open(&drain.follow, client, &calls, matches, &drain, error) &&
            begin(client, userdata, error) && refresh(&drain, error) &&
            follow_run(&drain.follow, error))
                status = conclude(&drain);
        drain_done(&drain);
        return status;
}
