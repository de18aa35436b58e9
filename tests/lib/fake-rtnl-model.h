/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of fake-rtnl share: the state of the model. Nobody else includes this. */

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "daemon/facts/rtnl-message.h"
#include "tests/lib/fake-rtnl.h"

typedef struct FakeVf {
        int pf;
        struct ifla_vf_mac mac;
        struct ifla_vf_vlan_info vlan;
        struct ifla_vf_rate rate;
        struct ifla_vf_spoofchk spoof_check;
        struct ifla_vf_trust trust;
        struct ifla_vf_link_state link_state;
        struct ifla_vf_guid node_guid, port_guid;
        bool counts; /* its packets, */
        uint64_t received, sent;
        bool counts_bytes; /* and bytes */
        uint64_t received_bytes, sent_bytes;
} FakeVf;

#define FAKE_VLANS 4096
#define FAKE_THERE 0x8000 /* beside the flags of a VLAN */

typedef struct FakePort {
        int netdev;
        uint16_t vlans[FAKE_VLANS]; /* BRIDGE_VLAN_INFO_* of each */
        GArray *fdb;                /* FakeFdb */
} FakePort;

typedef struct FakeFdb {
        struct ndmsg header;
        uint8_t mac[6];
        uint16_t vlan;
} FakeFdb;

typedef struct FakeFilter {
        struct tcmsg header;
        uint32_t chain;
        char *kind;
        GBytes *options;
} FakeFilter;

typedef struct FakeQdisc {
        int netdev;
        char *kind;
        GPtrArray *filters; /* FakeFilter */
} FakeQdisc;

struct FakeRtnl {
        Rtnl *rtnl;
        GPtrArray *netdevs; /* names */
        GPtrArray *vfs;     /* FakeVf */
        GPtrArray *ports;   /* FakePort */
        GPtrArray *qdiscs;  /* FakeQdisc */
        unsigned refused;   /* set of VfSetting */
        int fail_in;        /* changes until one fails; -1 none does */
        int fail_error;
};

void fake_rtnl_answer(GPtrArray *answers, struct nl_msg *message); /* takes the message */

/* fake-rtnl-bridge.c */
void fake_port_free(void *port);
int fake_bridge_get_vlans(FakeRtnl *fake, GPtrArray *answers);
int fake_bridge_change_vlans(FakeRtnl *fake, struct nlmsghdr *request, bool add);
int fake_bridge_get_fdb(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers);
int fake_bridge_change_fdb(FakeRtnl *fake, struct nlmsghdr *request);
void fake_bridge_dump(FakeRtnl *fake, GString *text);

/* fake-rtnl-tc.c */
void fake_qdisc_free(void *qdisc);
int fake_tc_qdisc(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers);
int fake_tc_filter(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers);
void fake_tc_dump(FakeRtnl *fake, GString *text);
