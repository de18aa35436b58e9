/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/advice.h"
#include "daemon/names.h"

static const Object *find(const GPtrArray *advice, const char *id, GError **error) {
        for (guint i = 0; i < advice->len; i++)
                if (strcmp(object_string(advice->pdata[i], "Id"), id) == 0)
                        return advice->pdata[i];

        g_set_error(
                error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                "Advice '%.32s' is not given, or not any more: 'virt-ferry advice' shows what is",
                id);
        return NULL;
}

int cmd_apply(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(GPtrArray) advice = NULL;
        g_autoptr(Client) client = NULL;
        const Object *object;

        client = client_new(options->host, error);
        advice = client ? advice_objects(client, error) : NULL;
        object = advice ? find(advice, arguments[0], error) : NULL;
        if (!object)
                return -1;

        reply = client_act_on(client, object->path, FERRY_INTERFACE_ADVICE, "Apply", NULL, "()",
                              error);
        return reply ? EXIT_STATUS_OK : -1;
}
