/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/client.h"
#include "cli/command.h"

int cmd_undrain(const Options *options, char *const *unused, GError **error) {
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        return client_act(client, "Undrain", NULL, error) ? EXIT_STATUS_OK : -1;
}
