/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/hosts.h"

#include <inttypes.h>

#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

#define PROMISES "a(sssxt)"
#define REPLY    "(a(ssx" PROMISES "))"

static const Column columns[] = { { "HOST" },           { "RESOURCE" }, { "OFFERED", true },
                                  { "PROMISED", true }, { "TO" },       { "BY" },
                                  { "SINCE" },          { NULL } };

static const char *const promise_names[] = { "Domain", "By", "Nonce", "Amount", "SinceUSec", NULL };

/* What another host has told. */
static void add_clean(Table *table, const char *text) {
        g_autofree char *clean = text_clean(text);

        table_add(table, STYLE_NONE, "%s", clean);
}

static void add_lot(Table *table, const char *host, const char *resource, int64_t offered,
                    int64_t promised) {
        add_clean(table, host);
        add_clean(table, resource);
        table_add(table, STYLE_NONE, "%" PRId64, offered);
        table_add(table, promised > 0 ? STYLE_BUSY : STYLE_NONE, "%" PRId64, promised);
}

static void add_nobody(Table *table) {
        for (int i = 0; i < 3; i++)
                table_add(table, STYLE_NONE, "%s", "-");
}

static void add_promise(Table *table, const char *domain, const char *by, uint64_t since) {
        g_autofree char *time = text_time((int64_t)since);

        add_clean(table, domain);
        add_clean(table, by);
        table_add(table, STYLE_NONE, "%s", time);
}

/* A line for each promise, or one. */
static void add_lines(Table *table, GVariant *row) {
        g_autoptr(GVariant) promises = g_variant_get_child_value(row, 3);
        const char *host, *resource, *domain, *by;
        int64_t offered, promised;
        GVariantIter iter;
        guint64 since;

        g_variant_get(row, "(&s&sx@" PROMISES ")", &host, &resource, &offered, NULL);
        if (g_variant_iter_init(&iter, promises) == 0) {
                add_lot(table, host, resource, offered, 0);
                add_nobody(table);
        }
        while (g_variant_iter_next(&iter, "(&s&s&sxt)", &domain, &by, NULL, &promised, &since)) {
                add_lot(table, host, resource, offered, promised);
                add_promise(table, domain, by, since);
        }
}

static Table *make_table(GVariant *rows) {
        Table *table = table_new(columns);

        for (size_t i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);

                add_lines(table, row);
        }
        return table;
}

static GVariant *make_json(GVariant *rows) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
        for (size_t i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                g_autoptr(GVariant) promises = NULL;
                const char *host, *resource;
                int64_t offered;

                g_variant_get(row, "(&s&sx@" PROMISES ")", &host, &resource, &offered, &promises);
                g_variant_builder_add_value(
                        &builder, g_variant_new_parsed("{'Host': <%s>, 'Resource': <%s>, "
                                                       "'Offered': <%x>, 'Promised': <%@aa{sv}>}",
                                                       host, resource, offered,
                                                       rows_named(promises, promise_names)));
        }
        return g_variant_builder_end(&builder);
}

int hosts_offers(const Options *options, Client *client, const char *host, GError **error) {
        const char *const strings[] = { host ?: "", NULL };
        g_autoptr(GVariant) reply = NULL, rows = NULL;
        g_autoptr(Table) table = NULL;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListHostOffers", REPLY, strings,
                           error);
        if (!reply)
                return -1;

        rows = g_variant_get_child_value(reply, 0);
        if (options->json) {
                output_json(make_json(rows));
                return EXIT_STATUS_OK;
        }

        table = make_table(rows);
        output_table(options, table, "Nothing is offered.");
        return EXIT_STATUS_OK;
}
