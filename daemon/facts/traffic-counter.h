/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many packets have gone through a netdev or a VF so far, both ways, read
 * again and again: what is needed for that is kept open.
 *
 * A tap counts what QEMU has sent and taken: it stands still while the guest
 * does. Of a VF the driver of its PF tells, where it can (IFLA_VF_STATS).
 * Sources: Documentation/networking/statistics.rst; drivers/net/tun.c,
 * tun_put_user(); linux/if_link.h. 0 or negative errno, silent.
 */

#include "daemon/facts/rtnl.h"
#include "daemon/facts/sysfs.h"

typedef struct TrafficCounter TrafficCounter;

int traffic_counter_of_netdev(const Sysfs *sysfs, const char *netdev, TrafficCounter **ret_counter);
/* Borrows `rtnl`; `pf` is the index of the PF's netdev. */
int traffic_counter_of_vf(Rtnl *rtnl, int pf, unsigned vf, TrafficCounter **ret_counter);
void traffic_counter_free(TrafficCounter *counter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrafficCounter, traffic_counter_free)

/* -EOPNOTSUPP: the driver does not count. */
int traffic_counter_read(const TrafficCounter *counter, uint64_t *ret_packets);
