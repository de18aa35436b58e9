/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-team.h"

#include <string.h>

#include "daemon/swap.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define PF  "0000:3b:00.0"
#define MAC "52:54:00:76:00:01"

/* A guest whose virtio interface is half of a team: a VF comes beside it and goes again. */

typedef struct Test {
        Fixture f;
        char *vf; /* that is free */
        char *done, *error;
        int code;
} Test;

static void set_up(Test *t, gconstpointer config) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };

        fixture_use_file(&t->f);
        fixture_set_up(&t->f, config);
        fake_root_add_pf(t->f.root, PF, &pf);
        t->vf = g_strdup(fake_root_add_vf(t->f.root, PF));
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        fixture_connect(&t->f);
}

static void tear_down(Test *t, gconstpointer config) {
        end_questions(&t->f);
        fixture_tear_down(&t->f, config);
        g_free(t->vf);
        g_free(t->done);
        g_free(t->error);
}

#define ALIAS "<alias name='ua-net0'/>"
#define TAP   "<target dev='vnet3'/>"

static char *standby(const char *alias, const char *more) {
        return g_strdup_printf("<interface type='bridge'><mac address='" MAC "'/>"
                               "<source bridge='br0'/>" TAP "<model type='virtio'/>"
                               "<teaming type='persistent'/>%s%s<address type='pci' "
                               "domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>"
                               "</interface>",
                               alias, more);
}

/* As it is plugged. */
static char *element_of(const char *vf) {
        return g_strdup_printf("<interface type='hostdev' managed='yes'><mac address='" MAC
                               "'/><source><address type='pci' domain='0x0000' bus='0x%.2s' "
                               "slot='0x%.2s' function='0x%c'/></source><teaming type='transient' "
                               "persistent='ua-net0'/></interface>",
                               vf + 5, vf + 8, vf[11]);
}

/* As libvirt has it then. */
static char *plugged(const char *vf) {
        g_autofree char *element = element_of(vf);
        g_auto(GStrv) parts = g_strsplit(element, "</interface>", 2);

        return g_strconcat(parts[0],
                           "<alias name='hostdev0'/><address type='pci' domain='0x0000' "
                           "bus='0x05' slot='0x00' function='0x0'/></interface>",
                           NULL);
}

static char *domain_with(const char *standby_element, const char *vf) {
        g_autofree char *element = vf ? plugged(vf) : g_strdup("");

        return g_strdup_printf("<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><metadata>"
                               "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'/>"
                               "</metadata><devices>%s%s</devices></domain>",
                               standby_element, element);
}

/* With this VF; NULL: without. */
static char *team(const char *vf) {
        g_autofree char *half = standby(ALIAS, "");

        return domain_with(half, vf);
}

static void on_reply(void *userdata, const Swapped *done, const GError *error) {
        Test *t = userdata;

        g_assert_true(!done != !error);
        g_assert_true(!t->done && !t->error);
        if (done)
                t->done = g_strdup_printf("%s %s %s %s %d", done->guest, done->name, done->from,
                                          done->to, (int)done->without_usec);
        t->error = g_strdup(error ? error->message : NULL);
        t->code = error ? error->code : -1;
}

/* What libvirt says of a guest that is looked up could migrate: it has no taps. */
static char *found(const char *xml) {
        g_auto(GStrv) parts = g_strsplit(xml, TAP, -1);

        return g_strjoinv("", parts);
}

static void ask_with(Test *t, const char *xml, const char *device, const char *target) {
        tell_guest(&t->f, GUEST_RUNNING, g_strdup(xml), NULL);
        g_string_truncate(t->f.asked, 0);
        swaps_begin(t->f.manager->swaps, "g1", device, target, false, on_reply, t);
        assert_asked(&t->f, "find g1\n");
        answer_with(&t->f, found(xml));
}

static void ask(Test *t, const char *vf, const char *device, const char *target) {
        g_autofree char *xml = team(vf);

        ask_with(t, xml, device, target);
}

/* "@" is the VF. */
static char *filled(const Test *t, const char *format) {
        g_auto(GStrv) parts = g_strsplit(format, "@", -1);

        return g_strjoinv(t->vf, parts);
}

static void assert_words(Test *t, const char *format) {
        g_autofree char *expected = filled(t, format);

        assert_asked(&t->f, expected);
}

static void assert_lease(Test *t, const char *format) {
        g_autofree char *expected = filled(t, format);

        assert_leases(&t->f, expected);
}

static void assert_done(Test *t, const char *format) {
        g_autofree char *expected = filled(t, format);

        g_assert_cmpstr(t->error, ==, NULL);
        g_assert_cmpstr(t->done, ==, expected);
}

/* It gets one ----------------------------------------------------------------------- */

static void begin_promotion(Test *t, const char *device, const char *target) {
        g_autofree char *element = element_of(t->vf), *plug = NULL;

        ask(t, NULL, device, target);
        plug = g_strdup_printf("plug " GUEST_UUID "\n  %s\n", element);
        g_assert_cmpstr(t->error, ==, NULL);
        assert_asked(&t->f, plug);
        assert_lease(t, "@ claimed expires\n");
}

static void test_a_vf_comes_beside_the_other_half(Test *t, gconstpointer unused) {
        begin_promotion(t, "ua-net0", PF);
        fixture_pass_time(3 * G_USEC_PER_SEC);
        tell_guest(&t->f, GUEST_RUNNING, team(t->vf), NULL); /* libvirt tells of it before */
        tell_guest(&t->f, GUEST_PLUGGED, team(t->vf), NULL);
        assert_done(t, "g1 ua-net0 virtio @ 0"); /* never without a network */
        assert_lease(t, "@ running\n");
        g_assert_null(lease_book_find_device(t->f.manager->leases, t->vf)->address);
        g_assert_true(g_str_has_prefix(t->f.asked->str, "metadata "));
        g_assert_null(strstr(t->f.asked->str, "unplug"));
}

static void test_it_is_found_by_the_mac_of_the_team(Test *t, gconstpointer unused) {
        begin_promotion(t, MAC, t->vf);
        tell_guest(&t->f, GUEST_PLUGGED, team(t->vf), NULL);
        assert_done(t, "g1 ua-net0 virtio @ 0");
}

static void test_one_that_cannot_be_plugged_is_given_back(Test *t, gconstpointer unused) {
        begin_promotion(t, "ua-net0", "default");
        tell_guest(&t->f, GUEST_PLUGGED, team(NULL), "no room");
        g_assert_cmpstr(t->error, ==, "no room: guest g1 goes on without it");
        assert_leases(&t->f, "");
        assert_asked(&t->f, "find " GUEST_UUID "\n");
        answer_with(&t->f, team(NULL));
        assert_asked(&t->f, "");
}

static void test_when_libvirt_has_no_answer_it_is_given_back(Test *t, gconstpointer unused) {
        begin_promotion(t, "ua-net0", PF);
        tell_guest(&t->f, GUEST_PLUGGED, NULL, "libvirt does not give the guest: it is gone");
        g_assert_nonnull(t->error);
        assert_leases(&t->f, "");
}

static void restart(Test *t, char *taken_xml) {
        end_questions(&t->f);
        fixture_restart(&t->f);
        g_assert_true(g_str_has_prefix(t->error, "virtferryd ends"));
        g_string_truncate(t->f.asked, 0);
        tell_guest(&t->f, GUEST_RUNNING, taken_xml, NULL);
}

static void test_killed_before_it_was_plugged(Test *t, gconstpointer unused) {
        begin_promotion(t, "ua-net0", PF);
        restart(t, team(NULL));
        assert_leases(&t->f, "");
        assert_asked(&t->f, "");
}

static void test_killed_when_it_was_plugged(Test *t, gconstpointer unused) {
        begin_promotion(t, "ua-net0", PF);
        restart(t, team(t->vf));
        assert_lease(t, "@ running\n");
        g_assert_null(strstr(t->f.asked->str, "plug"));
}

/* It gives it back ------------------------------------------------------------------ */

static void begin_demotion(Test *t, const char *device, const char *target) {
        ask(t, t->vf, device, target);
        g_assert_cmpstr(t->error, ==, NULL);
        assert_words(t, "unplug " GUEST_UUID " @ in 30000 ms\n");
        g_assert_null(strstr(t->f.note, "<unplugged")); /* nobody wants it back */
        assert_lease(t, "@ running\n");
}

static void test_the_vf_goes_and_the_other_half_stays(Test *t, gconstpointer unused) {
        begin_demotion(t, "hostdev0", "virtio");
        fixture_pass_time(3 * G_USEC_PER_SEC);
        tell_guest(&t->f, GUEST_RUNNING, team(NULL), NULL);
        assert_lease(t, "@ running\n");
        tell_guest(&t->f, GUEST_UNPLUGGED, team(NULL), NULL);
        assert_done(t, "g1 hostdev0 @ virtio 0");
        assert_leases(&t->f, "");
        assert_asked(&t->f, "find " GUEST_UUID "\n"); /* to write its metadata anew */
        answer_with(&t->f, team(NULL));
        assert_asked(&t->f, "");
        tell_guest(&t->f, GUEST_RUNNING, team(NULL), NULL);
        assert_asked(&t->f, ""); /* it is not plugged again */
}

/* By each of its names, and by that of the other half: nothing else could go. */
static void test_the_vf_is_meant_by_either_name(Test *t, gconstpointer unused) {
        const char *const names[] = { MAC, t->vf, "0000:05:00.0", "ua-net0" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                begin_demotion(t, names[i], "virtio:br0");
                tell_guest(&t->f, GUEST_UNPLUGGED, team(NULL), NULL);
                assert_done(t, "g1 hostdev0 @ virtio:br0 0");
                g_clear_pointer(&t->done, g_free);
                answer_with(&t->f, team(NULL));
        }
}

static void test_one_that_is_not_let_go_stays(Test *t, gconstpointer unused) {
        begin_demotion(t, "hostdev0", "virtio");
        tell_guest(&t->f, GUEST_UNPLUGGED, team(t->vf), "The guest did not let go of hostdev0");
        g_assert_cmpstr(t->error, ==, "The guest did not let go of hostdev0");
        assert_lease(t, "@ running\n");
        answer_with(&t->f, team(t->vf));
        g_string_truncate(t->f.asked, 0);

        tell_guest(&t->f, GUEST_RUNNING, team(NULL), NULL); /* too late: it goes all the same */
        assert_leases(&t->f, "");
        g_assert_null(strstr(t->f.asked->str, "plug "));
}

static void test_killed_before_it_was_out(Test *t, gconstpointer unused) {
        begin_demotion(t, "hostdev0", "virtio");
        restart(t, team(t->vf));
        assert_lease(t, "@ running\n");
        g_assert_null(strstr(t->f.asked->str, "plug "));
}

static void test_killed_when_it_was_out(Test *t, gconstpointer unused) {
        begin_demotion(t, "hostdev0", "virtio");
        restart(t, team(NULL));
        assert_leases(&t->f, "");
        g_assert_null(strstr(t->f.asked->str, "plug "));
}

/* Its traffic ----------------------------------------------------------------------- */

static void on_announce(void *userdata, const char *netdev, const char *mac, unsigned vlan) {
        g_string_append_printf(userdata, "%s %s %u\n", netdev, mac, vlan);
}

static bool is_copied(FakeRtnl *fake) {
        g_autofree char *now = fake_rtnl_dump(fake);

        return strstr(now, "clsact") != NULL;
}

static void test_its_traffic_is_led_to_the_half_that_has_it(Test *t, gconstpointer unused) {
        g_autoptr(GString) heard = g_string_new(NULL);
        AnnounceOps ops = { on_announce, heard };
        FakeRtnl *fake = fake_rtnl_new();

        fake_rtnl_add_vf(fake, fake_rtnl_add_netdev(fake, "eth0"), 0);
        fake_rtnl_add_port(fake, fake_rtnl_add_netdev(fake, "vnet3"));
        t->f.manager->rtnl = fake_rtnl(fake);
        t->f.manager->announce = &ops;

        begin_promotion(t, "ua-net0", PF);
        g_assert_false(is_copied(fake));
        tell_guest(&t->f, GUEST_PLUGGED, team(t->vf), NULL);
        g_assert_true(is_copied(fake));

        g_clear_pointer(&t->done, g_free);
        begin_demotion(t, "hostdev0", "virtio");
        g_assert_cmpstr(heard->str, ==, "");
        tell_guest(&t->f, GUEST_UNPLUGGED, team(NULL), NULL);
        g_assert_cmpstr(heard->str, ==, "br0 " MAC " 0\n");
        g_assert_false(is_copied(fake));

        t->f.manager->rtnl = NULL;
        t->f.manager->announce = NULL;
        fake_rtnl_free(fake);
}

/* Refusals -------------------------------------------------------------------------- */

static void assert_refused(Test *t, const char *xml, const char *device, const char *target,
                           int code, const char *words) {
        ask_with(t, xml, device, target);
        assert_asked(&t->f, "");
        if (!strstr(t->error, words))
                g_error("not '%s' but '%s'", words, t->error);
        g_assert_cmpint(t->code, ==, code);
        g_clear_pointer(&t->error, g_free);
}

static void test_a_team_has_one_vf(Test *t, gconstpointer unused) {
        g_autofree char *xml = team(t->vf);

        assert_refused(t, xml, "ua-net0", PF, FERRY_ERROR_INVALID_STATE,
                       "of guest g1 has a VF already: 0000:3b:");
}

static void test_the_other_half_stays_where_it_is(Test *t, gconstpointer unused) {
        g_autofree char *xml = team(t->vf), *down_half = standby(ALIAS, "<link state='down'/>");
        g_autofree char *down = domain_with(down_half, t->vf);

        assert_refused(t, xml, "hostdev0", "virtio:br7", FERRY_ERROR_INCOMPATIBLE,
                       "is not at the bridge 'br7'");
        assert_refused(t, down, "hostdev0", "virtio", FERRY_ERROR_INVALID_STATE,
                       "has its link down");
        assert_lease(t, "@ running\n");
}

static void test_without_a_vf_there_is_nothing_to_take(Test *t, gconstpointer unused) {
        g_autofree char *xml = team(NULL);

        assert_refused(t, xml, "ua-net0", "virtio", FERRY_ERROR_NOT_FOUND,
                       "Guest g1 has no passthrough device");
}

static void test_one_without_an_alias_cannot_be_named(Test *t, gconstpointer unused) {
        g_autofree char *half = standby("", ""), *xml = domain_with(half, NULL);

        assert_refused(t, xml, MAC, PF, FERRY_ERROR_INCOMPATIBLE, "has no alias by which");
        assert_leases(&t->f, "");
}

static void give_to_another(Test *t) {
        g_autofree char *vf = plugged(t->vf), *xml = NULL;

        xml = g_strdup_printf("<domain><name>g2</name><uuid>" OTHER_UUID "</uuid><metadata>"
                              "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'/>"
                              "</metadata><devices>%s</devices></domain>",
                              vf);
        send_event(&t->f, GUEST_RUNNING, OTHER_UUID, xml);
}

static void test_where_nothing_is_free_it_stays_as_it_is(Test *t, gconstpointer unused) {
        g_autofree char *xml = team(NULL);

        give_to_another(t);
        assert_refused(t, xml, "ua-net0", PF, FERRY_ERROR_NO_DEVICE, "has none that is free");
        assert_lease(t, "@ running\n");
}

#define ADD(name, function) g_test_add("/swap-team/" name, Test, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK);

        ADD("a VF comes beside the other half", test_a_vf_comes_beside_the_other_half);
        ADD("it is found by the MAC of the team", test_it_is_found_by_the_mac_of_the_team);
        ADD("one that cannot be plugged is given back",
            test_one_that_cannot_be_plugged_is_given_back);
        ADD("when libvirt has no answer it is given back",
            test_when_libvirt_has_no_answer_it_is_given_back);
        ADD("killed before it was plugged", test_killed_before_it_was_plugged);
        ADD("killed when it was plugged", test_killed_when_it_was_plugged);
        ADD("the VF goes and the other half stays", test_the_vf_goes_and_the_other_half_stays);
        ADD("the VF is meant by either name", test_the_vf_is_meant_by_either_name);
        ADD("one that is not let go stays", test_one_that_is_not_let_go_stays);
        ADD("killed before it was out", test_killed_before_it_was_out);
        ADD("killed when it was out", test_killed_when_it_was_out);
        ADD("its traffic is led to the half that has it",
            test_its_traffic_is_led_to_the_half_that_has_it);
        ADD("a team has one VF", test_a_team_has_one_vf);
        ADD("the other half stays where it is", test_the_other_half_stays_where_it_is);
        ADD("without a VF there is nothing to take", test_without_a_vf_there_is_nothing_to_take);
        ADD("one without an alias cannot be named", test_one_without_an_alias_cannot_be_named);
        ADD("where nothing is free it stays as it is",
            test_where_nothing_is_free_it_stays_as_it_is);
        return g_test_run();
}
