/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/client.h"
#include "cli/command.h"

int cmd_release(const Options *options, char *const *arguments, GError **error) {
        const char *const strings[] = { arguments[0], NULL };
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        return client_act(client, "ReleaseLease", strings, error) ? EXIT_STATUS_OK : -1;
}
