/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The options of a filter, made fit to be carried from one host to another.
 *
 * They are the kernel's own attributes and stay so, but for what belongs to one
 * host or one moment: counters, times, what the hardware has taken, the numbers
 * of actions, and the indexes of netdevs. Only filters and actions whose form is
 * known can be cleared of these, so there is a list of both kinds, and it is
 * held against what comes from another host as well: a number of an action
 * there would bind the filter to an action of this host's.
 */

#include <glib.h>
#include <stdbool.h>

/* Gives the index of a netdev in an action its new value. 0 or negative errno. */
typedef int (*TcNetdev)(void *userdata, guint32 *index);

bool tc_kind_is_known(const char *kind); /* "flower" */
/* `protocol` is the filter's, an ETH_P_*. -EOPNOTSUPP: an action of a kind that is not known;
 * -EBADMSG: not what the kernel sends. */
int tc_options_rewrite(const char *kind, unsigned protocol, const void *data, size_t size,
                       TcNetdev netdev, void *userdata, GByteArray **ret_options);
