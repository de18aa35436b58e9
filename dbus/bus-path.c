/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/bus-path.h"

#include <string.h>
#include <systemd/sd-bus.h>

/* sd-bus allocates with malloc(), and GLib frees with free(). */

char *bus_path_encode(const char *prefix, const char *id) {
        char *path;

        if (sd_bus_path_encode(prefix, id, &path) < 0)
                g_error("No object path can be made of '%s' and '%s'", prefix, id);

        return path;
}

char *bus_path_decode(const char *prefix, const char *path) {
        const char *rest = g_str_has_prefix(path, prefix) ? path + strlen(prefix) : "";
        char *id;

        if (*rest != '/' || strchr(rest + 1, '/'))
                return NULL;

        return sd_bus_path_decode(path, prefix, &id) > 0 ? id : NULL;
}
