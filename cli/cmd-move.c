/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

static GVariant *options_of(const Options *options) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        if (options->force)
                g_variant_builder_add(&builder, "{sv}", "force", g_variant_new_boolean(true));
        return g_variant_builder_end(&builder);
}

static void show(const Options *options, GVariant *reply) {
        const char *guest, *name, *from, *to;
        g_autofree char *time = NULL;
        guint64 without;

        g_variant_get(reply, "(&s&s&s&st)", &guest, &name, &from, &to, &without);
        if (options->json) {
                output_json(g_variant_new_parsed("{'Domain': <%s>, 'Device': <%s>, 'From': <%s>, "
                                                 "'To': <%s>, 'WithoutUSec': <%t>}",
                                                 guest, name, from, to, without));
                return;
        }
        printf("%s of %s is %s now, and was %s. ", name, guest, to, from);
        if (without == 0) {
                printf("The virtio half of its team was there all the time.\n");
                return;
        }
        time = text_duration((int64_t)without);
        printf("The guest was without it for %s.\n", time);
}

int cmd_move(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "MoveDevice",
                              g_variant_new("(sss@a{sv})", arguments[0], arguments[1], arguments[2],
                                            options_of(options)),
                              "(sssst)", error);
        if (!reply)
                return -1;

        show(options, reply);
        return EXIT_STATUS_OK;
}
