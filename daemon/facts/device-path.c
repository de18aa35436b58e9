/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/device-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int device_path_read(const Sysfs *sysfs, const char *link, char ***ret_names) {
        char target[PATH_MAX];
        const char *devices;
        ssize_t length;

        length = readlinkat(sysfs_root_fd(sysfs), link, target, sizeof(target));
        if (length < 0)
                return -errno;
        if (length == sizeof(target))
                return -EFBIG;

        target[length] = '\0';
        devices = strstr(target, "/devices/");
        if (!devices)
                return -EBADMSG;

        *ret_names = g_strsplit(devices + strlen("/devices/"), "/", -1);
        return 0;
}
