/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the driver of a PF knows of one of its VFs: read whole, set one by one.
 *
 * Source: RTM_GETLINK and RTM_SETLINK with IFLA_VFINFO_LIST, linux/if_link.h;
 * `ip link set PF vf N ...` of ip-link(8) is the same. Parsed by hand, since
 * rtnl_link_vf_get() of libnl 3.7 crashes on a link without that list.
 * 0 or negative errno, silent.
 */

#include "daemon/facts/rtnl.h"
#include "xml/switch-state.h"

/* Each is one call of the driver's. In the order in which they are set. */
typedef enum VfSetting {
        VF_SETTING_MAC,
        VF_SETTING_VLAN,
        VF_SETTING_RATE,
        VF_SETTING_SPOOF_CHECK,
        VF_SETTING_TRUST,
        VF_SETTING_LINK_STATE,
        VF_SETTING_NODE_GUID,
        VF_SETTING_PORT_GUID,
        _VF_SETTING_MAX,
        _VF_SETTING_INVALID = -22,
} VfSetting;

const char *vf_setting_to_string(VfSetting setting); /* "spoof-check" */
VfSetting vf_setting_from_string(const char *text);

/* `pf` is the index of the PF's netdev. -ENOENT: its driver knows no VF of that number. */
int vf_link_read(Rtnl *rtnl, int pf, unsigned vf, SwitchVf **ret_vf);
/* Packets that it has sent and taken. -EOPNOTSUPP: the PF's driver does not count them. */
int vf_link_read_packets(Rtnl *rtnl, int pf, unsigned vf, uint64_t *ret_packets);
/* Whether the VF, which is as `current`, has to be told. What `target` does not know is not told.
 */
bool vf_link_differs(VfSetting setting, const SwitchVf *current, const SwitchVf *target);
/* -EOPNOTSUPP: the driver cannot. */
int vf_link_set(Rtnl *rtnl, int pf, unsigned vf, VfSetting setting, const SwitchVf *target);
