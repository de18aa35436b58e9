/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/advice.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

static int compare_strings(const char *a, const char *b) {
        size_t length_a = strlen(a), length_b = strlen(b);

        return length_a != length_b ? (length_a < length_b ? -1 : 1) : strcmp(a, b);
}

/* Ids are numbers, and the daemon gives them in the order in which it would begin. */
static int compare(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;

        return compare_strings(object_string(x, "Id"), object_string(y, "Id"));
}

GPtrArray *advice_objects(Client *client, GError **error) {
        g_autoptr(GVariant) managed = objects_get(client, error);

        return managed ? objects_list(managed, FERRY_INTERFACE_ADVICE, compare) : NULL;
}

void advice_print(const Object *advice) {
        g_autoptr(GVariant) commands = object_value(advice, "Commands", "as");
        g_autofree char *sentence = text_clean(object_string(advice, "Sentence"));
        const char *command;
        GVariantIter iter;

        printf("%s: %s\n", object_string(advice, "Id"), sentence);
        if (!commands)
                return;

        g_variant_iter_init(&iter, commands);
        while (g_variant_iter_next(&iter, "&s", &command)) {
                g_autofree char *clean = text_clean(command);

                printf("  %s\n", clean);
        }
}

static void show(const Options *options, const GPtrArray *advice) {
        for (guint i = 0; i < advice->len; i++)
                advice_print(advice->pdata[i]);
        if (advice->len == 0 && !options->no_legend)
                printf("Nothing is advised.\n");
}

int cmd_advice(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GPtrArray) advice = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (options->watch)
                return advice_watch(options, client, error);

        advice = advice_objects(client, error);
        if (!advice)
                return -1;

        if (options->json)
                output_json_objects(advice);
        else
                show(options, advice);
        return EXIT_STATUS_OK;
}
