/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-list.h"
#include "dbus/face.h"

static int append_guests(sd_bus_message *reply, const GPtrArray *rows) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssss)");
        for (guint i = 0; r >= 0 && i < rows->len; i++) {
                const GuestRow *row = rows->pdata[i];

                r = sd_bus_message_append(reply, "(ssss)", row->uuid, row->name,
                                          guest_state_to_string(row->state), row->owner);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ListGuests() -> (a(ssss) guests) */
int manager_method_list_guests(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) rows = NULL;
        const Faces *faces = userdata;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        rows = guest_list(faces->manager);
        r = append_guests(reply, rows);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

void faces_on_guests(Faces *faces) {
        int r;

        r = sd_bus_emit_signal(faces->bus, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER,
                               "GuestsChanged", NULL);
        if (r < 0)
                g_warning("GuestsChanged cannot be sent: %s, ignoring", g_strerror(-r));
}
