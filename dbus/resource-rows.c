/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/resource-rows.h"

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

        r = sd_bus_message_open_container(reply, 'r', RESOURCE_ROW);
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

int resource_rows_append(sd_bus_message *reply, const ResourceMap *map) {
        const GPtrArray *resources = resource_map_list(map);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(" RESOURCE_ROW ")");
        for (guint i = 0; r >= 0 && i < resources->len; i++)
                r = append_resource(reply, resources->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
