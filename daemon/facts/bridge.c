/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/bridge.h"

#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon/facts/rtnl-message.h"

/* VLANs ---------------------------------------------------------------------------- */

static bool continues(const SwitchVlan *before, unsigned first, bool untagged, bool pvid) {
        return before->last + 1 == first && before->untagged == untagged && !before->pvid && !pvid;
}

static void add_range(GPtrArray *vlans, unsigned first, unsigned last, unsigned flags) {
        bool untagged = flags & BRIDGE_VLAN_INFO_UNTAGGED, pvid = flags & BRIDGE_VLAN_INFO_PVID;
        SwitchVlan *before = vlans->len > 0 ? vlans->pdata[vlans->len - 1] : NULL, *vlan;

        if (first < 1 || last > SWITCH_VLAN_MAX || last < first)
                return;
        if (before && continues(before, first, untagged, pvid)) {
                before->last = last;
                return;
        }

        vlan = g_new0(SwitchVlan, 1);
        vlan->first = first;
        vlan->last = last;
        vlan->untagged = untagged;
        vlan->pvid = pvid;
        g_ptr_array_add(vlans, vlan);
}

/* The kernel sends them in their order, and a range as its begin and its end. */
static void read_vlans(struct nlattr *spec, GPtrArray *vlans) {
        unsigned begin = 0;
        struct nlattr *attribute;
        int rest;

        nla_for_each_nested(attribute, spec, rest) {
                const struct bridge_vlan_info *info;

                info = RTNL_PAYLOAD(attribute, struct bridge_vlan_info);
                if (nla_type(attribute) != IFLA_BRIDGE_VLAN_INFO || !info)
                        continue;

                if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN)
                        begin = info->vid;
                else if (info->flags & BRIDGE_VLAN_INFO_RANGE_END)
                        add_range(vlans, begin, info->vid, info->flags);
                else
                        add_range(vlans, info->vid, info->vid, info->flags);
        }
}

int bridge_read_vlans(Rtnl *rtnl, int port, GPtrArray **ret_vlans) {
        struct ifinfomsg header = { .ifi_family = AF_BRIDGE };
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        GPtrArray *vlans;
        int r;

        request = rtnl_message_new(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
        rtnl_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED);
        r = rtnl_talk(rtnl, request, &answers);
        if (r < 0)
                return r;

        vlans = g_ptr_array_new_with_free_func((GDestroyNotify)switch_vlan_free);
        for (guint i = 0; i < answers->len; i++) {
                struct nlattr *attributes[IFLA_MAX + 1];
                const struct nlmsghdr *message = answers->pdata[i];

                if (rtnl_parse(message, RTM_NEWLINK, sizeof(header), IFLA_MAX, attributes) &&
                    ((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_index == port &&
                    attributes[IFLA_AF_SPEC])
                        read_vlans(attributes[IFLA_AF_SPEC], vlans);
        }
        *ret_vlans = vlans;
        return 0;
}

static void put_vlan_info(RtnlMessage *message, unsigned vid, const SwitchVlan *vlan, int range) {
        struct bridge_vlan_info info = { .vid = (uint16_t)vid, .flags = (uint16_t)range };

        if (vlan->untagged)
                info.flags |= BRIDGE_VLAN_INFO_UNTAGGED;
        if (vlan->pvid)
                info.flags |= BRIDGE_VLAN_INFO_PVID;
        rtnl_put(message, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
}

static int change_vlan(Rtnl *rtnl, int type, int port, const SwitchVlan *vlan) {
        struct ifinfomsg header = { .ifi_family = AF_BRIDGE, .ifi_index = port };
        g_autoptr(RtnlMessage) request = rtnl_message_new(type, 0, &header, sizeof(header));
        struct nlattr *spec = rtnl_begin(request, IFLA_AF_SPEC);

        if (vlan->first == vlan->last) {
                put_vlan_info(request, vlan->first, vlan, 0);
        } else {
                put_vlan_info(request, vlan->first, vlan, BRIDGE_VLAN_INFO_RANGE_BEGIN);
                put_vlan_info(request, vlan->last, vlan, BRIDGE_VLAN_INFO_RANGE_END);
        }
        nla_nest_end(request, spec);
        return rtnl_talk(rtnl, request, NULL);
}

int bridge_add_vlan(Rtnl *rtnl, int port, const SwitchVlan *vlan) {
        return change_vlan(rtnl, RTM_SETLINK, port, vlan);
}

int bridge_remove_vlan(Rtnl *rtnl, int port, const SwitchVlan *vlan) {
        return change_vlan(rtnl, RTM_DELLINK, port, vlan);
}

/* The forwarding database ---------------------------------------------------------- */

/* What somebody has made, and -1 for what the bridge has learned. */
static int fdb_state(const struct ndmsg *header) {
        if (header->ndm_state & NUD_PERMANENT)
                return SWITCH_FDB_PERMANENT;
        if (header->ndm_state & NUD_NOARP)
                return SWITCH_FDB_STATIC;

        return header->ndm_flags & NTF_EXT_LEARNED ? SWITCH_FDB_REACHABLE : -1;
}

static SwitchFdb *read_fdb(const struct nlmsghdr *message, int port) {
        const struct ndmsg *header = NLMSG_DATA(message);
        struct nlattr *attributes[NDA_MAX + 1];
        const uint16_t *vlan;
        const uint8_t *mac;
        SwitchFdb *fdb;

        /* Without a master it is the port's own: `self`. */
        if (!rtnl_parse(message, RTM_NEWNEIGH, sizeof(*header), NDA_MAX, attributes) ||
            header->ndm_family != AF_BRIDGE || header->ndm_ifindex != port ||
            !attributes[NDA_MASTER] || fdb_state(header) < 0)
                return NULL;

        mac = rtnl_payload(attributes[NDA_LLADDR], ETH_ALEN);
        if (!mac)
                return NULL;

        vlan = RTNL_PAYLOAD(attributes[NDA_VLAN], uint16_t);
        fdb = g_new0(SwitchFdb, 1);
        fdb->mac = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                                   mac[4], mac[5]);
        fdb->vlan = vlan ? *vlan : 0;
        fdb->state = fdb_state(header);
        fdb->sticky = header->ndm_flags & NTF_STICKY;
        fdb->extern_learned = header->ndm_flags & NTF_EXT_LEARNED;
        return fdb;
}

static int by_key(gconstpointer a, gconstpointer b) {
        return switch_fdb_compare(*(SwitchFdb *const *)a, *(SwitchFdb *const *)b);
}

int bridge_read_fdb(Rtnl *rtnl, int port, GPtrArray **ret_fdb) {
        struct ndmsg header = { .ndm_family = AF_BRIDGE, .ndm_ifindex = port };
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        GPtrArray *entries;
        int r;

        request = rtnl_message_new(RTM_GETNEIGH, NLM_F_DUMP, &header, sizeof(header));
        r = rtnl_talk(rtnl, request, &answers);
        if (r < 0)
                return r;

        entries = g_ptr_array_new_with_free_func((GDestroyNotify)switch_fdb_free);
        for (guint i = 0; i < answers->len; i++) {
                SwitchFdb *fdb = read_fdb(answers->pdata[i], port);

                if (fdb)
                        g_ptr_array_add(entries, fdb);
        }
        g_ptr_array_sort(entries, by_key);
        *ret_fdb = entries;
        return 0;
}

static uint16_t state_to_nud(SwitchFdbState state) {
        switch (state) {
        case SWITCH_FDB_STATIC:
                return NUD_NOARP;
        case SWITCH_FDB_PERMANENT:
                return NUD_PERMANENT;
        case SWITCH_FDB_REACHABLE:
                return NUD_REACHABLE;
        case _SWITCH_FDB_STATE_MAX:
        case _SWITCH_FDB_STATE_INVALID:
                break;
        }
        g_assert_not_reached();
}

static void put_mac(RtnlMessage *message, const char *text) {
        uint8_t mac[ETH_ALEN];

        for (int i = 0; i < ETH_ALEN; i++)
                mac[i] = (uint8_t)(g_ascii_xdigit_value(text[3 * i]) << 4 |
                                   g_ascii_xdigit_value(text[3 * i + 1]));
        rtnl_put(message, NDA_LLADDR, mac, sizeof(mac));
}

static int change_fdb(Rtnl *rtnl, int type, int flags, int port, const SwitchFdb *fdb) {
        struct ndmsg header = { .ndm_family = AF_BRIDGE,
                                .ndm_ifindex = port,
                                .ndm_state = state_to_nud(fdb->state),
                                .ndm_flags = NTF_MASTER };
        g_autoptr(RtnlMessage) request = NULL;
        uint16_t vlan = (uint16_t)fdb->vlan;

        if (fdb->sticky)
                header.ndm_flags |= NTF_STICKY;
        if (fdb->extern_learned)
                header.ndm_flags |= NTF_EXT_LEARNED;

        request = rtnl_message_new(type, flags, &header, sizeof(header));
        put_mac(request, fdb->mac);
        if (vlan > 0)
                rtnl_put(request, NDA_VLAN, &vlan, sizeof(vlan));
        return rtnl_talk(rtnl, request, NULL);
}

int bridge_add_fdb(Rtnl *rtnl, int port, const SwitchFdb *fdb) {
        return change_fdb(rtnl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, port, fdb);
}

int bridge_remove_fdb(Rtnl *rtnl, int port, const SwitchFdb *fdb) {
        return change_fdb(rtnl, RTM_DELNEIGH, 0, port, fdb);
}
