/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap.h"

#include <string.h>

#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define ADDRESS "0000:00:05.0"

/* A guest that runs with an mdev, and stays: it gets another one of this host. */

typedef struct Test {
        Fixture f;
        char *done, *error;
        int code;
} Test;

static void set_up(Test *t, gconstpointer config) {
        fixture_use_file(&t->f);
        fixture_set_up(&t->f, config);
        fake_root_add_mdev(t->f.root, "mtty", "mtty-1", HERE_MDEV);
        fake_root_add_mdev(t->f.root, "mtty", "mtty-1", HERE_MDEV_2);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        fixture_connect(&t->f);
}

static void tear_down(Test *t, gconstpointer config) {
        end_questions(&t->f);
        fixture_tear_down(&t->f, config);
        g_free(t->done);
        g_free(t->error);
}

/* With this device, or without any; with a note of HERE_MDEV. */
static char *noted(const char *mdev) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, mdev ?: HERE_MDEV, "mtty-1");
        g_autofree char *escaped = g_markup_escape_text(KEPT_ELEMENT(HERE_MDEV), -1);
        g_autofree char *note = g_strdup_printf(
                "<ferry:unplugged strategy='replug' source='" HERE_MDEV
                "'>%s</ferry:unplugged></ferry:device>",
                escaped);
        g_auto(GStrv) parts = g_strsplit(xml, "</ferry:device>", 2);
        g_autofree char *with = g_strjoinv(note, parts);
        g_auto(GStrv) around = g_strsplit(with, "<devices>", 2);

        return mdev ? g_steal_pointer(&with)
                    : g_strconcat(around[0], "<devices></devices></domain>", NULL);
}

static void on_reply(void *userdata, const Swapped *done, const GError *error) {
        Test *t = userdata;

        g_assert_true(!done != !error);
        g_assert_true(!t->done && !t->error);
        if (done)
                t->done = g_strdup_printf("%s %s %s %s %d s", done->guest, done->name, done->from,
                                          done->to, (int)(done->without_usec / G_USEC_PER_SEC));
        t->error = g_strdup(error ? error->message : NULL);
        t->code = error ? error->code : -1;
}

#define FIND       "find " GUEST_UUID "\n"
#define UNPLUG     "unplug " GUEST_UUID " " HERE_MDEV " in 30000 ms\n"
#define PLUG(mdev) "plug " GUEST_UUID "\n  " KEPT_ELEMENT(mdev) "\n"

static void ask(Test *t, const char *device, const char *target) {
        char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");

        tell_guest(&t->f, GUEST_RUNNING, g_strdup(xml), NULL);
        g_string_truncate(t->f.asked, 0);
        swaps_begin(t->f.manager->swaps, "g1", device, target, false, on_reply, t);
        assert_asked(&t->f, "find g1\n");
        answer_with(&t->f, xml);
}

static void begin(Test *t) {
        ask(t, ADDRESS, HERE_MDEV_2);
        g_assert_cmpstr(t->error, ==, NULL);
        assert_asked(&t->f, UNPLUG);
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " claimed expires\n");
}

static void begin_plug(Test *t) {
        begin(t);
        tell_guest(&t->f, GUEST_RUNNING, noted(NULL), NULL);
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " claimed expires\n");
        tell_guest(&t->f, GUEST_UNPLUGGED, noted(NULL), NULL);
        assert_asked(&t->f, PLUG(HERE_MDEV_2));
}

static void test_the_guest_gets_the_other_device(Test *t, gconstpointer unused) {
        begin_plug(t);
        fixture_pass_time(2 * G_USEC_PER_SEC);
        tell_guest(&t->f, GUEST_RUNNING, noted(HERE_MDEV_2), NULL); /* libvirt tells of it before */
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " running\n");
        tell_guest(&t->f, GUEST_PLUGGED, noted(HERE_MDEV_2), NULL);
        g_assert_cmpstr(t->done, ==, "g1 hostdev 0 " HERE_MDEV " " HERE_MDEV_2 " 2 s");
        assert_leases(&t->f, HERE_MDEV_2 " running\n");
        g_assert_null(strstr(t->f.asked->str, "<unplugged"));
        g_assert_true(g_str_has_prefix(t->f.asked->str, "metadata "));
}

static void test_one_that_does_not_let_go_keeps_its_own(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_UNPLUGGED, noted(HERE_MDEV),
                   "The guest did not let go of hostdev0");
        g_assert_cmpstr(t->error, ==, "The guest did not let go of hostdev0");
        assert_leases(&t->f, HERE_MDEV " running\n");
        assert_asked(&t->f, FIND);
        answer_with(&t->f, noted(HERE_MDEV));
        assert_asked(&t->f, "");
}

static void test_a_plug_that_fails_gives_the_old_one_back(Test *t, gconstpointer unused) {
        begin_plug(t);
        tell_guest(&t->f, GUEST_PLUGGED, noted(NULL), "no room");
        g_assert_cmpstr(t->error, ==, "no room: guest g1 gets " HERE_MDEV " back as hostdev 0");
        assert_leases(&t->f, HERE_MDEV " running\n");
        assert_asked(&t->f, FIND);
        answer_with(&t->f, noted(NULL));
        assert_asked(&t->f, PLUG(HERE_MDEV));
        tell_guest(&t->f, GUEST_PLUGGED, noted(HERE_MDEV), NULL);
        assert_leases(&t->f, HERE_MDEV " running\n");
}

static void test_killed_in_between_gives_the_old_one_back(Test *t, gconstpointer unused) {
        begin_plug(t);
        end_questions(&t->f);
        fixture_restart(&t->f);
        g_assert_true(g_str_has_prefix(t->error, "virtferryd ends"));
        g_clear_pointer(&t->error, g_free);
        tell_guest(&t->f, GUEST_RUNNING, noted(NULL), NULL);
        assert_asked(&t->f, FIND);
        assert_leases(&t->f, HERE_MDEV " running\n");
        answer_with(&t->f, noted(NULL));
        assert_asked(&t->f, PLUG(HERE_MDEV));
}

static void test_killed_when_the_new_one_was_in(Test *t, gconstpointer unused) {
        begin_plug(t);
        end_questions(&t->f);
        fixture_restart(&t->f);
        g_clear_pointer(&t->error, g_free);
        tell_guest(&t->f, GUEST_RUNNING, noted(HERE_MDEV_2), NULL);
        assert_leases(&t->f, HERE_MDEV_2 " running\n");
        assert_asked(&t->f, "");
}

static void test_one_of_a_parent_is_chosen(Test *t, gconstpointer unused) {
        ask(t, "hostdev 0", "mtty");
        assert_asked(&t->f, UNPLUG);
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " claimed expires\n");
}

static void test_one_of_a_pool_is_chosen(Test *t, gconstpointer unused) {
        ask(t, HERE_MDEV, "default");
        assert_asked(&t->f, UNPLUG);
}

#define OTHER_TYPE "cccccccc-0000-4000-8000-000000000004"

/* By name the operator may well mean it; of a parent one of the same kind is taken. */
static void test_one_of_another_kind_is_taken_by_name_only(Test *t, gconstpointer unused) {
        fake_root_add_mdev(t->f.root, "mtty", "mtty-2", OTHER_TYPE);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        ask(t, ADDRESS, OTHER_TYPE);
        g_assert_cmpstr(t->error, ==, NULL);
        assert_leases(&t->f, HERE_MDEV " running\n" OTHER_TYPE " claimed expires\n");
        tell_guest(&t->f, GUEST_UNPLUGGED, noted(HERE_MDEV), "no");
        g_clear_pointer(&t->error, g_free);
        answer_with(&t->f, noted(HERE_MDEV));

        ask(t, ADDRESS, "mtty");
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " claimed expires\n");
}

/* And removed again when it comes to nothing. */
static void test_one_that_is_not_there_is_made(Test *t, gconstpointer unused) {
        g_autofree char *other = guest_xml("g2", OTHER_UUID, HERE_MDEV_2, "mtty-1"), *leases = NULL;

        send_event(&t->f, GUEST_RUNNING, OTHER_UUID, other);
        ask(t, ADDRESS, "mtty");
        assert_asked(&t->f, UNPLUG);
        leases = leases_text(&t->f);
        g_assert_nonnull(strstr(leases, " claimed expires\n"));
        tell_guest(&t->f, GUEST_UNPLUGGED, noted(HERE_MDEV), "no");
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " running\n");
        g_assert_cmpuint(inventory_size(t->f.manager->inventory), ==, 3);
}

/* The one of this type that is leased. */
static const char *made_of(Test *t, const char *type) {
        g_autoptr(GPtrArray) leases = lease_book_list(t->f.manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                const char *id = ((const Lease *)leases->pdata[i])->device;
                const Device *device = inventory_find(t->f.manager->inventory, id);

                if (g_strcmp0(device->fingerprint->mdev_type, type) == 0)
                        return device->id;
        }
        return NULL;
}

static void test_one_of_a_type_need_not_be_of_the_same(Test *t, gconstpointer unused) {
        ask(t, ADDRESS, "mtty/mtty-2");
        assert_asked(&t->f, UNPLUG);
        g_assert_nonnull(made_of(t, "mtty-2"));
}

#define ALIAS   "<alias name='ua-ferry-tty'/>"
#define PROBLEM "Function 'tty' of guest g1 is of type mtty-1 still, and should be of mtty-2: "

/* It runs with HERE_MDEV for a function of its slice; `out`: that is noted, and not in it. */
static char *sliced(const char *mdev, bool out) {
        g_autofree char *xml = out ? noted(NULL) : guest_xml("g1", GUEST_UUID, mdev, "mtty-1");
        g_auto(GStrv) parts = g_strsplit(xml, out ? "&lt;/source&gt;" : "</source>", 2);
        g_autofree char *alias = out ? g_markup_escape_text(ALIAS, -1) : g_strdup(ALIAS);

        return g_strconcat(parts[0], out ? "&lt;/source&gt;" : "</source>", alias, parts[1], NULL);
}

static void give_function(Test *t, const char *type) {
        Slices *slices = t->f.manager->slices;
        g_autoptr(Slice) wish = slice_new();
        SliceFunction *function = slice_function_new("tty");

        function->class_name = g_strdup("mdev");
        function->type = g_strdup(type);
        g_ptr_array_add(wish->functions, function);
        slices_allocate(slices, GUEST_UUID, "g1", wish, NULL, NULL);
        slices_flush(slices);
}

/* The slice is carried out, as the guest is now. */
static void carry_out(Test *t, const char *mdev, bool out) {
        slices_flush(t->f.manager->slices);
        answer_with(&t->f, sliced(mdev, out));
        slices_flush(t->f.manager->slices);
}

static void test_a_slice_has_its_other_type_when_they_are_exchanged(Test *t, gconstpointer unused) {
        Slices *slices = t->f.manager->slices;
        const char *made;

        tell_guest(&t->f, GUEST_RUNNING, sliced(HERE_MDEV, false), NULL);
        give_function(t, "mtty-1");
        carry_out(t, HERE_MDEV, false);
        g_assert_cmpstr(slices_problem(slices, GUEST_UUID), ==, NULL);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "Guest g1 does not have its *" PROBLEM "*");
        give_function(t, "mtty-2");
        carry_out(t, HERE_MDEV, false);
        g_test_assert_expected_messages();
        g_assert_true(g_str_has_prefix(slices_problem(slices, GUEST_UUID), PROBLEM));

        swaps_begin(t->f.manager->swaps, "g1", "ua-ferry-tty", "mtty/mtty-2", false, on_reply, t);
        answer_with(&t->f, sliced(HERE_MDEV, false));
        g_assert_cmpstr(t->error, ==, NULL);
        tell_guest(&t->f, GUEST_RUNNING, sliced(NULL, true), NULL);
        tell_guest(&t->f, GUEST_UNPLUGGED, sliced(NULL, true), NULL);
        g_string_truncate(t->f.asked, 0);
        carry_out(t, NULL, true);
        assert_asked(&t->f, "find " GUEST_UUID "\n"); /* and nothing is plugged beside */
        g_assert_nonnull(slices_problem(slices, GUEST_UUID));

        made = made_of(t, "mtty-2");
        tell_guest(&t->f, GUEST_PLUGGED, sliced(made, false), NULL);
        g_assert_nonnull(t->done);
        carry_out(t, made, false);
        g_assert_cmpstr(slices_problem(slices, GUEST_UUID), ==, NULL);
}

static void assert_refused(Test *t, const char *device, const char *target, int code,
                           const char *words) {
        ask(t, device, target);
        assert_asked(&t->f, "");
        g_assert_cmpint(t->code, ==, code);
        if (!strstr(t->error, words))
                g_error("not '%s' but '%s'", words, t->error);
        assert_leases(&t->f, HERE_MDEV " running\n");
        g_clear_pointer(&t->error, g_free);
}

static void test_what_cannot_be_is_refused(Test *t, gconstpointer unused) {
        assert_refused(t, "hostdev7", HERE_MDEV_2, FERRY_ERROR_NOT_FOUND,
                       "Guest g1 has no passthrough device and no interface 'hostdev7'");
        assert_refused(t, ADDRESS, "nowhere", FERRY_ERROR_NOT_FOUND,
                       "no device, no parent of devices and no pool 'nowhere'");
        assert_refused(t, ADDRESS, "nowhere/mtty-2", FERRY_ERROR_NOT_FOUND,
                       "no device, no parent of devices and no pool 'nowhere'");
        assert_refused(t, ADDRESS, "mtty/mtty-9", FERRY_ERROR_NO_DEVICE,
                       "hostdev 0 needs an mdev of type mtty-9, and 'mtty' has none that is free");
        assert_refused(t, ADDRESS, HERE_MDEV, FERRY_ERROR_NO_DEVICE,
                       HERE_MDEV " is what hostdev 0 of guest g1 is already");
}

static void test_another_guests_device_is_not_taken(Test *t, gconstpointer unused) {
        g_autofree char *other = guest_xml("g2", OTHER_UUID, HERE_MDEV_2, "mtty-1");

        send_event(&t->f, GUEST_RUNNING, OTHER_UUID, other);
        ask(t, ADDRESS, HERE_MDEV_2);
        g_assert_cmpint(t->code, ==, FERRY_ERROR_NO_DEVICE);
        g_assert_nonnull(strstr(t->error, "leased to guest g1"));
        assert_asked(&t->f, "");
        assert_leases(&t->f, HERE_MDEV " running\n" HERE_MDEV_2 " running\n");
}

static void test_a_guest_that_moves_is_let_be(Test *t, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        migration_log_add(t->f.manager->migrations,
                          migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"), MIGRATION_PRECOPY,
                          &error);
        g_assert_no_error(error);
        assert_refused(t, ADDRESS, HERE_MDEV_2, FERRY_ERROR_INVALID_STATE, "is on its way");
}

/* A VF and virtio ------------------------------------------------------------------- */

#define PF            "0000:3b:00.0"
#define MAC           "52:54:00:76:00:01"
#define GUEST_ADDRESS "<address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/>"
#define VIRTIO                                                                            \
        "<interface type='bridge'><mac address='" MAC "'/><source bridge='br0'/><target " \
        "dev='vnet3'/><model type='virtio'/><alias name='net0'/>" GUEST_ADDRESS "</interface>"
#define VIRTIO_ELEMENT                                                                         \
        "<interface type=\"bridge\"><mac address=\"" MAC "\"/><source bridge=\"br0\"/><model " \
        "type=\"virtio\"/><address type=\"pci\" domain=\"0x0000\" bus=\"0x05\" slot=\"0x00\" " \
        "function=\"0x0\"/></interface>"

static char *vf_element(const char *vf) {
        return g_strdup_printf("<interface type='hostdev' managed='yes'><mac address='" MAC
                               "'/><source><address type='pci' domain='0x0000' bus='0x%.2s' "
                               "slot='0x%.2s' function='0x%c'/></source>" GUEST_ADDRESS
                               "</interface>",
                               vf + 5, vf + 8, vf[11]);
}

/* With these devices, and a note of the VF (NULL none). */
static char *nic_xml(const char *devices, const char *note_of) {
        g_autofree char *element = note_of ? vf_element(note_of) : NULL;
        g_autofree char *escaped = element ? g_markup_escape_text(element, -1) : NULL;
        g_autofree char *note = NULL;

        note = element ? g_strdup_printf(
                                 "<f:device address='0000:05:00.0'><f:unplugged "
                                 "strategy='replug' source='%s'>%s</f:unplugged></f:device>",
                                 note_of, escaped)
                       : g_strdup("");
        return g_strdup_printf("<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><metadata>"
                               "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'>%s"
                               "</f:domain></metadata><devices>%s</devices></domain>",
                               note, devices);
}

static char *add_vf(Test *t) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        char *vf;

        fake_root_add_pf(t->f.root, PF, &pf);
        vf = g_strdup(fake_root_add_vf(t->f.root, PF));
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        return vf;
}

static void ask_nic(Test *t, const char *devices, const char *device, const char *target) {
        tell_guest(&t->f, GUEST_RUNNING, nic_xml(devices, NULL), NULL);
        g_string_truncate(t->f.asked, 0);
        swaps_begin(t->f.manager->swaps, "g1", device, target, false, on_reply, t);
        assert_asked(&t->f, "find g1\n");
        answer_with(&t->f, nic_xml(devices, NULL));
}

static void assert_asked_words(Test *t, const char *format, const char *word) {
        g_auto(GStrv) parts = g_strsplit(format, "@", 2);
        g_autofree char *expected = NULL;

        expected = g_strjoinv(word, parts);
        assert_asked(&t->f, expected);
}

static void test_a_vf_gives_way_to_virtio(Test *t, gconstpointer unused) {
        g_autofree char *vf = add_vf(t), *element = vf_element(vf);

        ask_nic(t, element, MAC, "virtio:br0");
        assert_asked_words(t, "unplug " GUEST_UUID " @ in 30000 ms\n", vf);
        tell_guest(&t->f, GUEST_RUNNING, nic_xml("", vf), NULL);
        tell_guest(&t->f, GUEST_UNPLUGGED, nic_xml("", vf), NULL);
        assert_asked(&t->f, "plug " GUEST_UUID "\n  <interface type='bridge'><mac address='" MAC
                            "'/><source bridge='br0'/><model type='virtio'/></interface>\n");
        tell_guest(&t->f, GUEST_PLUGGED, nic_xml(VIRTIO, vf), NULL);
        g_assert_nonnull(strstr(t->done, " virtio:br0 0 s"));
        assert_leases(&t->f, "");
        assert_asked(&t->f, "metadata " GUEST_UUID " <domain version='1'>\n</domain>\n\n");
}

static void test_virtio_that_cannot_be_plugged_gives_the_vf_back(Test *t, gconstpointer unused) {
        g_autofree char *vf = add_vf(t), *element = vf_element(vf);

        ask_nic(t, element, MAC, "virtio");
        tell_guest(&t->f, GUEST_UNPLUGGED, nic_xml("", vf), NULL);
        g_assert_nonnull(strstr(t->f.asked->str, "<source network='default'/>"));
        tell_guest(&t->f, GUEST_PLUGGED, nic_xml("", vf),
                   "no network with matching name 'default'");
        g_assert_nonnull(strstr(t->error, "no network with matching name"));
        g_string_truncate(t->f.asked, 0);
        answer_with(&t->f, nic_xml("", vf));
        assert_asked_words(t, "plug " GUEST_UUID "\n  @\n", element);
}

static void begin_vf(Test *t, const char *vf, const char *element) {
        g_autofree char *leases = g_strdup_printf("%s claimed expires\n", vf);

        ask_nic(t, VIRTIO, "net0", PF);
        g_assert_cmpstr(t->error, ==, NULL);
        assert_asked(&t->f, "unplug " GUEST_UUID " " MAC " in 30000 ms\n");
        assert_leases(&t->f, leases);
        tell_guest(&t->f, GUEST_RUNNING, nic_xml(VIRTIO, vf), NULL);
        assert_leases(&t->f, leases);
        tell_guest(&t->f, GUEST_RUNNING, nic_xml("", vf), NULL);
        tell_guest(&t->f, GUEST_UNPLUGGED, nic_xml("", vf), NULL);
        assert_asked_words(t, "plug " GUEST_UUID "\n  @\n", element);
}

static void test_virtio_gives_way_to_a_vf(Test *t, gconstpointer unused) {
        g_autofree char *vf = add_vf(t), *element = vf_element(vf);
        g_autofree char *leases = g_strdup_printf("%s running\n", vf);

        begin_vf(t, vf, element);
        tell_guest(&t->f, GUEST_PLUGGED, nic_xml(element, vf), NULL);
        g_assert_true(g_str_has_prefix(t->done, "g1 net0 virtio "));
        assert_leases(&t->f, leases);
        g_assert_null(strstr(t->f.asked->str, "<unplugged"));
}

static void test_a_vf_that_cannot_be_plugged_gives_virtio_back(Test *t, gconstpointer unused) {
        g_autofree char *vf = add_vf(t), *element = vf_element(vf);

        begin_vf(t, vf, element);
        tell_guest(&t->f, GUEST_PLUGGED, nic_xml("", vf), "no room");
        assert_asked(&t->f, "plug " GUEST_UUID "\n  " VIRTIO_ELEMENT "\n");
        g_assert_null(t->error);
        tell_guest(&t->f, GUEST_PLUGGED, nic_xml(VIRTIO, vf), NULL);
        g_assert_cmpstr(t->error, ==, "no room: guest g1 gets virtio back as net0");
        assert_leases(&t->f, "");
}

/* Virtio is in: the note of the VF is of no use any more, nor is its lease. */
static void test_killed_when_virtio_was_in(Test *t, gconstpointer unused) {
        g_autofree char *vf = add_vf(t), *element = vf_element(vf);

        ask_nic(t, element, MAC, "virtio:br0");
        tell_guest(&t->f, GUEST_UNPLUGGED, nic_xml("", vf), NULL);
        end_questions(&t->f);
        fixture_restart(&t->f);
        g_string_truncate(t->f.asked, 0);
        tell_guest(&t->f, GUEST_RUNNING, nic_xml(VIRTIO, vf), NULL);
        assert_leases(&t->f, "");
        assert_asked(&t->f, "metadata " GUEST_UUID " <domain version='1'>\n</domain>\n\n");
}

static void test_killed_when_virtio_was_out(Test *t, gconstpointer unused) {
        g_autofree char *vf = add_vf(t), *element = vf_element(vf);

        begin_vf(t, vf, element);
        end_questions(&t->f);
        fixture_restart(&t->f);
        g_string_truncate(t->f.asked, 0);
        tell_guest(&t->f, GUEST_RUNNING, nic_xml("", vf), NULL);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, nic_xml("", vf));
        assert_asked_words(t, "plug " GUEST_UUID "\n  @\n", element);
}

static void test_a_device_without_a_mac_has_no_virtio(Test *t, gconstpointer unused) {
        assert_refused(t, ADDRESS, "virtio:br0", FERRY_ERROR_INCOMPATIBLE,
                       "is no <interface> with a MAC");
}

#define ADD(name, function) g_test_add("/swap/" name, Test, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK);

        ADD("the guest gets the other device", test_the_guest_gets_the_other_device);
        ADD("one that does not let go keeps its own", test_one_that_does_not_let_go_keeps_its_own);
        ADD("a plug that fails gives the old one back",
            test_a_plug_that_fails_gives_the_old_one_back);
        ADD("killed in between gives the old one back",
            test_killed_in_between_gives_the_old_one_back);
        ADD("killed when the new one was in", test_killed_when_the_new_one_was_in);
        ADD("one of a parent is chosen", test_one_of_a_parent_is_chosen);
        ADD("one of a pool is chosen", test_one_of_a_pool_is_chosen);
        ADD("one of another kind is taken by name only",
            test_one_of_another_kind_is_taken_by_name_only);
        ADD("one that is not there is made", test_one_that_is_not_there_is_made);
        ADD("one of a type need not be of the same", test_one_of_a_type_need_not_be_of_the_same);
        ADD("a slice has its other type when they are exchanged",
            test_a_slice_has_its_other_type_when_they_are_exchanged);
        ADD("what cannot be is refused", test_what_cannot_be_is_refused);
        ADD("another guest's device is not taken", test_another_guests_device_is_not_taken);
        ADD("a guest that moves is let be", test_a_guest_that_moves_is_let_be);
        ADD("a VF gives way to virtio", test_a_vf_gives_way_to_virtio);
        ADD("virtio that cannot be plugged gives the VF back",
            test_virtio_that_cannot_be_plugged_gives_the_vf_back);
        ADD("virtio gives way to a VF", test_virtio_gives_way_to_a_vf);
        ADD("a VF that cannot be plugged gives virtio back",
            test_a_vf_that_cannot_be_plugged_gives_virtio_back);
        ADD("killed when virtio was in", test_killed_when_virtio_was_in);
        ADD("killed when virtio was out", test_killed_when_virtio_was_out);
        ADD("a device without a MAC has no virtio", test_a_device_without_a_mac_has_no_virtio);
        return g_test_run();
}
