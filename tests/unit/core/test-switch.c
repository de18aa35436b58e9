/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/core/switch-apply.h"
#include "daemon/core/switch-capture.h"
#include "daemon/facts/bridge.h"
#include "tests/lib/fake-root.h"
#include "tests/lib/fake-rtnl.h"
#include "xml/ferry-error.h"

#define PF    "0000:3b:00.0"
#define GUEST "52:54:00:76:00:01"
#define OTHER "52:54:00:76:00:02"

/* A host with an SR-IOV PF, eth0, and two VFs. */
typedef struct Fixture {
        FakeRoot *root;
        FakeRtnl *fake;
        Rtnl *rtnl;
        char *vf;
        int pf, port;
        GPtrArray *findings;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_add_pf(f->root, PF, &(FakePci){ .driver = "mlx5_core", .netdev = "eth0" });
        (void)fake_root_add_vf(f->root, PF);
        f->vf = g_strdup(fake_root_add_vf(f->root, PF));

        f->fake = fake_rtnl_new();
        f->rtnl = fake_rtnl(f->fake);
        f->pf = fake_rtnl_add_netdev(f->fake, "eth0");
        fake_rtnl_add_vf(f->fake, f->pf, 0);
        fake_rtnl_add_vf(f->fake, f->pf, 1);
        (void)fake_rtnl_add_netdev(f->fake, "uplink");
        f->findings = g_ptr_array_new_with_free_func(g_free);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_ptr_array_unref(f->findings);
        g_free(f->vf);
        fake_rtnl_free(f->fake);
        fake_root_free(f->root);
}

static void put(Fixture *f, const char *netdev, const char *attribute, const char *value) {
        g_autofree char *path = g_strdup_printf("sys/class/net/%s/%s", netdev, attribute);

        fake_root_put(f->root, path, value, -1);
}

/* VF 1 is represented by eth0_1, a port of a bridge; VF 0 by eth0_0, of none. */
static void set_up_switchdev(Fixture *f, gconstpointer unused) {
        set_up(f, unused);
        put(f, "eth0", "phys_switch_id", "0123abcd\n");
        put(f, "eth0", "phys_port_name", "p0\n");
        put(f, "eth0_0", "phys_switch_id", "0123abcd\n");
        put(f, "eth0_0", "phys_port_name", "pf0vf0\n");
        put(f, "eth0_1", "phys_switch_id", "0123abcd\n");
        put(f, "eth0_1", "phys_port_name", "c1pf0vf1\n");
        put(f, "eth0_1", "address", "02:00:00:00:00:01\n");
        put(f, "eth0_1", "brport/port_no", "0x1\n");
        put(f, "eth9_1", "phys_switch_id", "ffff\n");
        put(f, "eth9_1", "phys_port_name", "pf0vf1\n");
        (void)fake_rtnl_add_netdev(f->fake, "eth0_0");
        f->port = fake_rtnl_add_netdev(f->fake, "eth0_1");
        fake_rtnl_add_port(f->fake, f->port);
}

/* The PF itself is a port of a bridge. */
static void set_up_shared(Fixture *f, gconstpointer unused) {
        set_up(f, unused);
        put(f, "eth0", "brport/port_no", "0x1\n");
        f->port = f->pf;
        fake_rtnl_add_port(f->fake, f->pf);
        g_assert_cmpint(bridge_add_vlan(f->rtnl, f->pf, &(SwitchVlan){ .first = 2, .last = 100 }),
                        ==, 0);
}

static SwitchPlace *find_place(Fixture *f) {
        SwitchPlace *place = NULL;

        g_assert_cmpint(switch_place_find(fake_root_sysfs(f->root), f->rtnl, f->vf, &place), ==, 0);
        return place;
}

static SwitchState *capture(Fixture *f, const SwitchPlace *place) {
        g_autoptr(GError) error = NULL;
        SwitchState *state = switch_capture(f->rtnl, place, f->findings, &error);

        g_assert_no_error(error);
        return state;
}

static SwitchState *parse(const char *inside) {
        g_autofree char *xml = g_strdup_printf("<switch version='1.0'>%s</switch>", inside);
        g_autoptr(GError) error = NULL;
        SwitchState *state = switch_state_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return state;
}

#define VF_XML                                                                                     \
        "<vf mac='" GUEST "' vlan='100' qos='3' protocol='802.1ad' spoof-check='yes' trust='yes' " \
        "link-state='up' max-tx-rate='1000'/>"
#define FDB_XML "<fdb mac='" GUEST "' vlan='100' state='static' sticky='yes'/>"
#define PORT_XML                                                         \
        "<port><vlan first='100' last='100' pvid='yes' untagged='yes'/>" \
        "<vlan first='200' last='210'/>" FDB_XML "</port>"
#define FILTER_XML                                                                             \
        "<filters qdisc='clsact'>"                                                             \
        "<filter direction='ingress' priority='5' chain='0x0' handle='0x1' protocol='0x0800' " \
        "kind='flower' options='BgAIAAgAAAAIAAkAAgAAAA=='/>"                                   \
        "<filter direction='egress' priority='6' chain='0x0' handle='0x1' protocol='0x0003' "  \
        "kind='matchall' options='CAABAAEAAAA='/></filters>"

static bool apply(Fixture *f, const SwitchState *target, GError **error) {
        g_autoptr(SwitchPlace) place = find_place(f);
        g_autoptr(SwitchState) before = capture(f, place);

        return switch_apply(f->rtnl, place, before, target, f->findings, error);
}

static void apply_xml(Fixture *f, const char *inside) {
        g_autoptr(SwitchState) target = parse(inside);
        g_autoptr(GError) error = NULL;

        (void)apply(f, target, &error);
        g_assert_no_error(error);
}

static void assert_captured(Fixture *f, const char *inside) {
        g_autoptr(SwitchState) expected = parse(inside), state = NULL;
        g_autoptr(SwitchPlace) place = find_place(f);
        g_autofree char *have = NULL, *want = NULL;

        state = capture(f, place);
        have = switch_state_to_xml(state);
        want = switch_state_to_xml(expected);
        g_assert_cmpstr(have, ==, want);
}

static void assert_refused(Fixture *f, const char *inside, const char *reason) {
        g_autofree char *before = fake_rtnl_dump(f->fake), *after = NULL;
        g_autoptr(SwitchState) target = parse(inside);
        g_autoptr(GError) error = NULL;

        g_assert_false(apply(f, target, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE);
        g_assert_cmpstr(error->message, ==, reason);
        after = fake_rtnl_dump(f->fake);
        g_assert_cmpstr(after, ==, before);
}

/* Where it is ------------------------------------------------------------------------ */

static void test_a_vf_is_represented_by_its_own_netdev(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchPlace) place = find_place(f);

        g_assert_cmpstr(place->pf_netdev, ==, "eth0");
        g_assert_cmpuint(place->vf, ==, 1);
        g_assert_cmpstr(place->port_netdev, ==, "eth0_1");
        g_assert_true(place->bridged);
        g_assert_false(place->shared);
}

static void test_without_a_representor_the_port_is_the_pfs(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchPlace) place = find_place(f);

        g_assert_cmpstr(place->port_netdev, ==, "eth0");
        g_assert_true(place->bridged);
        g_assert_true(place->shared);
}

static void test_what_is_no_vf_has_no_place(Fixture *f, gconstpointer unused) {
        SwitchPlace *place = NULL;

        g_assert_cmpint(switch_place_find(fake_root_sysfs(f->root), f->rtnl, PF, &place), ==,
                        -ENOENT);
        g_assert_cmpint(switch_place_find(fake_root_sysfs(f->root), f->rtnl, "no-such", &place), ==,
                        -ENOENT);
        g_assert_cmpint(
                switch_place_find(fake_root_sysfs(f->root), f->rtnl, "0000:ff:00.0", &place), ==,
                -ENOENT);
        g_assert_null(place);
}

/* There and back --------------------------------------------------------------------- */

static void test_what_is_applied_is_captured_again(Fixture *f, gconstpointer unused) {
        apply_xml(f, VF_XML PORT_XML FILTER_XML);
        assert_captured(f, VF_XML PORT_XML FILTER_XML);
        g_assert_cmpuint(f->findings->len, ==, 0);
}

static void test_what_was_before_comes_back(Fixture *f, gconstpointer unused) {
        g_autofree char *pristine = fake_rtnl_dump(f->fake), *after = NULL;
        g_autoptr(SwitchState) target = parse(VF_XML PORT_XML FILTER_XML), before = NULL;
        g_autoptr(SwitchPlace) place = find_place(f);
        g_autoptr(GError) error = NULL;

        before = capture(f, place);
        switch_apply(f->rtnl, place, before, target, f->findings, &error);
        g_assert_no_error(error);
        switch_restore(f->rtnl, place, before, target, f->findings);
        after = fake_rtnl_dump(f->fake);
        g_assert_cmpstr(after, ==, pristine);
        g_assert_cmpuint(f->findings->len, ==, 0);
}

static void test_the_ports_own_mac_is_the_hosts(Fixture *f, gconstpointer unused) {
        apply_xml(f, "<port><vlan first='1' last='1' pvid='yes' untagged='yes'/>"
                     "<fdb mac='02:00:00:00:00:01' state='permanent'/></port>");
        assert_captured(f, "<vf spoof-check='yes' trust='no' link-state='auto'/><port>"
                           "<vlan first='1' last='1' pvid='yes' untagged='yes'/></port>"
                           "<filters qdisc='none'/>");
}

static void test_of_a_shared_port_only_the_vfs_macs_are_its_own(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        apply_xml(f, "<vf mac='" OTHER "'/><port shared='yes'>"
                     "<fdb mac='" OTHER "' vlan='7' state='static'/></port>");
        apply_xml(f, "<vf/>");
        before = fake_rtnl_dump(f->fake);
        apply_xml(f, VF_XML "<port shared='yes'>" FDB_XML "</port>");
        assert_captured(f, VF_XML "<port shared='yes'>" FDB_XML "</port>");

        apply_xml(f, "<vf spoof-check='yes' trust='no' link-state='auto'/><port shared='yes'/>");
        after = fake_rtnl_dump(f->fake);
        g_assert_cmpstr(after, ==, before);
}

/* The kernel makes and removes such an entry in every VLAN of the port at once. */
static void test_an_entry_without_vlan_spoils_no_other(Fixture *f, gconstpointer unused) {
        static const char *const states[] = {
                "<port><vlan first='1' last='9'/><fdb mac='" GUEST "' state='static'/>"
                "<fdb mac='" GUEST "' vlan='2' state='static'/></port>",
                "<port><vlan first='2' last='5'/><fdb mac='" GUEST "' vlan='2' state='static'/>"
                "</port>",
                "<port><vlan first='1' last='9'/><fdb mac='" OTHER "' state='static'/>"
                "<fdb mac='" OTHER "' vlan='7' state='permanent'/></port>",
                "<port/>",
        };

        for (size_t i = 0; i < 2 * G_N_ELEMENTS(states); i++) {
                g_autofree char *expected = NULL;

                expected = g_strdup_printf("<vf spoof-check='yes' trust='no' link-state='auto'/>"
                                           "%s<filters qdisc='none'/>",
                                           states[i % G_N_ELEMENTS(states)]);
                apply_xml(f, states[i % G_N_ELEMENTS(states)]);
                assert_captured(f, expected);
        }
        g_assert_cmpuint(f->findings->len, ==, 0);
}

static void test_no_part_no_change(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        apply_xml(f, VF_XML PORT_XML FILTER_XML);
        before = fake_rtnl_dump(f->fake);
        apply_xml(f, "");
        after = fake_rtnl_dump(f->fake);
        g_assert_cmpstr(after, ==, before);
}

/* Fail the first change, then the second, and so on until it succeeds. After each failure all is
 * what it was before. An FDB entry is no reason to fail. */
static void test_a_failure_leaves_no_trace(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_rtnl_dump(f->fake);
        g_autoptr(SwitchState) target = parse(VF_XML PORT_XML FILTER_XML);
        unsigned failures = 0, findings = 0;

        for (unsigned n = 0; n < 12; n++) {
                g_autoptr(SwitchPlace) place = find_place(f);
                g_autoptr(SwitchState) state = capture(f, place);
                g_autoptr(GError) error = NULL;
                g_autofree char *after = NULL;

                fake_rtnl_fail(f->fake, n, EIO);
                if (switch_apply(f->rtnl, place, state, target, f->findings, &error)) {
                        findings += f->findings->len;
                        g_ptr_array_set_size(f->findings, 0);
                        switch_restore(f->rtnl, place, state, target, NULL);
                } else {
                        failures++;
                }
                after = fake_rtnl_dump(f->fake);
                g_assert_cmpstr(after, ==, before);
        }

        /* qdisc, two filters, three ranges of VLANs, MAC, VLAN, trust */
        g_assert_cmpuint(failures, ==, 9);
        g_assert_cmpuint(findings, ==, 3); /* FDB, rate, link state */
}

/* What cannot be --------------------------------------------------------------------- */

static void test_what_keeps_guests_apart_must_not_be_missing(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchState) same = parse("<vf trust='no' spoof-check='yes'/>");
        g_autoptr(GError) error = NULL;

        fake_rtnl_refuse(f->fake, VF_SETTING_TRUST);
        fake_rtnl_refuse(f->fake, VF_SETTING_VLAN);
        g_assert_true(apply(f, same, &error));
        assert_refused(f, "<vf trust='yes'/>",
                       "0000:3b:10.2: it cannot have trust on, since the driver of eth0 refuses it "
                       "(Operation not supported): use a device of another kind, or change it "
                       "where the guest is now");
        assert_refused(f, "<vf vlan='100'/>",
                       "0000:3b:10.2: it cannot have VLAN 100 of 802.1q with priority 0, since the "
                       "driver of eth0 refuses it (Operation not supported): use a device of "
                       "another kind, or change it where the guest is now");
}

static void test_what_is_a_matter_of_speed_is_a_finding(Fixture *f, gconstpointer unused) {
        fake_rtnl_refuse(f->fake, VF_SETTING_RATE);
        fake_rtnl_refuse(f->fake, VF_SETTING_LINK_STATE);
        apply_xml(f, VF_XML);
        assert_captured(f, "<vf mac='" GUEST "' vlan='100' qos='3' protocol='802.1ad' "
                           "spoof-check='yes' trust='yes' link-state='auto'/>");
        g_assert_cmpuint(f->findings->len, ==, 2);
        g_assert_cmpstr(f->findings->pdata[0], ==,
                        "0000:3b:10.2: it cannot have tx rates of 0 to 1000 Mbit/s, since the "
                        "driver of eth0 refuses it (Operation not supported): use a device of "
                        "another kind, or change it where the guest is now");
}

static void test_vlans_and_filters_need_a_port(Fixture *f, gconstpointer unused) {
        assert_refused(f, PORT_XML,
                       "0000:3b:10.2: the guest's port of a bridge has VLANs, and here it has no "
                       "such port: make the netdev that represents it a port of a bridge");
        assert_refused(f, FILTER_XML,
                       "0000:3b:10.2: the guest has 2 filters, and no netdev represents its device "
                       "here: use a PF in switchdev mode");
        apply_xml(f, "<port><vlan first='1' last='1' pvid='yes' untagged='yes'/>" FDB_XML
                     "</port><filters qdisc='clsact'/>");
        g_assert_cmpuint(f->findings->len, ==, 1);
        g_assert_cmpstr(f->findings->pdata[0], ==,
                        "0000:3b:10.2: it has no port of a bridge here, so 1 FDB entries stay "
                        "behind");
}

static void test_a_shared_port_takes_no_vlans(Fixture *f, gconstpointer unused) {
        assert_refused(f, PORT_XML,
                       "0000:3b:10.2: the guest's port of a bridge has VLANs, and here eth0 is "
                       "shared by all VFs: use a PF in switchdev mode");
}

static void test_a_qdisc_that_is_in_the_way_is_named(Fixture *f, gconstpointer unused) {
        apply_xml(f, "<filters qdisc='ingress'/>");
        assert_refused(f, FILTER_XML,
                       "0000:3b:10.2: eth0_1 has the qdisc 'ingress', and the guest's filters need "
                       "'clsact': remove it with 'tc qdisc del dev eth0_1 ingress'");
}

/* Documents -------------------------------------------------------------------------- */

static void test_the_guests_macs_do_not_stay_behind(void) {
        g_autoptr(SwitchState) guest = parse(VF_XML PORT_XML), other = NULL, nothing = NULL;
        g_autoptr(SwitchState)
                before = parse("<vf mac='" GUEST "' vlan='7'/><port shared='yes'>"
                               "<fdb mac='" GUEST "' vlan='5' state='static'/>"
                               "<fdb mac='" OTHER "' vlan='5' state='static'/></port>");
        g_autoptr(SwitchState)
                expected = parse("<vf vlan='7'/><port shared='yes'>"
                                 "<fdb mac='" OTHER "' vlan='5' state='static'/></port>");

        other = switch_state_without(before, guest);
        g_assert_true(switch_state_equal(other, expected));
        nothing = switch_state_without(before, NULL);
        g_assert_true(switch_state_equal(nothing, before));
        g_assert_null(switch_state_without(NULL, guest));
}

static void test_what_a_newer_version_said_is_handed_on(void) {
        const char *xml = "<switch version='1.3' a='b'><vf c='d'><e/></vf><port><vlan first='1' "
                          "last='1' f='g'/></port><h/></switch>";
        g_autoptr(SwitchState) before = switch_state_from_xml(xml, strlen(xml), NULL);
        g_autoptr(SwitchState) state = parse("<vf/><port><vlan first='1' last='1'/></port>");

        g_assert_nonnull(before);
        switch_state_hand_on(state, NULL);
        g_assert_cmpuint(state->minor, ==, 0);
        switch_state_hand_on(state, before);
        g_assert_true(switch_state_equal(state, before));
}

#define ADD(name, set_up, function) \
        g_test_add("/switch/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a-vf-is-represented-by-its-own-netdev", set_up_switchdev,
            test_a_vf_is_represented_by_its_own_netdev);
        ADD("without-a-representor-the-port-is-the-pfs", set_up_shared,
            test_without_a_representor_the_port_is_the_pfs);
        ADD("what-is-no-vf-has-no-place", set_up, test_what_is_no_vf_has_no_place);
        ADD("what-is-applied-is-captured-again", set_up_switchdev,
            test_what_is_applied_is_captured_again);
        ADD("what-was-before-comes-back", set_up_switchdev, test_what_was_before_comes_back);
        ADD("the-ports-own-mac-is-the-hosts", set_up_switchdev,
            test_the_ports_own_mac_is_the_hosts);
        ADD("of-a-shared-port-only-the-vfs-macs-are-its-own", set_up_shared,
            test_of_a_shared_port_only_the_vfs_macs_are_its_own);
        ADD("an-entry-without-vlan-spoils-no-other", set_up_switchdev,
            test_an_entry_without_vlan_spoils_no_other);
        ADD("no-part-no-change", set_up_switchdev, test_no_part_no_change);
        ADD("a-failure-leaves-no-trace", set_up_switchdev, test_a_failure_leaves_no_trace);
        ADD("what-keeps-guests-apart-must-not-be-missing", set_up,
            test_what_keeps_guests_apart_must_not_be_missing);
        ADD("what-is-a-matter-of-speed-is-a-finding", set_up,
            test_what_is_a_matter_of_speed_is_a_finding);
        ADD("vlans-and-filters-need-a-port", set_up, test_vlans_and_filters_need_a_port);
        ADD("a-shared-port-takes-no-vlans", set_up_shared, test_a_shared_port_takes_no_vlans);
        ADD("a-qdisc-that-is-in-the-way-is-named", set_up_switchdev,
            test_a_qdisc_that_is_in_the_way_is_named);
        g_test_add_func("/switch/the-guests-macs-do-not-stay-behind",
                        test_the_guests_macs_do_not_stay_behind);
        g_test_add_func("/switch/what-a-newer-version-said-is-handed-on",
                        test_what_a_newer_version_said_is_handed_on);

        return g_test_run();
}
