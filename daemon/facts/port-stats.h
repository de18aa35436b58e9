/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What has gone through the ports of this machine's network cards: each netdev
 * of a device, but neither VFs nor the representors of functions, whose packets
 * a port has counted already. Sources: ABI/testing/sysfs-class-net-statistics;
 * Documentation/networking/representors.rst. Negative errno, silent.
 */

#include "daemon/facts/link-stats.h"
#include "daemon/facts/sysfs.h"

typedef struct PortStats {
        char *netdev;
        LinkStats stats;
} PortStats;

/* PortStats by name, owned; of more than `most` the first ones. */
int port_stats_list(const Sysfs *sysfs, guint most, GPtrArray **ret_ports);
