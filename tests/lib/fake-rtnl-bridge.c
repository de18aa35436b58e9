/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/lib/fake-rtnl-model.h"

#define PORT_DEFAULT (FAKE_THERE | BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED)

void fake_port_free(void *userdata) {
        FakePort *port = userdata;

        g_array_unref(port->fdb);
        g_free(port);
}

void fake_rtnl_add_port(FakeRtnl *fake, int index) {
        FakePort *port = g_new0(FakePort, 1);

        port->netdev = index;
        port->vlans[1] = PORT_DEFAULT;
        port->fdb = g_array_new(FALSE, FALSE, sizeof(FakeFdb));
        g_ptr_array_add(fake->ports, port);
}

static FakePort *find_port(FakeRtnl *fake, int index) {
        for (guint i = 0; i < fake->ports->len; i++) {
                FakePort *port = fake->ports->pdata[i];

                if (port->netdev == index)
                        return port;
        }
        return NULL;
}

/* As RTEXT_FILTER_BRVLAN_COMPRESSED has it. */
static void put_vlans(struct nl_msg *message, const FakePort *port) {
        for (unsigned first = 1, last; first < FAKE_VLANS; first = last + 1) {
                struct bridge_vlan_info info = { .vid = (uint16_t)first };

                info.flags = port->vlans[first] & ~FAKE_THERE;
                last = first;
                if (port->vlans[first] == 0)
                        continue;
                while (last + 1 < FAKE_VLANS && port->vlans[last + 1] == port->vlans[first] &&
                       !(info.flags & BRIDGE_VLAN_INFO_PVID))
                        last++;

                if (last > first) {
                        info.flags |= BRIDGE_VLAN_INFO_RANGE_BEGIN;
                        rtnl_put(message, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
                        info.vid = (uint16_t)last;
                        info.flags ^= BRIDGE_VLAN_INFO_RANGE_BEGIN | BRIDGE_VLAN_INFO_RANGE_END;
                }
                rtnl_put(message, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
        }
}

int fake_bridge_get_vlans(FakeRtnl *fake, GPtrArray *answers) {
        for (guint i = 0; i < fake->ports->len; i++) {
                const FakePort *port = fake->ports->pdata[i];
                struct ifinfomsg header = { .ifi_family = AF_BRIDGE, .ifi_index = port->netdev };
                struct nl_msg *message;
                struct nlattr *spec;

                message = rtnl_message_new(RTM_NEWLINK, NLM_F_MULTI, &header, sizeof(header));
                spec = rtnl_begin(message, IFLA_AF_SPEC);
                put_vlans(message, port);
                nla_nest_end(message, spec);
                fake_rtnl_answer(answers, message);
        }
        return 0;
}

static void change_range(FakePort *port, unsigned first, unsigned last, uint16_t flags, bool add) {
        g_assert_cmpuint(last, <, FAKE_VLANS);
        for (unsigned vid = first; vid <= last; vid++) {
                for (unsigned i = 0; add && flags & BRIDGE_VLAN_INFO_PVID && i < FAKE_VLANS; i++)
                        port->vlans[i] &= ~BRIDGE_VLAN_INFO_PVID;
                port->vlans[vid] = add ? FAKE_THERE | flags : 0;
        }
}

int fake_bridge_change_vlans(FakeRtnl *fake, struct nlmsghdr *request, bool add) {
        const struct ifinfomsg *header = NLMSG_DATA(request);
        struct nlattr *spec = nlmsg_find_attr(request, sizeof(*header), IFLA_AF_SPEC), *attribute;
        FakePort *port = find_port(fake, header->ifi_index);
        unsigned begin = 0;
        int rest;

        if (!port)
                return -EOPNOTSUPP;

        nla_for_each_nested(attribute, spec, rest) {
                const struct bridge_vlan_info *info = nla_data(attribute);
                uint16_t flags = info->flags & (BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);

                if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN)
                        begin = info->vid;
                else
                        change_range(port, begin > 0 ? begin : info->vid, info->vid, flags, add);
        }
        return 0;
}

/* The forwarding database ----------------------------------------------------------- */

int fake_bridge_get_fdb(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers) {
        const struct ndmsg *header = NLMSG_DATA(request);
        const FakePort *port = find_port(fake, header->ndm_ifindex);

        for (guint i = 0; port && i < port->fdb->len; i++) {
                const FakeFdb *fdb = &g_array_index(port->fdb, FakeFdb, i);
                struct nl_msg *message;

                message = rtnl_message_new(RTM_NEWNEIGH, NLM_F_MULTI, &fdb->header,
                                           sizeof(fdb->header));
                rtnl_put(message, NDA_LLADDR, fdb->mac, sizeof(fdb->mac));
                rtnl_put_u32(message, NDA_MASTER, 1000);
                if (fdb->vlan > 0)
                        rtnl_put(message, NDA_VLAN, &fdb->vlan, sizeof(fdb->vlan));
                fake_rtnl_answer(answers, message);
        }
        return 0;
}

static FakeFdb read_fdb(struct nlmsghdr *request) {
        const struct nlattr *vlan = nlmsg_find_attr(request, sizeof(struct ndmsg), NDA_VLAN);
        const struct nlattr *mac = nlmsg_find_attr(request, sizeof(struct ndmsg), NDA_LLADDR);
        FakeFdb fdb = { .header = *(struct ndmsg *)NLMSG_DATA(request) };

        g_assert_true(fdb.header.ndm_flags & NTF_MASTER);
        fdb.header.ndm_flags &= ~NTF_MASTER;
        memcpy(fdb.mac, nla_data(mac), sizeof(fdb.mac));
        if (vlan)
                memcpy(&fdb.vlan, nla_data(vlan), sizeof(fdb.vlan));
        return fdb;
}

static guint find_fdb(const FakePort *port, const FakeFdb *wanted) {
        guint i = 0;

        for (; i < port->fdb->len; i++) {
                const FakeFdb *fdb = &g_array_index(port->fdb, FakeFdb, i);

                if (memcmp(fdb->mac, wanted->mac, sizeof(fdb->mac)) == 0 &&
                    fdb->vlan == wanted->vlan)
                        break;
        }
        return i;
}

static bool same_mac(const FakeFdb *a, const FakeFdb *b) {
        return memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

/* One without a VLAN takes those in every VLAN with it. */
static int remove_fdb(FakePort *port, const FakeFdb *wanted) {
        guint before = port->fdb->len;

        for (guint i = before; i-- > 0;) {
                const FakeFdb *fdb = &g_array_index(port->fdb, FakeFdb, i);

                if (same_mac(fdb, wanted) && (wanted->vlan == 0 || fdb->vlan == wanted->vlan))
                        g_array_remove_index(port->fdb, i);
        }
        return port->fdb->len < before ? 0 : -ENOENT;
}

static int put_fdb(FakePort *port, const FakeFdb *wanted, int flags) {
        guint i = find_fdb(port, wanted);

        if (i < port->fdb->len && !(flags & NLM_F_REPLACE))
                return -EEXIST;
        if (i < port->fdb->len)
                g_array_index(port->fdb, FakeFdb, i) = *wanted;
        else
                g_array_append_val(port->fdb, *wanted);
        return 0;
}

/* One without a VLAN makes one in every VLAN of the port. */
static int add_fdb(FakePort *port, const FakeFdb *wanted, int flags) {
        FakeFdb fdb = *wanted;
        int r;

        r = put_fdb(port, wanted, flags);
        for (unsigned vid = 1; r == 0 && wanted->vlan == 0 && vid < FAKE_VLANS; vid++) {
                fdb.vlan = (uint16_t)vid;
                if (port->vlans[vid] != 0)
                        r = put_fdb(port, &fdb, flags);
        }
        return r;
}

int fake_bridge_change_fdb(FakeRtnl *fake, struct nlmsghdr *request) {
        FakeFdb wanted = read_fdb(request);
        FakePort *port = find_port(fake, wanted.header.ndm_ifindex);

        if (!port)
                return -EOPNOTSUPP;
        if (wanted.vlan > 0 && port->vlans[wanted.vlan] == 0)
                return -EINVAL;
        if (request->nlmsg_type == RTM_DELNEIGH)
                return remove_fdb(port, &wanted);

        g_assert_true(request->nlmsg_flags & NLM_F_CREATE);
        return add_fdb(port, &wanted, request->nlmsg_flags);
}

static int by_key(gconstpointer a, gconstpointer b) {
        const FakeFdb *x = a, *y = b;
        int order = memcmp(x->mac, y->mac, sizeof(x->mac));

        return order != 0 ? order : (int)x->vlan - y->vlan;
}

static void dump_fdb(const FakePort *port, GString *text) {
        g_array_sort(port->fdb, by_key);
        for (guint i = 0; i < port->fdb->len; i++) {
                const FakeFdb *fdb = &g_array_index(port->fdb, FakeFdb, i);
                const uint8_t *m = fdb->mac;

                g_string_append_printf(text,
                                       "netdev %d fdb %02x:%02x:%02x:%02x:%02x:%02x vlan %u state "
                                       "%02x flags %02x\n",
                                       port->netdev, m[0], m[1], m[2], m[3], m[4], m[5], fdb->vlan,
                                       fdb->header.ndm_state, fdb->header.ndm_flags);
        }
}

void fake_bridge_dump(FakeRtnl *fake, GString *text) {
        for (guint i = 0; i < fake->ports->len; i++) {
                const FakePort *port = fake->ports->pdata[i];

                for (unsigned vid = 0; vid < FAKE_VLANS; vid++)
                        if (port->vlans[vid] != 0)
                                g_string_append_printf(text, "netdev %d vlan %u flags %x\n",
                                                       port->netdev, vid,
                                                       port->vlans[vid] & ~FAKE_THERE);
                dump_fdb(port, text);
        }
}
