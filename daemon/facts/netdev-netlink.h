/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What netdev.c asks of rtnetlink. Source: rtnetlink(7). Blocks for one answer of the kernel. */

#include "daemon/facts/netdev.h"

struct rtnl_link;

/* Addresses as text, those of link and host scope left out. -ENODEV without netdev. */
int netdev_list_addresses(const char *name, GPtrArray **ret_addresses);

/* The state of one VF in an answer to RTM_GETLINK. -ENOENT when it has none of that index. */
int vf_state_from_link(struct rtnl_link *link, unsigned index, VfState **ret_state);
