/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One kind of passthrough device: how it is found, made, bound, described and
 * given back. The next class is one file and one line in device_classes[].
 *
 * All functions: 0 or negative errno, silent.
 */

#include "daemon/core/device.h"
#include "daemon/core/driver-memo.h"

typedef void (*DeviceSink)(void *userdata, Device *device); /* takes the device */

struct DeviceClass {
        const char *name;      /* "sriov", "mdev" */
        const char *subsystem; /* whose uevents concern it: "pci", "mdev" */
        DomainDeviceKind kind; /* how a domain names such a device */

        /* Every parent and function of the class that this host has. */
        int (*scan)(const Sysfs *sysfs, DriverMemo *memo, DeviceSink sink, void *userdata);
        /* One of them anew; -ENODEV when it is gone or is not of this class. */
        int (*describe)(const Sysfs *sysfs, DriverMemo *memo, const char *id, Device **ret_device);
        /* Makes function `id` below `parent`; mdev: of `type`. -EOPNOTSUPP when the class cannot:
         * VFs are made all at once, so it makes one only as the first and only VF of its PF. */
        int (*make)(Sysfs *sysfs, const char *parent, const char *type, const char *id);
        /* Readies it for a guest (PCI: the best vfio driver) and says what it was bound to before
         * (NULL for nothing). Already ready: 0. -ENOENT when that driver is not loaded. */
        int (*bind)(Sysfs *sysfs, const Device *device, char **ret_previous_driver);
        /* Back to `previous_driver`. Gone already: 0; -EBUSY while a guest holds it. */
        int (*give_back)(Sysfs *sysfs, const char *id, const char *previous_driver);
        /* Removes what make() made. Gone already: 0; -EBUSY while a guest holds it. */
        int (*unmake)(Sysfs *sysfs, const char *id);
};

extern const DeviceClass device_class_sriov;
extern const DeviceClass device_class_mdev;

/* Ends with NULL. One id is one device: where two classes know it, the later one has it. An SR-IOV
 * function that makes mdevs is worth its instances to a guest. */
extern const DeviceClass *const device_classes[];

const DeviceClass *device_class_from_string(const char *name); /* NULL when unknown */
const DeviceClass *device_class_for_kind(DomainDeviceKind kind);
