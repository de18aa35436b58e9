/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a device is in the tree of devices: the names from the host down to it.
 * Source: Documentation/filesystems/sysfs.rst, "a symlink to the device".
 */

#include "daemon/facts/sysfs.h"

/* The names behind "devices" of what the link (below sys/bus or sys/class) points to:
 * "pci0000:00", "0000:00:1c.0", "0000:3b:00.0". -EBADMSG: it points elsewhere. */
int device_path_read(const Sysfs *sysfs, const char *link, char ***ret_names);
