/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/face.h"

#include <stddef.h>

/* org.virtferry1.Device, below /org/virtferry1/device. One interface in three
 * vtables, by where the values are: in the device, in its fingerprint, and
 * with the manager.
 */

#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* In the device ------------------------------------------------------------------- */

static int property_get_class(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const Device *device = userdata;

        return sd_bus_message_append(reply, "s", device->class->name);
}

static int property_get_role(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *reterr) {
        const Device *device = userdata;

        return sd_bus_message_append(reply, "s", device_role_to_string(device->role));
}

static int property_get_mdev_types(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *reply, void *userdata,
                                   sd_bus_error *reterr) {
        const Device *device = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssu)");
        for (guint i = 0; r >= 0 && device->types && i < device->types->len; i++) {
                const MdevType *type = device->types->pdata[i];

                r = sd_bus_message_append(reply, "(ssu)", type->id, type->name, type->available);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const sd_bus_vtable device_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", NULL, offsetof(Device, id), CONST),
        SD_BUS_PROPERTY("Class", "s", property_get_class, 0, CONST),
        SD_BUS_PROPERTY("Role", "s", property_get_role, 0, CONST),
        SD_BUS_PROPERTY("Parent", "s", NULL, offsetof(Device, parent), CONST),
        SD_BUS_PROPERTY("Driver", "s", NULL, offsetof(Device, driver), CHANGES),
        SD_BUS_PROPERTY("NumaNode", "i", NULL, offsetof(Device, numa_node), CHANGES),
        SD_BUS_PROPERTY("IommuGroup", "i", NULL, offsetof(Device, iommu_group), CHANGES),
        SD_BUS_PROPERTY("Netdev", "s", NULL, offsetof(Device, netdev), CHANGES),
        SD_BUS_PROPERTY("HostUse", "s", NULL, offsetof(Device, host_use), CHANGES),
        SD_BUS_PROPERTY("LinkSpeed", "d", NULL, offsetof(Device, link_speed), CHANGES),
        SD_BUS_PROPERTY("LinkWidth", "i", NULL, offsetof(Device, link_width), CHANGES),
        SD_BUS_PROPERTY("VFsMade", "u", NULL, offsetof(Device, vfs_made), CHANGES),
        SD_BUS_PROPERTY("VFsTotal", "u", NULL, offsetof(Device, vfs_total), CHANGES),
        SD_BUS_PROPERTY("MdevTypes", "a(ssu)", property_get_mdev_types, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

static const Device *find(Faces *faces, const char *path) {
        g_autofree char *id = bus_path_decode(FERRY_OBJECT_DEVICE, path);

        return id ? inventory_find(faces->manager->inventory, id) : NULL;
}

static int find_device(sd_bus *bus, const char *path, const char *interface, void *userdata,
                       void **ret_found, sd_bus_error *reterr) {
        *ret_found = (void *)find(userdata, path);
        return *ret_found ? 1 : 0;
}

/* In its fingerprint -------------------------------------------------------------- */

static int property_get_vfio_caps(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *reterr) {
        const Fingerprint *fingerprint = userdata;
        g_autofree char *text = NULL;
        g_auto(GStrv) words = NULL;

        if (fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN)
                text = vfio_caps_to_string(fingerprint->vfio_caps);
        words = g_strsplit(text ?: "", " ", 0);
        return sd_bus_message_append_strv(reply, words);
}

static int property_get_vfio_caps_known(sd_bus *bus, const char *path, const char *interface,
                                        const char *property, sd_bus_message *reply, void *userdata,
                                        sd_bus_error *reterr) {
        const Fingerprint *fingerprint = userdata;

        return sd_bus_message_append(reply, "b", fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN);
}

#define OFFSET(member) offsetof(Fingerprint, member)

static const sd_bus_vtable fingerprint_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Vendor", "i", NULL, OFFSET(vendor), CHANGES),
        SD_BUS_PROPERTY("Device", "i", NULL, OFFSET(device), CHANGES),
        SD_BUS_PROPERTY("SubsystemVendor", "i", NULL, OFFSET(subsystem_vendor), CHANGES),
        SD_BUS_PROPERTY("SubsystemDevice", "i", NULL, OFFSET(subsystem_device), CHANGES),
        SD_BUS_PROPERTY("Revision", "i", NULL, OFFSET(revision), CHANGES),
        SD_BUS_PROPERTY("MigrationDriver", "s", NULL, OFFSET(driver), CHANGES),
        SD_BUS_PROPERTY("DriverVersion", "s", NULL, OFFSET(driver_version), CHANGES),
        SD_BUS_PROPERTY("Firmware", "s", NULL, OFFSET(firmware), CHANGES),
        SD_BUS_PROPERTY("MdevType", "s", NULL, OFFSET(mdev_type), CHANGES),
        SD_BUS_PROPERTY("VfioCaps", "as", property_get_vfio_caps, 0, CHANGES),
        SD_BUS_PROPERTY("VfioCapsKnown", "b", property_get_vfio_caps_known, 0, CHANGES),
        SD_BUS_PROPERTY("StateSize", "t", NULL, OFFSET(state_size), CHANGES),
        SD_BUS_VTABLE_END,
};

static int find_fingerprint(sd_bus *bus, const char *path, const char *interface, void *userdata,
                            void **ret_found, sd_bus_error *reterr) {
        const Device *device = find(userdata, path);

        *ret_found = device ? device->fingerprint : NULL;
        return *ret_found ? 1 : 0;
}

/* With the manager ---------------------------------------------------------------- */

static int property_get_pool(sd_bus *bus, const char *path, const char *interface,
                             const char *property, sd_bus_message *reply, void *userdata,
                             sd_bus_error *reterr) {
        Faces *faces = userdata;
        const Device *device = find(faces, path);

        return sd_bus_message_append(reply, "s",
                                     inventory_pool(faces->manager->inventory, device)->name);
}

static int property_get_lease(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        Faces *faces = userdata;
        const Device *device = find(faces, path);
        g_autofree char *lease_path = NULL;
        const Lease *lease;

        lease = lease_book_find_device(faces->manager->leases, device->id);
        if (lease)
                lease_path = bus_path_encode(FERRY_OBJECT_LEASE, lease->id);
        return sd_bus_message_append(reply, "o", lease_path ?: "/");
}

static const sd_bus_vtable holder_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Probe", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("b", good, "s", verdict, "a(ssttiss)", steps),
                                device_method_probe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Forecast", SD_BUS_ARGS("s", metric, "u", horizon),
                                SD_BUS_RESULT("t", start, "u", step, "a(dddd)", bands),
                                device_method_forecast, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Pool", "s", property_get_pool, 0, CHANGES),
        SD_BUS_PROPERTY("Lease", "o", property_get_lease, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

static int find_holder(sd_bus *bus, const char *path, const char *interface, void *userdata,
                       void **ret_found, sd_bus_error *reterr) {
        *ret_found = userdata;
        return find(userdata, path) ? 1 : 0;
}

/* All three ----------------------------------------------------------------------- */

static int list_devices(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                        sd_bus_error *reterr) {
        Faces *faces = userdata;
        g_autoptr(GPtrArray) devices = inventory_list(faces->manager->inventory);
        g_autoptr(GPtrArray) ids = g_ptr_array_new();

        for (guint i = 0; i < devices->len; i++)
                g_ptr_array_add(ids, ((Device *)devices->pdata[i])->id);

        *ret_nodes = face_paths(FERRY_OBJECT_DEVICE, ids);
        return 0;
}

int device_face_attach(Faces *faces) {
        static const struct {
                const sd_bus_vtable *vtable;
                sd_bus_object_find_t find;
        } parts[] = {
                { device_vtable, find_device },
                { fingerprint_vtable, find_fingerprint },
                { holder_vtable, find_holder },
        };
        int r;

        for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
                r = sd_bus_add_fallback_vtable(faces->bus, NULL, FERRY_OBJECT_DEVICE,
                                               FERRY_INTERFACE_DEVICE, parts[i].vtable,
                                               parts[i].find, faces);
                if (r < 0)
                        return r;
        }

        return sd_bus_add_node_enumerator(faces->bus, NULL, FERRY_OBJECT_DEVICE, list_devices,
                                          faces);
}
