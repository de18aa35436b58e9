/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "daemon/facts/rtnl-message.h"
#include "daemon/facts/vf-link.h"
#include "tests/lib/fake-rtnl.h"

#define MAC "52:54:00:76:00:01"

typedef struct Fixture {
        FakeRtnl *fake;
        Rtnl *rtnl;
        int pf;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->fake = fake_rtnl_new();
        f->rtnl = fake_rtnl(f->fake);
        f->pf = fake_rtnl_add_netdev(f->fake, "eth0");
        fake_rtnl_add_vf(f->fake, f->pf, 2);
        fake_rtnl_add_vf(f->fake, f->pf, 3);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_rtnl_free(f->fake);
}

static SwitchVf *example(void) {
        SwitchVf *vf = switch_vf_new();

        vf->mac = g_strdup(MAC);
        vf->vlan = 100;
        vf->qos = 3;
        vf->protocol = SWITCH_PROTOCOL_8021AD;
        vf->spoof_check = 0;
        vf->trust = 1;
        vf->link_state = SWITCH_LINK_DOWN;
        vf->min_tx_rate = 10;
        vf->max_tx_rate = 1000;
        vf->node_guid = G_GUINT64_CONSTANT(0x0011223344556677);
        vf->port_guid = G_GUINT64_CONSTANT(0x0011223344556678);
        return vf;
}

static SwitchVf *read_vf(Fixture *f, unsigned number) {
        SwitchVf *vf = NULL;

        g_assert_cmpint(vf_link_read(f->rtnl, f->pf, number, &vf), ==, 0);
        return vf;
}

static void set_all(Fixture *f, const SwitchVf *target) {
        for (int i = 0; i < _VF_SETTING_MAX; i++)
                g_assert_cmpint(vf_link_set(f->rtnl, f->pf, 2, (VfSetting)i, target), ==, 0);
}

static void test_what_is_set_is_read_again(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchVf) target = example(), vf = NULL;

        set_all(f, target);
        vf = read_vf(f, 2);
        g_assert_true(switch_vf_equal(vf, target));
}

static void test_another_vf_is_left_alone(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchVf) target = example(), before = read_vf(f, 3), after = NULL;

        set_all(f, target);
        after = read_vf(f, 3);
        g_assert_true(switch_vf_equal(before, after));
        g_assert_null(after->mac);
}

static void test_only_what_differs_needs_to_be_told(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchVf) target = example(), before = read_vf(f, 2), after = NULL;
        g_autoptr(SwitchVf) nothing = switch_vf_new();

        set_all(f, target);
        after = read_vf(f, 2);
        for (int i = 0; i < _VF_SETTING_MAX; i++) {
                g_assert_true(vf_link_differs((VfSetting)i, before, target));
                g_assert_false(vf_link_differs((VfSetting)i, after, target));
        }
        g_assert_false(vf_link_differs(VF_SETTING_SPOOF_CHECK, after, nothing));
        g_assert_false(vf_link_differs(VF_SETTING_LINK_STATE, after, nothing));
        g_assert_false(vf_link_differs(VF_SETTING_NODE_GUID, after, nothing));
        g_assert_true(vf_link_differs(VF_SETTING_MAC, after, nothing));
        g_assert_true(vf_link_differs(VF_SETTING_VLAN, after, nothing));
}

static void test_a_mac_can_be_taken_away(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchVf) target = example(), nothing = switch_vf_new(), vf = NULL;

        set_all(f, target);
        g_assert_cmpint(vf_link_set(f->rtnl, f->pf, 2, VF_SETTING_MAC, nothing), ==, 0);
        vf = read_vf(f, 2);
        g_assert_null(vf->mac);
}

static void test_the_kernels_own_errno_comes_back(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchVf) target = example();
        SwitchVf *none = NULL;

        fake_rtnl_refuse(f->fake, VF_SETTING_TRUST);
        g_assert_cmpint(vf_link_set(f->rtnl, f->pf, 2, VF_SETTING_TRUST, target), ==, -EOPNOTSUPP);
        g_assert_cmpint(vf_link_set(f->rtnl, f->pf, 9, VF_SETTING_MAC, target), ==, -EINVAL);
        g_assert_cmpint(vf_link_read(f->rtnl, f->pf, 9, &none), ==, -ENOENT);
        g_assert_cmpint(vf_link_read(f->rtnl, 77, 2, &none), ==, -ENODEV);
        g_assert_null(none);
}

static void test_each_setting_has_one_name(void) {
        for (int i = 0; i < _VF_SETTING_MAX; i++)
                g_assert_cmpint(vf_setting_from_string(vf_setting_to_string((VfSetting)i)), ==, i);
        g_assert_cmpint(vf_setting_from_string("colour"), ==, _VF_SETTING_INVALID);
        g_assert_null(vf_setting_to_string(_VF_SETTING_MAX));
}

/* Answers that no kernel should give ------------------------------------------------- */

static int answer(void *userdata, struct nlmsghdr *request, GPtrArray *answers) {
        struct nlmsghdr *message = nlmsg_hdr(userdata);

        g_ptr_array_add(answers, g_memdup2(message, message->nlmsg_len));
        return 0;
}

static const RtnlOps canned = { .talk = answer };

static RtnlMessage *odd_message(uint32_t word, size_t size) {
        struct ifinfomsg header = { 0 };
        RtnlMessage *message = rtnl_message_new(RTM_NEWLINK, 0, &header, sizeof(header));
        struct nlattr *list = rtnl_begin(message, IFLA_VFINFO_LIST);
        struct nlattr *info = rtnl_begin(message, IFLA_VF_INFO);
        struct ifla_vf_mac mac = { .mac = { [31] = 1 } }; /* InfiniBand's length */
        struct ifla_vf_trust odd = { .setting = word };

        rtnl_put(message, IFLA_VF_MAC, &mac, sizeof(mac));
        rtnl_put(message, IFLA_VF_VLAN, "xx", MIN(size, 2));
        rtnl_put(message, IFLA_VF_SPOOFCHK, &odd, MIN(size, sizeof(odd)));
        rtnl_put(message, IFLA_VF_TRUST, &odd, MIN(size, sizeof(odd)));
        rtnl_put(message, IFLA_VF_LINK_STATE, &odd, MIN(size, sizeof(odd)));
        rtnl_put(message, IFLA_VF_RATE, NULL, 0);
        rtnl_put(message, IFLA_VF_VLAN_LIST, NULL, 0);
        rtnl_put(message, IFLA_VF_IB_NODE_GUID, &odd, 4);
        nla_nest_end(message, info);
        nla_nest_end(message, list);
        return message;
}

static void test_odd_answers_cost_a_fact(void) {
        for (size_t size = 0; size <= 8; size++) {
                g_autoptr(RtnlMessage) message = odd_message(UINT32_MAX, size);
                g_autoptr(SwitchVf) vf = NULL, nothing = switch_vf_new();
                g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);

                g_assert_cmpint(vf_link_read(rtnl, 1, 0, &vf), ==, 0);
                g_assert_true(switch_vf_equal(vf, nothing));
        }
}

static void test_a_driver_without_a_list_knows_of_no_vf(void) {
        struct ifinfomsg header = { 0 };
        g_autoptr(RtnlMessage) message = rtnl_message_new(RTM_NEWLINK, 0, &header, sizeof(header));
        g_autoptr(RtnlMessage) other = rtnl_message_new(RTM_NEWADDR, 0, &header, sizeof(header));
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message), odd = rtnl_new(&canned, other);
        SwitchVf *vf = NULL;

        rtnl_put_u32(message, IFLA_NUM_VF, 4);
        g_assert_cmpint(vf_link_read(rtnl, 1, 0, &vf), ==, -ENOENT);
        g_assert_cmpint(vf_link_read(odd, 1, 0, &vf), ==, -EBADMSG);
        g_assert_null(vf);
}

/* Every host has "lo". No privilege is needed to ask. */
static void test_the_kernel_answers_for_its_own_netdevs(void) {
        g_autoptr(Rtnl) rtnl = NULL;
        g_autoptr(SwitchVf) target = example();
        char name[IFNAMSIZ];
        SwitchVf *vf = NULL;
        int lo;

        g_assert_cmpint(rtnl_open(&rtnl), ==, 0);
        lo = rtnl_index(rtnl, "lo");
        g_assert_cmpint(lo, >, 0);
        g_assert_cmpint(rtnl_name(rtnl, lo, name), ==, 0);
        g_assert_cmpstr(name, ==, "lo");
        g_assert_cmpint(rtnl_index(rtnl, "no-such-dev"), ==, -ENODEV);
        g_assert_cmpint(rtnl_name(rtnl, G_MAXINT, name), ==, -ENODEV);

        g_assert_cmpint(vf_link_read(rtnl, lo, 0, &vf), ==, -ENOENT);
        g_assert_cmpint(vf_link_read(rtnl, G_MAXINT, 0, &vf), ==, -ENODEV);
        g_assert_null(vf);
        g_assert_cmpint(vf_link_set(rtnl, lo, 0, VF_SETTING_MAC, target), <, 0);
}

#define ADD(name, function) g_test_add("/vf-link/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("what-is-set-is-read-again", test_what_is_set_is_read_again);
        ADD("another-vf-is-left-alone", test_another_vf_is_left_alone);
        ADD("only-what-differs-needs-to-be-told", test_only_what_differs_needs_to_be_told);
        ADD("a-mac-can-be-taken-away", test_a_mac_can_be_taken_away);
        ADD("the-kernels-own-errno-comes-back", test_the_kernels_own_errno_comes_back);
        g_test_add_func("/vf-link/each-setting-has-one-name", test_each_setting_has_one_name);
        g_test_add_func("/vf-link/odd-answers-cost-a-fact", test_odd_answers_cost_a_fact);
        g_test_add_func("/vf-link/a-driver-without-a-list-knows-of-no-vf",
                        test_a_driver_without_a_list_knows_of_no_vf);
        g_test_add_func("/vf-link/the-kernel-answers-for-its-own-netdevs",
                        test_the_kernel_answers_for_its_own_netdevs);

        return g_test_run();
}
