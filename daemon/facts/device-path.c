/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/device-path.h"

#include <errno.h>
#include <string.h>

int device_path_read(const Sysfs *sysfs, const char *link, char ***ret_names) {
        g_autofree char *target = NULL;
        const char *devices;
        int r;

        r = sysfs_read_link(sysfs, link, &target);
        if (r < 0)
                return r;

        devices = strstr(target, "/devices/");
        if (!devices)
                return -EBADMSG;

        *ret_names = g_strsplit(devices + strlen("/devices/"), "/", -1);
        return 0;
}
