/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/guest-list.h"

GuestRow *guest_row_new(const char *state, const char *owner) {
        GuestRow *row = g_new0(GuestRow, 1);

        row->state = g_strdup(state);
        row->owner = g_strdup(owner);
        return row;
}

void guest_row_free(GuestRow *row) {
        if (!row)
                return;

        g_free(row->state);
        g_free(row->owner);
        g_free(row);
}

GHashTable *guest_list_read(sd_bus_message *m) {
        g_autoptr(GHashTable) guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                             (GDestroyNotify)guest_row_free);
        const char *uuid, *name, *state, *owner;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ssss)");
        while (r >= 0) {
                r = sd_bus_message_read(m, "(ssss)", &uuid, &name, &state, &owner);
                if (r <= 0)
                        break;

                g_hash_table_replace(guests, g_strdup(uuid), guest_row_new(state, owner));
        }
        return r < 0 ? NULL : g_steal_pointer(&guests);
}
