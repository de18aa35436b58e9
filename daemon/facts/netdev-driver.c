/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/netdev-driver.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "daemon/facts/fd.h"

int netdev_firmware_from_text(const char *text, size_t size, char **ret_firmware) {
        g_autofree char *firmware = g_strstrip(g_strndup(text, size));

        if (*firmware == '\0' || g_str_equal(firmware, "N/A"))
                return -ENODATA;
        if (!g_utf8_validate(firmware, -1, NULL))
                return -EBADMSG;

        *ret_firmware = g_steal_pointer(&firmware);
        return 0;
}

/* Any socket will do: its family does not know the request and passes it on to the netdev. An
 * AF_UNIX one is always there, and a service that may not open others can open that. */
static int ask_driver(const char *name, struct ethtool_drvinfo *info) {
        struct ifreq request = { .ifr_data = (void *)info };
        g_auto(Fd) fd = -1;

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
        return ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

static int ask_kernel(const char *name, char **ret_firmware) {
        struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
        int r;

        r = ask_driver(name, &info);
        if (r < 0)
                return r == -EOPNOTSUPP ? -ENODATA : r;

        return netdev_firmware_from_text(info.fw_version, sizeof(info.fw_version), ret_firmware);
}

int netdev_read_firmware(const Sysfs *sysfs, const char *name, char **ret_firmware) {
        const SysfsOps *ops;
        void *userdata;

        if (!sysfs_name_is_valid(name) || strlen(name) >= IFNAMSIZ)
                return -EINVAL;

        ops = sysfs_ops(sysfs, &userdata);
        if (ops->get_firmware)
                return ops->get_firmware(userdata, name, ret_firmware);

        return ask_kernel(name, ret_firmware);
}
