/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/rtnl-watch.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "daemon/facts/fd.h"

static const unsigned groups[] = { RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_TC };

int rtnl_watch_open(void) {
        g_auto(Fd) fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        int result;

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;

        for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
                if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
                               sizeof(groups[i])) < 0)
                        return -errno;

        result = fd;
        fd = -1;
        return result;
}

static bool is_made(const struct nlmsghdr *message) {
        const struct ndmsg *header = NLMSG_DATA(message);

        return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*header)) &&
               header->ndm_family == AF_BRIDGE &&
               (header->ndm_state & (NUD_NOARP | NUD_PERMANENT) ||
                header->ndm_flags & NTF_EXT_LEARNED);
}

static bool is_meant(const struct nlmsghdr *message) {
        switch (message->nlmsg_type) {
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
                return is_made(message);
        case RTM_NEWLINK:
        case RTM_DELLINK:
        case RTM_NEWTFILTER:
        case RTM_DELTFILTER:
        case RTM_NEWQDISC:
        case RTM_DELQDISC:
                return true;
        default:
                return false;
        }
}

bool rtnl_watch_read(int fd) {
        char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
        bool meant = false;
        ssize_t n;

        while ((n = recv(fd, buffer, sizeof(buffer), MSG_TRUNC)) != 0) {
                const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
                int left = (int)n;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno != ENOBUFS)
                        return meant;
                if (n < 0 || (size_t)n > sizeof(buffer)) {
                        meant = true; /* some were lost, or are longer than this */
                        continue;
                }

                for (; NLMSG_OK(message, (unsigned)left); message = NLMSG_NEXT(message, left))
                        meant |= is_meant(message);
        }
        return meant;
}
