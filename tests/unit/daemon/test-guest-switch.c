/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/facts/bridge.h"
#include "daemon/swap.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define PF  "0000:3b:00.0"
#define MAC "52:54:00:76:00:01"
#define COMES_WITH                                                                          \
        "<ferry:switch version='1.0'><ferry:vf mac='" MAC "' vlan='100' spoof-check='yes' " \
        "trust='no' link-state='auto' max-tx-rate='1000'/></ferry:switch>"

#define OTHER_MAC       "52:54:00:76:00:02"
#define HAS_ANOTHER_MAC "<ferry:switch version='1.0'><ferry:vf mac='" OTHER_MAC "'/></ferry:switch>"

/* A manager over a host with one VF, and the model of what its PF knows. */
typedef struct SwitchFixture {
        Fixture f;
        FakeRtnl *fake;
        char *vf;
        char *pristine;
} SwitchFixture;

static void set_up(SwitchFixture *s, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        int eth0;

        fixture_set_up(&s->f, NULL);
        fake_root_add_pf(s->f.root, PF, &pf);
        s->vf = g_strdup(fake_root_add_vf(s->f.root, PF));
        g_assert_cmpint(inventory_scan(s->f.manager->inventory), ==, 0);

        s->fake = fake_rtnl_new();
        eth0 = fake_rtnl_add_netdev(s->fake, "eth0");
        fake_rtnl_add_vf(s->fake, eth0, 0);
        s->f.manager->rtnl = fake_rtnl(s->fake);
        s->pristine = fake_rtnl_dump(s->fake);
}

static void tear_down(SwitchFixture *s, gconstpointer unused) {
        fixture_tear_down(&s->f, NULL);
        fake_rtnl_free(s->fake);
        g_free(s->pristine);
        g_free(s->vf);
}

static char *vf_xml(const SwitchFixture *s, const char *state) {
        const char *vf = s->vf;
        g_autofree char *bus = g_strndup(vf + 5, 2), *slot = g_strndup(vf + 8, 2);

        return g_strdup_printf(
                "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><metadata>"
                "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"
                "<ferry:device address='0000:00:05.0'>%s</ferry:device></ferry:domain>"
                "</metadata><devices>"
                "<hostdev mode='subsystem' type='pci' managed='no'><source>"
                "<address domain='0x0000' bus='0x%s' slot='0x%s' function='0x%c'/></source>"
                "<address type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0'/>"
                "</hostdev></devices></domain>",
                state, bus, slot, vf[11]);
}

static void begin_incoming(SwitchFixture *s) {
        g_autoptr(GError) error = NULL;

        migration_log_add(s->f.manager->migrations,
                          migration_new(MIGRATION_INCOMING, GUEST_UUID, "g1"), MIGRATION_RESERVED,
                          &error);
        g_assert_no_error(error);
}

static bool prepare(SwitchFixture *s, const char *state, GError **error) {
        g_autofree char *xml = vf_xml(s, state);

        return manager_prepare_domain(s->f.manager, xml, error);
}

static void configure(SwitchFixture *s, const SwitchVf *vf) {
        for (int i = 0; i < _VF_SETTING_MAX; i++)
                g_assert_cmpint(vf_link_set(s->f.manager->rtnl, 1, 0, (VfSetting)i, vf), ==, 0);
}

static bool start_to_arrive(SwitchFixture *s, GError **error) {
        g_autofree char *xml = vf_xml(s, COMES_WITH);

        return prepare(s, COMES_WITH, error) && manager_start_domain(s->f.manager, xml, error);
}

static void arrive(SwitchFixture *s) {
        g_autoptr(GError) error = NULL;

        begin_incoming(s);
        (void)start_to_arrive(s, &error);
        g_assert_no_error(error);
}

static void release(SwitchFixture *s, const char *state, const char *reason) {
        g_autofree char *xml = vf_xml(s, state);
        g_autoptr(GError) error = NULL;

        g_assert_true(manager_release_domain(s->f.manager, xml, reason, &error));
        g_assert_no_error(error);
}

static void assert_vf(SwitchFixture *s, const char *expected) {
        g_autofree char *text = fake_rtnl_dump(s->fake);

        if (!strstr(text, expected))
                g_error("'%s' is not in '%s'", expected, text);
}

static void assert_pristine(SwitchFixture *s) {
        g_autofree char *text = fake_rtnl_dump(s->fake);

        g_assert_cmpstr(text, ==, s->pristine);
}

/* The destination -------------------------------------------------------------------- */

static void test_a_guest_that_comes_has_what_it_had(SwitchFixture *s, gconstpointer unused) {
        arrive(s);
        assert_vf(s, "mac " MAC " vlan 100 qos 0 proto 8100 rate 0-1000");
}

/* It knows of no VLAN, and makes sure that the VF has none. */
static void test_what_libvirt_sets_meanwhile_is_not_the_last_word(SwitchFixture *s,
                                                                  gconstpointer unused) {
        const SwitchVf libvirts = { .mac = (char *)MAC,
                                    .spoof_check = SWITCH_UNKNOWN,
                                    .trust = SWITCH_UNKNOWN,
                                    .link_state = SWITCH_UNKNOWN };
        g_autofree char *xml = vf_xml(s, COMES_WITH);
        g_autoptr(GError) error = NULL;

        begin_incoming(s);
        g_assert_true(prepare(s, COMES_WITH, &error));
        assert_pristine(s); /* it notes that, to give it back */
        g_assert_cmpint(vf_link_set(s->f.manager->rtnl, 1, 0, VF_SETTING_MAC, &libvirts), ==, 0);
        g_assert_cmpint(vf_link_set(s->f.manager->rtnl, 1, 0, VF_SETTING_VLAN, &libvirts), ==, 0);
        g_assert_true(manager_start_domain(s->f.manager, xml, &error));
        assert_vf(s, "mac " MAC " vlan 100 qos 0 proto 8100 rate 0-1000");

        release(s, COMES_WITH, "failed");
        assert_pristine(s);
}

#define NOTE                                                                                      \
        "<ferry:unplugged strategy='replug' source='%s'>&lt;hostdev type='pci'&gt;&lt;source&gt;" \
        "&lt;address bus='1' slot='2'/&gt;&lt;/source&gt;&lt;address type='pci' slot='5'/&gt;"    \
        "&lt;/hostdev&gt;</ferry:unplugged>"

/* Plugged or not, its entry says that it was unplugged for the move, and what it had. */
static char *noted_xml(const SwitchFixture *s, bool plugged) {
        g_autofree char *note = g_strdup_printf(NOTE, s->vf);
        g_autofree char *state = g_strconcat(COMES_WITH, note, NULL);
        g_autofree char *xml = vf_xml(s, state);
        g_auto(GStrv) before = g_strsplit(xml, "<hostdev mode", 2);

        return plugged ? g_steal_pointer(&xml)
                       : g_strconcat(before[0], "</devices></domain>", NULL);
}

static void lose_to_libvirt(SwitchFixture *s) {
        const SwitchVf libvirts = { .mac = (char *)OTHER_MAC,
                                    .spoof_check = SWITCH_UNKNOWN,
                                    .trust = SWITCH_UNKNOWN,
                                    .link_state = SWITCH_UNKNOWN };

        g_assert_cmpint(vf_link_set(s->f.manager->rtnl, 1, 0, VF_SETTING_MAC, &libvirts), ==, 0);
        g_assert_cmpint(vf_link_set(s->f.manager->rtnl, 1, 0, VF_SETTING_VLAN, &libvirts), ==, 0);
}

static void answer_running(SwitchFixture *s, const char *xml) {
        GuestEvent found = { .uuid = (char *)GUEST_UUID, .xml = (char *)xml, .running = true };

        s->f.finder(s->f.asker, &found);
}

/* libvirt gives it its own idea at the plug; what is noted before that is what the guest had. */
static void test_a_vf_that_is_plugged_again_has_what_it_had(SwitchFixture *s,
                                                            gconstpointer unused) {
        g_autofree char *out = noted_xml(s, false), *in = noted_xml(s, true);
        g_autoptr(GError) error = NULL;

        begin_incoming(s);
        g_assert_true(manager_prepare_domain(s->f.manager, out, &error));
        g_assert_true(manager_start_domain(s->f.manager, out, &error));
        assert_vf(s, "mac " MAC " vlan 100");

        fixture_connect(&s->f);
        send_event(&s->f, GUEST_ARRIVED, GUEST_UUID, out);
        answer_running(s, out);
        g_assert_nonnull(strstr(s->f.asked->str, "plug " GUEST_UUID));
        g_assert_null(strstr(s->f.asked->str, "metadata"));

        lose_to_libvirt(s);
        send_event(&s->f, GUEST_RUNNING, GUEST_UUID, in);
        g_assert_null(strstr(s->f.asked->str, "metadata"));
        send_event(&s->f, GUEST_PLUGGED, GUEST_UUID, in);
        assert_vf(s, "mac " MAC " vlan 100");
        g_assert_nonnull(strstr(s->f.asked->str, "vlan='100'"));
        release(s, COMES_WITH, "shutdown");
        assert_pristine(s);
}

/* The VF has nothing of the guest's then, and that is not news. */
static void test_what_an_unplugged_vf_had_is_kept(SwitchFixture *s, gconstpointer unused) {
        g_autofree char *out = noted_xml(s, false);
        g_autoptr(GError) error = NULL;

        begin_incoming(s);
        g_assert_true(manager_prepare_domain(s->f.manager, out, &error));
        g_assert_true(manager_start_domain(s->f.manager, out, &error));
        lose_to_libvirt(s);
        fixture_connect(&s->f);
        send_event(&s->f, GUEST_ARRIVED, GUEST_UUID, out);
        g_assert_cmpstr(s->f.asked->str, ==, "find " GUEST_UUID "\n");
        answer_running(s, "<domain/>");
}

static void on_swapped(void *unused, const Swapped *done, const GError *error) {
        g_assert_no_error(error);
}

static char *add_vf(SwitchFixture *s) {
        char *other = g_strdup(fake_root_add_vf(s->f.root, PF));

        g_assert_cmpint(inventory_scan(s->f.manager->inventory), ==, 0);
        fake_rtnl_add_vf(s->fake, 1, 1);
        g_free(s->pristine);
        s->pristine = fake_rtnl_dump(s->fake);
        return other;
}

/* The guest runs with the first VF of the PF, and gets the other. */
static void get_other_vf(SwitchFixture *s, const char *other) {
        g_autofree char *has = vf_xml(s, COMES_WITH), *out = noted_xml(s, false), *in = NULL;
        GuestEvent found = {
                .uuid = (char *)GUEST_UUID, .name = (char *)"g1", .xml = has, .running = true
        };

        swaps_begin(s->f.manager->swaps, "g1", s->vf, other, true, on_swapped, NULL);
        s->f.finder(s->f.asker, &found);
        g_assert_nonnull(strstr(s->f.asked->str, "unplug " GUEST_UUID));
        assert_vf(s, "vf 1 mac " MAC " vlan 100");

        send_event(&s->f, GUEST_UNPLUGGED, GUEST_UUID, out);
        g_free(s->vf);
        s->vf = g_strdup(other);
        in = noted_xml(s, true);
        send_event(&s->f, GUEST_PLUGGED, GUEST_UUID, in);
        assert_vf(s, "vf 1 mac " MAC " vlan 100");
}

static void assert_first_vf_has_no_mac(SwitchFixture *s) {
        g_autofree char *text = fake_rtnl_dump(s->fake);

        g_assert_null(strstr(text, "vf 0 mac " MAC));
}

/* The MAC, the VLAN and the rest go to the other VF, and the first is as it was before the guest.
 */
static void test_a_guest_that_gets_another_vf_keeps_what_it_had(SwitchFixture *s,
                                                                gconstpointer unused) {
        g_autofree char *other = add_vf(s), *has = vf_xml(s, COMES_WITH);

        arrive(s);
        fixture_connect(&s->f);
        send_event(&s->f, GUEST_ARRIVED, GUEST_UUID, has);
        get_other_vf(s, other);
        assert_first_vf_has_no_mac(s);
        release(s, COMES_WITH, "shutdown");
        assert_pristine(s);
}

/* An operator had set it up for the guest, and nothing is known of before. */
static void test_the_first_vf_of_a_guest_that_started_here_loses_its_mac(SwitchFixture *s,
                                                                         gconstpointer unused) {
        const SwitchVf own = { .mac = (char *)MAC,
                               .vlan = 100,
                               .spoof_check = SWITCH_UNKNOWN,
                               .trust = SWITCH_UNKNOWN,
                               .link_state = SWITCH_UNKNOWN };
        g_autofree char *other = add_vf(s), *has = vf_xml(s, COMES_WITH);

        configure(s, &own);
        g_assert_true(prepare(s, COMES_WITH, NULL));
        fixture_connect(&s->f);
        send_event(&s->f, GUEST_RUNNING, GUEST_UUID, has);
        get_other_vf(s, other);
        assert_first_vf_has_no_mac(s);
}

static void test_when_it_has_failed_the_vf_is_as_before(SwitchFixture *s, gconstpointer unused) {
        arrive(s);
        release(s, COMES_WITH, "failed");
        assert_pristine(s);
}

static void test_when_it_is_shut_down_the_vf_is_as_before(SwitchFixture *s, gconstpointer unused) {
        g_autofree char *xml = vf_xml(s, COMES_WITH);

        arrive(s);
        fixture_connect(&s->f);
        send_event(&s->f, GUEST_ARRIVED, GUEST_UUID, xml);
        release(s, COMES_WITH, "shutdown");
        assert_pristine(s);
}

static void test_a_lease_that_expires_leaves_the_vf_as_before(SwitchFixture *s,
                                                              gconstpointer unused) {
        arrive(s);
        s->f.manager->virt = NULL;
        fixture_pass_time(INT64_C(3600) * G_USEC_PER_SEC);
        manager_on_time(s->f.manager);
        assert_pristine(s);
}

static void test_what_cannot_be_refuses_the_guest(SwitchFixture *s, gconstpointer unused) {
        g_autoptr(GPtrArray) migrations = NULL;
        g_autofree char *leases = NULL;
        g_autoptr(GError) error = NULL;

        begin_incoming(s);
        fake_rtnl_refuse(s->fake, VF_SETTING_VLAN);
        g_assert_false(start_to_arrive(s, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE);
        g_assert_nonnull(strstr(error->message, "it cannot have VLAN 100"));
        assert_pristine(s);

        release(s, COMES_WITH, "failed");
        migrations = migration_log_list(s->f.manager->migrations);
        g_assert_cmpstr(((Migration *)migrations->pdata[0])->reason, ==, error->message);
        leases = leases_text(&s->f);
        g_assert_cmpstr(leases, ==, "");
}

static void test_a_pf_without_a_netdev_refuses_the_guest(SwitchFixture *s, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        begin_incoming(s);
        fake_root_remove(s->f.root, "sys/bus/pci/devices/" PF "/net");
        g_assert_false(prepare(s, COMES_WITH, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE);
        g_assert_true(g_str_has_suffix(error->message, "bind the PF to its network driver"));
}

/* A definition may have been copied with what was once true of another start. */
static void test_a_guest_that_starts_gets_nothing(SwitchFixture *s, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        (void)start_to_arrive(s, &error);
        g_assert_no_error(error);
        assert_pristine(s);
}

/* The source ------------------------------------------------------------------------- */

static const SwitchVf configured = {
        .mac = (char *)MAC,
        .vlan = 100,
        .max_tx_rate = 1000,
        .spoof_check = 1,
        .trust = 0,
        .link_state = SWITCH_LINK_AUTO,
};

/* Somebody configures the VF while the guest runs. */
static void start(SwitchFixture *s) {
        g_autofree char *xml = vf_xml(s, "");
        g_autoptr(GError) error = NULL;

        (void)prepare(s, "", &error);
        g_assert_no_error(error);
        configure(s, &configured);
        fixture_connect(&s->f);
        send_event(&s->f, GUEST_RUNNING, GUEST_UUID, xml);
}

static void test_what_the_switch_knows_is_in_the_metadata(SwitchFixture *s, gconstpointer unused) {
        start(s);
        g_assert_nonnull(strstr(s->f.asked->str, "<switch version='1.0'>\n"
                                                 "      <vf mac='" MAC "' vlan='100' "
                                                 "spoof-check='yes' trust='no' link-state='auto' "
                                                 "max-tx-rate='1000'/>\n"));
}

static void find_guest(void *userdata, const char *domain, GuestFinder finder, void *asker) {
        SwitchFixture *s = userdata;
        GuestEvent found = { .kind = GUEST_FOUND, .uuid = (char *)domain, .running = true };

        found.xml = vf_xml(s, COMES_WITH);
        g_string_append(s->f.asked, "found ");
        finder(asker, &found);
        g_free(found.xml);
}

static void note_metadata(void *userdata, const char *uuid, const char *xml) {
        SwitchFixture *s = userdata;

        g_string_append(s->f.asked, xml);
}

static void test_a_change_is_written_and_no_change_is_not(SwitchFixture *s, gconstpointer unused) {
        SwitchVf other = configured;

        start(s);
        s->f.virt = (VirtOps){ .find = find_guest, .set_metadata = note_metadata, .userdata = s };
        g_string_truncate(s->f.asked, 0);
        manager_on_switch_event(s->f.manager);
        g_assert_cmpstr(s->f.asked->str, ==, "");

        other.vlan = 200;
        configure(s, &other);
        manager_on_switch_event(s->f.manager);
        g_assert_true(g_str_has_prefix(s->f.asked->str, "found "));
        g_assert_nonnull(strstr(s->f.asked->str, "vlan='200'"));

        g_string_truncate(s->f.asked, 0);
        manager_on_switch_event(s->f.manager);
        g_assert_cmpstr(s->f.asked->str, ==, "");
}

/* libvirt unplugs a transient VF while its guest moves. */
static void test_while_it_moves_the_metadata_stay(SwitchFixture *s, gconstpointer unused) {
        g_autofree char *xml = vf_xml(s, COMES_WITH);
        g_autoptr(GError) error = NULL;
        SwitchVf gone = { .spoof_check = 1, .link_state = SWITCH_LINK_AUTO };

        start(s);
        migration_log_add(s->f.manager->migrations,
                          migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"), MIGRATION_PLANNED,
                          &error);
        g_assert_no_error(error);
        g_string_truncate(s->f.asked, 0);
        configure(s, &gone);
        manager_on_switch_event(s->f.manager);
        send_event(&s->f, GUEST_RUNNING, GUEST_UUID, xml);
        g_assert_null(strstr(s->f.asked->str, "<vf spoof-check"));
}

static void test_when_it_has_left_the_vf_is_as_before(SwitchFixture *s, gconstpointer unused) {
        start(s);
        release(s, COMES_WITH, "migrated");
        assert_pristine(s);
}

static void test_what_was_there_before_stays_but_for_the_mac(SwitchFixture *s,
                                                             gconstpointer unused) {
        configure(s, &configured);
        start(s);
        release(s, COMES_WITH, "migrated");
        assert_vf(s, "mac 00:00:00:00:00:00 vlan 100 qos 0 proto 8100 rate 0-1000");
}

static void test_a_guest_that_is_shut_down_leaves_its_vf_alone(SwitchFixture *s,
                                                               gconstpointer unused) {
        start(s);
        release(s, COMES_WITH, "shutdown");
        assert_vf(s, "mac " MAC " vlan 100 qos 0 proto 8100 rate 0-1000");
}

static void test_a_guest_that_was_here_before_us_takes_its_mac_along(SwitchFixture *s,
                                                                     gconstpointer unused) {
        g_autofree char *xml = vf_xml(s, COMES_WITH);

        configure(s, &configured);
        fixture_connect(&s->f);
        send_event(&s->f, GUEST_RUNNING, GUEST_UUID, xml);
        release(s, COMES_WITH, "migrated");
        assert_vf(s, "mac 00:00:00:00:00:00 vlan 100 qos 0 proto 8100 rate 0-1000");
}

static void make_bridge(SwitchFixture *s) {
        fake_root_put(s->f.root, "sys/class/net/eth0/brport/port_no", "0x1", -1);
        fake_rtnl_add_port(s->fake, 1);
}

static void add_entry(SwitchFixture *s, const char *mac) {
        const SwitchFdb fdb = { .mac = (char *)mac, .vlan = 1 };

        g_assert_cmpint(bridge_add_fdb(s->f.manager->rtnl, 1, &fdb), ==, 0);
}

static void assert_entries(SwitchFixture *s, guint n) {
        g_autoptr(GPtrArray) entries = NULL;

        g_assert_cmpint(bridge_read_fdb(s->f.manager->rtnl, 1, &entries), ==, 0);
        g_assert_cmpuint(entries->len, ==, n);
}

/* libvirt does, before it says that the guest is released. */
static void give_old_mac_back(SwitchFixture *s) {
        const SwitchVf old = { .mac = NULL };

        g_assert_cmpint(vf_link_set(s->f.manager->rtnl, 1, 0, VF_SETTING_MAC, &old), ==, 0);
}

/* Its bridge is made when the guest is here already. */
static void test_an_entry_of_a_later_bridge_does_not_stay(SwitchFixture *s, gconstpointer unused) {
        start(s);
        make_bridge(s);
        add_entry(s, MAC);
        release(s, COMES_WITH, "migrated");
        assert_entries(s, 0);
}

static void test_no_entry_stays_when_the_vf_has_its_old_mac(SwitchFixture *s,
                                                            gconstpointer unused) {
        make_bridge(s);
        start(s);
        add_entry(s, MAC);
        add_entry(s, OTHER_MAC);
        give_old_mac_back(s);
        release(s, COMES_WITH, "migrated");
        assert_entries(s, 1);
}

static void test_no_entry_of_a_guest_that_came_stays(SwitchFixture *s, gconstpointer unused) {
        make_bridge(s);
        arrive(s);
        add_entry(s, MAC);
        give_old_mac_back(s);
        release(s, COMES_WITH, "failed");
        assert_entries(s, 0);
}

/* Without a release: time ends the lease. */
static void test_no_entry_of_a_guest_that_did_not_come_stays(SwitchFixture *s,
                                                             gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        make_bridge(s);
        arrive(s);
        add_entry(s, MAC);
        give_old_mac_back(s);
        s->f.manager->virt = NULL;
        g_assert_true(lease_book_load(s->f.manager->leases, &error)); /* as the store has it */
        fixture_pass_time(INT64_C(3600) * G_USEC_PER_SEC);
        manager_on_time(s->f.manager);
        assert_entries(s, 0);
}

/* Somebody has given it another one while it was here. */
static void test_no_entry_of_a_later_mac_stays(SwitchFixture *s, gconstpointer unused) {
        make_bridge(s);
        arrive(s);
        add_entry(s, OTHER_MAC);
        give_old_mac_back(s);
        release(s, HAS_ANOTHER_MAC, "shutdown");
        assert_entries(s, 0);
}

/* A crash ---------------------------------------------------------------------------- */

static void test_what_a_crash_left_is_put_back_at_start(SwitchFixture *s, gconstpointer unused) {
        Manager *manager = s->f.manager;
        g_autoptr(GError) error = NULL;
        Lease *lease;

        arrive(s);
        lease = lease_book_find_device(manager->leases, s->vf);
        g_assert_true(lease->switch_applied);
        g_assert_true(lease_book_enter(manager->leases, lease, LEASE_RELEASING, 0, &error));

        g_assert_true(manager_start(manager, &error)); /* reads the store anew */
        g_assert_no_error(error);
        assert_pristine(s);
}

#define ADD(name, function) \
        g_test_add("/guest-switch/" name, SwitchFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a-guest-that-comes-has-what-it-had", test_a_guest_that_comes_has_what_it_had);
        ADD("what-libvirt-sets-meanwhile-is-not-the-last-word",
            test_what_libvirt_sets_meanwhile_is_not_the_last_word);
        ADD("a VF that is plugged again has what it had",
            test_a_vf_that_is_plugged_again_has_what_it_had);
        ADD("what an unplugged VF had is kept", test_what_an_unplugged_vf_had_is_kept);
        ADD("a guest that gets another VF keeps what it had",
            test_a_guest_that_gets_another_vf_keeps_what_it_had);
        ADD("the first VF of a guest that started here loses its MAC",
            test_the_first_vf_of_a_guest_that_started_here_loses_its_mac);
        ADD("when-it-has-failed-the-vf-is-as-before", test_when_it_has_failed_the_vf_is_as_before);
        ADD("when-it-is-shut-down-the-vf-is-as-before",
            test_when_it_is_shut_down_the_vf_is_as_before);
        ADD("a-lease-that-expires-leaves-the-vf-as-before",
            test_a_lease_that_expires_leaves_the_vf_as_before);
        ADD("what-cannot-be-refuses-the-guest", test_what_cannot_be_refuses_the_guest);
        ADD("a-pf-without-a-netdev-refuses-the-guest",
            test_a_pf_without_a_netdev_refuses_the_guest);
        ADD("a-guest-that-starts-gets-nothing", test_a_guest_that_starts_gets_nothing);
        ADD("what-the-switch-knows-is-in-the-metadata",
            test_what_the_switch_knows_is_in_the_metadata);
        ADD("a-change-is-written-and-no-change-is-not",
            test_a_change_is_written_and_no_change_is_not);
        ADD("while-it-moves-the-metadata-stay", test_while_it_moves_the_metadata_stay);
        ADD("when-it-has-left-the-vf-is-as-before", test_when_it_has_left_the_vf_is_as_before);
        ADD("what-was-there-before-stays-but-for-the-mac",
            test_what_was_there_before_stays_but_for_the_mac);
        ADD("a-guest-that-is-shut-down-leaves-its-vf-alone",
            test_a_guest_that_is_shut_down_leaves_its_vf_alone);
        ADD("a-guest-that-was-here-before-us-takes-its-mac-along",
            test_a_guest_that_was_here_before_us_takes_its_mac_along);
        ADD("an-entry-of-a-later-bridge-does-not-stay",
            test_an_entry_of_a_later_bridge_does_not_stay);
        ADD("no-entry-stays-when-the-vf-has-its-old-mac",
            test_no_entry_stays_when_the_vf_has_its_old_mac);
        ADD("no-entry-of-a-guest-that-came-stays", test_no_entry_of_a_guest_that_came_stays);
        ADD("no-entry-of-a-guest-that-did-not-come-stays",
            test_no_entry_of_a_guest_that_did_not_come_stays);
        ADD("no-entry-of-a-later-mac-stays", test_no_entry_of_a_later_mac_stays);
        ADD("what-a-crash-left-is-put-back-at-start", test_what_a_crash_left_is_put_back_at_start);

        return g_test_run();
}
