/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replug.h"

#include <string.h>

#include "daemon/core/store-query.h"
#include "daemon/drive.h"
#include "daemon/replug-note.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define URI     "qemu+ssh://hostb/system"
#define ADDRESS "0000:00:05.0"
#define SECOND  G_USEC_PER_SEC

/* A device of this host that cannot migrate, and a guest that moves away from here, or comes. */

typedef struct Test {
        Fixture f;
        char *migration, *error; /* what the one who asked for the move was told */
} Test;

static void start_host(Test *t) {
        fake_root_set_vfio(t->f.root, "mtty", 0, 0);
        fake_root_add_mdev(t->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        g_assert_cmpint(inventory_probe(t->f.manager->inventory, HERE_MDEV), ==, 0);
        fixture_connect(&t->f);
}

static void set_up(Test *t, gconstpointer config) {
        fixture_use_file(&t->f);
        fixture_set_up(&t->f, config);
        start_host(t);
}

static void tear_down(Test *t, gconstpointer config) {
        end_questions(&t->f);
        fixture_tear_down(&t->f, config);
        g_free(t->migration);
        g_free(t->error);
}

/* Domains --------------------------------------------------------------------------- */

/* With the device, or without; with a note that this one is unplugged, or without (NULL). */
static char *domain_xml(const char *mdev, const char *noted) {
        g_autofree char *escaped = g_markup_escape_text(KEPT_ELEMENT(HERE_MDEV), -1);
        g_autofree char *note = NULL, *device = NULL;

        note = noted ? g_strdup_printf("<f:unplugged strategy='replug' source='%s'>%s"
                                       "</f:unplugged>",
                                       noted, escaped)
                     : g_strdup("");
        device = mdev ? g_strdup_printf(
                                "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>\n"
                                "  <source>\n    <address uuid='%s'/>\n  </source>\n"
                                "  <alias name='hostdev0'/>\n"
                                "  <address type='pci' domain='0x0000' bus='0x00' slot='0x05' "
                                "function='0x0'/>\n</hostdev>",
                                mdev)
                      : g_strdup("");

        return g_strdup_printf("<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid>"
                               "<metadata><f:domain xmlns:f='" METADATA_URI "' version='1'>"
                               "<f:device alias='hostdev0' address='" ADDRESS "'>"
                               "<f:seen class='mdev' driver='mtty' mdev-type='mtty-1' vfio=''/>%s"
                               "</f:device></f:domain></metadata><devices>%s</devices></domain>",
                               note, device);
}

static char *with_device(void) {
        return domain_xml(HERE_MDEV, NULL);
}

static char *without_device(void) {
        return domain_xml(NULL, HERE_MDEV);
}

static char *with_both(void) {
        return domain_xml(HERE_MDEV, HERE_MDEV);
}

/* libvirt --------------------------------------------------------------------------- */

static void tell_moved(Test *t, const char *error) {
        GuestJob job = { .success = !error, .error = (char *)error };
        GuestEvent event = { .kind = GUEST_MOVED, .uuid = (char *)GUEST_UUID, .job = &job };

        manager_on_guest_event(t->f.manager, &event);
}

/* One order to write metadata, with the note or without. */
static void assert_written(Test *t, bool note) {
        g_assert_true(g_str_has_prefix(t->f.asked->str, "metadata " GUEST_UUID));
        g_assert_true(note == (strstr(t->f.asked->str, "<unplugged") != NULL));
        g_assert_null(strstr(t->f.asked->str, "\nplug"));
        g_string_truncate(t->f.asked, 0);
}

#define FIND   "find " GUEST_UUID "\n"
#define UNPLUG "unplug " GUEST_UUID " " HERE_MDEV " in 30000 ms\n"
#define PLUG   "plug " GUEST_UUID "\n  " KEPT_ELEMENT(HERE_MDEV) "\n"
#define MOVE   "migrate " GUEST_UUID " to " URI "\n"

/* The move -------------------------------------------------------------------------- */

static void on_reply(void *userdata, const Migration *migration, const GError *error) {
        Test *t = userdata;

        t->migration = g_strdup(migration ? migration->id : NULL);
        t->error = g_strdup(error ? error->message : NULL);
}

static const Migration *latest(Test *t) {
        return migration_log_latest(t->f.manager->migrations, GUEST_UUID);
}

/* The guest runs here, has a lease, and its move is planned. */
static void plan(Test *t) {
        DriveWish wish = { .move = { .uri = (char *)URI, .max_downtime_ms = -1 } };

        tell_guest(&t->f, GUEST_RUNNING, with_device(), NULL);
        g_string_truncate(t->f.asked, 0);
        drive_migrate(t->f.manager->drive, "g1", &wish, on_reply, t);
        assert_asked(&t->f, "find g1\n");
        answer_with(&t->f, with_device());
        g_assert_cmpstr(t->error, ==, NULL);
        g_assert_nonnull(t->migration);
        assert_asked(&t->f, FIND);
}

static void begin(Test *t) {
        plan(t);
        answer_with(&t->f, with_device());
        assert_asked(&t->f, UNPLUG);
}

/* The device is out, and libvirt was asked to move the guest. */
static void begin_move(Test *t) {
        begin(t);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        tell_guest(&t->f, GUEST_UNPLUGGED, without_device(), NULL);
        assert_asked(&t->f, MOVE);
}

static void test_it_is_unplugged_and_then_moved(Test *t, gconstpointer unused) {
        g_autoptr(Metadata) note = NULL;
        const Unplugged *unplugged;

        begin(t);
        g_assert_cmpstr(latest(t)->plan.strategy, ==, "replug");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_CHECKED);

        note = metadata_from_xml(t->f.note, strlen(t->f.note), NULL);
        g_assert_cmpuint(note->devices->len, ==, 1);
        unplugged = ((MetadataDevice *)note->devices->pdata[0])->unplugged;
        g_assert_cmpint(unplugged->strategy, ==, UNPLUG_REPLUG);
        g_assert_cmpstr(unplugged->source, ==, HERE_MDEV);
        g_assert_cmpstr(unplugged->element, ==, KEPT_ELEMENT(HERE_MDEV));

        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, "");
        tell_guest(&t->f, GUEST_UNPLUGGED, without_device(), NULL);
        assert_asked(&t->f, MOVE);
}

static void test_its_lease_ends_when_the_guest_has_left(Test *t, gconstpointer unused) {
        begin_move(t);
        assert_leases(&t->f, HERE_MDEV " running\n");
        tell_guest(&t->f, GUEST_LEFT, NULL, "migrated");
        assert_leases(&t->f, "");
        tell_moved(t, NULL);
        assert_asked(&t->f, "");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_FINISHED);
}

/* What is written now could forget the note that is about to be written. */
static void test_its_metadata_are_left_alone_meanwhile(Test *t, gconstpointer unused) {
        g_autofree char *xml = with_device();
        g_auto(GStrv) parts = g_strsplit(xml, "driver='mtty'", 2);

        begin(t);
        tell_guest(&t->f, GUEST_RUNNING, g_strjoinv("driver='old'", parts), NULL);
        assert_asked(&t->f, "");
        tell_guest(&t->f, GUEST_UNPLUGGED, with_both(), "it did not let go");
        answer_with(&t->f, with_both());
        g_string_truncate(t->f.asked, 0);
        tell_guest(&t->f, GUEST_RUNNING, g_strjoinv("driver='old'", parts), NULL);
        assert_written(t, false);
}

static void test_a_move_that_fails_gives_it_back(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_moved(t, "virt-ferry: hostdev0 needs an mdev of type mtty-1");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_ROLLED_BACK);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);

        tell_guest(&t->f, GUEST_RUNNING, with_both(),
                   NULL); /* libvirt tells of the device before */
        assert_asked(&t->f, "");
        tell_guest(&t->f, GUEST_PLUGGED, with_both(), NULL);
        assert_written(t, false);
        assert_leases(&t->f, HERE_MDEV " running\n");
        g_assert_cmpstr(latest(t)->reason, ==, "hostdev0 needs an mdev of type mtty-1");
}

/* Then it is unplugged anew, and not as often as a guest is asked for that loses nothing by it. */
static void test_one_that_is_told_to_wait_has_it_meanwhile(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_moved(t, "virt-ferry: Host b takes 1 guest at a time (MaxIncoming in virtferry.conf), "
                      "and g9 is on the way to it: wait until it has arrived");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_CHECKED);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);

        fixture_pass_time(120 * SECOND);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, ""); /* not before it has it */
        tell_guest(&t->f, GUEST_PLUGGED, with_both(), NULL);
        assert_written(t, false);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, with_device());
        assert_asked(&t->f, UNPLUG);
}

/* It was planned when the device was out, and begins when that is in again. */
static void test_one_that_is_asked_for_while_it_is_plugged(Test *t, gconstpointer unused) {
        DriveWish wish = { .move = { .uri = (char *)URI, .max_downtime_ms = -1 } };

        begin_move(t);
        tell_moved(t, "no");
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);

        g_clear_pointer(&t->migration, g_free);
        drive_migrate(t->f.manager->drive, "g1", &wish, on_reply, t);
        assert_asked(&t->f, "find g1\n");
        answer_with(&t->f, without_device());
        g_assert_nonnull(t->migration);
        assert_asked(&t->f, "");

        tell_guest(&t->f, GUEST_PLUGGED, with_both(), NULL);
        assert_written(t, false);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, with_device());
        assert_asked(&t->f, UNPLUG);
}

/* libvirt says so before its call has returned; then a plug would have to wait for it. */
static void test_it_is_plugged_when_the_move_has_ended_for_good(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_guest(&t->f, GUEST_ITERATING, NULL, NULL);
        assert_asked(&t->f, "follow " GUEST_UUID "\n");
        tell_guest(&t->f, GUEST_STAYED, NULL, NULL);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, "");
        tell_moved(t, "the link is cut");
        assert_asked(&t->f, FIND);
}

static void test_a_guest_that_does_not_let_go_stays(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_UNPLUGGED, with_both(), "The guest did not let go of hostdev0");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(t)->reason, ==, "The guest did not let go of hostdev0");
        assert_asked(&t->f, FIND);
        answer_with(&t->f, with_both());
        assert_asked(&t->f, ""); /* it may let go yet, and the note stays for that */
        tell_guest(&t->f, GUEST_RUNNING, with_both(), NULL);
        assert_asked(&t->f, "");
        assert_leases(&t->f, HERE_MDEV " running\n");
}

static void test_one_that_lets_go_later_gets_it_back(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_UNPLUGGED, with_both(), "The guest did not let go of hostdev0");
        answer_with(&t->f, with_both());
        g_string_truncate(t->f.asked, 0);

        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);
}

static void test_the_note_goes_when_it_will_not_any_more(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_UNPLUGGED, with_both(), "The guest did not let go of hostdev0");
        answer_with(&t->f, with_both());
        g_string_truncate(t->f.asked, 0);

        g_assert_cmpint(manager_next_time(t->f.manager), ==, t->f.manager->now() + 120 * SECOND);
        fixture_pass_time(120 * SECOND);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, with_both());
        assert_written(t, false);
        g_assert_cmpint(manager_next_time(t->f.manager), ==, 0);
}

static void test_a_move_that_is_stopped_meanwhile(Test *t, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        begin(t);
        g_assert_true(drive_abort(t->f.manager->drive, t->migration, &error));
        g_assert_no_error(error);
        assert_asked(&t->f, ""); /* libvirt has no job that could be stopped */
        tell_guest(&t->f, GUEST_UNPLUGGED, without_device(), NULL);
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(t)->reason, ==, "Stopped on request");
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);
}

static void test_a_guest_that_ends_before_it_is_unplugged(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_STOPPED, NULL, "shutdown");
        tell_guest(&t->f, GUEST_UNPLUGGED, NULL, "libvirt does not give the guest");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_ROLLED_BACK);
        assert_asked(&t->f, FIND);
        end_questions(&t->f);
        assert_asked(&t->f, "");
        assert_leases(&t->f, "");
        g_assert_cmpint(manager_next_time(t->f.manager), ==, 0);
}

/* Since it was planned, it has lost its device: nothing is unplugged. */
static void test_it_is_looked_at_again_when_its_turn_has_come(Test *t, gconstpointer unused) {
        plan(t);
        answer_with(&t->f, g_strdup("<domain/>"));
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_ROLLED_BACK);
        assert_asked(&t->f, "");
}

static void test_nothing_is_unplugged_that_is_not_stored(Test *t, gconstpointer unused) {
        DriveWish wish = { .move = { .uri = (char *)URI, .max_downtime_ms = -1 } };

        tell_guest(&t->f, GUEST_RUNNING, with_device(), NULL);
        g_string_truncate(t->f.asked, 0);
        drive_migrate(t->f.manager->drive, "g1", &wish, on_reply, t);
        store_fail_write(t->f.manager->store, 0);
        answer_with(&t->f, with_device());
        g_assert_nonnull(t->error);
        assert_asked(&t->f, "find g1\n");
}

/* Over the death of a daemon ---------------------------------------------------------- */

static void restart(Test *t) {
        end_questions(&t->f);
        fixture_restart(&t->f);
        g_string_truncate(t->f.asked, 0);
}

static void test_killed_while_it_is_unplugged(Test *t, gconstpointer unused) {
        begin(t);
        restart(t);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, ""); /* whether it moves is not known yet */
        send_list(&t->f, GUEST_UUID);
        assert_asked(&t->f, "follow " GUEST_UUID "\n");

        tell_guest(&t->f, GUEST_STAYED, NULL, NULL);
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_ROLLED_BACK);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);
        tell_guest(&t->f, GUEST_PLUGGED, with_both(), NULL);
        assert_written(t, false);
        assert_leases(&t->f, HERE_MDEV " running\n");
}

static void test_killed_before_the_guest_has_let_go(Test *t, gconstpointer unused) {
        begin(t);
        restart(t);
        tell_guest(&t->f, GUEST_RUNNING, with_both(), NULL);
        send_list(&t->f, GUEST_UUID);
        tell_guest(&t->f, GUEST_STAYED, NULL, NULL);
        answer_with(&t->f, with_both());
        g_string_truncate(t->f.asked, 0);

        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, FIND);
}

static void test_killed_while_it_moves(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_guest(&t->f, GUEST_ITERATING, NULL, NULL);
        restart(t);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        send_list(&t->f, GUEST_UUID);
        assert_asked(&t->f, "follow " GUEST_UUID "\n");
        assert_leases(&t->f, HERE_MDEV " running\n");
        tell_guest(&t->f, GUEST_LEFT, NULL, "migrated");
        assert_leases(&t->f, "");
        assert_asked(&t->f, "");
}

static void test_killed_after_the_move_has_failed(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_moved(t, "the link is cut");
        answer_with(&t->f, without_device()); /* libvirt was asked to plug, and may have done it */
        restart(t);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);
}

static void test_killed_when_only_the_note_is_left(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_moved(t, "the link is cut");
        answer_with(&t->f, without_device());
        restart(t);
        tell_guest(&t->f, GUEST_RUNNING, with_both(), NULL);
        assert_asked(&t->f, "");
        fixture_pass_time(120 * SECOND);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, with_both());
        assert_written(t, false);
}

/* A plug that fails ------------------------------------------------------------------- */

static void begin_plug(Test *t) {
        begin_move(t);
        tell_moved(t, "the link is cut");
        answer_with(&t->f, without_device());
        g_string_truncate(t->f.asked, 0);
}

static void test_a_plug_that_fails_is_told_and_tried_again(Test *t, gconstpointer unused) {
        begin_plug(t);
        tell_guest(&t->f, GUEST_PLUGGED, without_device(),
                   HERE_MDEV " cannot be plugged in: no room");
        assert_asked(&t->f, "");
        g_assert_cmpstr(replug_trouble(t->f.manager->replug, GUEST_UUID), ==,
                        HERE_MDEV " cannot be plugged in: no room");
        g_assert_cmpstr(latest(t)->reason, ==,
                        "the link is cut; " HERE_MDEV " cannot be plugged in: no room");

        g_assert_cmpint(manager_next_time(t->f.manager), ==, t->f.manager->now() + 30 * SECOND);
        fixture_pass_time(30 * SECOND);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, PLUG);
        tell_guest(&t->f, GUEST_PLUGGED, with_both(), NULL);
        assert_written(t, false);
        g_assert_null(replug_trouble(t->f.manager->replug, GUEST_UUID));
}

static void test_it_is_tried_again_when_libvirt_tells_of_the_guest(Test *t, gconstpointer unused) {
        begin_plug(t);
        tell_guest(&t->f, GUEST_PLUGGED, without_device(), "no room");
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL); /* of its own making, maybe */
        assert_asked(&t->f, "");
        fixture_pass_time(3 * SECOND);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, FIND);
}

static void test_a_guest_that_is_not_known_any_more_is_let_be(Test *t, gconstpointer unused) {
        begin_plug(t);
        tell_guest(&t->f, GUEST_STOPPED, NULL, "destroyed");
        tell_guest(&t->f, GUEST_PLUGGED, NULL, "libvirt does not give the guest");
        fixture_pass_time(30 * SECOND);
        manager_on_time(t->f.manager);
        assert_asked(&t->f, FIND);
        end_questions(&t->f);
        assert_asked(&t->f, "");
        g_assert_cmpint(manager_next_time(t->f.manager), ==, 0);
}

static void test_a_device_that_another_guest_has_is_not_plugged(Test *t, gconstpointer unused) {
        g_autofree char *other = guest_xml("g2", OTHER_UUID, HERE_MDEV, "mtty-1");

        send_event(&t->f, GUEST_RUNNING, OTHER_UUID, other);
        g_string_truncate(t->f.asked, 0);
        tell_guest(&t->f, GUEST_RUNNING, without_device(), NULL);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, without_device());
        assert_asked(&t->f, "");
        g_assert_cmpstr(replug_trouble(t->f.manager->replug, GUEST_UUID), ==,
                        "hostdev0: " HERE_MDEV " is leased to g2");
}

/* Where it arrives -------------------------------------------------------------------- */

static char *filter(Test *t, const char *xml, GError **error) {
        return manager_filter_domain(t->f.manager, "migrate", xml, error);
}

static char *come(Test *t) {
        g_autofree char *xml = domain_xml(NULL, SOURCE_MDEV);
        g_autoptr(GError) error = NULL;
        char *here = filter(t, xml, &error);

        g_assert_no_error(error);
        return here;
}

static void test_where_it_goes_a_device_is_leased_for_it(Test *t, gconstpointer unused) {
        g_autofree char *here = come(t), *expected = domain_xml(NULL, HERE_MDEV);
        g_autoptr(GError) error = NULL;

        g_assert_cmpstr(here, ==, expected);
        assert_leases(&t->f, HERE_MDEV " reserved expires\n");
        manager_prepare_domain(t->f.manager, here, &error);
        g_assert_no_error(error);
        assert_leases(&t->f, HERE_MDEV " claimed expires\n");
}

static void test_a_device_that_is_not_there_yet_is_made(Test *t, gconstpointer unused) {
        g_autofree char *other = guest_xml("g2", OTHER_UUID, HERE_MDEV, "mtty-1"), *here = NULL;
        g_autoptr(GError) error = NULL;

        send_event(&t->f, GUEST_RUNNING, OTHER_UUID, other);
        here = come(t);
        assert_leases(&t->f, SOURCE_MDEV " reserved expires\n" HERE_MDEV " running\n");
        manager_prepare_domain(t->f.manager, here, &error);
        g_assert_no_error(error);
        g_assert_nonnull(inventory_find(t->f.manager->inventory, SOURCE_MDEV));
}

static void test_where_it_arrives_it_is_plugged(Test *t, gconstpointer unused) {
        g_autofree char *here = come(t);

        g_assert_true(manager_prepare_domain(t->f.manager, here, NULL));
        g_string_truncate(t->f.asked, 0);
        tell_guest(&t->f, GUEST_INCOMING, g_strdup(here), NULL);
        assert_asked(&t->f, "");
        assert_leases(&t->f, HERE_MDEV " claimed\n");

        tell_guest(&t->f, GUEST_ARRIVED, g_strdup(here), NULL);
        assert_asked(&t->f, FIND);
        answer_with(&t->f, g_strdup(here));
        assert_asked(&t->f, PLUG);
        tell_guest(&t->f, GUEST_PLUGGED, with_both(), NULL);
        assert_written(t, false);
        assert_leases(&t->f, HERE_MDEV " running\n");
        g_assert_cmpint(latest(t)->state, ==, MIGRATION_FINISHED);
}

static void test_where_nothing_fits_it_is_refused(Test *t, gconstpointer unused) {
        g_autofree char *xml = domain_xml(NULL, "aaaaaaaa-0000-4000-8000-000000000009");
        g_autofree char *none = NULL, *text = g_strdup(xml);
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) parts = g_strsplit(xml, "mtty-1", 2);

        g_free(text);
        text = g_strjoinv("mtty-9", parts);
        none = filter(t, text, &error);
        g_assert_null(none);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE);
        g_assert_true(g_str_has_prefix(error->message, "hostdev0 needs an mdev of type mtty-9"));
        assert_leases(&t->f, "");
}

static void test_a_check_has_the_domain_as_it_goes(Test *t, gconstpointer unused) {
        g_autofree char *xml = with_device(), *goes = NULL, *same = NULL, *stays = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;
        const DomainDevice *device;

        goes = replug_as_it_goes(t->f.manager, xml, &error);
        g_assert_no_error(error);
        domain = domain_from_xml(goes, strlen(goes), &error);
        g_assert_no_error(error);
        g_assert_cmpuint(domain->devices->len, ==, 1);
        device = domain->devices->pdata[0];
        g_assert_true(device->unplugged);
        g_assert_cmpstr(device->source, ==, HERE_MDEV);

        stays = guest_xml("g2", OTHER_UUID, SOURCE_MDEV, "mtty-1");
        same = replug_as_it_goes(t->f.manager, stays, &error);
        g_assert_cmpstr(same, ==, stays);
}

#define ADD(name, function) g_test_add("/replug/" name, Test, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK); /* what goes wrong is told in the journal */

        ADD("it is unplugged and then moved", test_it_is_unplugged_and_then_moved);
        ADD("its lease ends when the guest has left", test_its_lease_ends_when_the_guest_has_left);
        ADD("its metadata are left alone meanwhile", test_its_metadata_are_left_alone_meanwhile);
        ADD("a move that fails gives it back", test_a_move_that_fails_gives_it_back);
        ADD("one that is told to wait has it meanwhile",
            test_one_that_is_told_to_wait_has_it_meanwhile);
        ADD("one that is asked for while it is plugged",
            test_one_that_is_asked_for_while_it_is_plugged);
        ADD("it is plugged when the move has ended for good",
            test_it_is_plugged_when_the_move_has_ended_for_good);
        ADD("a guest that does not let go stays", test_a_guest_that_does_not_let_go_stays);
        ADD("one that lets go later gets it back", test_one_that_lets_go_later_gets_it_back);
        ADD("the note goes when it will not any more",
            test_the_note_goes_when_it_will_not_any_more);
        ADD("a move that is stopped meanwhile", test_a_move_that_is_stopped_meanwhile);
        ADD("a guest that ends before it is unplugged",
            test_a_guest_that_ends_before_it_is_unplugged);
        ADD("it is looked at again when its turn has come",
            test_it_is_looked_at_again_when_its_turn_has_come);
        ADD("nothing is unplugged that is not stored",
            test_nothing_is_unplugged_that_is_not_stored);
        ADD("killed while it is unplugged", test_killed_while_it_is_unplugged);
        ADD("killed before the guest has let go", test_killed_before_the_guest_has_let_go);
        ADD("killed while it moves", test_killed_while_it_moves);
        ADD("killed after the move has failed", test_killed_after_the_move_has_failed);
        ADD("killed when only the note is left", test_killed_when_only_the_note_is_left);
        ADD("a plug that fails is told and tried again",
            test_a_plug_that_fails_is_told_and_tried_again);
        ADD("it is tried again when libvirt tells of the guest",
            test_it_is_tried_again_when_libvirt_tells_of_the_guest);
        ADD("a guest that is not known any more is let be",
            test_a_guest_that_is_not_known_any_more_is_let_be);
        ADD("a device that another guest has is not plugged",
            test_a_device_that_another_guest_has_is_not_plugged);
        ADD("where it goes a device is leased for it",
            test_where_it_goes_a_device_is_leased_for_it);
        ADD("a device that is not there yet is made", test_a_device_that_is_not_there_yet_is_made);
        ADD("where it arrives it is plugged", test_where_it_arrives_it_is_plugged);
        ADD("where nothing fits it is refused", test_where_nothing_fits_it_is_refused);
        ADD("a check has the domain as it goes", test_a_check_has_the_domain_as_it_goes);
        return g_test_run();
}
