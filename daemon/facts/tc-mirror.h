/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes to one MAC through a netdev goes through another one as well.
 *
 * Meant for the two halves of a team: the tap of the virtio half, and the PF of
 * the VF, whose card hands a frame for the VF's MAC to the VF. A card that does
 * not have that MAC yet sends the copy out of its port, from where it may come
 * back to the tap: so what was copied has the source TC_MIRROR_SOURCE from then
 * on, and what comes from that is dropped. The guest sees that address as the
 * source of its frames meanwhile; ARP and IPv6 have the sender's in the payload.
 *
 * Source: tc-flower(8), tc-mirred(8), tc-skbmod(8). 0 or negative errno, silent.
 */

#include "daemon/facts/rtnl.h"

#define TC_MIRROR_SOURCE "02:76:66:00:00:01" /* locally administered */

/* At the egress of `from`, to the egress of the netdev `to`. -EEXIST: `from` has an ingress qdisc,
 * which leaves no room, or is mirrored already. */
int tc_mirror_begin(Rtnl *rtnl, int from, const char *mac, const char *to);
/* Nothing to end is no error. A clsact qdisc that somebody else needs is left. */
int tc_mirror_end(Rtnl *rtnl, int from);
