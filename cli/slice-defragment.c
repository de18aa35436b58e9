/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/slice.h"
#include "cli/text.h"
#include "daemon/names.h"

#define STEPS "a(osa(sasas)tuus)"

/* A file has a definition; else it is a guest, of which the daemon knows. */
static char *read_goal(const char *goal, GError **error) {
        if (g_str_equal(goal, "-") || g_file_test(goal, G_FILE_TEST_EXISTS))
                return slice_read_file(goal, error);
        return g_strdup(goal);
}

static GVariant *options_of(const Options *options, const char *goal) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        if (options->apply)
                g_variant_builder_add(&builder, "{sv}", "apply", g_variant_new_boolean(true));
        if (options->functions)
                g_variant_builder_add(&builder, "{sv}", "functions", g_variant_new_boolean(true));
        if (goal)
                g_variant_builder_add(&builder, "{sv}", "for", g_variant_new_string(goal));
        return g_variant_builder_end(&builder);
}

/* Showing ------------------------------------------------------------------------------- */

static void print_steps(GVariant *steps) {
        gsize n = g_variant_n_children(steps);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) step = g_variant_get_child_value(steps, i);
                g_autofree char *sentence = NULL;
                const char *text;

                g_variant_get_child(step, 6, "&s", &text);
                sentence = text_clean(text);
                printf("%zu. %s\n", i + 1, sentence);
        }
}

static void print_gains(GVariant *gains) {
        const char *gain;
        GVariantIter iter;

        g_variant_iter_init(&iter, gains);
        while (g_variant_iter_next(&iter, "&s", &gain)) {
                g_autofree char *clean = text_clean(gain);

                printf("- %s\n", clean);
        }
}

static void print_proposal(const Options *options, GVariant *steps, GVariant *gains,
                           const char *obstacle) {
        bool any = g_variant_n_children(steps) > 0;
        g_autofree char *clean = text_clean(obstacle);

        if (*clean)
                printf("No moves make room: %s\n", clean);
        else if (!any)
                puts(options->goal ? "It fits as it is." : "Nothing to move.");
        if (!any || *clean)
                return;

        if (!options->no_legend)
                puts(options->apply ? "These moves are carried out, one after the other:"
                                    : "These moves are proposed:");
        print_steps(steps);
        print_gains(gains);
}

/* Steps as dictionaries: who reads JSON knows no order of members. */
static GVariant *name_step(GVariant *step) {
        static const char *const names[] = { "Slice", "DomainName", "Moves",   "Bytes",
                                             "Cores", "Functions",  "Sentence" };
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GVariant) value = g_variant_get_child_value(step, i);

                g_variant_builder_add(&builder, "{sv}", names[i], value);
        }
        return g_variant_builder_end(&builder);
}

static void show_json(GVariant *steps, GVariant *gains, const char *obstacle) {
        GVariantBuilder list, all;
        gsize n = g_variant_n_children(steps);

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) step = g_variant_get_child_value(steps, i);

                g_variant_builder_add_value(&list, name_step(step));
        }
        g_variant_builder_init(&all, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&all, "{sv}", "Steps", g_variant_builder_end(&list));
        g_variant_builder_add(&all, "{sv}", "Gains", gains);
        g_variant_builder_add(&all, "{sv}", "Obstacle", g_variant_new_string(obstacle));
        output_json(g_variant_builder_end(&all));
}

int slice_defragment(const Options *options, char *const *arguments, GError **error) {
        g_autofree char *goal = NULL;
        g_autoptr(GVariant) reply = NULL, steps = NULL, gains = NULL;
        g_autoptr(Client) client = NULL;
        const char *obstacle;

        if (options->goal) {
                goal = read_goal(options->goal, error);
                if (!goal)
                        return -1;
        }
        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Defragment",
                              g_variant_new("(@a{sv})", options_of(options, goal)),
                              "(" STEPS "ass)", error);
        if (!reply)
                return -1;

        g_variant_get(reply, "(@" STEPS "@as&s)", &steps, &gains, &obstacle);
        if (options->json)
                show_json(steps, gains, obstacle);
        else
                print_proposal(options, steps, gains, obstacle);
        return *obstacle ? EXIT_STATUS_NO : EXIT_STATUS_OK;
}
