/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advice-check.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"

#define PF "0000:3b:00.0"
#define VF "0000:3b:10.0"

#define INTERFACE                                                      \
        "<interface type='network'><mac address='52:54:00:00:00:01'/>" \
        "<source network='default'/><model type='virtio'/></interface>"

/* It can never move: its device is told so, and QEMU is too old for another one. */
#define STUCK                                                                                      \
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='" HERE_MDEV \
        "'/></source><alias name='hostdev0'/></hostdev><iommu model='intel'/>"

#define TEAM(state)                                                                                \
        "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>"  \
        "<model type='virtio'/><alias name='ua-net0'/><teaming type='persistent'/>"                \
        "<link state='" state "'/></interface>"                                                    \
        "<interface type='hostdev'><mac address='52:54:00:00:00:01'/><source><address type='pci' " \
        "domain='0x0000' bus='0x3b' slot='0x10' function='0x0'/></source>"                         \
        "<teaming type='transient' persistent='ua-net0'/></interface>"

typedef struct CheckFixture {
        Fixture f;
        HostState state;
} CheckFixture;

static void set_up(CheckFixture *c, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };

        fixture_set_up(&c->f, NULL);
        c->f.manager->libvirt_known = true;
        c->state.libvirt_version = 10000000;
        c->state.qemu_version = 7000000;
        fake_root_add_pf(c->f.root, PF, &pf);
        g_assert_cmpstr(fake_root_add_vf(c->f.root, PF), ==, VF);
        g_assert_cmpint(inventory_scan(c->f.manager->inventory), ==, 0);
}

static void tear_down(CheckFixture *c, gconstpointer unused) {
        fixture_tear_down(&c->f, NULL);
}

/* Of g1 with these devices, or of g2, which the other one is; free it. */
static char *ask(CheckFixture *c, const char *kind, const char *devices, bool other, bool off) {
        g_autoptr(AdvisorDraft) draft = advisor_draft_new(kind, GUEST_UUID, "g1", VF);
        const char *uuid = other ? OTHER_UUID : GUEST_UUID;
        g_autofree char *xml = NULL;

        xml = g_strdup_printf(
                "<domain><name>g1</name><uuid>%s</uuid><devices>%s</devices></domain>", uuid,
                devices);
        if (other)
                advisor_draft_set_other(draft, OTHER_UUID, "g2");
        return advice_check(
                c->f.manager, &c->state, draft,
                &(GuestEvent){
                        .kind = GUEST_FOUND, .uuid = (char *)uuid, .xml = xml, .running = !off });
}

static void assert_allowed(CheckFixture *c, const char *kind, const char *devices, bool other) {
        g_autofree char *refusal = ask(c, kind, devices, other, false);

        g_assert_cmpstr(refusal, ==, NULL);
}

static void assert_refused(CheckFixture *c, const char *kind, const char *devices, bool other,
                           const char *part) {
        g_autofree char *refusal = ask(c, kind, devices, other, false);

        g_assert_nonnull(refusal);
        if (!strstr(refusal, part))
                g_error("no '%s' in '%s'", part, refusal);
}

static void test_what_only_keeps_a_guest_from_moving_is_no_reason(CheckFixture *c,
                                                                  gconstpointer unused) {
        assert_allowed(c, "promote", INTERFACE STUCK, false);
        assert_allowed(c, "exchange", INTERFACE STUCK, true);
        assert_allowed(c, "demote", STUCK, false);
        assert_allowed(c, "grow", STUCK, false);
        assert_allowed(c, "shrink", STUCK, false);
        assert_refused(c, "leave", STUCK, false, "QEMU: ");
}

static void test_of_another_kind_every_error_counts(CheckFixture *c, gconstpointer unused) {
        assert_refused(c, "fly", STUCK, false, "QEMU: ");
}

static void test_nothing_is_done_to_a_guest_that_is_off(CheckFixture *c, gconstpointer unused) {
        g_autofree char *refusal = ask(c, "grow", "", false, true);

        g_assert_cmpstr(refusal, ==, "g1: The guest is shut off");
}

static void test_without_vfio_nobody_gets_a_vf(CheckFixture *c, gconstpointer unused) {
        fake_root_remove(c->f.root, "dev/vfio/vfio");
        assert_refused(c, "promote", INTERFACE, false, "kernel: This kernel has no VFIO");
        assert_refused(c, "exchange", INTERFACE, false, "kernel: This kernel has no VFIO");
        assert_allowed(c, "exchange", INTERFACE, true); /* who gives it back */
        assert_allowed(c, "demote", INTERFACE, false);
}

static void test_a_vf_without_an_iommu_is_given_to_nobody(CheckFixture *c, gconstpointer unused) {
        const Device *vf = inventory_find(c->f.manager->inventory, VF);

        ((Device *)vf)->iommu_group = -1;
        assert_refused(c, "promote", INTERFACE, false, "kernel: The IOMMU is off");
}

static void test_a_team_keeps_the_vf_that_it_needs(CheckFixture *c, gconstpointer unused) {
        assert_allowed(c, "demote", TEAM("up"), false);
        assert_refused(c, "demote", TEAM("down"), false, "team: ");
        assert_refused(c, "exchange", TEAM("down"), true, "team: ");
}

static void test_what_cannot_be_read_is_left_alone(CheckFixture *c, gconstpointer unused) {
        assert_refused(c, "grow", "<", false, "line 1");
}

#define ADD(name, function) \
        g_test_add("/advice-check/" name, CheckFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("what only keeps a guest from moving is no reason",
            test_what_only_keeps_a_guest_from_moving_is_no_reason);
        ADD("of another kind, every error counts", test_of_another_kind_every_error_counts);
        ADD("nothing is done to a guest that is off", test_nothing_is_done_to_a_guest_that_is_off);
        ADD("without VFIO nobody gets a VF", test_without_vfio_nobody_gets_a_vf);
        ADD("a VF without an IOMMU is given to nobody",
            test_a_vf_without_an_iommu_is_given_to_nobody);
        ADD("a team keeps the VF that it needs", test_a_team_keeps_the_vf_that_it_needs);
        ADD("what cannot be read is left alone", test_what_cannot_be_read_is_left_alone);
        return g_test_run();
}
