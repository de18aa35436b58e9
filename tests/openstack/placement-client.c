/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client of Placement, on a terminal, for tests:
 *
 *   placement-client CLOUDS-YAML CLOUD [SECRET-FILE]
 *
 * One request a line on stdin, one line of answer each, "ok ..." or "error KIND: SENTENCE". */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nova-driver-shim/placement/api.h"

typedef struct Client {
        Api *api;
        bool answered;
} Client;

/* Answers ---------------------------------------------------------------------------- */

static void print_providers(const GPtrArray *rows) {
        for (guint i = 0; rows && i < rows->len; i++) {
                const ApiProvider *row = g_ptr_array_index(rows, i);

                printf(" %s=%s@%" G_GINT64_FORMAT, row->name, row->uuid, row->generation);
        }
}

static void print_inventories(const GPtrArray *rows) {
        for (guint i = 0; rows && i < rows->len; i++) {
                const ApiInventory *row = g_ptr_array_index(rows, i);

                printf(" %s=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, row->class_name, row->total,
                       row->reserved);
        }
}

static void print_consumer(const ApiConsumer *consumer) {
        if (!consumer)
                return;

        printf(" consumer@%" G_GINT64_FORMAT " %s", consumer->generation, consumer->type ?: "-");
        for (guint i = 0; i < consumer->allocations->len; i++) {
                const ApiAllocation *row = g_ptr_array_index(consumer->allocations, i);

                printf(" %s/%s=%" G_GUINT64_FORMAT, row->provider, row->class_name, row->amount);
        }
}

static void on_reply(void *userdata, const ApiAnswer *answer, const ApiError *error) {
        Client *client = userdata;

        if (error) {
                printf("error %s: %s\n", api_error_kind_to_string(error->kind), error->sentence);
        } else {
                printf("ok%s @%" G_GINT64_FORMAT, answer->made ? " made" : "", answer->generation);
                print_providers(answer->providers);
                print_inventories(answer->inventories);
                for (size_t i = 0; answer->names && answer->names[i]; i++)
                        printf(" %s", answer->names[i]);
                print_consumer(answer->consumer);
                printf("\n");
        }
        fflush(stdout);
        client->answered = true;
}

/* Requests ---------------------------------------------------------------------------- */

static uint64_t number(const char *text) {
        return strtoull(text, NULL, 10);
}

/* inventory PROVIDER GENERATION [CLASS TOTAL RESERVED]... */
static void put_inventories(Client *client, char **words, guint n) {
        g_autoptr(GPtrArray)
                rows = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);

        for (guint i = 3; i + 2 < n; i += 3)
                g_ptr_array_add(rows, api_inventory_new(words[i], number(words[i + 1]),
                                                        number(words[i + 2])));
        api_put_inventories(client->api, words[1], (int64_t)number(words[2]), rows, on_reply,
                            client);
}

/* claim CONSUMER GENERATION|new [PROVIDER CLASS AMOUNT]... */
static ApiConsumer *read_consumer(char **words, guint n) {
        ApiConsumer *consumer = api_consumer_new(words[1]);

        if (!g_str_equal(words[2], "new"))
                consumer->generation = (int64_t)number(words[2]);
        consumer->project = g_strdup("project");
        consumer->user = g_strdup("user");
        consumer->type = g_strdup("VIRTFERRY_DOMAIN");
        for (guint i = 3; i + 2 < n; i += 3)
                g_ptr_array_add(consumer->allocations,
                                api_allocation_new(words[i], words[i + 1], number(words[i + 2])));
        return consumer;
}

static void claim(Client *client, char **words, guint n, bool many) {
        g_autoptr(ApiConsumer) consumer = read_consumer(words, n);
        g_autoptr(GPtrArray) all = g_ptr_array_new();

        g_ptr_array_add(all, consumer);
        if (many)
                api_post_allocations(client->api, all, on_reply, client);
        else
                api_put_allocations(client->api, consumer, on_reply, client);
}

typedef ApiCall *(*AskOne)(Api *api, const char *name, ApiReply reply, void *userdata);

static const struct {
        const char *word;
        AskOne ask;
} ones[] = {
        { "name", api_get_provider_by_name },   { "tree", api_get_provider_tree },
        { "delete", api_delete_provider },      { "class", api_ensure_class },
        { "trait", api_ensure_trait },          { "inventories", api_get_inventories },
        { "traits", api_get_traits },           { "consumers", api_get_provider_consumers },
        { "allocations", api_get_allocations },
};

static bool ask_one(Client *client, char **words) {
        for (size_t i = 0; i < G_N_ELEMENTS(ones); i++) {
                if (!g_str_equal(words[0], ones[i].word))
                        continue;

                ones[i].ask(client->api, words[1], on_reply, client);
                return true;
        }
        return false;
}

static bool ask(Client *client, char **words, guint n) {
        if (n == 2)
                return ask_one(client, words);
        if (n >= 3 && g_str_equal(words[0], "create"))
                api_create_provider(client->api, words[1], words[2], n > 3 ? words[3] : NULL,
                                    on_reply, client);
        else if (n >= 3 && g_str_equal(words[0], "rename"))
                api_update_provider(client->api, words[1], words[2], n > 3 ? words[3] : NULL,
                                    on_reply, client);
        else if (n >= 3 && g_str_equal(words[0], "inventory"))
                put_inventories(client, words, n);
        else if (n >= 3 && g_str_equal(words[0], "set-traits"))
                api_put_traits(client->api, words[1], (int64_t)number(words[2]),
                               (const char *const *)words + 3, on_reply, client);
        else if (n >= 3 && (g_str_equal(words[0], "claim") || g_str_equal(words[0], "post")))
                claim(client, words, n, g_str_equal(words[0], "post"));
        else
                return false;
        return true;
}

/* Between two requests nothing is under way. */
static int serve(const Cloud *cloud, sd_event *loop) {
        Client client = {};
        char line[4096];
        int r;

        r = api_new(loop, cloud, &client.api);
        if (r < 0)
                return r;

        while (r >= 0 && fgets(line, sizeof(line), stdin)) {
                g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", -1);

                r = ask(&client, words, g_strv_length(words)) ? 0 : -EINVAL;
                client.answered = false;
                while (r >= 0 && !client.answered)
                        r = sd_event_run(loop, UINT64_MAX);
        }
        api_free(client.api);
        return r;
}

int main(int argc, char **argv) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Cloud) cloud = NULL;
        sd_event *loop = NULL;
        int r;

        if (argc < 3)
                return EXIT_FAILURE;

        cloud = cloud_read(argv[1], argv[2], argv[3], &error);
        if (!cloud) {
                printf("error config: %s\n", error->message);
                return EXIT_FAILURE;
        }

        r = sd_event_new(&loop);
        if (r >= 0)
                r = serve(cloud, loop);
        sd_event_unref(loop);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
