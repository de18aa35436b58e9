/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/core/device-class.h"
#include "daemon/facts/pci.h"

/* Mediated devices: parents offer types, functions are instances of a type. */

/* The ids, node and link of an mdev are its parent's, where that is a PCI function. */
static void describe_hardware(Device *device, const Sysfs *sysfs, const char *parent) {
        Fingerprint *fingerprint = device->fingerprint;
        g_autoptr(PciFacts) facts = NULL;

        if (!pci_address_is_valid(parent) || pci_read(sysfs, parent, &facts) < 0)
                return;

        fingerprint->vendor = facts->vendor;
        fingerprint->device = facts->device;
        fingerprint->subsystem_vendor = facts->subsystem_vendor;
        fingerprint->subsystem_device = facts->subsystem_device;
        fingerprint->revision = facts->revision;
        device->numa_node = facts->numa_node;
        device->link_speed = facts->link_speed;
        device->link_width = facts->link_width;
        if (device->role == DEVICE_ROLE_PARENT) {
                device->vfs_made = facts->vfs_made;
                device->vfs_total = facts->vfs_total;
        }
}

/* The parent's driver makes the instances and carries their state. */
static void describe_driver(Device *device, const Sysfs *sysfs, DriverMemo *memo,
                            const char *driver) {
        device->driver = g_strdup(driver);
        driver_memo_describe(memo, sysfs, driver, device);
}

static int describe_parent(const Sysfs *sysfs, DriverMemo *memo, const char *name,
                           Device **ret_device) {
        g_autoptr(Device) device = device_new(&device_class_mdev, DEVICE_ROLE_PARENT, name);
        g_autofree char *driver = NULL;
        int r;

        r = mdev_list_types(sysfs, name, &device->types);
        if (r < 0)
                return r;

        (void)mdev_parent_driver(sysfs, name, &driver); /* NULL: unknown */
        describe_driver(device, sysfs, memo, driver);
        describe_hardware(device, sysfs, name);
        *ret_device = g_steal_pointer(&device);
        return 0;
}

static int describe_function(const Sysfs *sysfs, DriverMemo *memo, const char *uuid,
                             Device **ret_device) {
        g_autoptr(MdevFacts) facts = NULL;
        Device *device;
        int r;

        r = mdev_read(sysfs, uuid, &facts);
        if (r < 0)
                return r;

        device = device_new(&device_class_mdev, DEVICE_ROLE_FUNCTION, facts->uuid);
        describe_driver(device, sysfs, memo, facts->driver);
        describe_hardware(device, sysfs, facts->parent);
        device->iommu_group = facts->iommu_group;
        device->parent = g_steal_pointer(&facts->parent);
        device->fingerprint->mdev_type = g_steal_pointer(&facts->type);
        *ret_device = device;
        return 0;
}

static int mdev_describe(const Sysfs *sysfs, DriverMemo *memo, const char *id,
                         Device **ret_device) {
        int r;

        if (uuid_is_valid(id))
                return describe_function(sysfs, memo, id, ret_device);

        r = describe_parent(sysfs, memo, id, ret_device);
        return r == -EINVAL ? -ENODEV : r; /* an id of another class */
}

static int scan_names(const Sysfs *sysfs, DriverMemo *memo, const GPtrArray *names, DeviceSink sink,
                      void *userdata) {
        int r;

        for (guint i = 0; i < names->len; i++) {
                Device *device;

                r = mdev_describe(sysfs, memo, names->pdata[i], &device);
                if (r >= 0)
                        sink(userdata, device);
                else if (r != -ENODEV)
                        return r;
        }
        return 0;
}

static int mdev_scan(const Sysfs *sysfs, DriverMemo *memo, DeviceSink sink, void *userdata) {
        g_autoptr(GPtrArray) parents = NULL, uuids = NULL;
        int r;

        r = mdev_list_parents(sysfs, &parents);
        if (r >= 0)
                r = mdev_list(sysfs, &uuids);
        if (r >= 0)
                r = scan_names(sysfs, memo, parents, sink, userdata);
        if (r >= 0)
                r = scan_names(sysfs, memo, uuids, sink, userdata);
        return r;
}

/* An mdev is with its vfio driver from birth to death. */
static int mdev_bind(Sysfs *sysfs, const Device *device, char **ret_previous_driver) {
        *ret_previous_driver = NULL;
        return 0;
}

static int mdev_give_back(Sysfs *sysfs, const char *id, const char *previous_driver) {
        return 0;
}

static int mdev_unmake(Sysfs *sysfs, const char *id) {
        int r = mdev_remove(sysfs, id);

        return r == -ENODEV ? 0 : r;
}

const DeviceClass device_class_mdev = {
        .name = "mdev",
        .subsystem = "mdev",
        .kind = DOMAIN_DEVICE_MDEV,
        .scan = mdev_scan,
        .describe = mdev_describe,
        .make = mdev_create,
        .bind = mdev_bind,
        .give_back = mdev_give_back,
        .unmake = mdev_unmake,
};
