/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

static const Column columns[] = {
        { "STEP" }, { "RESULT" }, { "TIME", true }, { "SIZE", true }, { "NOTE" }, { NULL },
};

static const char *const names[] = { "Name",  "Outcome", "USec", "Bytes",
                                     "Errno", "Error",   "Text", NULL };

/* Most steps of most devices take less than a millisecond. */
static void add_time(Table *table, uint64_t usec) {
        g_autofree char *text = usec < 1000     ? g_strdup_printf("%uus", (unsigned)usec)
                                : usec < 100000 ? g_strdup_printf("%.1fms", usec / 1000.0)
                                                : text_duration(usec);

        table_add(table, STYLE_NONE, "%s", text);
}

static void add_size(Table *table, uint64_t bytes) {
        g_autofree char *text = bytes > 0 ? text_bytes(bytes) : g_strdup("");

        table_add(table, STYLE_NONE, "%s", text);
}

static void add_note(Table *table, const char *text, const char *error) {
        if (*error)
                table_add(table, STYLE_NONE, "%s (%s)", text, error);
        else
                table_add(table, STYLE_NONE, "%s", text);
}

static void add_steps(Table *table, GVariant *steps) {
        const char *name, *outcome, *error, *text;
        GVariantIter iter;
        uint64_t usec, bytes;

        g_variant_iter_init(&iter, steps);
        while (g_variant_iter_next(&iter, "(&s&stti&s&s)", &name, &outcome, &usec, &bytes, NULL,
                                   &error, &text)) {
                bool skipped = strcmp(outcome, "skipped") == 0;
                bool failed = strcmp(outcome, "failed") == 0;

                table_add(table, STYLE_NONE, "%s", name);
                table_add(table,
                          failed    ? STYLE_BAD
                          : skipped ? STYLE_FAINT
                                    : STYLE_GOOD,
                          "%s", outcome);
                if (skipped)
                        table_add(table, STYLE_NONE, "%s", "");
                else
                        add_time(table, usec);
                add_size(table, bytes);
                add_note(table, text, error);
        }
}

static GVariant *probe(Client *client, const char *device, GError **error) {
        const char *const strings[] = { device, NULL };
        g_autoptr(GVariant) reply = NULL;
        const char *path;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "GetDevice", "(o)", strings, error);
        if (!reply)
                return NULL;

        g_variant_get(reply, "(&o)", &path);
        return client_act_on(client, path, FERRY_INTERFACE_DEVICE, "Probe", NULL, "(bsa(ssttiss))",
                             error);
}

int cmd_probe(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(Table) table = table_new(columns);
        g_autoptr(GVariant) reply = NULL, steps = NULL;
        g_autoptr(Client) client = NULL;
        const char *verdict;
        gboolean good;

        client = client_new(options->host, error);
        reply = client ? probe(client, arguments[0], error) : NULL;
        if (!reply)
                return -1;

        g_variant_get(reply, "(b&s@a(ssttiss))", &good, &verdict, &steps);
        if (options->json)
                output_json(g_variant_new_parsed("{'Device': <%s>, 'Good': <%b>, 'Verdict': <%s>, "
                                                 "'Steps': <%@aa{sv}>}",
                                                 arguments[0], good, verdict,
                                                 rows_named(steps, names)));
        else {
                g_autofree char *line = text_clean(verdict);

                add_steps(table, steps);
                output_table(options, table, "");
                if (!options->no_legend)
                        puts(line);
        }
        return good ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}
