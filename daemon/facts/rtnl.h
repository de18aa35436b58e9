/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A door to rtnetlink: a message in, messages out.
 *
 * Who talks through it sees the network namespace of the process, whatever the
 * root of a Sysfs is: of a made-up host there is none, and a test brings a
 * table of its own. All functions: 0 or negative errno, silent; the errno is
 * the kernel's own. Blocks for the answer, RTNL_TIMEOUT_SEC at most. One thread.
 * Source: rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
 */

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>

#define RTNL_TIMEOUT_SEC 5
#define RTNL_ANSWERS_MAX (16u * 1024 * 1024) /* bytes to one request */

struct nlmsghdr;

typedef struct RtnlOps {
        /* Adds a copy of each answer (struct nlmsghdr, g_free()) that is no acknowledgement. */
        int (*talk)(void *userdata, struct nlmsghdr *request, GPtrArray *answers);
        int (*index)(void *userdata, const char *name); /* of a netdev, -ENODEV */
        int (*name)(void *userdata, int index, char ret_name[IFNAMSIZ]);
} RtnlOps;

typedef struct Rtnl Rtnl;

Rtnl *rtnl_new(const RtnlOps *ops, void *userdata); /* borrows both */
int rtnl_open(Rtnl **ret_rtnl);                     /* the kernel's */
void rtnl_free(Rtnl *rtnl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rtnl, rtnl_free)

int rtnl_index(Rtnl *rtnl, const char *name); /* -ENODEV */
int rtnl_name(Rtnl *rtnl, int index, char ret_name[IFNAMSIZ]);
