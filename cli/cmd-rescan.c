/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/client.h"
#include "cli/command.h"
#include "daemon/names.h"

int cmd_rescan(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_call(client, FERRY_INTERFACE_MANAGER, "Rescan", "()", NULL, error);
        return reply ? EXIT_STATUS_OK : -1;
}
