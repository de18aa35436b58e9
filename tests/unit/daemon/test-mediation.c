/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mediation.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF   "0000:3b:00.0"
#define MAC  "52:54:00:76:00:01"
#define SENT "sys/class/net/vnet0/statistics/rx_packets" /* by the guest */

/* A host with one VF and a bridge, which a guest's virtio half is plugged into. */
typedef struct TeamFixture {
        Fixture f;
        FakeRtnl *fake;
        char *vf, *before;
        AnnounceOps ops;
        GString *heard;
} TeamFixture;

static void on_announce(void *userdata, const char *netdev, const char *mac, unsigned vlan) {
        g_string_append_printf(userdata, "%s %s %u\n", netdev, mac, vlan);
}

static void set_up(TeamFixture *t, gconstpointer config) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        int eth0;

        t->f.config = config;
        fixture_set_up(&t->f, config);
        fixture_connect(&t->f);
        fake_root_add_pf(t->f.root, PF, &pf);
        t->vf = g_strdup(fake_root_add_vf(t->f.root, PF));
        fake_root_put(t->f.root, SENT, "0", -1);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);

        t->fake = fake_rtnl_new();
        eth0 = fake_rtnl_add_netdev(t->fake, "eth0");
        fake_rtnl_add_vf(t->fake, eth0, 0);
        fake_rtnl_add_port(t->fake, fake_rtnl_add_netdev(t->fake, "vnet0"));
        t->f.manager->rtnl = fake_rtnl(t->fake);
        t->before = fake_rtnl_dump(t->fake);

        t->heard = g_string_new(NULL);
        t->ops = (AnnounceOps){ on_announce, t->heard };
        t->f.manager->announce = &t->ops;
}

static void tear_down(TeamFixture *t, gconstpointer config) {
        fixture_tear_down(&t->f, config);
        fake_rtnl_free(t->fake);
        g_string_free(t->heard, TRUE);
        g_free(t->before);
        g_free(t->vf);
}

static char *team_xml(const TeamFixture *t, const char *tap) {
        const char *vf = t->vf;
        g_autofree char *bus = g_strndup(vf + 5, 2), *slot = g_strndup(vf + 8, 2);

        return g_strdup_printf(
                "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><devices>"
                "<interface type='bridge'><mac address='" MAC "'/><source bridge='br0'/>%s"
                "<teaming type='persistent'/><alias name='ua-stby'/></interface>"
                "<interface type='hostdev' managed='yes'><mac address='" MAC "'/><source>"
                "<address type='pci' domain='0x0000' bus='0x%s' slot='0x%s' function='0x%c'/>"
                "</source><teaming type='transient' persistent='ua-stby'/>"
                "<address type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0'/>"
                "</interface></devices></domain>",
                tap, bus, slot, vf[11]);
}

static void send_team(TeamFixture *t, GuestEventKind kind, const char *tap) {
        g_autofree char *xml = team_xml(t, tap);

        send_event(&t->f, kind, GUEST_UUID, xml);
}

#define TAP "<target dev='vnet0'/>"

static void send_without_vf(TeamFixture *t) {
        send_event(&t->f, GUEST_RUNNING, GUEST_UUID,
                   "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><devices>"
                   "<interface type='bridge'><mac address='" MAC "'/><source bridge='br0'/>" TAP
                   "<teaming type='persistent'/><alias name='ua-stby'/></interface>"
                   "</devices></domain>");
}

static bool is_copied(const TeamFixture *t) {
        g_autofree char *now = fake_rtnl_dump(t->fake);

        return strstr(now, "clsact") != NULL;
}

/* Filters, and what the bridge knows of the MAC. */
static void assert_as_before(const TeamFixture *t) {
        g_autofree char *now = fake_rtnl_dump(t->fake);

        g_assert_cmpstr(now, ==, t->before);
}

/* `seconds` looks, each a second after the other; the guest sends so many frames in between. */
static void look(TeamFixture *t, unsigned seconds, unsigned frames) {
        static unsigned sent;

        for (unsigned i = 0; i < seconds; i++) {
                g_autofree char *text = g_strdup_printf("%u", sent += frames);

                fake_root_put(t->f.root, SENT, text, -1);
                fixture_pass_time(G_USEC_PER_SEC);
                manager_on_time(t->f.manager);
        }
}

static void test_it_lasts_until_the_guest_speaks_through_its_vf(TeamFixture *t,
                                                                gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, TAP);
        g_assert_true(is_copied(t));
        g_assert_cmpstr(t->heard->str, ==, "");

        look(t, 20, 5);
        g_assert_true(is_copied(t));
        look(t, 2, 0);
        g_assert_true(is_copied(t));
        look(t, 1, 0);
        assert_as_before(t);
        g_assert_cmpstr(t->heard->str, ==, "eth0 " MAC " 0\n");
        g_assert_cmpint(mediations_next_time(t->f.manager->mediations), ==, 0);
}

static void test_a_silent_guest_has_time_for_its_vf(TeamFixture *t, gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, TAP);
        look(t, 9, 0);
        g_assert_true(is_copied(t));
        look(t, 1, 0);
        g_assert_false(is_copied(t));
}

static void test_it_comes_to_an_end(TeamFixture *t, gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, TAP);
        look(t, 59, 1);
        g_assert_true(is_copied(t));
        look(t, 1, 1);
        g_assert_false(is_copied(t));
}

static void test_it_ends_with_the_guest(TeamFixture *t, gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, TAP);
        send_event(&t->f, GUEST_STOPPED, GUEST_UUID, NULL);
        g_assert_false(is_copied(t));
        g_assert_cmpint(mediations_next_time(t->f.manager->mediations), ==, 0);
}

static void test_what_a_killed_daemon_has_left_is_taken_away(TeamFixture *t, gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, TAP);
        g_assert_true(is_copied(t));
        g_clear_pointer(&t->f.manager->mediations, mediations_free);
        t->f.manager->mediations = mediations_new(t->f.manager);

        send_team(t, GUEST_RUNNING, TAP);
        g_assert_false(is_copied(t));
}

static void test_at_the_source_the_standby_is_announced_once(TeamFixture *t, gconstpointer unused) {
        g_autofree char *pointed = NULL;

        send_team(t, GUEST_RUNNING, TAP);
        g_assert_false(is_copied(t));
        g_assert_cmpstr(t->heard->str, ==, "");

        send_event(&t->f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_assert_cmpstr(t->heard->str, ==, "br0 " MAC " 0\n");
        pointed = fake_rtnl_dump(t->fake);
        g_assert_cmpstr(pointed, !=, t->before);
        send_event(&t->f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_assert_cmpstr(t->heard->str, ==, "br0 " MAC " 0\n");

        send_event(&t->f, GUEST_STAYED, GUEST_UUID, NULL);
        assert_as_before(t);
}

/* Of a guest that stays. */
static void add_vf(TeamFixture *t) {
        mediations_on_vf_added(t->f.manager->mediations, GUEST_UUID, t->vf, MAC);
}

static void remove_vf(TeamFixture *t) {
        mediations_on_vf_removed(t->f.manager->mediations, GUEST_UUID, t->vf, MAC);
}

/* libvirt tells of the guest before or after. */
static void test_a_vf_that_is_added_is_helped_as_at_an_arrival(TeamFixture *t,
                                                               gconstpointer unused) {
        send_without_vf(t);
        add_vf(t);
        g_assert_true(is_copied(t));
        look(t, 5, 1);
        send_team(t, GUEST_RUNNING, TAP);
        g_assert_true(is_copied(t));
        look(t, 10, 1);
        g_assert_true(is_copied(t));
        look(t, 3, 0);
        assert_as_before(t);
        g_assert_cmpstr(t->heard->str, ==, "eth0 " MAC " 0\n");
}

static void test_when_the_vf_is_removed_the_standby_is_announced(TeamFixture *t,
                                                                 gconstpointer unused) {
        g_autofree char *now = NULL;

        send_team(t, GUEST_RUNNING, TAP);
        send_without_vf(t);
        remove_vf(t);
        g_assert_cmpstr(t->heard->str, ==, "br0 " MAC " 0\n");
        now = fake_rtnl_dump(t->fake);
        g_assert_cmpstr(now, !=, t->before); /* the bridge knows where it is */
        g_assert_false(is_copied(t));
}

static void test_a_vf_that_is_removed_at_once_is_not_copied_to(TeamFixture *t,
                                                               gconstpointer unused) {
        send_without_vf(t);
        add_vf(t);
        send_team(t, GUEST_RUNNING, TAP);
        send_without_vf(t);
        g_assert_false(is_copied(t));
        add_vf(t);
        remove_vf(t);
        g_assert_false(is_copied(t));
        g_assert_cmpint(mediations_next_time(t->f.manager->mediations), ==, 0);
}

static void test_without_a_tap_on_a_bridge_nothing_is_done(TeamFixture *t, gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, "");
        g_assert_false(is_copied(t));
        g_assert_cmpint(mediations_next_time(t->f.manager->mediations), ==, 0);
}

static void test_what_the_kernel_refuses_is_told(TeamFixture *t, gconstpointer unused) {
        fake_rtnl_fail(t->fake, 1, EOPNOTSUPP);
        g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "vnet0: what comes for " MAC "*");
        send_team(t, GUEST_ARRIVED, TAP);
        g_test_assert_expected_messages();
        g_assert_false(is_copied(t));
}

static void test_it_can_be_forbidden(TeamFixture *t, gconstpointer unused) {
        send_team(t, GUEST_ARRIVED, TAP);
        g_assert_false(is_copied(t));
        send_event(&t->f, GUEST_ITERATING, GUEST_UUID, NULL);
        add_vf(t);
        remove_vf(t);
        g_assert_false(is_copied(t));
        g_assert_cmpstr(t->heard->str, ==, "");
}

#define ADD(name, function) \
        g_test_add("/mediation/" name, TeamFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("it lasts until the guest speaks through its VF",
            test_it_lasts_until_the_guest_speaks_through_its_vf);
        ADD("a silent guest has time for its VF", test_a_silent_guest_has_time_for_its_vf);
        ADD("it comes to an end", test_it_comes_to_an_end);
        ADD("it ends with the guest", test_it_ends_with_the_guest);
        ADD("what a killed daemon has left is taken away",
            test_what_a_killed_daemon_has_left_is_taken_away);
        ADD("at the source the standby is announced once",
            test_at_the_source_the_standby_is_announced_once);
        ADD("a VF that is added is helped as at an arrival",
            test_a_vf_that_is_added_is_helped_as_at_an_arrival);
        ADD("when the VF is removed the standby is announced",
            test_when_the_vf_is_removed_the_standby_is_announced);
        ADD("a VF that is removed at once is not copied to",
            test_a_vf_that_is_removed_at_once_is_not_copied_to);
        ADD("without a tap on a bridge nothing is done",
            test_without_a_tap_on_a_bridge_nothing_is_done);
        ADD("what the kernel refuses is told", test_what_the_kernel_refuses_is_told);
        g_test_add("/mediation/it can be forbidden", TeamFixture, "[Migration]\nMediation=no\n",
                   set_up, test_it_can_be_forbidden, tear_down);
        return g_test_run();
}
