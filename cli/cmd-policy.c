/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

static void show(GVariant *policy) {
        g_autoptr(Object) object = object_new("", policy);
        g_autofree char *mode = text_clean(object_string(object, "Mode"));
        bool frozen = object_bool(object, "Frozen");
        double theta = 0;

        (void)g_variant_lookup(policy, "Theta", "d", &theta);
        printf("Mode: %s\n", mode);
        printf("Frozen: %s\n", frozen ? "yes, until 'virt-ferry policy thaw'" : "no");
        printf("Moves left: %" PRId64 " of %" PRId64 " in 24 hours\n",
               object_int(object, "MovesLeft"), object_int(object, "MovesPerDay"));
        printf("A move has to bring: %.2f hours of an average VF\n", theta);
}

static int show_policy(const Options *options, Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL, policy = NULL;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "GetPolicy", "(a{sv})", NULL, error);
        if (!reply)
                return -1;

        policy = g_variant_get_child_value(reply, 0);
        if (options->json)
                output_json(policy);
        else
                show(policy);
        return EXIT_STATUS_OK;
}

/* What a word asks of the daemon; NULL: it is not one of ours. */
static const char *find_method(const char *word) {
        return strcmp(word, "freeze") == 0   ? "FreezePolicy"
               : strcmp(word, "thaw") == 0   ? "ThawPolicy"
               : strcmp(word, "decide") == 0 ? "DecideNow"
                                             : NULL;
}

int cmd_policy(const Options *options, char *const *arguments, GError **error) {
        const char *method = arguments[0] ? find_method(arguments[0]) : NULL;
        g_autoptr(Client) client = NULL;

        if (arguments[0] && !method)
                return output_usage("there is no command 'policy %s'", arguments[0]);

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (!method)
                return show_policy(options, client, error);
        return client_act(client, method, NULL, error) ? EXIT_STATUS_OK : -1;
}
