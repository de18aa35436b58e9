/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <string.h>

#include "daemon/facts/netdev-netlink.h"
#include "tests/lib/fake-root.h"

#define NET "sys/class/net/eth3/"

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        fake_root_add_pci(f->root, "0000:3b:00.0", &(FakePci){ .driver = "igb", .netdev = "eth3" });
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static void assert_use(Fixture *f, const char *expected) {
        g_autofree char *reason = NULL;

        g_assert_cmpint(netdev_host_use(f->sysfs, "eth3", &reason), ==, 0);
        g_assert_cmpstr(reason, ==, expected);
}

static void set_up_flag(Fixture *f) {
        fake_root_put(f->root, NET "flags", "0x1003\n", -1);
}

static void test_reads_a_netdev(Fixture *f, gconstpointer unused) {
        g_autoptr(NetdevFacts) facts = NULL;

        set_up_flag(f);
        fake_root_link(f->root, NET "master", "sys/devices/virtual/net/br0");
        g_assert_cmpint(netdev_read(f->sysfs, "eth3", &facts), ==, 0);
        g_assert_cmpstr(facts->name, ==, "eth3");
        g_assert_cmpstr(facts->mac, ==, "52:54:00:3b:00:00");
        g_assert_cmpstr(facts->master, ==, "br0");
        g_assert_cmpuint(facts->mtu, ==, 1500);
        g_assert_true(facts->up);
}

static void test_up_alone_is_no_use(Fixture *f, gconstpointer unused) {
        assert_use(f, NULL);
        set_up_flag(f);
        assert_use(f, NULL);
}

static void test_an_address_is_use(Fixture *f, gconstpointer unused) {
        fake_root_set_address(f->root, "eth3", "192.0.2.7");
        assert_use(f, "eth3 has 192.0.2.7");
        set_up_flag(f);
        assert_use(f, "eth3 is up and has 192.0.2.7");
}

static void test_a_port_is_use_and_its_master_is_named(Fixture *f, gconstpointer unused) {
        fake_root_link(f->root, NET "master", "sys/devices/virtual/net/br0");
        fake_root_link(f->root, NET "upper_br0", "sys/devices/virtual/net/br0");
        fake_root_set_address(f->root, "eth3", "192.0.2.7");
        assert_use(f, "eth3 is a port of br0");
}

static void test_a_vlan_on_top_is_use(Fixture *f, gconstpointer unused) {
        fake_root_link(f->root, NET "upper_eth3.100", "sys/devices/virtual/net/eth3.100");
        assert_use(f, "eth3 carries eth3.100");
}

static void test_hostile_files_cost_a_fact(Fixture *f, gconstpointer unused) {
        g_autoptr(NetdevFacts) facts = NULL;

        fake_root_put(f->root, NET "flags", "-1 \n", -1);
        fake_root_put(f->root, NET "mtu", "-1\n", -1);
        fake_root_put(f->root, NET "address", "\xff\n", -1);
        g_assert_cmpint(netdev_read(f->sysfs, "eth3", &facts), ==, 0);
        g_assert_false(facts->up);
        g_assert_cmpuint(facts->mtu, ==, 0);
        g_assert_null(facts->mac);
        g_assert_null(facts->master);
}

static void test_names_from_outside_are_checked(Fixture *f, gconstpointer unused) {
        static const char *const names[] = { "", "..", "eth3/..", "a b", "sixteen.bytes.xx" };
        NetdevFacts *facts = NULL;
        char *reason = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_assert_cmpint(netdev_read(f->sysfs, names[i], &facts), ==, -EINVAL);
                g_assert_cmpint(netdev_host_use(f->sysfs, names[i], &reason), ==, -EINVAL);
        }
        g_assert_cmpint(netdev_read(f->sysfs, "eth4", &facts), ==, -ENODEV);
        g_assert_cmpint(netdev_host_use(f->sysfs, "eth4", &reason), ==, -ENODEV);
        g_assert_null(facts);
        g_assert_null(reason);
}

/* Every host has "lo", and what it has there is of host scope. No privilege is needed to ask. */
static void test_the_kernel_answers_for_its_own_netdevs(void) {
        g_autoptr(GPtrArray) addresses = NULL;
        GPtrArray *none = NULL;

        g_assert_cmpint(netdev_list_addresses("lo", &addresses), ==, 0);
        g_assert_cmpuint(addresses->len, ==, 0);
        g_assert_cmpint(netdev_list_addresses("no-such-dev", &none), ==, -ENODEV);
        g_assert_null(none);
}

static void put_vf(struct nl_msg *message, unsigned index) {
        struct ifla_vf_mac mac = { .vf = index, .mac = { 0x52, 0x54, 0, 1, 2, index } };
        struct ifla_vf_vlan vlan = { .vf = index, .vlan = 100 + index };
        struct ifla_vf_rate rate = { .vf = index, .min_tx_rate = 100, .max_tx_rate = 1000 };
        struct ifla_vf_spoofchk spoofcheck = { .vf = index, .setting = 1 };
        struct ifla_vf_trust trust = { .vf = index, .setting = (uint32_t)-1 };
        struct ifla_vf_link_state state = { .vf = index, .link_state = IFLA_VF_LINK_STATE_ENABLE };
        struct nlattr *info = nla_nest_start(message, IFLA_VF_INFO);

        g_assert_cmpint(nla_put(message, IFLA_VF_MAC, sizeof(mac), &mac), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_VLAN, sizeof(vlan), &vlan), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_RATE, sizeof(rate), &rate), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_SPOOFCHK, sizeof(spoofcheck), &spoofcheck), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_TRUST, sizeof(trust), &trust), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_LINK_STATE, sizeof(state), &state), ==, 0);
        nla_nest_end(message, info);
}

static struct nl_msg *link_message(void) {
        struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
        struct ifinfomsg header = { 0 };

        g_assert_cmpint(nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO), ==, 0);
        return message;
}

static void test_reads_what_the_pf_knows_of_a_vf(void) {
        struct nl_msg *message = link_message();
        struct nlattr *list = nla_nest_start(message, IFLA_VFINFO_LIST);
        g_autoptr(VfState) state = NULL;
        VfState *none = NULL;

        put_vf(message, 2);
        put_vf(message, 3);
        nla_nest_end(message, list);

        g_assert_cmpint(vf_state_from_message(nlmsg_hdr(message), 3, &state), ==, 0);
        g_assert_cmpstr(state->mac, ==, "52:54:00:01:02:03");
        g_assert_cmpuint(state->vlan, ==, 103);
        g_assert_cmpuint(state->min_tx_rate, ==, 100);
        g_assert_cmpuint(state->max_tx_rate, ==, 1000);
        g_assert_true(state->spoofcheck);
        g_assert_false(state->trusted);
        g_assert_cmpint(state->link_state, ==, IFLA_VF_LINK_STATE_ENABLE);

        g_assert_cmpint(vf_state_from_message(nlmsg_hdr(message), 4, &none), ==, -ENOENT);
        g_assert_null(none);
        nlmsg_free(message);
}

static void test_short_attributes_cost_a_fact(void) {
        struct ifla_vf_mac mac = { .vf = 0, .mac = { [31] = 1 } }; /* InfiniBand's length */
        struct nl_msg *message = link_message();
        struct nlattr *list = nla_nest_start(message, IFLA_VFINFO_LIST);
        struct nlattr *info = nla_nest_start(message, IFLA_VF_INFO);
        g_autoptr(VfState) state = NULL;

        g_assert_cmpint(nla_put(message, IFLA_VF_MAC, sizeof(mac), &mac), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_VLAN, 2, "xx"), ==, 0);
        g_assert_cmpint(nla_put(message, IFLA_VF_RATE, 0, NULL), ==, 0);
        nla_nest_end(message, info);
        nla_nest_end(message, list);

        g_assert_cmpint(vf_state_from_message(nlmsg_hdr(message), 0, &state), ==, 0);
        g_assert_null(state->mac);
        g_assert_cmpuint(state->vlan, ==, 0);
        g_assert_cmpuint(state->max_tx_rate, ==, 0);
        nlmsg_free(message);
}

static void test_a_driver_without_a_list_knows_of_no_vf(void) {
        struct nl_msg *message = link_message();
        VfState *state = NULL;

        g_assert_cmpint(nla_put_u32(message, IFLA_NUM_VF, 4), ==, 0);
        g_assert_cmpint(vf_state_from_message(nlmsg_hdr(message), 0, &state), ==, -ENOENT);
        g_assert_null(state);
        nlmsg_free(message);
}

static void test_the_kernel_tells_of_no_vf_where_none_is(void) {
        VfState *state = NULL;

        g_assert_cmpint(netdev_read_vf("lo", 0, &state), ==, -ENOENT);
        g_assert_cmpint(netdev_read_vf("no-such-dev", 0, &state), ==, -ENODEV);
        g_assert_null(state);
}

#define ADD(name, function) g_test_add("/netdev/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("reads-a-netdev", test_reads_a_netdev);
        ADD("up-alone-is-no-use", test_up_alone_is_no_use);
        ADD("an-address-is-use", test_an_address_is_use);
        ADD("a-port-is-use-and-its-master-is-named", test_a_port_is_use_and_its_master_is_named);
        ADD("a-vlan-on-top-is-use", test_a_vlan_on_top_is_use);
        ADD("hostile-files-cost-a-fact", test_hostile_files_cost_a_fact);
        ADD("names-from-outside-are-checked", test_names_from_outside_are_checked);
        g_test_add_func("/netdev/the-kernel-answers-for-its-own-netdevs",
                        test_the_kernel_answers_for_its_own_netdevs);
        g_test_add_func("/netdev/reads-what-the-pf-knows-of-a-vf",
                        test_reads_what_the_pf_knows_of_a_vf);
        g_test_add_func("/netdev/short-attributes-cost-a-fact", test_short_attributes_cost_a_fact);
        g_test_add_func("/netdev/a-driver-without-a-list-knows-of-no-vf",
                        test_a_driver_without_a_list_knows_of_no_vf);
        g_test_add_func("/netdev/the-kernel-tells-of-no-vf-where-none-is",
                        test_the_kernel_tells_of_no_vf_where_none_is);

        return g_test_run();
}
