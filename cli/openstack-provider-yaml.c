/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `virt-ferry openstack provider-yaml`: what the host has, as a file that nova-compute reads when
 * it starts, for where virtferry-placement must not have a credential of Placement. Nova takes such
 * a file for its own provider alone: so it is all cards together, and what they have in all.
 */

#include <string.h>

#include "cli/openstack.h"
#include "daemon/names.h"
#include "nova-driver-shim/placement/names.h"

#define AMOUNT_MAX G_MAXINT32 /* Placement's */

typedef struct Sum {
        uint64_t total, max; /* max: no guest can have more, as no card has */
} Sum;

/* PFs that are functions of one card share its lanes. */
static bool has_same_slot(const char *a, const char *b) {
        const char *dot = strrchr(a, '.');

        return dot && strncmp(a, b, (size_t)(dot - a + 1)) == 0;
}

static void add_row(GHashTable *sums, GHashTable *cards, const char *device, const char *resource,
                    uint64_t total) {
        const char *name = names_class(resource);
        const char *before = name ? g_hash_table_lookup(cards, name) : NULL;
        Sum *sum;

        if (!name || total == 0)
                return;

        sum = g_hash_table_lookup(sums, name);
        if (!sum) {
                sum = g_new0(Sum, 1);
                g_hash_table_insert(sums, (gpointer)name, sum);
        }
        sum->max = MIN(MAX(sum->max, total), AMOUNT_MAX);
        if (strcmp(resource, "lanes") == 0 && before && has_same_slot(before, device))
                return;

        sum->total = MIN(sum->total + total, AMOUNT_MAX);
        g_hash_table_insert(cards, (gpointer)name, (gpointer)device);
}

/* Class → Sum; rows are of ListHeadroom. What is the host's own, Nova counts itself. */
static GHashTable *sum_rows(GVariant *rows) {
        GHashTable *sums = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        g_autoptr(GHashTable) cards = g_hash_table_new(g_str_hash, g_str_equal);
        const char *device, *kind, *resource;
        GVariantIter iter;
        uint64_t total;

        g_variant_iter_init(&iter, rows);
        while (g_variant_iter_next(&iter, "(&s&s&s&sttt&s)", &device, &kind, NULL, &resource,
                                   &total, NULL, NULL, NULL))
                if (strcmp(kind, "host") != 0)
                        add_row(sums, cards, device, resource, total);
        return sums;
}

static int compare_strings(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_traits(const GPtrArray *cards) {
        GPtrArray *traits = g_ptr_array_new();

        for (guint i = 0; i < cards->len; i++) {
                const OpenstackCard *card = cards->pdata[i];

                for (guint k = 0; k < card->formats->len; k++)
                        if (!g_ptr_array_find_with_equal_func(traits, card->formats->pdata[k],
                                                              g_str_equal, NULL))
                                g_ptr_array_add(traits, card->formats->pdata[k]);
        }
        if (traits->len > 0)
                g_ptr_array_add(traits, (gpointer)NAMES_MIGRATABLE);
        g_ptr_array_sort(traits, compare_strings);
        return traits;
}

static void print_yaml(const Options *options, GHashTable *sums, const GPtrArray *traits) {
        if (!options->no_legend)
                puts("# What this host's cards have in all, for /etc/nova/provider_config/ of a "
                     "host\n"
                     "# without virtferry-placement. nova-compute reads it when it starts.");
        puts("meta:\n  schema_version: '1.0'\nproviders:\n  - identification:\n"
             "      uuid: $COMPUTE_NODE");
        if (g_hash_table_size(sums) > 0)
                puts("    inventories:\n      additional:");
        for (const char *const *name = names_classes; *name; name++) {
                const Sum *sum = g_hash_table_lookup(sums, *name);

                if (sum)
                        printf("        - %s:\n            total: %d\n            max_unit: %d\n",
                               *name, (int)sum->total, (int)sum->max);
        }
        if (traits->len > 0)
                puts("    traits:\n      additional:");
        for (guint i = 0; i < traits->len; i++)
                printf("        - %s\n", (char *)traits->pdata[i]);
}

static GVariant *list_inventories(GHashTable *sums) {
        GVariantBuilder all;

        g_variant_builder_init(&all, G_VARIANT_TYPE("aa{sa{sx}}"));
        for (const char *const *name = names_classes; *name; name++) {
                const Sum *sum = g_hash_table_lookup(sums, *name);

                if (!sum)
                        continue;
                g_variant_builder_open(&all, G_VARIANT_TYPE("a{sa{sx}}"));
                g_variant_builder_open(&all, G_VARIANT_TYPE("{sa{sx}}"));
                g_variant_builder_add(&all, "s", *name);
                g_variant_builder_open(&all, G_VARIANT_TYPE("a{sx}"));
                g_variant_builder_add(&all, "{sx}", "total", (int64_t)sum->total);
                g_variant_builder_add(&all, "{sx}", "max_unit", (int64_t)sum->max);
                g_variant_builder_close(&all);
                g_variant_builder_close(&all);
                g_variant_builder_close(&all);
        }
        return g_variant_builder_end(&all);
}

/* JSON is YAML: Nova takes this, too. */
static GVariant *make_document(GHashTable *sums, const GPtrArray *traits) {
        GVariant *words = g_variant_new_strv((const char *const *)traits->pdata, traits->len);
        GVariant *inventories = list_inventories(sums);

        return g_variant_new_parsed("{'meta': <{'schema_version': '1.0'}>, 'providers': <["
                                    "{'identification': <{'uuid': '$COMPUTE_NODE'}>,"
                                    " 'inventories': <{'additional': %@aa{sa{sx}}}>,"
                                    " 'traits': <{'additional': %@as}>}]>}",
                                    inventories, words);
}

int openstack_provider_yaml(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GPtrArray) devices = NULL, cards = NULL, traits = NULL;
        g_autoptr(GVariant) reply = NULL, rows = NULL;
        g_autoptr(GHashTable) sums = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        reply = client ? client_ask(client, FERRY_INTERFACE_MANAGER, "ListHeadroom",
                                    "(a(ssssttts))", NULL, error)
                       : NULL;
        devices = reply ? openstack_devices(client, error) : NULL;
        if (!devices)
                return -1;

        rows = g_variant_get_child_value(reply, 0);
        sums = sum_rows(rows);
        cards = openstack_cards(devices);
        traits = list_traits(cards);
        if (options->json)
                output_json(make_document(sums, traits));
        else
                print_yaml(options, sums, traits);
        return EXIT_STATUS_OK;
}
