/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/hosts.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

#define REPLY "(sa(sbbtsssss))"

static const Column columns[] = {
        { "HOST" },    { "STATE" },    { "SINCE" }, { "VERSION" }, { "QEMU" },
        { "LIBVIRT" }, { "HEADROOM" }, { "URI" },   { NULL },
};

static const char *const names[] = { "Name", "Alive",   "Drained",  "SinceUSec", "Version",
                                     "Qemu", "Libvirt", "Headroom", "Uri",       NULL };

static void add_state(Table *table, bool alive, bool drained) {
        if (!alive)
                table_add(table, drained ? STYLE_BUSY : STYLE_BAD,
                          drained ? "away, drained" : "away");
        else
                table_add(table, drained ? STYLE_BUSY : STYLE_GOOD, drained ? "drained" : "alive");
}

/* What another host has told of itself. */
static void add_clean(Table *table, const char *text) {
        g_autofree char *clean = text_clean(text);

        table_add(table, STYLE_NONE, "%s", clean);
}

static Table *make_table(GVariant *rows) {
        const char *name, *version, *qemu, *libvirt, *headroom, *uri;
        Table *table = table_new(columns);
        gboolean alive, drained;
        GVariantIter iter;
        guint64 since;

        g_variant_iter_init(&iter, rows);
        while (g_variant_iter_next(&iter, "(&sbbt&s&s&s&s&s)", &name, &alive, &drained, &since,
                                   &version, &qemu, &libvirt, &headroom, &uri)) {
                g_autofree char *time = text_time((int64_t)since);

                add_clean(table, name);
                add_state(table, alive, drained);
                table_add(table, STYLE_NONE, "%s", time);
                add_clean(table, version);
                add_clean(table, qemu);
                add_clean(table, libvirt);
                add_clean(table, headroom);
                add_clean(table, uri);
        }
        return table;
}

static int list(const Options *options, Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL, rows = NULL;
        g_autoptr(Table) table = NULL;
        const char *away;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListHosts", REPLY, NULL, error);
        if (!reply)
                return -1;

        g_variant_get(reply, "(&s@a(sbbtsssss))", &away, &rows);
        if (options->json) {
                output_json(g_variant_new_parsed("{'Away': <%s>, 'Hosts': <%@aa{sv}>}", away,
                                                 rows_named(rows, names)));
                return EXIT_STATUS_OK;
        }

        table = make_table(rows);
        output_table(options, table, "No hosts.");
        if (*away && !options->no_legend)
                fprintf(stderr, "virt-ferry: This is how it was before etcd was away: %s\n", away);
        return EXIT_STATUS_OK;
}

int cmd_hosts(const Options *options, char *const *arguments, GError **error) {
        const char *const host[] = { arguments[0] ? arguments[1] : NULL, NULL };
        g_autoptr(Client) client = NULL;
        bool limit = arguments[0] && strcmp(arguments[0], "limit") == 0 && !arguments[1];
        bool offers = arguments[0] && strcmp(arguments[0], "offers") == 0;
        int status;

        if (arguments[0] && !limit && !offers &&
            (strcmp(arguments[0], "forget") != 0 || !arguments[1]))
                return output_usage("'hosts' takes nothing, offers, limit, or forget and a HOST");
        if (!limit && (options->together || options->per_host))
                return output_usage("--together and --per-host are of 'hosts limit'");
        status = hosts_limit_check(options);
        if (status != EXIT_STATUS_OK)
                return status;

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (!arguments[0])
                return list(options, client, error);
        if (offers)
                return hosts_offers(options, client, arguments[1], error);
        if (limit)
                return hosts_limit(options, client, error);

        return client_act(client, "ForgetHost", host, error) ? EXIT_STATUS_OK : -1;
}
