/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/output.h"
#include "daemon/names.h"

static const Column columns[] = {
        { "CLASS" }, { "PARENT" }, { "TYPE" }, { "NAME" }, { "LEFT", true }, { "POOL" }, { NULL },
};

static const char *const names[] = { "Class", "Parent", "Type", "Name", "Left", "Pool", NULL };

static void add_offers(Table *table, GVariant *offers) {
        const char *class_name, *parent, *type, *name, *pool;
        GVariantIter iter;
        uint32_t left;

        g_variant_iter_init(&iter, offers);
        while (g_variant_iter_next(&iter, "(&s&s&s&su&s)", &class_name, &parent, &type, &name,
                                   &left, &pool)) {
                table_add(table, STYLE_NONE, "%s", class_name);
                table_add(table, STYLE_NONE, "%s", parent);
                table_add(table, STYLE_NONE, "%s", type);
                table_add(table, STYLE_NONE, "%s", name);
                table_add(table, STYLE_NONE, "%u", left);
                table_add(table, STYLE_NONE, "%s", pool);
        }
}

int cmd_offers(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GVariant) reply = NULL, offers = NULL;
        g_autoptr(Client) client = NULL;
        g_autoptr(Table) table = table_new(columns);

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListOffers", "(a(ssssus))", NULL,
                           error);
        if (!reply)
                return -1;

        offers = g_variant_get_child_value(reply, 0);
        if (options->json) {
                output_json(rows_named(offers, names));
                return EXIT_STATUS_OK;
        }

        add_offers(table, offers);
        output_table(options, table, "No parent on this host can make a device.");
        return EXIT_STATUS_OK;
}
