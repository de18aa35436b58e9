/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-announce.h"

#include <errno.h>

#include "daemon/facts/vf-link.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF     "0000:3b:00.0"
#define MAC    "52:54:00:76:00:01"
#define XML_OF "52:54:00:76:00:02" /* the MAC that the domain's XML has */

/* A host with one VF, which is leased to the guest, and a network that listens. */
typedef struct AnnounceFixture {
        Fixture f;
        FakeRtnl *fake;
        char *vf;
        AnnounceOps ops;
        GString *heard;
} AnnounceFixture;

static void on_announce(void *userdata, const char *netdev, const char *mac, unsigned vlan) {
        g_string_append_printf(userdata, "%s %s %u\n", netdev, mac, vlan);
}

static void lease_vf(AnnounceFixture *a, const char *uuid) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GError) error = NULL;
        Lease *lease = lease_new();

        lease->device = g_strdup(a->vf);
        lease->domain_uuid = g_strdup(uuid);
        lease->domain_name = g_strdup("g1");
        lease->class_name = g_strdup("sriov");
        lease->pool = g_strdup("default");
        g_ptr_array_add(leases, lease);
        lease_book_reserve(a->f.manager->leases, leases, &error);
        g_assert_no_error(error);
}

static void set_up(AnnounceFixture *a, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        int eth0;

        fixture_set_up(&a->f, NULL);
        fixture_connect(&a->f);
        fake_root_add_pf(a->f.root, PF, &pf);
        a->vf = g_strdup(fake_root_add_vf(a->f.root, PF));
        g_assert_cmpint(inventory_scan(a->f.manager->inventory), ==, 0);

        a->fake = fake_rtnl_new();
        eth0 = fake_rtnl_add_netdev(a->fake, "eth0");
        fake_rtnl_add_vf(a->fake, eth0, 0);
        a->f.manager->rtnl = fake_rtnl(a->fake);

        a->heard = g_string_new(NULL);
        a->ops = (AnnounceOps){ on_announce, a->heard };
        a->f.manager->announce = &a->ops;
        lease_vf(a, GUEST_UUID);
}

static void tear_down(AnnounceFixture *a, gconstpointer unused) {
        fixture_tear_down(&a->f, NULL);
        fake_rtnl_free(a->fake);
        g_string_free(a->heard, TRUE);
        g_free(a->vf);
}

static void configure(AnnounceFixture *a, VfSetting setting, const SwitchVf *vf) {
        g_assert_cmpint(vf_link_set(a->f.manager->rtnl, 1, 0, setting, vf), ==, 0);
}

static void set_mac(AnnounceFixture *a, const char *mac) {
        configure(a, VF_SETTING_MAC, &(SwitchVf){ .mac = (char *)mac });
}

static void send_guest(AnnounceFixture *a, GuestEventKind kind, const char *uuid) {
        const char *vf = a->vf;
        g_autofree char *bus = g_strndup(vf + 5, 2), *slot = g_strndup(vf + 8, 2);
        g_autofree char *xml = g_strdup_printf(
                "<domain><name>g1</name><uuid>%s</uuid><devices>"
                "<interface type='hostdev' managed='yes'><mac address='" XML_OF "'/><source>"
                "<address type='pci' domain='0x0000' bus='0x%s' slot='0x%s' function='0x%c'/>"
                "</source>"
                "<address type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0'/>"
                "</interface></devices></domain>",
                uuid, bus, slot, vf[11]);

        send_event(&a->f, kind, uuid, xml);
}

static void test_a_vf_that_has_come_is_announced_from_its_pf(AnnounceFixture *a,
                                                             gconstpointer unused) {
        set_mac(a, MAC);
        configure(a, VF_SETTING_VLAN, &(SwitchVf){ .vlan = 100 });
        send_guest(a, GUEST_ARRIVED, GUEST_UUID);
        g_assert_cmpstr(a->heard->str, ==, "eth0 " MAC " 100\n");
}

static void test_a_vf_without_a_mac_at_its_pf_has_the_domains(AnnounceFixture *a,
                                                              gconstpointer unused) {
        send_guest(a, GUEST_ARRIVED, GUEST_UUID);
        g_assert_cmpstr(a->heard->str, ==, "eth0 " XML_OF " 0\n");
}

static void test_the_bridge_of_the_pf_hears_it_too(AnnounceFixture *a, gconstpointer unused) {
        fake_root_put(a->f.root, "sys/class/net/eth0/brport/port_no", "0x1", -1);
        fake_root_put(a->f.root, "sys/class/net/br0/address", MAC, -1);
        fake_root_link(a->f.root, "sys/class/net/eth0/master", "../br0");
        set_mac(a, MAC);
        send_guest(a, GUEST_ARRIVED, GUEST_UUID);
        g_assert_cmpstr(a->heard->str, ==, "eth0 " MAC " 0\nbr0 " MAC " 0\n");
}

/* It would be heard in a VLAN that the guest is not in. */
static void test_a_vlan_of_another_protocol_is_left_to_the_guest(AnnounceFixture *a,
                                                                 gconstpointer unused) {
        set_mac(a, MAC);
        configure(a, VF_SETTING_VLAN,
                  &(SwitchVf){ .vlan = 100, .protocol = SWITCH_PROTOCOL_8021AD });
        send_guest(a, GUEST_ARRIVED, GUEST_UUID);
        g_assert_cmpstr(a->heard->str, ==, "");
}

static void test_only_a_guest_that_comes_is_announced(AnnounceFixture *a, gconstpointer unused) {
        set_mac(a, MAC);
        send_guest(a, GUEST_INCOMING, GUEST_UUID);
        send_guest(a, GUEST_RUNNING, GUEST_UUID);
        send_guest(a, GUEST_STAYED, GUEST_UUID);
        g_assert_cmpstr(a->heard->str, ==, "");
}

static void test_what_is_leased_to_another_is_not_its_own(AnnounceFixture *a,
                                                          gconstpointer unused) {
        set_mac(a, MAC);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*is leased to guest g1*");
        send_guest(a, GUEST_ARRIVED, OTHER_UUID);
        g_test_assert_expected_messages();
        g_assert_cmpstr(a->heard->str, ==, "");
}

static void test_without_somebody_to_tell_nothing_happens(AnnounceFixture *a,
                                                          gconstpointer unused) {
        set_mac(a, MAC);
        a->f.manager->announce = NULL;
        send_guest(a, GUEST_ARRIVED, GUEST_UUID);
        guest_announce_device(a->f.manager, a->vf, NULL);
        a->f.manager->announce = &a->ops;
        guest_announce_device(a->f.manager, HERE_MDEV, MAC); /* of no network */
        g_assert_cmpstr(a->heard->str, ==, "");

        guest_announce_device(a->f.manager, a->vf, NULL);
        g_assert_cmpstr(a->heard->str, ==, "eth0 " MAC " 0\n");
}

#define ADD(name, function) \
        g_test_add("/guest-announce/" name, AnnounceFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a-vf-that-has-come-is-announced-from-its-pf",
            test_a_vf_that_has_come_is_announced_from_its_pf);
        ADD("a-vf-without-a-mac-at-its-pf-has-the-domains",
            test_a_vf_without_a_mac_at_its_pf_has_the_domains);
        ADD("the-bridge-of-the-pf-hears-it-too", test_the_bridge_of_the_pf_hears_it_too);
        ADD("a-vlan-of-another-protocol-is-left-to-the-guest",
            test_a_vlan_of_another_protocol_is_left_to_the_guest);
        ADD("only-a-guest-that-comes-is-announced", test_only_a_guest_that_comes_is_announced);
        ADD("what-is-leased-to-another-is-not-its-own",
            test_what_is_leased_to_another_is_not_its_own);
        ADD("without-somebody-to-tell-nothing-happens",
            test_without_somebody_to_tell_nothing_happens);

        return g_test_run();
}
