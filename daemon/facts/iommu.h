/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* IOMMU groups: what can only be given away together. Source: driver-api/vfio.rst. */

#include "daemon/facts/sysfs.h"

/* Names of the devices in the group, sorted. -ENODEV: no such group. */
int iommu_list_members(const Sysfs *sysfs, int group, GPtrArray **ret_names);
