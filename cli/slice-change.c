/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/slice-amount.h"
#include "cli/slice.h"
#include "cli/text.h"
#include "daemon/names.h"

static GVariant *call(Client *client, const char *method, GVariant *arguments, const char *type,
                      GError **error) {
        return client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, method, arguments,
                             type, error);
}

/* "- a sentence" a line. */
static void print_reasons(GVariant *reasons) {
        const char *reason;
        GVariantIter iter;

        g_variant_iter_init(&iter, reasons);
        while (g_variant_iter_next(&iter, "&s", &reason)) {
                g_autofree char *clean = text_clean(reason);

                printf("- %s\n", clean);
        }
}

/* A whole slice ------------------------------------------------------------------------- */

static GVariant *options_of(const Options *options) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        if (options->explain)
                g_variant_builder_add(&builder, "{sv}", "explain", g_variant_new_boolean(true));
        if (options->dry_run)
                g_variant_builder_add(&builder, "{sv}", "dry-run", g_variant_new_boolean(true));
        return g_variant_builder_end(&builder);
}

static void print_placement(const Options *options, const char *domain, GVariant *reply) {
        g_autoptr(GVariant) grants = g_variant_get_child_value(reply, 1);
        g_autoptr(GVariant) preempted = g_variant_get_child_value(reply, 2);
        g_autoptr(GVariant) reasons = g_variant_get_child_value(reply, 3);
        g_autoptr(Table) table = slice_grants_table(grants);
        g_autofree const char **names = g_variant_get_strv(preempted, NULL);
        g_autofree char *joined = g_strjoinv(", ", (char **)names);

        if (!options->no_legend)
                printf("Guest %s %s promised:\n", domain, options->dry_run ? "would be" : "is");
        output_table(options, table, "Nothing of this host.");
        if (*joined)
                printf("%s give way, being of best effort: %s\n",
                       options->dry_run ? "Would have to" : "Had to", joined);
        print_reasons(reasons);
}

static void show_placement(const Options *options, const char *domain, GVariant *reply) {
        static const char *const names[] = { "Slice", "Grants", "Preempted", "Reasons" };
        GVariantBuilder builder;

        if (!options->json) {
                print_placement(options, domain, reply);
                return;
        }

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GVariant) value = g_variant_get_child_value(reply, i);

                g_variant_builder_add(&builder, "{sv}", names[i], value);
        }
        output_json(g_variant_builder_end(&builder));
}

int slice_allocate(const Options *options, char *const *arguments, GError **error) {
        g_autofree char *definition = slice_read_file(arguments[1], error);
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(Client) client = NULL;

        client = definition ? client_new(options->host, error) : NULL;
        if (!client)
                return -1;

        reply = call(client, "AllocateSlice",
                     g_variant_new("(ss@a{sv})", arguments[0], definition, options_of(options)),
                     "(oa(sstb)asas)", error);
        if (!reply)
                return -1;

        show_placement(options, arguments[0], reply);
        return EXIT_STATUS_OK;
}

int slice_deallocate(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(GPtrArray) slices = NULL;
        g_autoptr(Client) client = NULL;
        const Object *slice;

        client = client_new(options->host, error);
        slices = client ? slice_objects(client, error) : NULL;
        slice = slices ? slice_find(slices, arguments[0], error) : NULL;
        if (!slice)
                return -1;

        reply = client_act_on(client, slice->path, FERRY_INTERFACE_SLICE, "Deallocate", NULL, "()",
                              error);
        return reply ? EXIT_STATUS_OK : -1;
}

/* More and less --------------------------------------------------------------------------- */

/* "KEY=VALUE" each; NULL: `ret_wrong` is one that is none. */
static GVariant *read_qos(char *const *words, const char **ret_wrong) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        for (; *words; words++) {
                const char *value = strchr(*words, '=');
                g_autofree char *key = value ? g_strndup(*words, (gsize)(value - *words)) : NULL;

                if (!key || !*key) {
                        g_variant_builder_clear(&builder);
                        *ret_wrong = *words;
                        return NULL;
                }
                g_variant_builder_add(&builder, "{sv}", key, g_variant_new_string(value + 1));
        }
        return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static void show_reasons(const Options *options, GVariant *reply) {
        g_autoptr(GVariant) slice = g_variant_get_child_value(reply, 0);
        g_autoptr(GVariant) reasons = g_variant_get_child_value(reply, 1);

        if (options->json)
                output_json(
                        g_variant_new_parsed("{'Slice': <%*>, 'Reasons': <%*>}", slice, reasons));
        else if (options->explain)
                print_reasons(reasons);
}

static void show_change(const Options *options, char *const *arguments, guint64 amount, bool less,
                        GVariant *reply) {
        g_autofree char *words = slice_amount_describe(arguments[1], amount);

        if (!options->json && !options->no_legend)
                printf("%s: %s %s %s\n", arguments[0], arguments[1], less ? "-" : "+", words);
        if (!less)
                show_reasons(options, reply);
}

static int change(const Options *options, char *const *arguments, bool less, GError **error) {
        g_autofree char *wrong_amount = NULL, *words = NULL;
        const char *domain = arguments[0], *kind = arguments[1], *wrong = NULL;
        g_autoptr(GVariant) reply = NULL, qos = NULL;
        g_autoptr(Client) client = NULL;
        guint64 amount;

        if (!slice_amount_parse(kind, arguments[2], &amount, &wrong_amount))
                return output_usage("%s", wrong_amount);
        qos = read_qos(arguments + 3, &wrong);
        if (!qos) {
                words = g_strdup_printf("'%s' is no KEY=VALUE", wrong);
                return output_usage("%s", words);
        }

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = call(client, less ? "DeallocateResource" : "AllocateResource",
                     g_variant_new("(sst@a{sv})", domain, kind, amount, qos), less ? "()" : "(oas)",
                     error);
        if (!reply)
                return -1;

        show_change(options, arguments, amount, less, reply);
        return EXIT_STATUS_OK;
}

int slice_add(const Options *options, char *const *arguments, GError **error) {
        return change(options, arguments, false, error);
}

int slice_remove(const Options *options, char *const *arguments, GError **error) {
        return change(options, arguments, true, error);
}
