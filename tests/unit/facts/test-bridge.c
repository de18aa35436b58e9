/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "daemon/facts/bridge.h"
#include "daemon/facts/rtnl-message.h"
#include "tests/lib/fake-rtnl.h"

#define MAC "52:54:00:76:00:01"

typedef struct Fixture {
        FakeRtnl *fake;
        Rtnl *rtnl;
        int port, other;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->fake = fake_rtnl_new();
        f->rtnl = fake_rtnl(f->fake);
        f->port = fake_rtnl_add_netdev(f->fake, "pf0vf2");
        f->other = fake_rtnl_add_netdev(f->fake, "pf0vf3");
        fake_rtnl_add_port(f->fake, f->port);
        fake_rtnl_add_port(f->fake, f->other);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_rtnl_free(f->fake);
}

static void assert_vlans(Rtnl *rtnl, int port, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) vlans = NULL;

        g_assert_cmpint(bridge_read_vlans(rtnl, port, &vlans), ==, 0);
        for (guint i = 0; i < vlans->len; i++) {
                const SwitchVlan *vlan = vlans->pdata[i];

                g_string_append_printf(text, "%u-%u%s%s ", vlan->first, vlan->last,
                                       vlan->pvid ? "p" : "", vlan->untagged ? "u" : "");
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void test_a_new_port_is_in_vlan_1(Fixture *f, gconstpointer unused) {
        assert_vlans(f->rtnl, f->port, "1-1pu ");
}

static void test_vlans_come_and_go_one_by_one_and_in_ranges(Fixture *f, gconstpointer unused) {
        const SwitchVlan first = { .first = 1, .last = 1 };
        const SwitchVlan own = { .first = 100, .last = 100, .pvid = true, .untagged = true };
        const SwitchVlan range = { .first = 200, .last = 4094 };

        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->port, &own), ==, 0);
        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->port, &range), ==, 0);
        g_assert_cmpint(bridge_remove_vlan(f->rtnl, f->port, &first), ==, 0);
        assert_vlans(f->rtnl, f->port, "100-100pu 200-4094 ");
        assert_vlans(f->rtnl, f->other, "1-1pu ");

        g_assert_cmpint(bridge_remove_vlan(f->rtnl, f->port, &range), ==, 0);
        assert_vlans(f->rtnl, f->port, "100-100pu ");
}

static void test_neighbours_that_say_the_same_are_one_range(Fixture *f, gconstpointer unused) {
        const SwitchVlan a = { .first = 10, .last = 11 }, b = { .first = 12, .last = 12 };
        const SwitchVlan c = { .first = 13, .last = 13, .untagged = true };

        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->port, &b), ==, 0);
        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->port, &c), ==, 0);
        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->port, &a), ==, 0);
        assert_vlans(f->rtnl, f->port, "1-1pu 10-12 13-13u ");
}

static void test_fdb_entries_come_and_go(Fixture *f, gconstpointer unused) {
        const SwitchFdb entries[] = {
                { .mac = (char *)MAC, .vlan = 1, .state = SWITCH_FDB_STATIC },
                { .mac = (char *)MAC, .vlan = 100, .state = SWITCH_FDB_PERMANENT, .sticky = true },
                { .mac = (char *)"aa:00:00:00:00:01",
                  .vlan = 5,
                  .state = SWITCH_FDB_REACHABLE,
                  .extern_learned = true },
        };
        const SwitchVlan vlans = { .first = 2, .last = 100 };
        g_autoptr(GPtrArray) fdb = NULL, rest = NULL, others = NULL;

        g_assert_cmpint(bridge_add_fdb(f->rtnl, f->port, &entries[1]), ==, -EINVAL);
        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->port, &vlans), ==, 0);
        for (size_t i = G_N_ELEMENTS(entries); i-- > 0;)
                g_assert_cmpint(bridge_add_fdb(f->rtnl, f->port, &entries[i]), ==, 0);

        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->port, &fdb), ==, 0);
        g_assert_cmpuint(fdb->len, ==, G_N_ELEMENTS(entries));
        for (guint i = 0; i < fdb->len; i++)
                g_assert_true(switch_fdb_equal(fdb->pdata[i], &entries[i]));

        g_assert_cmpint(bridge_remove_fdb(f->rtnl, f->port, &entries[1]), ==, 0);
        g_assert_cmpint(bridge_remove_fdb(f->rtnl, f->port, &entries[1]), ==, -ENOENT);
        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->port, &rest), ==, 0);
        g_assert_cmpuint(rest->len, ==, 2);
        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->other, &others), ==, 0);
        g_assert_cmpuint(others->len, ==, 0);
}

static void test_an_entry_without_vlan_is_in_each(Fixture *f, gconstpointer unused) {
        const SwitchFdb everywhere = { .mac = (char *)MAC, .state = SWITCH_FDB_STATIC };
        g_autoptr(GPtrArray) fdb = NULL, rest = NULL;

        g_assert_cmpint(bridge_add_fdb(f->rtnl, f->port, &everywhere), ==, 0);
        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->port, &fdb), ==, 0);
        g_assert_cmpuint(fdb->len, ==, 2);
        g_assert_cmpuint(((SwitchFdb *)fdb->pdata[0])->vlan, ==, 0);
        g_assert_cmpuint(((SwitchFdb *)fdb->pdata[1])->vlan, ==, 1);

        g_assert_cmpint(bridge_remove_fdb(f->rtnl, f->port, &everywhere), ==, 0);
        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->port, &rest), ==, 0);
        g_assert_cmpuint(rest->len, ==, 0);
}

static void test_a_learned_entry_gives_way(Fixture *f, gconstpointer unused) {
        SwitchFdb fdb = { .mac = (char *)MAC, .vlan = 1, .state = SWITCH_FDB_REACHABLE };
        g_autoptr(GPtrArray) learned = NULL, made = NULL;

        g_assert_cmpint(bridge_add_fdb(f->rtnl, f->port, &fdb), ==, 0);
        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->port, &learned), ==, 0);
        g_assert_cmpuint(learned->len, ==, 0);

        fdb.state = SWITCH_FDB_STATIC;
        g_assert_cmpint(bridge_add_fdb(f->rtnl, f->port, &fdb), ==, 0);
        g_assert_cmpint(bridge_read_fdb(f->rtnl, f->port, &made), ==, 0);
        g_assert_cmpuint(made->len, ==, 1);
}

static void test_what_is_no_port_is_refused(Fixture *f, gconstpointer unused) {
        const SwitchVlan vlan = { .first = 1, .last = 1 };
        const SwitchFdb fdb = { .mac = (char *)MAC };
        int netdev = fake_rtnl_add_netdev(f->fake, "eth0");

        g_assert_cmpint(bridge_add_vlan(f->rtnl, netdev, &vlan), ==, -EOPNOTSUPP);
        g_assert_cmpint(bridge_add_fdb(f->rtnl, netdev, &fdb), ==, -EOPNOTSUPP);
        assert_vlans(f->rtnl, netdev, "");
}

/* Answers that no kernel should give ------------------------------------------------- */

static int answer(void *userdata, struct nlmsghdr *request, GPtrArray *answers) {
        struct nlmsghdr *message = nlmsg_hdr(userdata);

        g_ptr_array_add(answers, g_memdup2(message, message->nlmsg_len));
        return 0;
}

static const RtnlOps canned = { .talk = answer };

static void test_odd_vlans_are_passed_over(void) {
        const struct bridge_vlan_info odd[] = {
                { .vid = 9, .flags = BRIDGE_VLAN_INFO_RANGE_END },
                { .vid = 8, .flags = BRIDGE_VLAN_INFO_RANGE_BEGIN },
                { .vid = 7, .flags = BRIDGE_VLAN_INFO_RANGE_END },
                { .vid = 0 },
                { .vid = 4095 },
                { .vid = 5 },
        };
        struct ifinfomsg header = { .ifi_family = AF_BRIDGE, .ifi_index = 1 };
        g_autoptr(RtnlMessage) message = rtnl_message_new(RTM_NEWLINK, 0, &header, sizeof(header));
        struct nlattr *spec = rtnl_begin(message, IFLA_AF_SPEC);
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);

        rtnl_put(message, IFLA_BRIDGE_VLAN_INFO, "x", 1);
        rtnl_put_u32(message, IFLA_BRIDGE_MODE, 9);
        for (size_t i = 0; i < G_N_ELEMENTS(odd); i++)
                rtnl_put(message, IFLA_BRIDGE_VLAN_INFO, &odd[i], sizeof(odd[i]));
        nla_nest_end(message, spec);
        assert_vlans(rtnl, 1, "5-5 ");
}

static void assert_no_fdb(const struct ndmsg *header, const void *mac, size_t size, bool master) {
        g_autoptr(RtnlMessage) message = rtnl_message_new(RTM_NEWNEIGH, 0, header, sizeof(*header));
        g_autoptr(Rtnl) rtnl = rtnl_new(&canned, message);
        g_autoptr(GPtrArray) fdb = NULL;

        rtnl_put(message, NDA_LLADDR, mac, size);
        rtnl_put(message, NDA_VLAN, "x", 1);
        if (master)
                rtnl_put_u32(message, NDA_MASTER, 2);
        g_assert_cmpint(bridge_read_fdb(rtnl, 1, &fdb), ==, 0);
        g_assert_cmpuint(fdb->len, ==, 0);
}

static void test_odd_fdb_entries_are_passed_over(void) {
        const struct ndmsg port = { .ndm_family = AF_BRIDGE,
                                    .ndm_ifindex = 1,
                                    .ndm_state = NUD_NOARP };
        struct ndmsg other = port, family = port, learned = port;

        other.ndm_ifindex = 2;
        family.ndm_family = AF_INET;
        learned.ndm_state = NUD_REACHABLE;
        assert_no_fdb(&port, "RT\0v\0\1", 3, true);
        assert_no_fdb(&port, "RT\0v\0\1", 6, false); /* its own: `self` */
        assert_no_fdb(&other, "RT\0v\0\1", 6, true);
        assert_no_fdb(&family, "RT\0v\0\1", 6, true);
        assert_no_fdb(&learned, "RT\0v\0\1", 6, true);
}

#define ADD(name, function) g_test_add("/bridge/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a-new-port-is-in-vlan-1", test_a_new_port_is_in_vlan_1);
        ADD("vlans-come-and-go-one-by-one-and-in-ranges",
            test_vlans_come_and_go_one_by_one_and_in_ranges);
        ADD("neighbours-that-say-the-same-are-one-range",
            test_neighbours_that_say_the_same_are_one_range);
        ADD("fdb-entries-come-and-go", test_fdb_entries_come_and_go);
        ADD("an-entry-without-vlan-is-in-each", test_an_entry_without_vlan_is_in_each);
        ADD("a-learned-entry-gives-way", test_a_learned_entry_gives_way);
        ADD("what-is-no-port-is-refused", test_what_is_no_port_is_refused);
        g_test_add_func("/bridge/odd-vlans-are-passed-over", test_odd_vlans_are_passed_over);
        g_test_add_func("/bridge/odd-fdb-entries-are-passed-over",
                        test_odd_fdb_entries_are_passed_over);

        return g_test_run();
}
