/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Devices that nobody may open while we take them from their vfio driver.
 *
 * The kernel does not refuse to unbind or to remove a device that a guest has
 * open: it blocks the writer until the guest lets go, with the device's lock
 * held. Only one process can have an IOMMU group open (Documentation/driver-api/
 * vfio.rst), through its group node or through the device's own, so an open
 * group of ours says that no guest has the device and keeps others out.
 */

#include "daemon/facts/sysfs-dir.h"

typedef struct VfioHold VfioHold;

VfioHold *vfio_hold_new(const Sysfs *sysfs);
void vfio_hold_free(VfioHold *hold); /* lets go of all */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioHold, vfio_hold_free)

/* 0 as well for a device without a vfio driver: nobody can have it open. -EBUSY: somebody has it,
 * or another member of its group. -EOPNOTSUPP: the kernel has no group nodes, so it cannot be told.
 */
int vfio_hold_add(VfioHold *hold, const SysfsDir *device);
