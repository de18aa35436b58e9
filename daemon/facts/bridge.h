/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a Linux bridge knows of one of its ports: VLAN filters and the entries of
 * its forwarding database that somebody has made. `port` is the index of the
 * port's netdev.
 *
 * Source: linux/if_bridge.h, linux/neighbour.h; bridge(8) does the same.
 * 0 or negative errno, silent. -EOPNOTSUPP: it is no port of a bridge.
 */

#include "daemon/facts/rtnl.h"
#include "xml/switch-state.h"

/* SwitchVlan, in order; neighbours that say the same are one range. */
int bridge_read_vlans(Rtnl *rtnl, int port, GPtrArray **ret_vlans);
int bridge_add_vlan(Rtnl *rtnl, int port, const SwitchVlan *vlan);
int bridge_remove_vlan(Rtnl *rtnl, int port, const SwitchVlan *vlan);

/* SwitchFdb, in order, without what the bridge has learned by itself. */
int bridge_read_fdb(Rtnl *rtnl, int port, GPtrArray **ret_fdb);
/* Takes the place of what was learned of the same MAC on another port. */
int bridge_add_fdb(Rtnl *rtnl, int port, const SwitchFdb *fdb);
int bridge_remove_fdb(Rtnl *rtnl, int port, const SwitchFdb *fdb);
