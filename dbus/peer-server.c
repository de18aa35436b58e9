/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/peer-server.h"

#include <stdbool.h>

#include "daemon/facts/fd.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus, sd_bus_unref)

/* Takes both. */
static int set_files(sd_bus *bus, int input, int output) {
        int r;

        r = bus ? sd_bus_set_fd(bus, input, output) : -ENOMEM;
        if (r < 0) {
                fd_close(input);
                if (output != input)
                        fd_close(output);
        }
        return r;
}

int peer_server_new(int input, int output, sd_bus **ret_bus) {
        g_autoptr(sd_bus) bus = NULL;
        sd_id128_t id;
        int r;

        (void)sd_bus_new(&bus);
        r = set_files(bus, input, output);
        if (r >= 0)
                r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_set_server(bus, true, id);
        if (r >= 0)
                r = sd_bus_set_anonymous(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, false);
        if (r < 0)
                return r;

        *ret_bus = g_steal_pointer(&bus);
        return 0;
}
