/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <stddef.h>

/* org.virtferry1.Lease, below /org/virtferry1/lease. */

static int property_get_state(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const Lease *lease = userdata;

        return sd_bus_message_append(reply, "s", lease_state_to_string(lease->state));
}

static int property_get_made_by_us(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *reply, void *userdata,
                                   sd_bus_error *reterr) {
        const Lease *lease = userdata;

        return sd_bus_message_append(reply, "b", lease->make);
}

#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", NULL, offsetof(Lease, id), CONST),
        SD_BUS_PROPERTY("DomainUUID", "s", NULL, offsetof(Lease, domain_uuid), CONST),
        SD_BUS_PROPERTY("DomainName", "s", NULL, offsetof(Lease, domain_name), CHANGES),
        SD_BUS_PROPERTY("DeviceId", "s", NULL, offsetof(Lease, device), CONST),
        SD_BUS_PROPERTY("Class", "s", NULL, offsetof(Lease, class_name), CONST),
        SD_BUS_PROPERTY("Type", "s", NULL, offsetof(Lease, type), CONST),
        SD_BUS_PROPERTY("Pool", "s", NULL, offsetof(Lease, pool), CONST),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, CHANGES),
        SD_BUS_PROPERTY("MadeByUs", "b", property_get_made_by_us, 0, CONST),
        SD_BUS_PROPERTY("CreatedUSec", "t", NULL, offsetof(Lease, created), CONST),
        SD_BUS_PROPERTY("ExpiresUSec", "t", NULL, offsetof(Lease, expires), CHANGES),
        SD_BUS_VTABLE_END,
};

static int find_lease(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *reterr) {
        g_autofree char *id = bus_path_decode(FERRY_OBJECT_LEASE, path);
        Faces *faces = userdata;

        *ret_found = id ? lease_book_find(faces->manager->leases, id) : NULL;
        return *ret_found ? 1 : 0;
}

static int list_leases(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                       sd_bus_error *reterr) {
        Faces *faces = userdata;
        g_autoptr(GPtrArray) leases = lease_book_list(faces->manager->leases);
        g_autoptr(GPtrArray) ids = g_ptr_array_new();

        for (guint i = 0; i < leases->len; i++)
                g_ptr_array_add(ids, ((Lease *)leases->pdata[i])->id);

        *ret_nodes = face_paths(FERRY_OBJECT_LEASE, ids);
        return 0;
}

int lease_face_attach(Faces *faces) {
        int r;

        r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_LEASE, FERRY_INTERFACE_LEASE,
                                       vtable, find_lease, faces);
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(faces->bus, NULL, FERRY_OBJECT_LEASE, list_leases, faces);
}
