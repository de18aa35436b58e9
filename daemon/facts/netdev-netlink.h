/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What netdev.c asks of rtnetlink. Source: rtnetlink(7). Blocks for one answer of the kernel. */

#include "daemon/facts/netdev.h"

struct nlmsghdr;

/* Addresses as text, those of link and host scope left out. -ENODEV without netdev. */
int netdev_list_addresses(const char *name, GPtrArray **ret_addresses);

/* The state of one VF in a RTM_NEWLINK with its IFLA_VFINFO_LIST; -ENOENT when it has none of that
 * index. By hand, since rtnl_link_vf_get() of libnl 3.7 crashes on a link without that list. */
int vf_state_from_message(const struct nlmsghdr *message, unsigned index, VfState **ret_state);
