/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/output.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool output_is_terminal(void) {
        return isatty(STDOUT_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

bool output_has_colours(void) {
        const char *no_color = g_getenv("NO_COLOR");

        return output_is_terminal() && !(no_color && *no_color);
}

int output_usage(const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        fprintf(stderr, "virt-ferry: %s; see 'virt-ferry --help'\n", text);
        return EXIT_STATUS_USAGE;
}

void output_table(const Options *options, const Table *table, const char *none) {
        if (table_is_empty(table)) {
                if (!options->no_legend)
                        puts(none);
                return;
        }
        table_print(table, stdout, !options->no_legend, output_has_colours());
}

static void print_json(GVariant *value, bool pretty) {
        g_autoptr(GVariant) owned = g_variant_ref_sink(value);
        g_autoptr(JsonNode) node = json_gvariant_serialize(owned);
        g_autofree char *text = json_to_string(node, pretty);

        puts(text);
}

void output_json(GVariant *value) {
        print_json(value, true);
}

void output_json_line(GVariant *value) {
        print_json(value, false);
        (void)fflush(stdout);
}

void output_json_objects(const GPtrArray *objects) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
        for (unsigned i = 0; i < objects->len; i++)
                g_variant_builder_add_value(&builder, ((Object *)objects->pdata[i])->properties);
        output_json(g_variant_builder_end(&builder));
}

static GVariant *row_named(GVariant *row, const char *const *names) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        for (size_t i = 0; i < g_variant_n_children(row) && names[i]; i++) {
                g_autoptr(GVariant) value = g_variant_get_child_value(row, i);

                g_variant_builder_add(&builder, "{sv}", names[i], value);
        }
        return g_variant_builder_end(&builder);
}

GVariant *rows_named(GVariant *rows, const char *const *names) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
        for (size_t i = 0; i < g_variant_n_children(rows); i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);

                g_variant_builder_add_value(&builder, row_named(row, names));
        }
        return g_variant_builder_end(&builder);
}
