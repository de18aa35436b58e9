/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/iommu.h"

#include <errno.h>

int iommu_list_members(const Sysfs *sysfs, int group, GPtrArray **ret_names) {
        g_autofree char *path = NULL;

        if (group < 0)
                return -EINVAL;

        path = g_strdup_printf("sys/kernel/iommu_groups/%d/devices", group);
        return sysfs_exists(sysfs, path) ? sysfs_list(sysfs, path, ret_names) : -ENODEV;
}
