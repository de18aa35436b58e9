/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a netdev has received and sent so far, and what each of its VFs has: one
 * question a PF, however many VFs it has.
 *
 * A VF's counters are those of the driver of its PF, and go on counting while a
 * guest has the VF. Sources: IFLA_STATS64 and IFLA_VF_STATS of linux/if_link.h,
 * Documentation/networking/statistics.rst. 0 or negative errno, silent.
 */

#include "daemon/facts/rtnl.h"

#include <stdint.h>

#define LINK_STATS_UNKNOWN UINT64_MAX

/* Of the netdev: what it receives comes from the wire. Of a VF: what goes to its guest. */
typedef struct LinkStats {
        uint64_t receive_bytes, transmit_bytes;
        uint64_t receive_packets, transmit_packets;
        uint64_t receive_drops, transmit_drops;
} LinkStats;

typedef struct VfStats {
        unsigned vf;
        LinkStats stats;
} VfStats;

/* `ret_vfs` is of VfStats and has those VFs that the driver counts: none, when it has counted
 * nothing of any of them yet. -ENODEV: there is none of this
 * index. */
int link_stats_read(Rtnl *rtnl, int index, LinkStats *ret_link, GArray **ret_vfs);
