/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/destination.h"
#include "cli/drain-follow.h"
#include "daemon/names.h"

typedef struct Wish {
        const Options *options;
        char *const *destinations;
} Wish;

static GVariant *arguments_of(const Wish *wish) {
        GVariantBuilder uris, options;

        g_variant_builder_init(&uris, G_VARIANT_TYPE_STRING_ARRAY);
        for (char *const *destination = wish->destinations; *destination; destination++) {
                g_autofree char *uri = destination_uri(*destination);

                g_variant_builder_add(&uris, "s", uri);
        }

        g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
        if (wish->options->alone)
                g_variant_builder_add(&options, "{sv}", "alone", g_variant_new_boolean(true));
        if (wish->options->persistent)
                g_variant_builder_add(&options, "{sv}", "persistent", g_variant_new_boolean(true));
        if (wish->options->undefine_source)
                g_variant_builder_add(&options, "{sv}", "undefine-source",
                                      g_variant_new_boolean(true));
        return g_variant_new("(asa{sv})", &uris, &options);
}

static bool begin(Client *client, void *userdata, GError **error) {
        g_autoptr(GVariant) reply = NULL;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Drain",
                              arguments_of(userdata), "()", error);
        return reply;
}

int cmd_drain(const Options *options, char *const *arguments, GError **error) {
        Wish wish = { options, arguments };
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (!options->detach)
                return drain_follow(options, client, begin, &wish, error);

        if (!begin(client, &wish, error))
                return -1;
        if (!options->json && !options->no_legend)
                puts("The host is being drained: 'virt-ferry migrations --watch' follows its "
                     "guests.");
        return EXIT_STATUS_OK;
}
