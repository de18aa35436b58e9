/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where this host keeps what is outside of a VF: the netdev of its PF, which
 * takes its settings, and the port that its frames come out of.
 *
 * In switchdev mode that port is the VF's own representor, and filters hang on
 * it. Else it is the PF's netdev where that is a port of a bridge, shared with
 * the PF and all other VFs.
 */

#include "daemon/facts/rtnl.h"
#include "daemon/facts/sysfs.h"

typedef struct SwitchPlace {
        char *device;    /* the VF's PCI address */
        unsigned vf;     /* its number at the PF */
        char *pf_netdev; /* name and index, for people and for the kernel */
        int pf;
        char *port_netdev; /* NULL: it has none */
        int port;
        char *port_mac; /* the port's own */
        bool shared;    /* the port is the PF's */
        bool bridged;   /* the port is a port of a bridge */
} SwitchPlace;

/* 0 or negative errno, silent. -ENOENT: it is no VF, or its PF has no netdev. */
int switch_place_find(const Sysfs *sysfs, Rtnl *rtnl, const char *device, SwitchPlace **ret_place);
void switch_place_free(SwitchPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchPlace, switch_place_free)
