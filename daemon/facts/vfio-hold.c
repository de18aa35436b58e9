/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio-hold.h"

#include <errno.h>

#include "daemon/facts/fd.h"

struct VfioHold {
        const Sysfs *sysfs;
        GHashTable *groups; /* name → fd */
};

static void close_group(gpointer fd) {
        fd_close(GPOINTER_TO_INT(fd));
}

VfioHold *vfio_hold_new(const Sysfs *sysfs) {
        VfioHold *hold = g_new0(VfioHold, 1);

        hold->sysfs = sysfs;
        hold->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_group);
        return hold;
}

void vfio_hold_free(VfioHold *hold) {
        if (!hold)
                return;

        g_hash_table_unref(hold->groups);
        g_free(hold);
}

int vfio_hold_add(VfioHold *hold, const SysfsDir *device) {
        g_autofree char *path = NULL;
        char group[NAME_MAX + 1];
        int r;

        /* Since 6.1 each device that is registered with vfio has this directory. */
        if (!sysfs_dir_has(device, "vfio-dev"))
                return 0;

        r = sysfs_dir_read_link(device, "iommu_group", group);
        if (r < 0)
                return r;
        if (g_hash_table_contains(hold->groups, group))
                return 0;

        path = g_build_filename("dev/vfio", group, NULL);
        r = sysfs_open_device(hold->sysfs, path);
        if (r < 0)
                return r == -ENOENT ? -EOPNOTSUPP : r;

        g_hash_table_insert(hold->groups, g_strdup(group), GINT_TO_POINTER(r));
        return 0;
}
