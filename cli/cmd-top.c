/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <poll.h>
#include <stdio.h>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

/* `virt-ferry top`: who uses how much now, the greatest first; again and again on a terminal. */

#define PAUSE_MSEC 2000 /* the daemon looks every ten seconds, or every second */
#define BAR_WIDTH  10

#define ROW        "(sssa{sd})"

static const char *const names[] = { "Kind", "Id", "Name", "Values", NULL };

static const Column columns[] = {
        { "KIND" },        { "NAME" },       { "CPU", true },    { "" },
        { "STALL", true }, { "BUSY", true }, { "MEMORY", true }, { "RECEIVE", true },
        { "SEND", true },  { "READ", true }, { "WRITE", true },  { NULL },
};

/* NAN: nobody told. */
static double value_of(GVariant *row, const char *metric) {
        g_autoptr(GVariant) values = g_variant_get_child_value(row, 3);
        double value;

        return g_variant_lookup(values, metric, "d", &value) ? value : NAN;
}

static double order_of(GVariant *row, const char *metric) {
        double value = value_of(row, metric);

        return isnan(value) ? -1 : value;
}

/* By CPU, of guests and offload devices; VFs and PFs, which have none, by what they receive. The
 * daemon's order for the rest. */
static int compare(const void *a, const void *b) {
        GVariant *one = *(GVariant *const *)a, *other = *(GVariant *const *)b;
        double cpu = order_of(other, "cpu") - order_of(one, "cpu");
        double bytes = order_of(other, "receive-bytes") - order_of(one, "receive-bytes");

        return cpu != 0 ? (cpu > 0) - (cpu < 0) : (bytes > 0) - (bytes < 0);
}

static GPtrArray *sorted_rows(GVariant *rows) {
        GPtrArray *sorted = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);

        for (gsize i = 0; i < g_variant_n_children(rows); i++)
                g_ptr_array_add(sorted, g_variant_get_child_value(rows, i));
        g_ptr_array_sort(sorted, compare);
        return sorted;
}

/* The table ------------------------------------------------------------------------- */

static void add_percent(Table *table, double value) {
        if (isnan(value))
                table_add(table, STYLE_NONE, "%s", "");
        else
                table_add(table, STYLE_NONE, "%.1f%%", value * 100);
}

static void add_bytes(Table *table, double value, const char *behind) {
        g_autofree char *text = isnan(value) ? NULL : text_bytes((uint64_t)fmax(value, 0));

        table_add(table, STYLE_NONE, "%s%s", text ?: "", text ? behind : "");
}

static void add_bar(Table *table, double value, double most) {
        long full = most > 0 ? lround(fmax(value, 0) / most * BAR_WIDTH) : 0;
        g_autoptr(GString) bar = g_string_new(NULL);

        for (long i = 0; i < BAR_WIDTH; i++)
                g_string_append(bar, i < full ? "█" : "░");
        table_add(table, STYLE_FAINT, "%s", isnan(value) ? " " : bar->str);
}

static void add_row(Table *table, GVariant *row, double most) {
        g_autofree char *clean = NULL;
        double resident = value_of(row, "resident");
        const char *kind, *name;

        g_variant_get(row, "(&s&s&s@a{sd})", &kind, NULL, &name, NULL);
        clean = text_clean(name);
        table_add(table, STYLE_NONE, "%s", kind);
        table_add(table, STYLE_NONE, "%s", clean);
        add_percent(table, value_of(row, "cpu"));
        add_bar(table, value_of(row, "cpu"), most);
        add_percent(table, value_of(row, "cpu-stall"));
        add_percent(table, value_of(row, "busy"));
        add_bytes(table, isnan(resident) ? value_of(row, "device-memory") : resident, "");
        add_bytes(table, value_of(row, "receive-bytes"), "/s");
        add_bytes(table, value_of(row, "transmit-bytes"), "/s");
        add_bytes(table, value_of(row, "read-bytes"), "/s");
        add_bytes(table, value_of(row, "write-bytes"), "/s");
}

static void print_table(const Options *options, GVariant *rows) {
        g_autoptr(GPtrArray) sorted = sorted_rows(rows);
        g_autoptr(Table) table = table_new(columns);
        double most = sorted->len > 0 ? order_of(sorted->pdata[0], "cpu") : 0;

        for (guint i = 0; i < sorted->len; i++)
                add_row(table, sorted->pdata[i], most);
        output_table(options, table, "Nobody uses anything that is seen.");
}

/* Once, or again and again ---------------------------------------------------------- */

static GVariant *ask(Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListUsage", "(a" ROW ")", NULL, error);
        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static bool show(Client *client, const Options *options, bool live, GError **error) {
        g_autoptr(GVariant) rows = ask(client, error);

        if (!rows)
                return false;

        if (live)
                fputs("\033[H\033[J", stdout); /* in the place of what was there */
        if (options->json)
                output_json(rows_named(rows, names));
        else
                print_table(options, rows);
        (void)fflush(stdout);
        return true;
}

int cmd_top(const Options *options, char *const *unused, GError **error) {
        bool live = !options->json && output_is_terminal();
        uint64_t count = options->count ?: live ? UINT64_MAX : 1;
        g_autoptr(Client) client = client_new(options->host, error);

        if (!client)
                return -1;

        for (uint64_t i = 0; i < count; i++) {
                if (i > 0)
                        (void)poll(NULL, 0, PAUSE_MSEC);
                if (!show(client, options, live, error))
                        return -1;
        }
        return EXIT_STATUS_OK;
}
