/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The network interface of a PCI function, and whether the host uses it itself.
 * Link, bridge, bond and up are read from sysfs; addresses and the state of VFs by rtnetlink
 * (libnl-3), since sysfs has none. Netlink answers for the network namespace of the
 * process whatever the root is, so a made-up root brings its own SysfsOps.list_addresses. */

#include "daemon/facts/sysfs.h"

typedef struct NetdevFacts {
        char *name;
        char *mac;
        char *master; /* bridge, bond or team it is a port of, NULL */
        bool up;      /* IFF_UP: somebody has switched it on */
        unsigned mtu;
} NetdevFacts;

void netdev_facts_free(NetdevFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetdevFacts, netdev_facts_free)

int netdev_read(const Sysfs *sysfs, const char *name, NetdevFacts **ret_facts);
/* Why the host itself uses it, for a person ("eth3 is up and has 192.0.2.7", "eth3 is a port of
 * br0", "eth3 carries eth3.100"), or NULL when it does not. Up alone, or up with a link-local
 * address alone, is no use: udev and NetworkManager switch interfaces on unasked. */
int netdev_host_use(const Sysfs *sysfs, const char *name, char **ret_reason);

/* What the PF's driver knows of a VF (RTM_GETLINK with IFLA_VFINFO_LIST). */
typedef struct VfState {
        char *mac;
        unsigned vlan;
        uint32_t min_tx_rate, max_tx_rate; /* Mbit/s, 0 no limit */
        bool spoofcheck, trusted;
        int link_state; /* IFLA_VF_LINK_STATE_* */
} VfState;

void vf_state_free(VfState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfState, vf_state_free)
/* -ENODEV: no such netdev; -ENOENT: it has no VF of that index. */
int netdev_read_vf(const char *pf_netdev, unsigned index, VfState **ret_state);
