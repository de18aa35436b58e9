/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

static const char *const names[] = { "Id",        "Kind",     "Guest",  "Device",
                                     "From",      "Reason",   "Values", "Sentence",
                                     "SinceUSec", "Commands", NULL };

static void show_one(GVariant *row) {
        g_autoptr(GVariant) commands = g_variant_get_child_value(row, 9);
        g_autofree const char **lines = g_variant_get_strv(commands, NULL);
        g_autofree char *sentence = NULL;
        const char *id, *said;

        g_variant_get_child(row, 0, "&s", &id);
        g_variant_get_child(row, 7, "&s", &said);
        sentence = text_clean(said);
        printf("%s: %s\n", id, sentence);
        for (const char **line = lines; *line; line++) {
                g_autofree char *command = text_clean(*line);

                printf("  %s\n", command);
        }
}

static void show(const Options *options, GVariant *advice) {
        gsize n = g_variant_n_children(advice);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(advice, i);

                show_one(row);
        }
        if (n == 0 && !options->no_legend)
                printf("Nothing is advised.\n");
}

int cmd_advice(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GVariant) reply = NULL, advice = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListAdvice", "(a(ssssssa{sd}stas))",
                           NULL, error);
        if (!reply)
                return -1;

        advice = g_variant_get_child_value(reply, 0);
        if (options->json)
                output_json(rows_named(advice, names));
        else
                show(options, advice);
        return EXIT_STATUS_OK;
}
