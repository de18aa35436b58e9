/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/tc-mirror.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbmod.h>
#include <linux/rtnetlink.h>
#include <netinet/ether.h>

#include "daemon/facts/rtnl-message.h"
#include "daemon/facts/tc.h"

/* Unlikely to be anybody else's. */
#define PRIORITY_DROP 30326
#define PRIORITY_COPY 30327

/* An empty message collects the attributes. */
static RtnlMessage *options_new(void) {
        struct tcmsg header = { 0 };

        return rtnl_message_new(RTM_NEWTFILTER, 0, &header, sizeof(header));
}

static GBytes *options_end(RtnlMessage *options) {
        struct nlmsghdr *header = nlmsg_hdr(options);

        return g_bytes_new(nlmsg_attrdata(header, sizeof(struct tcmsg)),
                           (gsize)nlmsg_attrlen(header, sizeof(struct tcmsg)));
}

static void match_mac(RtnlMessage *options, int key, int mask, const struct ether_addr *mac) {
        static const struct ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

        rtnl_put(options, key, mac, sizeof(*mac));
        rtnl_put(options, mask, &all, sizeof(all));
}

static void put_action(RtnlMessage *options, int number, const char *kind, int type,
                       const void *parameters, size_t size, const struct ether_addr *source) {
        struct nlattr *action = rtnl_begin(options, number), *inside;

        rtnl_put_string(options, TCA_ACT_KIND, kind);
        inside = rtnl_begin(options, TCA_ACT_OPTIONS);
        rtnl_put(options, type, parameters, size);
        if (source)
                rtnl_put(options, TCA_SKBMOD_SMAC, source, sizeof(*source));
        nla_nest_end(options, inside);
        nla_nest_end(options, action);
}

static GBytes *drop_what_came_back(const struct ether_addr *source) {
        const struct tc_gact drop = { .action = TC_ACT_SHOT };
        g_autoptr(RtnlMessage) options = options_new();
        struct nlattr *actions;

        match_mac(options, TCA_FLOWER_KEY_ETH_SRC, TCA_FLOWER_KEY_ETH_SRC_MASK, source);
        actions = rtnl_begin(options, TCA_FLOWER_ACT);
        put_action(options, 1, "gact", TCA_GACT_PARMS, &drop, sizeof(drop), NULL);
        nla_nest_end(options, actions);
        return options_end(options);
}

static GBytes *copy(const struct ether_addr *mac, const struct ether_addr *source) {
        const struct tc_skbmod mark = { .action = TC_ACT_PIPE, .flags = SKBMOD_F_SMAC };
        const struct tc_mirred mirror = { .action = TC_ACT_OK, .eaction = TCA_EGRESS_MIRROR };
        g_autoptr(RtnlMessage) options = options_new();
        struct nlattr *actions;

        match_mac(options, TCA_FLOWER_KEY_ETH_DST, TCA_FLOWER_KEY_ETH_DST_MASK, mac);
        actions = rtnl_begin(options, TCA_FLOWER_ACT);
        put_action(options, 1, "skbmod", TCA_SKBMOD_PARMS, &mark, sizeof(mark), source);
        put_action(options, 2, "mirred", TCA_MIRRED_PARMS, &mirror, sizeof(mirror), NULL);
        nla_nest_end(options, actions);
        return options_end(options);
}

static SwitchFilter *filter_new(unsigned priority, GBytes *options, const char *to) {
        SwitchFilter *filter = g_new0(SwitchFilter, 1);

        filter->direction = SWITCH_EGRESS;
        filter->priority = priority;
        filter->handle = 1;
        filter->protocol = ETH_P_ALL;
        filter->kind = g_strdup("flower");
        filter->options = options;
        if (to) {
                filter->netdevs = g_new0(char *, 2);
                filter->netdevs[0] = g_strdup(to);
        }
        return filter;
}

static int add(Rtnl *rtnl, int from, unsigned priority, GBytes *options, const char *to) {
        g_autoptr(SwitchFilter) filter = filter_new(priority, options, to);

        return tc_add_filter(rtnl, from, filter, NULL);
}

static int take_away(Rtnl *rtnl, int from, unsigned priority) {
        g_autoptr(SwitchFilter) filter = filter_new(priority, g_bytes_new(NULL, 0), NULL);
        int r = tc_remove_filter(rtnl, from, filter);

        return r == -ENOENT || r == -EINVAL ? 0 : r; /* no such filter, or no qdisc at all */
}

static int add_qdisc(Rtnl *rtnl, int from) {
        g_autoptr(SwitchFilters) filters = NULL;
        int r = tc_read(rtnl, from, &filters, NULL);

        if (r < 0)
                return r;
        if (filters->qdisc == SWITCH_QDISC_CLSACT)
                return 0;
        return tc_add_qdisc(rtnl, from, SWITCH_QDISC_CLSACT);
}

int tc_mirror_begin(Rtnl *rtnl, int from, const char *mac, const char *to) {
        struct ether_addr target, source;
        int r;

        if (!ether_aton_r(mac, &target))
                return -EINVAL;
        (void)ether_aton_r(TC_MIRROR_SOURCE, &source);

        r = add_qdisc(rtnl, from);
        if (r >= 0)
                r = add(rtnl, from, PRIORITY_DROP, drop_what_came_back(&source), NULL);
        if (r >= 0)
                r = add(rtnl, from, PRIORITY_COPY, copy(&target, &source), to);
        if (r < 0 && r != -EEXIST)
                (void)tc_mirror_end(rtnl, from);
        return r;
}

int tc_mirror_end(Rtnl *rtnl, int from) {
        g_autoptr(SwitchFilters) rest = NULL;
        unsigned left_out = 0;
        int r;

        r = take_away(rtnl, from, PRIORITY_COPY);
        if (r >= 0)
                r = take_away(rtnl, from, PRIORITY_DROP);
        if (r >= 0)
                r = tc_read(rtnl, from, &rest, &left_out);
        if (r >= 0 && rest->qdisc == SWITCH_QDISC_CLSACT && rest->filters->len == 0 &&
            left_out == 0)
                r = tc_remove_qdisc(rtnl, from, SWITCH_QDISC_CLSACT);
        return r;
}
