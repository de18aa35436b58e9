/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/netdev-netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

typedef struct nl_sock NlSocket;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlSocket, nl_socket_free)
typedef struct nl_msg NlMessage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlMessage, nlmsg_free)

static int errno_from_nl(int code) {
        switch (ABS(code)) {
        case NLE_SUCCESS:
                return 0;
        case NLE_NODEV:
        case NLE_OBJ_NOTFOUND:
                return -ENODEV;
        case NLE_NOACCESS:
        case NLE_PERM:
                return -EPERM;
        case NLE_DUMP_INTR:
                return -EAGAIN;
        default:
                return -EIO;
        }
}

static int open_route_socket(NlSocket **ret_socket) {
        g_autoptr(NlSocket) socket = nl_socket_alloc();
        const int strict = 1;
        int r;

        if (!socket)
                return -ENOMEM;

        r = nl_connect(socket, NETLINK_ROUTE);
        if (r < 0)
                return errno_from_nl(r);

        /* Lets the kernel (since 4.20) send the addresses of one netdev and not of all. */
        (void)setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
                         sizeof(strict));
        *ret_socket = g_steal_pointer(&socket);
        return 0;
}

typedef struct Wanted {
        unsigned index;
        GPtrArray *addresses;
} Wanted;

static int on_address(struct nl_msg *message, void *userdata) {
        const struct ifaddrmsg *header = nlmsg_data(nlmsg_hdr(message));
        struct nlattr *attributes[IFA_MAX + 1], *address;
        char text[INET6_ADDRSTRLEN];
        Wanted *wanted = userdata;
        int size = header->ifa_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

        if (header->ifa_index != wanted->index || header->ifa_scope >= RT_SCOPE_LINK)
                return NL_OK;
        if (nlmsg_parse(nlmsg_hdr(message), sizeof(*header), attributes, IFA_MAX, NULL) < 0)
                return NL_SKIP;

        /* On a point-to-point link IFA_ADDRESS is the peer's. */
        address = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
        if (address && nla_len(address) == size &&
            inet_ntop(header->ifa_family, nla_data(address), text, sizeof(text)))
                g_ptr_array_add(wanted->addresses, g_strdup(text));
        return NL_OK;
}

int netdev_list_addresses(const char *name, GPtrArray **ret_addresses) {
        g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
        Wanted wanted = { .index = if_nametoindex(name), .addresses = addresses };
        struct ifaddrmsg request = { .ifa_family = AF_UNSPEC, .ifa_index = wanted.index };
        g_autoptr(NlSocket) socket = NULL;
        int r;

        if (wanted.index == 0)
                return -errno;

        r = open_route_socket(&socket);
        if (r < 0)
                return r;

        nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_address, &wanted);
        r = nl_send_simple(socket, RTM_GETADDR, NLM_F_DUMP, &request, sizeof(request));
        if (r >= 0)
                r = nl_recvmsgs_default(socket);
        if (r < 0)
                return errno_from_nl(r);

        *ret_addresses = g_steal_pointer(&addresses);
        return 0;
}

void vf_state_free(VfState *state) {
        if (!state)
                return;

        g_free(state->mac);
        g_free(state);
}

/* NULL when the kernel sent less than it must. */
static const void *payload(struct nlattr *attribute, int size) {
        return attribute && nla_len(attribute) >= size ? nla_data(attribute) : NULL;
}

#define PAYLOAD(attribute, type) ((const type *)payload(attribute, sizeof(type)))

/* The kernel always sends 32 bytes; a hardware address longer than Ethernet's is no MAC. */
static char *format_mac(const struct ifla_vf_mac *mac) {
        const uint8_t *m = mac->mac;

        for (size_t i = ETH_ALEN; i < sizeof(mac->mac); i++)
                if (m[i] != 0)
                        return NULL;

        return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void read_settings(struct nlattr **attributes, VfState *state) {
        const struct ifla_vf_vlan *vlan = PAYLOAD(attributes[IFLA_VF_VLAN], struct ifla_vf_vlan);
        const struct ifla_vf_rate *rate = PAYLOAD(attributes[IFLA_VF_RATE], struct ifla_vf_rate);
        const struct ifla_vf_spoofchk *spoofcheck = PAYLOAD(attributes[IFLA_VF_SPOOFCHK],
                                                            struct ifla_vf_spoofchk);
        const struct ifla_vf_trust *trust = PAYLOAD(attributes[IFLA_VF_TRUST],
                                                    struct ifla_vf_trust);
        const struct ifla_vf_link_state *link_state = PAYLOAD(attributes[IFLA_VF_LINK_STATE],
                                                              struct ifla_vf_link_state);

        if (vlan)
                state->vlan = vlan->vlan;
        if (rate) {
                state->min_tx_rate = rate->min_tx_rate;
                state->max_tx_rate = rate->max_tx_rate;
        }
        /* A driver that knows neither sends -1. */
        state->spoofcheck = spoofcheck && spoofcheck->setting == 1;
        state->trusted = trust && trust->setting == 1;
        if (link_state)
                state->link_state = link_state->link_state;
}

/* NULL when it is another VF's. */
static VfState *read_vf(struct nlattr *info, unsigned index) {
        struct nlattr *attributes[IFLA_VF_MAX + 1];
        const struct ifla_vf_mac *mac;
        VfState *state;

        if (nla_parse_nested(attributes, IFLA_VF_MAX, info, NULL) < 0)
                return NULL;

        mac = PAYLOAD(attributes[IFLA_VF_MAC], struct ifla_vf_mac);
        if (!mac || mac->vf != index)
                return NULL;

        state = g_new0(VfState, 1);
        state->mac = format_mac(mac);
        read_settings(attributes, state);
        return state;
}

int vf_state_from_message(const struct nlmsghdr *message, unsigned index, VfState **ret_state) {
        struct nlattr *list, *info;
        int rest;

        list = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(struct ifinfomsg),
                               IFLA_VFINFO_LIST);
        if (!list)
                return -ENOENT;

        nla_for_each_nested(info, list, rest) {
                VfState *state = read_vf(info, index);

                if (state) {
                        *ret_state = state;
                        return 0;
                }
        }
        return -ENOENT;
}

typedef struct WantedVf {
        unsigned index;
        VfState *state;
        int r;
} WantedVf;

static int on_link(struct nl_msg *message, void *userdata) {
        WantedVf *wanted = userdata;

        wanted->r = vf_state_from_message(nlmsg_hdr(message), wanted->index, &wanted->state);
        return NL_STOP;
}

static NlMessage *get_link_message(unsigned netdev) {
        struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = netdev };
        NlMessage *message = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST);

        if (nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
            nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_VF) < 0)
                g_assert_not_reached(); /* a page is enough for both */
        return message;
}

int netdev_read_vf(const char *pf_netdev, unsigned index, VfState **ret_state) {
        WantedVf wanted = { .index = index, .r = -EIO };
        unsigned netdev = if_nametoindex(pf_netdev);
        g_autoptr(NlMessage) message = NULL;
        g_autoptr(NlSocket) socket = NULL;
        int r;

        if (netdev == 0)
                return -errno;

        r = open_route_socket(&socket);
        if (r < 0)
                return r;

        nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_link, &wanted);
        message = get_link_message(netdev);
        r = nl_send_auto(socket, message);
        if (r >= 0)
                r = nl_recvmsgs_default(socket);
        if (r < 0)
                return errno_from_nl(r);

        if (wanted.r >= 0)
                *ret_state = wanted.state;
        return wanted.r;
}
