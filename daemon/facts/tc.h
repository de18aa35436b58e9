/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The filters of traffic control on a netdev, at its ingress and its clsact
 * qdisc. Source: linux/pkt_cls.h, linux/pkt_sched.h; tc(8) does the same.
 *
 * 0 or negative errno, silent. What the options are: tc-options.h.
 */

#include "daemon/facts/rtnl.h"
#include "xml/switch-state.h"

/* What cannot be carried is left out; `ret_left_out` says how many filters that are, and may be
 * NULL. -EOPNOTSUPP on a big-endian host: the options are in the order of a little-endian one. */
int tc_read(Rtnl *rtnl, int netdev, SwitchFilters **ret_filters, unsigned *ret_left_out);

int tc_add_qdisc(Rtnl *rtnl, int netdev, SwitchQdisc qdisc);
int tc_remove_qdisc(Rtnl *rtnl, int netdev, SwitchQdisc qdisc);

/* -ENXIO: a netdev that it sends to is not on this host, its name in *ret_missing, which may be
 * NULL; -EOPNOTSUPP and -EBADMSG as tc_options_rewrite(). */
int tc_add_filter(Rtnl *rtnl, int netdev, const SwitchFilter *filter, char **ret_missing);
int tc_remove_filter(Rtnl *rtnl, int netdev, const SwitchFilter *filter);
