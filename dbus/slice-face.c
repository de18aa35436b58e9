/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <stddef.h>

#include "dbus/slice-face.h"

/* org.virtferry1.Slice, below /org/virtferry1/slice. */

int slice_append_grants(sd_bus_message *reply, const GPtrArray *grants, const Slice *wish) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sstb)");
        for (guint i = 0; r >= 0 && i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                r = sd_bus_message_append(reply, "(sstb)", grant->resource, grant->part,
                                          grant->amount, slice_grant_is_exclusive(grant, wish));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_state(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const SliceEntry *entry = userdata;

        return sd_bus_message_append(reply, "s", slice_state_to_string(entry->state));
}

static int property_get_priority(sd_bus *bus, const char *path, const char *interface,
                                 const char *property, sd_bus_message *reply, void *userdata,
                                 sd_bus_error *reterr) {
        const SliceEntry *entry = userdata;

        return sd_bus_message_append(reply, "s", slice_priority_to_string(entry->wish->priority));
}

static int property_get_definition(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *reply, void *userdata,
                                   sd_bus_error *reterr) {
        const SliceEntry *entry = userdata;
        g_autofree char *xml = slice_to_xml(entry->wish);

        return sd_bus_message_append(reply, "s", xml);
}

static int property_get_grants(sd_bus *bus, const char *path, const char *interface,
                               const char *property, sd_bus_message *reply, void *userdata,
                               sd_bus_error *reterr) {
        const SliceEntry *entry = userdata;

        return slice_append_grants(reply, entry->grants, entry->wish);
}

static int property_get_stays(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const SliceEntry *entry = userdata;

        return sd_bus_message_append(reply, "b", entry->expires == 0);
}

static int property_get_expires(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *reterr) {
        const SliceEntry *entry = userdata;
        int64_t expires = entry->expires == SLICE_WITH_GUEST ? 0 : entry->expires;

        return sd_bus_message_append(reply, "t", (uint64_t)expires);
}

#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("DomainUUID", "s", NULL, offsetof(SliceEntry, domain_uuid), CONST),
        SD_BUS_PROPERTY("DomainName", "s", NULL, offsetof(SliceEntry, domain_name), CHANGES),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, CHANGES),
        SD_BUS_PROPERTY("Priority", "s", property_get_priority, 0, CHANGES),
        SD_BUS_PROPERTY("Definition", "s", property_get_definition, 0, CHANGES),
        SD_BUS_PROPERTY("Grants", "a(sstb)", property_get_grants, 0, CHANGES),
        SD_BUS_PROPERTY("Stays", "b", property_get_stays, 0, CHANGES),
        SD_BUS_PROPERTY("CreatedUSec", "t", NULL, offsetof(SliceEntry, created), CONST),
        SD_BUS_PROPERTY("ChangedUSec", "t", NULL, offsetof(SliceEntry, changed), CHANGES),
        SD_BUS_PROPERTY("ExpiresUSec", "t", property_get_expires, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

static const SliceEntry *find_entry(const Faces *faces, const char *path) {
        g_autofree char *uuid = bus_path_decode(FERRY_OBJECT_SLICE, path);

        return uuid ? slice_book_find(slices_book(faces->manager->slices), uuid) : NULL;
}

static int find_slice(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *reterr) {
        *ret_found = (void *)find_entry(userdata, path);
        return *ret_found ? 1 : 0;
}

/* What is not in the entry ------------------------------------------------------------ */

static int property_get_problem(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const SliceEntry *entry = find_entry(faces, path);
        const char *problem = entry ? slices_problem(faces->manager->slices, entry->domain_uuid)
                                    : NULL;

        return sd_bus_message_append(reply, "s", problem ?: "");
}

/* Unprivileged, as in manager-face.c. */
static const sd_bus_vtable face_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Change", SD_BUS_ARGS("s", definition, "a{sv}", options),
                                SD_BUS_NO_RESULT, slice_method_change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Deallocate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                slice_method_deallocate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Problem", "s", property_get_problem, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

static int find_faces(sd_bus *bus, const char *path, const char *interface, void *userdata,
                      void **ret_found, sd_bus_error *reterr) {
        *ret_found = userdata;
        return find_entry(userdata, path) ? 1 : 0;
}

static int list_slices(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                       sd_bus_error *reterr) {
        const Faces *faces = userdata;
        g_autoptr(GPtrArray) entries = slice_book_list(slices_book(faces->manager->slices));
        g_autoptr(GPtrArray) ids = g_ptr_array_new();

        for (guint i = 0; i < entries->len; i++)
                g_ptr_array_add(ids, ((SliceEntry *)entries->pdata[i])->domain_uuid);

        *ret_nodes = face_paths(FERRY_OBJECT_SLICE, ids);
        return 0;
}

int slice_face_attach(Faces *faces) {
        int r;

        r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_SLICE, FERRY_INTERFACE_SLICE,
                                       vtable, find_slice, faces);
        if (r < 0)
                return r;

        r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_SLICE, FERRY_INTERFACE_SLICE,
                                       face_vtable, find_faces, faces);
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(faces->bus, NULL, FERRY_OBJECT_SLICE, list_slices, faces);
}

void faces_on_slice(Faces *faces, SliceChange change, const SliceEntry *entry) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_SLICE, entry->domain_uuid);

        switch (change) {
        case SLICE_ADDED:
                face_emit_added(faces, path, FERRY_INTERFACE_SLICE);
                return;
        case SLICE_CHANGED:
                face_emit_changed(faces, path, FERRY_INTERFACE_SLICE);
                return;
        case SLICE_REMOVED:
                face_emit_removed(faces, path, FERRY_INTERFACE_SLICE);
                return;
        }
}
