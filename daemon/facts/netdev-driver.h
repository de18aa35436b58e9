/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the driver of a netdev says of its hardware: sysfs does not have it.
 * Source: ETHTOOL_GDRVINFO, include/uapi/linux/ethtool.h; the kernel asks no privilege for it.
 * It answers for the network namespace of the process whatever the root is, so a made-up root
 * brings its own SysfsOps.get_firmware. Waits while somebody configures netdevs (the RTNL lock). */

#include "daemon/facts/sysfs.h"

/* In the words of the driver: "22.39.1002 (MT_0000000436)". -ENODATA: it tells none; -ENODEV: no
 * such netdev. */
int netdev_read_firmware(const Sysfs *sysfs, const char *name, char **ret_firmware);

/* The answer's text, which need not end with a NUL. -ENODATA for "" and "N/A", which drivers say
 * for none; -EBADMSG for what is no text. */
int netdev_firmware_from_text(const char *text, size_t size, char **ret_firmware);
