/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/link-stats.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "daemon/facts/rtnl-message.h"
#include "tests/lib/fake-rtnl.h"

static int answer(void *userdata, struct nlmsghdr *request, GPtrArray *answers) {
        struct nlmsghdr *message = nlmsg_hdr(userdata);

        g_ptr_array_add(answers, g_memdup2(message, message->nlmsg_len));
        return 0;
}

static const RtnlOps canned = { .talk = answer };

/* A PF as its kernel tells of it; `size` of its own counters are sent. */
static RtnlMessage *pf_message(size_t size) {
        struct ifinfomsg header = { .ifi_index = 3 };
        RtnlMessage *message = rtnl_message_new(RTM_NEWLINK, 0, &header, sizeof(header));
        struct rtnl_link_stats64 link = { .rx_bytes = 1000,
                                          .tx_bytes = 2000,
                                          .rx_packets = 10,
                                          .tx_packets = 20,
                                          .rx_dropped = 1,
                                          .tx_dropped = 2 };

        rtnl_put(message, IFLA_STATS64, &link, MIN(size, sizeof(link)));
        return message;
}

static void put_count(RtnlMessage *message, int type, uint64_t value) {
        rtnl_put(message, type, &value, sizeof(value));
}

static void add_vf(RtnlMessage *message, unsigned vf, uint64_t bytes) {
        struct nlattr *info = rtnl_begin(message, IFLA_VF_INFO), *counts;
        struct ifla_vf_mac mac = { .vf = vf };

        rtnl_put(message, IFLA_VF_MAC, &mac, sizeof(mac));
        if (bytes > 0) {
                counts = rtnl_begin(message, IFLA_VF_STATS);
                put_count(message, IFLA_VF_STATS_RX_BYTES, bytes);
                put_count(message, IFLA_VF_STATS_TX_BYTES, bytes + 1);
                put_count(message, IFLA_VF_STATS_TX_DROPPED, 5);
                nla_nest_end(message, counts);
        }
        nla_nest_end(message, info);
}

static void test_one_answer_has_the_pf_and_its_vfs(void) {
        g_autoptr(RtnlMessage) message = pf_message(SIZE_MAX);
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);
        struct nlattr *list = rtnl_begin(message, IFLA_VFINFO_LIST);
        g_autoptr(GArray) vfs = NULL;
        const VfStats *vf;
        LinkStats link;

        add_vf(message, 0, 500);
        add_vf(message, 1, 0); /* not counted */
        add_vf(message, 7, 600);
        nla_nest_end(message, list);

        g_assert_cmpint(link_stats_read(rtnl, 3, &link, &vfs), ==, 0);
        g_assert_cmpuint(link.receive_bytes, ==, 1000);
        g_assert_cmpuint(link.transmit_packets, ==, 20);
        g_assert_cmpuint(link.transmit_drops, ==, 2);
        g_assert_cmpuint(vfs->len, ==, 2);
        vf = &g_array_index(vfs, VfStats, 1);
        g_assert_cmpuint(vf->vf, ==, 7);
        g_assert_cmpuint(vf->stats.receive_bytes, ==, 600);
        g_assert_cmpuint(vf->stats.transmit_bytes, ==, 601);
        g_assert_cmpuint(vf->stats.transmit_drops, ==, 5);
        g_assert_cmpuint(vf->stats.receive_packets, ==, LINK_STATS_UNKNOWN);
}

static void add_idle_vf(RtnlMessage *message, unsigned vf) {
        struct nlattr *info = rtnl_begin(message, IFLA_VF_INFO), *counts;
        struct ifla_vf_mac mac = { .vf = vf };

        rtnl_put(message, IFLA_VF_MAC, &mac, sizeof(mac));
        counts = rtnl_begin(message, IFLA_VF_STATS);
        for (int type = IFLA_VF_STATS_RX_PACKETS; type <= IFLA_VF_STATS_TX_BYTES; type++)
                put_count(message, type, 0);
        put_count(message, IFLA_VF_STATS_RX_DROPPED, 0);
        put_count(message, IFLA_VF_STATS_TX_DROPPED, 0);
        nla_nest_end(message, counts);
        nla_nest_end(message, info);
}

static guint count_vfs(RtnlMessage *message) {
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);
        g_autoptr(GArray) vfs = NULL;
        LinkStats link;

        g_assert_cmpint(link_stats_read(rtnl, 3, &link, &vfs), ==, 0);
        return vfs->len;
}

/* The kernel says 0 for a driver that does not count. */
static void test_where_no_vf_has_counted_anything_none_is_counted(void) {
        g_autoptr(RtnlMessage) none = pf_message(SIZE_MAX), some = pf_message(SIZE_MAX);
        struct nlattr *list = rtnl_begin(none, IFLA_VFINFO_LIST);

        add_idle_vf(none, 0);
        add_idle_vf(none, 1);
        nla_nest_end(none, list);
        g_assert_cmpuint(count_vfs(none), ==, 0);

        list = rtnl_begin(some, IFLA_VFINFO_LIST);
        add_idle_vf(some, 0);
        add_vf(some, 1, 500);
        nla_nest_end(some, list);
        g_assert_cmpuint(count_vfs(some), ==, 2);
}

static void test_what_is_cut_short_is_not_known(void) {
        g_autoptr(RtnlMessage) message = pf_message(40);
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);
        g_autoptr(GArray) vfs = NULL;
        LinkStats link;

        g_assert_cmpint(link_stats_read(rtnl, 3, &link, &vfs), ==, 0);
        g_assert_cmpuint(link.receive_bytes, ==, LINK_STATS_UNKNOWN);
        g_assert_cmpuint(vfs->len, ==, 0);
}

static void test_an_older_kernel_knows_what_it_knows(void) {
        g_autoptr(RtnlMessage) message = pf_message(64);
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);
        g_autoptr(GArray) vfs = NULL;
        LinkStats link;

        g_assert_cmpint(link_stats_read(rtnl, 3, &link, &vfs), ==, 0);
        g_assert_cmpuint(link.transmit_drops, ==, 2);
}

static void test_another_message_is_no_answer(void) {
        struct ifinfomsg header = { 0 };
        g_autoptr(RtnlMessage) message = rtnl_message_new(RTM_NEWADDR, 0, &header, sizeof(header));
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);
        GArray *vfs = NULL;
        LinkStats link;

        g_assert_cmpint(link_stats_read(rtnl, 3, &link, &vfs), ==, -EBADMSG);
        g_assert_null(vfs);
}

/* Every host has "lo". No privilege is needed to ask. */
static void test_the_kernel_answers_for_its_own_netdevs(void) {
        g_autoptr(GArray) vfs = NULL, none = NULL;
        g_autoptr(Rtnl) rtnl = NULL;
        LinkStats link;

        g_assert_cmpint(rtnl_open(&rtnl), ==, 0);
        g_assert_cmpint(link_stats_read(rtnl, rtnl_index(rtnl, "lo"), &link, &vfs), ==, 0);
        g_assert_cmpuint(link.receive_bytes, !=, LINK_STATS_UNKNOWN);
        g_assert_cmpuint(vfs->len, ==, 0);
        g_assert_cmpint(link_stats_read(rtnl, G_MAXINT, &link, &none), ==, -ENODEV);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/link-stats/one answer has the PF and its VFs",
                        test_one_answer_has_the_pf_and_its_vfs);
        g_test_add_func("/link-stats/where no VF has counted anything none is counted",
                        test_where_no_vf_has_counted_anything_none_is_counted);
        g_test_add_func("/link-stats/what is cut short is not known",
                        test_what_is_cut_short_is_not_known);
        g_test_add_func("/link-stats/an older kernel knows what it knows",
                        test_an_older_kernel_knows_what_it_knows);
        g_test_add_func("/link-stats/another message is no answer",
                        test_another_message_is_no_answer);
        g_test_add_func("/link-stats/the kernel answers for its own netdevs",
                        test_the_kernel_answers_for_its_own_netdevs);
        return g_test_run();
}
