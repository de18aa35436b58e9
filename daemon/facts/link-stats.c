/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/link-stats.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "daemon/facts/rtnl-message.h"

/* The kernel appends to rtnl_link_stats64: an older one sends less. */
#define STATS64_SIZE (offsetof(struct rtnl_link_stats64, tx_dropped) + sizeof(__u64))

static const LinkStats unknown = {
        LINK_STATS_UNKNOWN, LINK_STATS_UNKNOWN, LINK_STATS_UNKNOWN,
        LINK_STATS_UNKNOWN, LINK_STATS_UNKNOWN, LINK_STATS_UNKNOWN,
};

/* Attributes stand at multiples of 4 bytes, and these numbers have 8. */
static LinkStats read_link(const struct nlattr *attribute) {
        const void *payload = rtnl_payload(attribute, STATS64_SIZE);
        struct rtnl_link_stats64 link;

        if (!payload)
                return unknown;

        memcpy(&link, payload, STATS64_SIZE);
        return (LinkStats){
                .receive_bytes = link.rx_bytes,
                .transmit_bytes = link.tx_bytes,
                .receive_packets = link.rx_packets,
                .transmit_packets = link.tx_packets,
                .receive_drops = link.rx_dropped,
                .transmit_drops = link.tx_dropped,
        };
}

static uint64_t read_count(const struct nlattr *attribute) {
        const void *payload = rtnl_payload(attribute, sizeof(uint64_t));
        uint64_t count = LINK_STATS_UNKNOWN;

        if (payload)
                memcpy(&count, payload, sizeof(count));
        return count;
}

static bool read_vf(struct nlattr *info, VfStats *ret_vf) {
        struct nlattr *attributes[IFLA_VF_MAX + 1], *counts[IFLA_VF_STATS_MAX + 1];
        const struct ifla_vf_mac *mac;

        if (nla_parse_nested(attributes, IFLA_VF_MAX, info, NULL) < 0)
                return false;

        mac = RTNL_PAYLOAD(attributes[IFLA_VF_MAC], struct ifla_vf_mac);
        if (!mac || !attributes[IFLA_VF_STATS] ||
            nla_parse_nested(counts, IFLA_VF_STATS_MAX, attributes[IFLA_VF_STATS], NULL) < 0)
                return false;

        *ret_vf = (VfStats){
                .vf = mac->vf,
                .stats = {
                        .receive_bytes = read_count(counts[IFLA_VF_STATS_RX_BYTES]),
                        .transmit_bytes = read_count(counts[IFLA_VF_STATS_TX_BYTES]),
                        .receive_packets = read_count(counts[IFLA_VF_STATS_RX_PACKETS]),
                        .transmit_packets = read_count(counts[IFLA_VF_STATS_TX_PACKETS]),
                        .receive_drops = read_count(counts[IFLA_VF_STATS_RX_DROPPED]),
                        .transmit_drops = read_count(counts[IFLA_VF_STATS_TX_DROPPED]),
                },
        };
        return true;
}

static GArray *read_vfs(struct nlattr *list) {
        GArray *vfs = g_array_new(false, false, sizeof(VfStats));
        struct nlattr *info;
        int rest;

        if (!list)
                return vfs;

        for (info = nla_data(list), rest = nla_len(list); nla_ok(info, rest);
             info = nla_next(info, &rest)) {
                VfStats vf;

                if (read_vf(info, &vf))
                        g_array_append_val(vfs, vf);
        }
        return vfs;
}

static bool is_more_than_0(uint64_t count) {
        return count > 0 && count != LINK_STATS_UNKNOWN;
}

static bool has_counted(const LinkStats *stats) {
        return is_more_than_0(stats->receive_bytes) || is_more_than_0(stats->transmit_bytes) ||
               is_more_than_0(stats->receive_packets) || is_more_than_0(stats->transmit_packets) ||
               is_more_than_0(stats->receive_drops) || is_more_than_0(stats->transmit_drops);
}

/* For a driver that does not count what its VFs do, the kernel says 0 of all of them
 * (net/core/rtnetlink.c without ndo_get_vf_stats). */
static void forget_uncounted(GArray *vfs) {
        for (guint i = 0; i < vfs->len; i++)
                if (has_counted(&g_array_index(vfs, VfStats, i).stats))
                        return;
        g_array_set_size(vfs, 0);
}

int link_stats_read(Rtnl *rtnl, int index, LinkStats *ret_link, GArray **ret_vfs) {
        struct ifinfomsg header = { .ifi_index = index };
        struct nlattr *attributes[IFLA_MAX + 1];
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        int r;

        request = rtnl_message_new(RTM_GETLINK, 0, &header, sizeof(header));
        rtnl_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_VF);
        r = rtnl_talk(rtnl, request, &answers);
        if (r < 0)
                return r;
        if (answers->len == 0 || !rtnl_parse(answers->pdata[0], RTM_NEWLINK,
                                             sizeof(struct ifinfomsg), IFLA_MAX, attributes))
                return -EBADMSG;

        *ret_link = read_link(attributes[IFLA_STATS64]);
        *ret_vfs = read_vfs(attributes[IFLA_VFINFO_LIST]);
        forget_uncounted(*ret_vfs);
        return 0;
}
