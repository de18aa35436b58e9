/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "daemon/facts/rtnl-message.h"
#include "tests/lib/fake-rtnl-model.h"

static int find_index(void *userdata, const char *name) {
        FakeRtnl *fake = userdata;

        for (guint i = 0; i < fake->netdevs->len; i++)
                if (g_str_equal(fake->netdevs->pdata[i], name))
                        return (int)i + 1;
        return -ENODEV;
}

static int find_name(void *userdata, int index, char ret_name[IFNAMSIZ]) {
        FakeRtnl *fake = userdata;

        if (index < 1 || (guint)index > fake->netdevs->len)
                return -ENODEV;

        g_strlcpy(ret_name, fake->netdevs->pdata[index - 1], IFNAMSIZ);
        return 0;
}

void fake_rtnl_answer(GPtrArray *answers, struct nl_msg *message) {
        struct nlmsghdr *header = nlmsg_hdr(message);

        g_ptr_array_add(answers, g_memdup2(header, header->nlmsg_len));
        nlmsg_free(message);
}

/* VFs at their PF ------------------------------------------------------------------- */

static FakeVf *find_vf(FakeRtnl *fake, int pf, unsigned number) {
        for (guint i = 0; i < fake->vfs->len; i++) {
                FakeVf *vf = fake->vfs->pdata[i];

                if (vf->pf == pf && vf->mac.vf == number)
                        return vf;
        }
        return NULL;
}

static void put_bytes(struct nl_msg *message, const FakeVf *vf) {
        rtnl_put(message, IFLA_VF_STATS_RX_BYTES, &vf->received_bytes, sizeof(vf->received_bytes));
        rtnl_put(message, IFLA_VF_STATS_TX_BYTES, &vf->sent_bytes, sizeof(vf->sent_bytes));
}

static void put_vf(struct nl_msg *message, const FakeVf *vf) {
        struct ifla_vf_vlan plain = { .vf = vf->mac.vf,
                                      .vlan = vf->vlan.vlan,
                                      .qos = vf->vlan.qos };
        struct nlattr *info = rtnl_begin(message, IFLA_VF_INFO), *list;

        rtnl_put(message, IFLA_VF_MAC, &vf->mac, sizeof(vf->mac));
        rtnl_put(message, IFLA_VF_VLAN, &plain, sizeof(plain));
        list = rtnl_begin(message, IFLA_VF_VLAN_LIST);
        rtnl_put(message, IFLA_VF_VLAN_INFO, &vf->vlan, sizeof(vf->vlan));
        nla_nest_end(message, list);
        rtnl_put(message, IFLA_VF_RATE, &vf->rate, sizeof(vf->rate));
        rtnl_put(message, IFLA_VF_SPOOFCHK, &vf->spoof_check, sizeof(vf->spoof_check));
        rtnl_put(message, IFLA_VF_TRUST, &vf->trust, sizeof(vf->trust));
        rtnl_put(message, IFLA_VF_LINK_STATE, &vf->link_state, sizeof(vf->link_state));
        rtnl_put(message, IFLA_VF_IB_NODE_GUID, &vf->node_guid, sizeof(vf->node_guid));
        rtnl_put(message, IFLA_VF_IB_PORT_GUID, &vf->port_guid, sizeof(vf->port_guid));
        if (vf->counts) {
                list = rtnl_begin(message, IFLA_VF_STATS);
                rtnl_put(message, IFLA_VF_STATS_RX_PACKETS, &vf->received, sizeof(vf->received));
                rtnl_put(message, IFLA_VF_STATS_TX_PACKETS, &vf->sent, sizeof(vf->sent));
                if (vf->counts_bytes)
                        put_bytes(message, vf);
                nla_nest_end(message, list);
        }
        nla_nest_end(message, info);
}

static int get_link(FakeRtnl *fake, const struct ifinfomsg *header, GPtrArray *answers) {
        struct nl_msg *message;
        struct nlattr *list = NULL;

        if (header->ifi_index < 1 || (guint)header->ifi_index > fake->netdevs->len)
                return -ENODEV;

        message = rtnl_message_new(RTM_NEWLINK, 0, header, sizeof(*header));
        for (guint i = 0; i < fake->vfs->len; i++) {
                const FakeVf *vf = fake->vfs->pdata[i];

                if (vf->pf != header->ifi_index)
                        continue;
                if (!list)
                        list = rtnl_begin(message, IFLA_VFINFO_LIST);
                put_vf(message, vf);
        }
        if (list)
                nla_nest_end(message, list);
        fake_rtnl_answer(answers, message);
        return 0;
}

/* The kernel's attributes have the same structs in both directions. */
static VfSetting take_setting(FakeVf *vf, const struct nlattr *attribute) {
        const struct nlattr *vlan;

        switch (nla_type(attribute)) {
        case IFLA_VF_MAC:
                memcpy(&vf->mac, nla_data(attribute), sizeof(vf->mac));
                return VF_SETTING_MAC;
        case IFLA_VF_VLAN_LIST:
                vlan = nla_data(attribute);
                g_assert_cmpint(nla_type(vlan), ==, IFLA_VF_VLAN_INFO);
                memcpy(&vf->vlan, nla_data(vlan), sizeof(vf->vlan));
                return VF_SETTING_VLAN;
        case IFLA_VF_RATE:
                memcpy(&vf->rate, nla_data(attribute), sizeof(vf->rate));
                return VF_SETTING_RATE;
        case IFLA_VF_SPOOFCHK:
                memcpy(&vf->spoof_check, nla_data(attribute), sizeof(vf->spoof_check));
                return VF_SETTING_SPOOF_CHECK;
        case IFLA_VF_TRUST:
                memcpy(&vf->trust, nla_data(attribute), sizeof(vf->trust));
                return VF_SETTING_TRUST;
        case IFLA_VF_LINK_STATE:
                memcpy(&vf->link_state, nla_data(attribute), sizeof(vf->link_state));
                return VF_SETTING_LINK_STATE;
        case IFLA_VF_IB_NODE_GUID:
                memcpy(&vf->node_guid, nla_data(attribute), sizeof(vf->node_guid));
                return VF_SETTING_NODE_GUID;
        case IFLA_VF_IB_PORT_GUID:
                memcpy(&vf->port_guid, nla_data(attribute), sizeof(vf->port_guid));
                return VF_SETTING_PORT_GUID;
        default:
                g_error("An attribute of a VF that is not modelled: %d", nla_type(attribute));
        }
}

static int set_link(FakeRtnl *fake, struct nlmsghdr *request, const struct ifinfomsg *header) {
        struct nlattr *list = nlmsg_find_attr(request, sizeof(*header), IFLA_VFINFO_LIST);
        const struct nlattr *setting = nla_data(nla_data(list));
        FakeVf *vf, changed;
        VfSetting which;
        uint32_t number;

        /* Each begins with the number of the VF, the list of VLANs with an attribute that does. */
        memcpy(&number,
               nla_type(setting) == IFLA_VF_VLAN_LIST ? nla_data(nla_data(setting))
                                                      : nla_data(setting),
               sizeof(number));
        vf = find_vf(fake, header->ifi_index, number);
        if (!vf)
                return -EINVAL;

        changed = *vf;
        which = take_setting(&changed, setting);
        if (fake->refused & 1u << which)
                return -EOPNOTSUPP;
        *vf = changed;
        return 0;
}

/* The door -------------------------------------------------------------------------- */

static bool is_change(int type) {
        return type != RTM_GETLINK && type != RTM_GETNEIGH && type != RTM_GETQDISC &&
               type != RTM_GETTFILTER;
}

static int dispatch(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers) {
        const struct ifinfomsg *link = NLMSG_DATA(request);
        bool bridge = link->ifi_family == AF_BRIDGE;

        switch (request->nlmsg_type) {
        case RTM_GETLINK:
                return bridge ? fake_bridge_get_vlans(fake, answers)
                              : get_link(fake, link, answers);
        case RTM_SETLINK:
                return bridge ? fake_bridge_change_vlans(fake, request, true)
                              : set_link(fake, request, link);
        case RTM_DELLINK:
                return fake_bridge_change_vlans(fake, request, false);
        case RTM_GETNEIGH:
                return fake_bridge_get_fdb(fake, request, answers);
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH:
                return fake_bridge_change_fdb(fake, request);
        case RTM_GETQDISC:
        case RTM_NEWQDISC:
        case RTM_DELQDISC:
                return fake_tc_qdisc(fake, request, answers);
        case RTM_GETTFILTER:
        case RTM_NEWTFILTER:
        case RTM_DELTFILTER:
                return fake_tc_filter(fake, request, answers);
        default:
                g_error("A request that is not modelled: %d", request->nlmsg_type);
        }
}

static int talk(void *userdata, struct nlmsghdr *request, GPtrArray *answers) {
        FakeRtnl *fake = userdata;

        g_assert_true(request->nlmsg_flags & NLM_F_REQUEST);
        g_assert_true(request->nlmsg_flags & NLM_F_ACK);
        if (is_change(request->nlmsg_type) && fake->fail_in >= 0 && fake->fail_in-- == 0)
                return -fake->fail_error;

        return dispatch(fake, request, answers);
}

static const RtnlOps ops = { .talk = talk, .index = find_index, .name = find_name };

FakeRtnl *fake_rtnl_new(void) {
        FakeRtnl *fake = g_new0(FakeRtnl, 1);

        fake->netdevs = g_ptr_array_new_with_free_func(g_free);
        fake->vfs = g_ptr_array_new_with_free_func(g_free);
        fake->ports = g_ptr_array_new_with_free_func(fake_port_free);
        fake->qdiscs = g_ptr_array_new_with_free_func(fake_qdisc_free);
        fake->rtnl = rtnl_new(&ops, fake);
        fake->fail_in = -1;
        return fake;
}

void fake_rtnl_free(FakeRtnl *fake) {
        if (!fake)
                return;

        rtnl_free(fake->rtnl);
        g_ptr_array_unref(fake->qdiscs);
        g_ptr_array_unref(fake->ports);
        g_ptr_array_unref(fake->vfs);
        g_ptr_array_unref(fake->netdevs);
        g_free(fake);
}

Rtnl *fake_rtnl(FakeRtnl *fake) {
        return fake->rtnl;
}

int fake_rtnl_add_netdev(FakeRtnl *fake, const char *name) {
        g_ptr_array_add(fake->netdevs, g_strdup(name));
        return (int)fake->netdevs->len;
}

void fake_rtnl_add_vf(FakeRtnl *fake, int pf, unsigned number) {
        FakeVf *vf = g_new0(FakeVf, 1);

        vf->pf = pf;
        vf->mac.vf = vf->vlan.vf = vf->rate.vf = vf->spoof_check.vf = vf->trust.vf =
                vf->link_state.vf = vf->node_guid.vf = vf->port_guid.vf = number;
        vf->vlan.vlan_proto = htons(ETH_P_8021Q);
        vf->spoof_check.setting = 1;
        g_ptr_array_add(fake->vfs, vf);
}

void fake_rtnl_count(FakeRtnl *fake, int pf, unsigned number, uint64_t received, uint64_t sent) {
        FakeVf *vf = find_vf(fake, pf, number);

        g_assert(vf);
        vf->counts = true;
        vf->received += received;
        vf->sent += sent;
}

void fake_rtnl_count_bytes(FakeRtnl *fake, int pf, unsigned number, uint64_t received,
                           uint64_t sent) {
        FakeVf *vf = find_vf(fake, pf, number);

        g_assert(vf);
        vf->counts = vf->counts_bytes = true;
        vf->received_bytes += received;
        vf->sent_bytes += sent;
}

void fake_rtnl_refuse(FakeRtnl *fake, VfSetting setting) {
        fake->refused |= 1u << setting;
}

void fake_rtnl_fail(FakeRtnl *fake, unsigned n, int error) {
        fake->fail_in = (int)n;
        fake->fail_error = error;
}

static void dump_vf(GString *text, const FakeVf *vf) {
        const uint8_t *m = vf->mac.mac;

        g_string_append_printf(text,
                               "netdev %d vf %u mac %02x:%02x:%02x:%02x:%02x:%02x vlan %u qos %u "
                               "proto %04x rate %u-%u spoof %u trust %u link %u guid "
                               "%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x\n",
                               vf->pf, vf->mac.vf, m[0], m[1], m[2], m[3], m[4], m[5],
                               vf->vlan.vlan, vf->vlan.qos, ntohs(vf->vlan.vlan_proto),
                               vf->rate.min_tx_rate, vf->rate.max_tx_rate, vf->spoof_check.setting,
                               vf->trust.setting, vf->link_state.link_state,
                               (guint64)vf->node_guid.guid, (guint64)vf->port_guid.guid);
}

char *fake_rtnl_dump(FakeRtnl *fake) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < fake->vfs->len; i++)
                dump_vf(text, fake->vfs->pdata[i]);
        fake_bridge_dump(fake, text);
        fake_tc_dump(fake, text);
        return g_string_free(text, FALSE);
}
