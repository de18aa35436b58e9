/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a device offers for migration, asked of the kernel.
 * Source: include/uapi/linux/vfio.h, Documentation/driver-api/vfio.rst. */

#include "daemon/facts/vfio-device.h"
#include "xml/fingerprint.h"

typedef struct VfioProbe {
        int caps;            /* set of VfioCap */
        uint64_t state_size; /* bytes, 0 unknown */
} VfioProbe;

/* What its driver offers; a driver without migration offers nothing. */
int vfio_device_ask(const VfioDevice *device, VfioProbe *ret_probe);
/* Opens the device, asks, closes; errors as vfio_device_open() has them. */
int vfio_probe(const Sysfs *sysfs, const char *name, int iommu_group, VfioProbe *ret_probe);

/* Without opening it, for a device that a guest holds: from debugfs (sys/kernel/debug/vfio, since
 * 6.8 with CONFIG_VFIO_DEBUGFS; the features file since 6.18), else from its driver: plain vfio-pci
 * migrates nothing. Returns 1 when the driver migrates, 0 when it surely does not, -ENODATA when
 * nothing tells. `ret_caps` may be VFIO_CAPS_UNKNOWN even with 1; with 0 it is 0. */
int vfio_look(const Sysfs *sysfs, const char *name, int *ret_caps);

/* Whether the running kernel can report DMA logging: the report needs the IOVA bitmap, which only
 * kernels with CONFIG_IOMMUFD carry. A driver on any other kernel offers DMA logging all the same,
 * and the migration fails at its start ("Failed to get DMA logging report"). 1, 0, or -ENODATA when
 * nothing tells. Reads all of proc/kallsyms (some 50 ms): ask once and remember. */
int vfio_kernel_reports_dma_log(const Sysfs *sysfs);

/* Version or, where the module has none, srcversion of a driver's module; NULL without. */
char *vfio_driver_version(const Sysfs *sysfs, const char *module);
/* Another number each time that the module is loaded (the inode of its directory in sysfs, which
 * the kernel never uses twice); 0 when it is not there. A module that comes back may be another
 * one. */
uint64_t vfio_driver_loading(const Sysfs *sysfs, const char *module);
