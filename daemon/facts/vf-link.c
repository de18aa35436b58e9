/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vf-link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "daemon/facts/rtnl-message.h"

static const char *const settings[] = {
        [VF_SETTING_MAC] = "mac",
        [VF_SETTING_VLAN] = "vlan",
        [VF_SETTING_RATE] = "rate",
        [VF_SETTING_SPOOF_CHECK] = "spoof-check",
        [VF_SETTING_TRUST] = "trust",
        [VF_SETTING_LINK_STATE] = "link-state",
        [VF_SETTING_NODE_GUID] = "node-guid",
        [VF_SETTING_PORT_GUID] = "port-guid",
};
G_STATIC_ASSERT(G_N_ELEMENTS(settings) == _VF_SETTING_MAX);

const char *vf_setting_to_string(VfSetting setting) {
        if (setting < 0 || setting >= _VF_SETTING_MAX)
                return NULL;

        return settings[setting];
}

VfSetting vf_setting_from_string(const char *text) {
        for (int i = 0; i < _VF_SETTING_MAX; i++)
                if (g_strcmp0(settings[i], text) == 0)
                        return (VfSetting)i;

        return _VF_SETTING_INVALID;
}

/* Reading -------------------------------------------------------------------------- */

/* The kernel always sends 32 bytes; a hardware address longer than Ethernet's is no MAC. */
static char *format_mac(const struct ifla_vf_mac *mac) {
        const uint8_t *m = mac->mac;
        char text[18];

        for (size_t i = ETH_ALEN; i < sizeof(mac->mac); i++)
                if (m[i] != 0)
                        return NULL;

        (void)snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
                       m[4], m[5]);
        return switch_mac_is_valid(text) ? g_strdup(text) : NULL;
}

/* IFLA_VF_VLAN has no protocol, IFLA_VF_VLAN_LIST (since 4.9) has. */
static void read_vlan(struct nlattr **attributes, SwitchVf *vf) {
        const struct ifla_vf_vlan *plain = RTNL_PAYLOAD(attributes[IFLA_VF_VLAN],
                                                        struct ifla_vf_vlan);
        const struct ifla_vf_vlan_info *info = NULL;

        if (attributes[IFLA_VF_VLAN_LIST])
                info = RTNL_PAYLOAD(nla_find(nla_data(attributes[IFLA_VF_VLAN_LIST]),
                                             nla_len(attributes[IFLA_VF_VLAN_LIST]),
                                             IFLA_VF_VLAN_INFO),
                                    struct ifla_vf_vlan_info);

        vf->vlan = info ? info->vlan : plain ? plain->vlan : 0;
        vf->qos = info ? info->qos : plain ? plain->qos : 0;
        if (info && ntohs(info->vlan_proto) == ETH_P_8021AD)
                vf->protocol = SWITCH_PROTOCOL_8021AD;
        if (vf->vlan == 0 || vf->vlan > SWITCH_VLAN_MAX || vf->qos > 7) {
                vf->vlan = vf->qos = 0;
                vf->protocol = SWITCH_PROTOCOL_8021Q;
        }
}

/* A driver that knows neither sends -1. */
static int read_switch(uint32_t setting) {
        return setting <= 1 ? (int)setting : SWITCH_UNKNOWN;
}

/* Attributes stand at multiples of 4 bytes, and the number in this one does not. */
static uint64_t read_guid(const struct nlattr *attribute) {
        const void *payload = rtnl_payload(attribute, sizeof(struct ifla_vf_guid));
        struct ifla_vf_guid guid = { 0 };

        if (payload)
                memcpy(&guid, payload, sizeof(guid));
        return guid.guid;
}

static void read_settings(struct nlattr **attributes, SwitchVf *vf) {
        const struct ifla_vf_rate *rate = RTNL_PAYLOAD(attributes[IFLA_VF_RATE],
                                                       struct ifla_vf_rate);
        const struct ifla_vf_spoofchk *spoof_check = RTNL_PAYLOAD(attributes[IFLA_VF_SPOOFCHK],
                                                                  struct ifla_vf_spoofchk);
        const struct ifla_vf_trust *trust = RTNL_PAYLOAD(attributes[IFLA_VF_TRUST],
                                                         struct ifla_vf_trust);
        const struct ifla_vf_link_state *link = RTNL_PAYLOAD(attributes[IFLA_VF_LINK_STATE],
                                                             struct ifla_vf_link_state);

        if (rate) {
                vf->min_tx_rate = MIN(rate->min_tx_rate, SWITCH_RATE_MAX);
                vf->max_tx_rate = MIN(rate->max_tx_rate, SWITCH_RATE_MAX);
        }
        if (spoof_check)
                vf->spoof_check = read_switch(spoof_check->setting);
        if (trust)
                vf->trust = read_switch(trust->setting);
        if (link && link->link_state < _SWITCH_LINK_MAX)
                vf->link_state = (int)link->link_state; /* IFLA_VF_LINK_STATE_AUTO is 0 */
        vf->node_guid = read_guid(attributes[IFLA_VF_IB_NODE_GUID]);
        vf->port_guid = read_guid(attributes[IFLA_VF_IB_PORT_GUID]);
}

G_STATIC_ASSERT((int)IFLA_VF_LINK_STATE_AUTO == (int)SWITCH_LINK_AUTO);
G_STATIC_ASSERT((int)IFLA_VF_LINK_STATE_ENABLE == (int)SWITCH_LINK_UP);
G_STATIC_ASSERT((int)IFLA_VF_LINK_STATE_DISABLE == (int)SWITCH_LINK_DOWN);

/* Each VF has its own. False when it is another VF's. */
static bool parse_info(struct nlattr *info, unsigned index,
                       struct nlattr *ret_attributes[IFLA_VF_MAX + 1]) {
        const struct ifla_vf_mac *mac;

        if (nla_parse_nested(ret_attributes, IFLA_VF_MAX, info, NULL) < 0)
                return false;

        mac = RTNL_PAYLOAD(ret_attributes[IFLA_VF_MAC], struct ifla_vf_mac);
        return mac && mac->vf == index;
}

static int find_info(const struct nlmsghdr *message, unsigned index,
                     struct nlattr *ret_attributes[IFLA_VF_MAX + 1]) {
        struct nlattr *attributes[IFLA_MAX + 1], *info;
        int rest;

        if (!rtnl_parse(message, RTM_NEWLINK, sizeof(struct ifinfomsg), IFLA_MAX, attributes))
                return -EBADMSG;
        if (!attributes[IFLA_VFINFO_LIST])
                return -ENOENT;

        nla_for_each_nested(info, attributes[IFLA_VFINFO_LIST],
                            rest) if (parse_info(info, index, ret_attributes)) return 0;
        return -ENOENT;
}

/* The attributes are those of the answer, which the caller keeps as long. */
static int ask(Rtnl *rtnl, int pf, unsigned vf, GPtrArray **ret_answers,
               struct nlattr *ret_attributes[IFLA_VF_MAX + 1]) {
        struct ifinfomsg header = { .ifi_index = pf };
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        int r;

        request = rtnl_message_new(RTM_GETLINK, 0, &header, sizeof(header));
        rtnl_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_VF);
        r = rtnl_talk(rtnl, request, &answers);
        if (r < 0)
                return r;
        if (answers->len == 0)
                return -EBADMSG;

        r = find_info(answers->pdata[0], vf, ret_attributes);
        if (r >= 0)
                *ret_answers = g_steal_pointer(&answers);
        return r;
}

int vf_link_read(Rtnl *rtnl, int pf, unsigned vf, SwitchVf **ret_vf) {
        struct nlattr *attributes[IFLA_VF_MAX + 1];
        g_autoptr(GPtrArray) answers = NULL;
        int r;

        r = ask(rtnl, pf, vf, &answers, attributes);
        if (r < 0)
                return r;

        *ret_vf = switch_vf_new();
        (*ret_vf)->mac = format_mac(nla_data(attributes[IFLA_VF_MAC]));
        read_vlan(attributes, *ret_vf);
        read_settings(attributes, *ret_vf);
        return 0;
}

/* Attributes stand at multiples of 4 bytes, and these numbers have 8. */
static uint64_t read_count(const struct nlattr *attribute) {
        const void *payload = rtnl_payload(attribute, sizeof(uint64_t));
        uint64_t count = 0;

        if (payload)
                memcpy(&count, payload, sizeof(count));
        return count;
}

int vf_link_read_packets(Rtnl *rtnl, int pf, unsigned vf, uint64_t *ret_packets) {
        struct nlattr *attributes[IFLA_VF_MAX + 1], *counts[IFLA_VF_STATS_MAX + 1];
        g_autoptr(GPtrArray) answers = NULL;
        int r;

        r = ask(rtnl, pf, vf, &answers, attributes);
        if (r < 0)
                return r;
        if (!attributes[IFLA_VF_STATS])
                return -EOPNOTSUPP;
        if (nla_parse_nested(counts, IFLA_VF_STATS_MAX, attributes[IFLA_VF_STATS], NULL) < 0)
                return -EBADMSG;

        *ret_packets = read_count(counts[IFLA_VF_STATS_RX_PACKETS]) +
                       read_count(counts[IFLA_VF_STATS_TX_PACKETS]);
        return 0;
}

/* Setting -------------------------------------------------------------------------- */

static bool differs(int current, int target) {
        return target != SWITCH_UNKNOWN && current != target;
}

bool vf_link_differs(VfSetting setting, const SwitchVf *current, const SwitchVf *target) {
        switch (setting) {
        case VF_SETTING_MAC:
                return g_strcmp0(current->mac, target->mac) != 0;
        case VF_SETTING_VLAN:
                return current->vlan != target->vlan || current->qos != target->qos ||
                       current->protocol != target->protocol;
        case VF_SETTING_RATE:
                return current->min_tx_rate != target->min_tx_rate ||
                       current->max_tx_rate != target->max_tx_rate;
        case VF_SETTING_SPOOF_CHECK:
                return differs(current->spoof_check, target->spoof_check);
        case VF_SETTING_TRUST:
                return differs(current->trust, target->trust);
        case VF_SETTING_LINK_STATE:
                return differs(current->link_state, target->link_state);
        case VF_SETTING_NODE_GUID:
                return target->node_guid != 0 && current->node_guid != target->node_guid;
        case VF_SETTING_PORT_GUID:
                return target->port_guid != 0 && current->port_guid != target->port_guid;
        case _VF_SETTING_MAX:
        case _VF_SETTING_INVALID:
                break;
        }
        g_assert_not_reached();
}

static void put_mac(RtnlMessage *message, unsigned vf, const char *mac) {
        struct ifla_vf_mac value = { .vf = vf };

        for (int i = 0; mac && i < ETH_ALEN; i++)
                value.mac[i] = (uint8_t)(g_ascii_xdigit_value(mac[3 * i]) << 4 |
                                         g_ascii_xdigit_value(mac[3 * i + 1]));
        rtnl_put(message, IFLA_VF_MAC, &value, sizeof(value));
}

static void put_vlan(RtnlMessage *message, unsigned vf, const SwitchVf *target) {
        struct ifla_vf_vlan_info value = { .vf = vf, .vlan = target->vlan, .qos = target->qos };
        struct nlattr *list = rtnl_begin(message, IFLA_VF_VLAN_LIST);
        bool ad = target->protocol == SWITCH_PROTOCOL_8021AD;

        value.vlan_proto = htons(ad ? ETH_P_8021AD : ETH_P_8021Q);
        rtnl_put(message, IFLA_VF_VLAN_INFO, &value, sizeof(value));
        nla_nest_end(message, list);
}

static void put_rate(RtnlMessage *message, unsigned vf, const SwitchVf *target) {
        struct ifla_vf_rate value = { .vf = vf,
                                      .min_tx_rate = target->min_tx_rate,
                                      .max_tx_rate = target->max_tx_rate };

        rtnl_put(message, IFLA_VF_RATE, &value, sizeof(value));
}

/* ifla_vf_spoofchk, ifla_vf_trust and ifla_vf_link_state have the same form. */
static void put_word(RtnlMessage *message, int type, unsigned vf, int word) {
        struct ifla_vf_trust value = { .vf = vf, .setting = (uint32_t)word };

        rtnl_put(message, type, &value, sizeof(value));
}

static void put_guid(RtnlMessage *message, int type, unsigned vf, uint64_t guid) {
        struct ifla_vf_guid value = { .vf = vf, .guid = guid };

        rtnl_put(message, type, &value, sizeof(value));
}

static void put_setting(RtnlMessage *message, unsigned vf, VfSetting setting,
                        const SwitchVf *target) {
        switch (setting) {
        case VF_SETTING_MAC:
                return put_mac(message, vf, target->mac);
        case VF_SETTING_VLAN:
                return put_vlan(message, vf, target);
        case VF_SETTING_RATE:
                return put_rate(message, vf, target);
        case VF_SETTING_SPOOF_CHECK:
                return put_word(message, IFLA_VF_SPOOFCHK, vf, target->spoof_check);
        case VF_SETTING_TRUST:
                return put_word(message, IFLA_VF_TRUST, vf, target->trust);
        case VF_SETTING_LINK_STATE:
                return put_word(message, IFLA_VF_LINK_STATE, vf, target->link_state);
        case VF_SETTING_NODE_GUID:
                return put_guid(message, IFLA_VF_IB_NODE_GUID, vf, target->node_guid);
        case VF_SETTING_PORT_GUID:
                return put_guid(message, IFLA_VF_IB_PORT_GUID, vf, target->port_guid);
        case _VF_SETTING_MAX:
        case _VF_SETTING_INVALID:
                break;
        }
        g_assert_not_reached();
}

int vf_link_set(Rtnl *rtnl, int pf, unsigned vf, VfSetting setting, const SwitchVf *target) {
        struct ifinfomsg header = { .ifi_index = pf };
        g_autoptr(RtnlMessage) request = NULL;
        struct nlattr *list, *info;

        request = rtnl_message_new(RTM_SETLINK, 0, &header, sizeof(header));
        list = rtnl_begin(request, IFLA_VFINFO_LIST);
        info = rtnl_begin(request, IFLA_VF_INFO);
        put_setting(request, vf, setting, target);
        nla_nest_end(request, info);
        nla_nest_end(request, list);

        return rtnl_talk(rtnl, request, NULL);
}
