/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/client.h"
#include "cli/command.h"
#include "daemon/names.h"

int cmd_apply(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "ApplyAdvice",
                              g_variant_new("(s)", arguments[0]), "()", error);
        return reply ? EXIT_STATUS_OK : -1;
}
