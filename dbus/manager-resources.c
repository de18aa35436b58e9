/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices.h"
#include "dbus/face.h"
#include "dbus/resource-rows.h"

/* ListResources() -> (a(sssstttsa{ss}) resources) */
int manager_method_list_resources(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        const Faces *faces = userdata;
        const Manager *manager = faces->manager;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        r = resource_rows_append(reply, slices_look(manager->slices));
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
