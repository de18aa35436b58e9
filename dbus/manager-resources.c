/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/resource-map.h"
#include "daemon/slices.h"
#include "dbus/face.h"

/* ListResources() of org.virtferry1.Manager. */

#define ROW "sssstttsa{ss}"

static int append_attributes(sd_bus_message *reply, const GPtrArray *attributes) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (guint i = 0; r >= 0 && i + 1 < attributes->len; i += 2)
                r = sd_bus_message_append(reply, "{ss}", (const char *)attributes->pdata[i],
                                          (const char *)attributes->pdata[i + 1]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_resource(sd_bus_message *reply, const Resource *resource) {
        int r;

        r = sd_bus_message_open_container(reply, 'r', ROW);
        if (r < 0)
                return r;

        r = sd_bus_message_append(reply, "sssstt", resource->id,
                                  resource->parent ? resource->parent->id : "",
                                  resource_kind_to_string(resource->kind), resource->name,
                                  resource->total, resource->used);
        if (r >= 0)
                r = sd_bus_message_append(reply, "ts", resource->promised, resource->unit);
        if (r >= 0)
                r = append_attributes(reply, resource->attributes);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ListResources() -> (a(sssstttsa{ss}) resources) */
int manager_method_list_resources(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(ResourceMap) map = NULL;
        const Faces *faces = userdata;
        const Manager *manager = faces->manager;
        const GPtrArray *resources;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        map = slices_read_map(manager->slices);
        resources = resource_map_list(map);
        r = sd_bus_message_open_container(reply, 'a', "(" ROW ")");
        for (guint i = 0; r >= 0 && i < resources->len; i++)
                r = append_resource(reply, resources->pdata[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}
