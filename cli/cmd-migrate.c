/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/watch.h"
#include "daemon/names.h"

typedef struct Wish {
        const Options *options;
        char *const *arguments;
} Wish;

static void add_number(GVariantBuilder *builder, const char *name, uint64_t value) {
        if (value > 0)
                g_variant_builder_add(builder, "{sv}", name, g_variant_new_uint64(value));
}

static void add_word(GVariantBuilder *builder, const char *name, const char *value) {
        if (value)
                g_variant_builder_add(builder, "{sv}", name, g_variant_new_string(value));
}

static void add_switch(GVariantBuilder *builder, const char *name, bool value) {
        if (value)
                g_variant_builder_add(builder, "{sv}", name, g_variant_new_boolean(true));
}

static GVariant *options_of(const Options *options) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        add_word(&builder, "strategy", options->strategy);
        add_word(&builder, "new-name", options->new_name);
        add_switch(&builder, "force", options->force);
        add_switch(&builder, "persistent", options->persistent);
        add_switch(&builder, "undefine-source", options->undefine_source);
        add_number(&builder, "bandwidth", options->bandwidth);
        add_number(&builder, "max-downtime", options->max_downtime);
        add_number(&builder, "connections", options->connections);
        return g_variant_builder_end(&builder);
}

/* A host alone stands for its libvirt of the system, through ssh. */
static char *uri_of(const char *destination) {
        if (strstr(destination, "://"))
                return g_strdup(destination);
        return g_strdup_printf("qemu+ssh://%s/system", destination);
}

static char *begin(Client *client, void *userdata, GError **error) {
        const Wish *wish = userdata;
        g_autofree char *uri = uri_of(wish->arguments[1]);
        g_autoptr(GVariant) reply = NULL;
        char *path;

        reply = client_act_on(
                client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Migrate",
                g_variant_new("(ss@a{sv})", wish->arguments[0], uri, options_of(wish->options)),
                "(o)", error);
        if (!reply)
                return NULL;

        g_variant_get(reply, "(o)", &path);
        return path;
}

static int begin_only(Client *client, Wish *wish, GError **error) {
        g_autofree char *path = begin(client, wish, error);

        if (!path)
                return -1;
        if (wish->options->json)
                output_json(g_variant_new_object_path(path));
        else
                fputs("It is on its way: 'virt-ferry migrations --watch' follows it.\n", stdout);
        return EXIT_STATUS_OK;
}

int cmd_migrate(const Options *options, char *const *arguments, GError **error) {
        Wish wish = { options, arguments };
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (options->detach)
                return begin_only(client, &wish, error);

        return watch_one_migration(options, client, begin, &wish, error);
}
