/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output.h"
#include "cli/text-file.h"
#include "cli/text.h"
#include "daemon/names.h"

#define REPLY   "(sa(ssbssds))"
#define XML_MAX (4u * 1024 * 1024) /* the daemon takes no more */

static const Column columns[] = {
        { "HOST" }, { "HEADROOM" }, { "LEFT", true }, { "URI" }, { NULL },
};

static const Column reason_columns[] = { { "HOST" }, { "FITS" }, { "REASON" }, { NULL } };

static const char *const names[] = { "Host",     "Uri",  "Fits",   "Rule",
                                     "Headroom", "Left", "Reason", NULL };

/* A file, or the guest of this name as its host has it. */
static char *read_guest(Client *client, const char *what, GError **error) {
        const char *const strings[] = { what, NULL };
        g_autoptr(GVariant) reply = NULL;
        char *xml;

        if (strcmp(what, "-") == 0 || strchr(what, '/') || g_str_has_suffix(what, ".xml"))
                return text_file_read(what, XML_MAX, "a domain or a hardware slice", error);

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "CheckGuest", "(ssa(sss))", strings,
                           error);
        if (!reply)
                return NULL;

        g_variant_get(reply, "(&ss@a(sss))", NULL, &xml, NULL);
        return xml;
}

static void add_fitting(Table *table, const char *host, const char *uri, const char *headroom,
                        double left) {
        g_autofree char *clean_host = text_clean(host), *clean_uri = text_clean(uri);

        table_add(table, STYLE_NONE, "%s", clean_host);
        table_add(table, STYLE_NONE, "%s", headroom);
        table_add(table, STYLE_NONE, "%.0f %%", left);
        table_add(table, STYLE_NONE, "%s", clean_uri);
}

/* It begins with the host, as any sentence of a host does. */
static void add_reason(Table *table, const char *host, bool fits, const char *reason) {
        g_autofree char *clean_host = text_clean(host), *clean_reason = text_clean(reason);
        const char *colon = strstr(clean_reason, ": ");

        table_add(table, STYLE_NONE, "%s", clean_host);
        table_add(table, fits ? STYLE_GOOD : STYLE_BAD, "%s", fits ? "yes" : "no");
        table_add(table, STYLE_NONE, "%s", colon ? colon + 2 : clean_reason);
}

static bool add_hosts(Table *table, GVariant *hosts, bool explain) {
        const char *host, *uri, *headroom, *reason;
        bool any = false;
        gboolean fits;
        GVariantIter iter;
        double left;

        g_variant_iter_init(&iter, hosts);
        while (g_variant_iter_next(&iter, "(&s&sb&s&sd&s)", &host, &uri, &fits, NULL, &headroom,
                                   &left, &reason)) {
                any = any || fits;
                if (explain)
                        add_reason(table, host, fits, reason);
                else if (fits)
                        add_fitting(table, host, uri, headroom, left);
        }
        return any;
}

static int show(const Options *options, GVariant *reply) {
        g_autoptr(Table) table = table_new(options->explain ? reason_columns : columns);
        g_autoptr(GVariant) hosts = NULL;
        const char *guest;
        bool any;

        g_variant_get(reply, "(&s@a(ssbssds))", &guest, &hosts);
        any = add_hosts(table, hosts, options->explain);
        if (options->json)
                output_json(g_variant_new_parsed("{'Guest': <%s>, 'Hosts': <%@aa{sv}>}", guest,
                                                 rows_named(hosts, names)));
        else
                output_table(options, table,
                             options->explain ? "The cluster has no hosts."
                                              : "No host fits: --explain says why.");
        return any ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}

int cmd_place(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(Client) client = NULL;
        const char *strings[2] = { NULL };
        g_autofree char *xml = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        xml = read_guest(client, arguments[0], error);
        if (!xml)
                return -1;

        strings[0] = xml;
        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "Place", REPLY, strings, error);
        return reply ? show(options, reply) : -1;
}
