/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <string.h>

static void unref_message(void *m) {
        sd_bus_message_unref(m);
}

int faces_new(sd_bus *bus, Manager *manager, HostState *host, Faces **ret_faces) {
        static int (*const attach[])(Faces *) = {
                manager_face_attach,   hook_face_attach,  device_face_attach, lease_face_attach,
                migration_face_attach, slice_face_attach, advice_face_attach,
        };
        Faces *faces;
        int r;

        r = bus_error_register();
        if (r < 0)
                return r;

        r = sd_bus_add_object_manager(bus, NULL, FERRY_OBJECT_ROOT);
        if (r < 0)
                return r;

        faces = g_new0(Faces, 1);
        faces->bus = bus;
        faces->manager = manager;
        faces->host = host;
        faces->authorizer = authorizer_new();
        faces->fixes = g_ptr_array_new_with_free_func(face_fix_free);
        faces->probes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_message);

        /* from here on the bus knows the faces, so they are handed out in any case */
        *ret_faces = faces;
        for (guint i = 0; i < G_N_ELEMENTS(attach); i++) {
                r = attach[i](faces);
                if (r < 0)
                        return r;
        }

        return 0;
}

void faces_free(Faces *faces) {
        if (!faces)
                return;

        authorizer_free(faces->authorizer);
        g_hash_table_unref(faces->probes);
        g_ptr_array_unref(faces->fixes);
        sd_bus_slot_unref(faces->jobs);
        g_free(faces);
}

char **face_paths(const char *prefix, const GPtrArray *ids) {
        char **paths = g_new0(char *, ids->len + 1);

        for (guint i = 0; i < ids->len; i++)
                paths[i] = bus_path_encode(prefix, ids->pdata[i]);
        return paths;
}

int face_refuse_without_libvirt(sd_bus_error *reterr) {
        return sd_bus_error_set(reterr, FERRY_ERROR_PREFIX "Unavailable",
                                "virtferryd has no libvirt to ask for the guest: see 'journalctl "
                                "-u virtferryd'");
}

/* Signals ------------------------------------------------------------------------- */

static void complain(const char *path, int r) {
        if (r < 0)
                g_warning("No signal could be sent for %s: %s, ignoring", path, g_strerror(-r));
}

void face_emit_added(Faces *faces, const char *path, const char *interface) {
        complain(path, sd_bus_emit_interfaces_added(faces->bus, path, interface, NULL));
}

void face_emit_removed(Faces *faces, const char *path, const char *interface) {
        complain(path, sd_bus_emit_interfaces_removed(faces->bus, path, interface, NULL));
}

void face_emit_changed(Faces *faces, const char *path, const char *interface) {
        complain(path, sd_bus_emit_properties_changed_strv(faces->bus, path, interface, NULL));
}

void face_emit_property(Faces *faces, const char *path, const char *interface, const char *name) {
        complain(path, sd_bus_emit_properties_changed(faces->bus, path, interface, name, NULL));
}

void faces_on_device(Faces *faces, InventoryChange change, const Device *device) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_DEVICE, device->id);

        switch (change) {
        case INVENTORY_ADDED:
                face_emit_added(faces, path, FERRY_INTERFACE_DEVICE);
                return;
        case INVENTORY_CHANGED:
                face_emit_changed(faces, path, FERRY_INTERFACE_DEVICE);
                return;
        case INVENTORY_REMOVED:
                face_emit_removed(faces, path, FERRY_INTERFACE_DEVICE);
                return;
        }
}

/* A lease comes before its device is made, and goes after it was removed. */
static void emit_device_lease(Faces *faces, const Lease *lease) {
        g_autofree char *path = NULL;

        if (!inventory_find(faces->manager->inventory, lease->device))
                return;

        path = bus_path_encode(FERRY_OBJECT_DEVICE, lease->device);
        face_emit_property(faces, path, FERRY_INTERFACE_DEVICE, "Lease");
}

void faces_on_lease(Faces *faces, LeaseChange change, const Lease *lease) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_LEASE, lease->id);

        switch (change) {
        case LEASE_ADDED:
                face_emit_added(faces, path, FERRY_INTERFACE_LEASE);
                emit_device_lease(faces, lease);
                return;
        case LEASE_CHANGED:
                face_emit_changed(faces, path, FERRY_INTERFACE_LEASE);
                return;
        case LEASE_REMOVED:
                face_emit_removed(faces, path, FERRY_INTERFACE_LEASE);
                emit_device_lease(faces, lease);
                return;
        }
}

void faces_on_migration(Faces *faces, MigrationChange change, const Migration *migration) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_MIGRATION, migration->id);

        switch (change) {
        case MIGRATION_ADDED:
                face_emit_added(faces, path, FERRY_INTERFACE_MIGRATION);
                return;
        case MIGRATION_CHANGED:
                face_emit_changed(faces, path, FERRY_INTERFACE_MIGRATION);
                return;
        case MIGRATION_REMOVED:
                face_emit_removed(faces, path, FERRY_INTERFACE_MIGRATION);
                return;
        }
}

void faces_on_libvirt(Faces *faces) {
        face_emit_property(faces, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "LibvirtConnected");
        faces_finish_fixes(faces);
}
