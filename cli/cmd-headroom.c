/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

#define ROWS "a(ssssttts)"
#define MIB  UINT64_C(1048576)

static const Column columns[] = {
        { "WHERE" },          { "RESOURCE" },   { "TOTAL", true }, { "TAKEN", true },
        { "EXPECTED", true }, { "LEFT", true }, { "LEVEL" },       { NULL },
};

static const char *const names[] = { "Device", "Kind",     "Name",  "Resource", "Total",
                                     "Taken",  "Expected", "Level", NULL };

static Style style_of(const char *level) {
        if (strcmp(level, "high") == 0)
                return STYLE_GOOD;
        return strcmp(level, "med") == 0 ? STYLE_BUSY : STYLE_BAD;
}

/* What brings no unit of its own is counted. */
static void add_amount(Table *table, const char *resource, uint64_t amount) {
        g_autofree char *bytes = text_bytes(amount * MIB);

        if (strcmp(resource, "memory") == 0)
                table_add(table, STYLE_NONE, "%s", bytes);
        else if (strcmp(resource, "bandwidth") == 0)
                table_add(table, STYLE_NONE, "%" PRIu64 " Mbit/s", amount / 1000);
        else
                table_add(table, STYLE_NONE, "%" PRIu64, amount);
}

static uint64_t count_left(uint64_t total, uint64_t taken, uint64_t expected) {
        uint64_t free = total - MIN(taken, total);

        return free - MIN(expected, free);
}

static Table *make_table(GVariant *rows) {
        const char *name, *resource, *level;
        Table *table = table_new(columns);
        uint64_t total, taken, expected;
        GVariantIter iter;

        g_variant_iter_init(&iter, rows);
        while (g_variant_iter_next(&iter, "(&s&s&s&sttt&s)", NULL, NULL, &name, &resource, &total,
                                   &taken, &expected, &level)) {
                g_autofree char *where = text_clean(name), *what = text_clean(resource);
                g_autofree char *left = text_clean(level);

                table_add(table, STYLE_NONE, "%s", where);
                table_add(table, STYLE_NONE, "%s", what);
                add_amount(table, resource, total);
                add_amount(table, resource, taken);
                add_amount(table, resource, expected);
                add_amount(table, resource, count_left(total, taken, expected));
                table_add(table, style_of(level), "%s", left);
        }
        return table;
}

int cmd_headroom(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GVariant) reply = NULL, rows = NULL;
        g_autoptr(Client) client = NULL;
        g_autoptr(Table) table = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListHeadroom", "(" ROWS ")", NULL,
                           error);
        if (!reply)
                return -1;

        rows = g_variant_get_child_value(reply, 0);
        if (options->json) {
                output_json(rows_named(rows, names));
                return EXIT_STATUS_OK;
        }

        table = make_table(rows);
        output_table(options, table, "No resources.");
        return EXIT_STATUS_OK;
}
