/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/destination.h"

#include <glib.h>
#include <string.h>

char *destination_uri(const char *destination) {
        if (strstr(destination, "://"))
                return g_strdup(destination);
        return g_strdup_printf("qemu+ssh://%s/system", destination);
}

char *destination_host(const char *uri) {
        g_autofree char *scheme = NULL, *user = NULL, *host = NULL;

        if (!g_uri_split(uri, G_URI_FLAGS_NONE, &scheme, &user, &host, NULL, NULL, NULL, NULL,
                         NULL) ||
            !scheme || !g_str_has_suffix(scheme, "+ssh") || !host || !*host)
                return NULL;
        return user ? g_strdup_printf("%s@%s", user, host) : g_steal_pointer(&host);
}
