/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A VFIO device that this process has open, with its IOMMU group and a type 1
 * container of its own. Only for a device that no guest has: the kernel resets
 * it at open and close, and nobody else can open the group meanwhile.
 * Source: include/uapi/linux/vfio.h, Documentation/driver-api/vfio.rst.
 */

#include "daemon/facts/fd.h"
#include "daemon/facts/sysfs.h"

typedef struct VfioDevice {
        const Sysfs *sysfs;
        Fd container, group, fd;
} VfioDevice;

#define VFIO_DEVICE_NONE \
        { .container = -1, .group = -1, .fd = -1 }

/* `name` is the PCI address or mdev uuid. -EBUSY when somebody holds the group, -ENODEV when the
 * device is not bound to a vfio driver, -EPERM when the group is not viable (another member is used
 * by the host). */
int vfio_device_open(VfioDevice *ret_device, const Sysfs *sysfs, const char *name, int iommu_group);
void vfio_device_close(VfioDevice *device);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VfioDevice, vfio_device_close)

/* VFIO_DEVICE_FEATURE: `flags` is the feature and what to do with it, `value` what goes in and
 * comes out, of 32 bytes at most. What the kernel returns, 0 or more, or negative errno. */
int vfio_device_feature(const VfioDevice *device, uint32_t flags, void *value, size_t size);

/* Lets the device reach this memory of ours at `iova` until it is closed: whole pages. */
int vfio_device_map(const VfioDevice *device, uint64_t iova, void *memory, size_t size);
