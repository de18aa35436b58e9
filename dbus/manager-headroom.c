/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/headroom.h"
#include "dbus/face.h"

static int append(sd_bus_message *reply, const Headrooms *headrooms, const Headroom *row) {
        HeadroomLevel level = headrooms_level(headrooms, row);

        return sd_bus_message_append(reply, "(ssssttts)", row->device,
                                     headroom_kind_to_string(row->kind), row->name,
                                     headroom_resource_to_string(row->resource), row->total,
                                     row->taken, row->expected, headroom_level_to_string(level));
}

/* ListHeadroom() -> (a(ssssttts) headroom) */
int manager_method_list_headroom(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        const Faces *faces = userdata;
        Headrooms *headrooms = faces->manager->headrooms;
        g_autoptr(GPtrArray) rows = headrooms_list(headrooms);
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(reply, 'a', "(ssssttts)");
        for (guint i = 0; r >= 0 && i < rows->len; i++)
                r = append(reply, headrooms, rows->pdata[i]);
        if (r < 0)
                return r;

        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
