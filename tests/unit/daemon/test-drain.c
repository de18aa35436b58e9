/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drain.h"

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/core/store-query.h"
#include "daemon/drive.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define B      "qemu+ssh://b/system"
#define C      "qemu+ssh://c/system"
#define PREFIX "00000000-2222-4333-8444-00000000000"
#define G1     PREFIX "1"
#define G2     PREFIX "2"
#define G3     PREFIX "3"

/* A host whose guests leave; libvirt writes down what it is asked, and the test is libvirt. */

typedef struct Search {
        char *uuid;
        GuestFinder finder;
        void *asker;
} Search;

typedef struct Host {
        Fixture f;
        char *folder, *path;
        GString *told; /* what the listener heard: "draining: g1 moving\n" */
} Host;

static GQueue searches = G_QUEUE_INIT;

static void note_find(void *userdata, const char *uuid, GuestFinder finder, void *asker) {
        Search *search = g_new(Search, 1);

        *search = (Search){ g_strdup(uuid), finder, asker };
        g_queue_push_tail(&searches, search);
}

static char *text_of(const DrainRecord *record) {
        GString *text = g_string_new(record ? drain_state_to_string(record->state) : "");

        for (guint i = 0; record && i < record->guests->len; i++) {
                const DrainGuest *guest = record->guests->pdata[i];

                g_string_append_printf(text, "%s %s %s", i == 0 ? ":" : ",", guest->name,
                                       drain_guest_state_to_string(guest->state));
        }
        return g_string_free(text, FALSE);
}

static void on_drain(void *userdata, const DrainRecord *before, const DrainRecord *now) {
        g_autofree char *text = text_of(now);

        g_string_append_printf(((Host *)userdata)->told, "%s\n", text);
}

static void hear(Host *h) {
        drain_set_listener(h->f.manager->drain, on_drain, h);
}

static void set_up(Host *h, gconstpointer config) {
        h->folder = g_dir_make_tmp("drain-XXXXXX", NULL);
        h->f.path = h->path = g_build_filename(h->folder, "state.db", NULL);
        h->told = g_string_new(NULL);
        fixture_set_up(&h->f, config);
        fixture_connect(&h->f);
        h->f.virt.measure = note_find;
        hear(h);
}

static void tear_down(Host *h, gconstpointer config) {
        g_autoptr(GDir) folder = g_dir_open(h->folder, 0, NULL);
        const char *name;

        g_assert_cmpuint(searches.length, ==, 0);
        fixture_tear_down(&h->f, config);
        while ((name = g_dir_read_name(folder))) {
                g_autofree char *path = g_build_filename(h->folder, name, NULL);

                g_assert_cmpint(g_unlink(path), ==, 0);
        }
        g_assert_cmpint(g_rmdir(h->folder), ==, 0);
        g_string_free(h->told, TRUE);
        g_free(h->folder);
        g_free(h->path);
}

/* What libvirt tells -------------------------------------------------------------- */

/* "g1" of G1. */
static char *name_of(const char *uuid) {
        return g_strdup_printf("g%c", uuid[strlen(uuid) - 1]);
}

static void tell(Host *h, GuestEventKind kind, const char *uuid) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = kind;
        event->uuid = g_strdup(uuid);
        event->name = uuid ? name_of(uuid) : NULL;
        if (kind == GUEST_RUNNING || kind == GUEST_ARRIVED)
                event->xml = g_strdup_printf("<domain><name>%s</name><uuid>%s</uuid></domain>",
                                             event->name, uuid);
        if (kind == GUEST_STOPPED)
                event->detail = g_strdup("destroyed");
        manager_on_guest_event(h->f.manager, event);
}

/* At a connection: those guests are active. */
static void tell_list(Host *h, const char *first, const char *second, const char *third) {
        const char *uuids[] = { first, second, third, NULL };
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        for (int i = 0; uuids[i]; i++)
                tell(h, GUEST_RUNNING, uuids[i]);
        event->kind = GUEST_LIST;
        event->active = g_strdupv((char **)uuids);
        manager_on_guest_event(h->f.manager, event);
}

static void end_move(Host *h, const char *uuid, const char *error) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_MOVED;
        event->uuid = g_strdup(uuid);
        event->job = g_new0(GuestJob, 1);
        event->job->success = !error;
        event->job->error = g_strdup(error);
        manager_on_guest_event(h->f.manager, event);
}

/* Answers the oldest question for a guest. */
static void answer(GuestEvent *found) {
        g_autofree Search *search = g_queue_pop_head(&searches);
        g_autofree char *uuid = NULL, *name = NULL;

        g_assert_nonnull(search);
        uuid = search->uuid;
        name = name_of(uuid);
        found->kind = GUEST_FOUND;
        if (!found->detail) {
                found->uuid = uuid;
                found->name = name;
        }
        search->finder(search->asker, found);
}

static void answer_with(const char *xml) {
        GuestEvent found = { .xml = (char *)xml, .running = true };

        answer(&found);
}

/* It runs and has no devices. */
static void find(void) {
        answer_with("<domain><name>g</name></domain>");
}

static void leave(Host *h, const char *uuid) {
        tell(h, GUEST_LEFT, uuid);
        end_move(h, uuid, NULL);
}

/* What the drain says ------------------------------------------------------------- */

static void begin(Host *h, const char *first, const char *second) {
        const char *uris[] = { first, second, NULL };
        const DrainWish wish = { .destinations = uris };
        g_autoptr(GError) error = NULL;

        g_assert_true(drain_begin(h->f.manager->drain, &wish, &error));
        g_assert_no_error(error);
}

static void assert_drain(Host *h, const char *expected) {
        g_autofree char *text = text_of(drain_get(h->f.manager->drain));

        g_assert_cmpstr(text, ==, expected);
}

static void assert_asked(Host *h, const char *expected) {
        g_assert_cmpstr(h->f.asked->str, ==, expected);
        g_string_truncate(h->f.asked, 0);
}

static void assert_told(Host *h, const char *expected) {
        g_assert_cmpstr(h->told->str, ==, expected);
        g_string_truncate(h->told, 0);
}

static const DrainGuest *guest_of(Host *h, const char *uuid) {
        const DrainGuest *guest = drain_record_find(drain_get(h->f.manager->drain), uuid);

        g_assert_nonnull(guest);
        return guest;
}

static const Migration *latest(Host *h, const char *uuid) {
        return migration_log_latest(h->f.manager->migrations, uuid);
}

static char *filter(Host *h, const char *operation, GError **error) {
        g_autofree char *xml = guest_xml("g9", PREFIX "9", SOURCE_MDEV, "mtty-1");

        return manager_filter_domain(h->f.manager, operation, xml, error);
}

static void assert_takes_guests(Host *h, bool takes, const char *words) {
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = filter(h, "migrate", &error);
        g_autofree char *sentence = NULL;

        if (takes) {
                g_assert_no_error(error);
                g_assert_nonnull(xml);
                return;
        }
        sentence = g_strdup_printf("Host %s is %s for maintenance: 'virt-ferry undrain' there ends "
                                   "that",
                                   g_get_host_name(), words);
        g_assert_null(xml);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        g_assert_cmpstr(error->message, ==, sentence);
}

/* Tests --------------------------------------------------------------------------- */

static void test_guests_leave_one_after_the_other(Host *h, gconstpointer unused) {
        tell_list(h, G2, G1, NULL);
        begin(h, B, NULL);
        assert_told(h, "draining: g1 waiting, g2 waiting\ndraining: g1 moving, g2 waiting\n");
        assert_asked(h, "");
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
        leave(h, G1);
        assert_drain(h, "draining: g1 left, g2 moving");
        find();
        assert_asked(h, "migrate " G2 " to " B "\n");
        leave(h, G2);
        assert_told(h, "draining: g1 left, g2 moving\ndrained: g1 left, g2 left\n");
        g_assert_cmpstr(guest_of(h, G1)->destination, ==, B);
        g_assert_cmpstr(guest_of(h, G1)->reason, ==, NULL);
}

static void test_as_many_move_as_may(Host *h, gconstpointer unused) {
        tell_list(h, G1, G2, G3);
        begin(h, B, NULL);
        find();
        find();
        g_assert_cmpuint(searches.length, ==, 0);
        assert_drain(h, "draining: g1 moving, g2 moving, g3 waiting");
        leave(h, G2);
        assert_drain(h, "draining: g1 moving, g2 left, g3 moving");
        find();
}

static void test_an_empty_host_is_drained_at_once(Host *h, gconstpointer unused) {
        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        assert_drain(h, "drained");
}

static void test_a_guest_that_one_refuses_is_offered_to_the_next(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, C);
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
        end_move(h, G1, "virt-ferry: hostdev0 needs an mdev");
        find();
        assert_asked(h, "migrate " G1 " to " C "\n");
        leave(h, G1);
        assert_drain(h, "drained: g1 left");
        g_assert_cmpstr(guest_of(h, G1)->destination, ==, C);
}

static void test_a_guest_that_all_refuse_stays_with_the_reasons(Host *h, gconstpointer unused) {
        tell_list(h, G1, G2, NULL);
        begin(h, B, C);
        find();
        end_move(h, G1, "virt-ferry: no mdev is left");
        find();
        end_move(h, G1, "no route to host");
        assert_drain(h, "draining: g1 stayed, g2 moving");
        g_assert_cmpstr(guest_of(h, G1)->reason, ==,
                        B ": no mdev is left; " C ": no route to host");
        g_assert_cmpstr(guest_of(h, G1)->destination, ==, NULL);
        find();
        leave(h, G2);
        assert_drain(h, "partly: g1 stayed, g2 left");
}

static void test_a_single_destination_is_not_named_again(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        find();
        end_move(h, G1, "no route to host");
        assert_drain(h, "partly: g1 stayed");
        g_assert_cmpstr(guest_of(h, G1)->reason, ==, "no route to host");
}

/* libvirt's event is before the end of the call, which alone has the reason. */
static void test_a_refusal_is_one_when_libvirt_has_answered(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, C);
        find();
        tell(h, GUEST_LEAVING, G1);
        tell(h, GUEST_STAYED, G1);
        assert_drain(h, "draining: g1 moving");
        g_assert_cmpuint(searches.length, ==, 0);
        end_move(h, G1, "the link is cut");
        g_assert_cmpstr(guest_of(h, G1)->reason, ==, B ": the link is cut");
        find();
        assert_drain(h, "draining: g1 moving");
        g_assert_cmpint(latest(h, G1)->state, ==, MIGRATION_CHECKED);
}

/* A VF without a driver that saves its state. */
static void test_a_device_that_cannot_come_along_stops_only_its_guest(Host *h,
                                                                      gconstpointer unused) {
        g_autofree char *xml = NULL;

        fake_root_add_mdev(h->f.root, "mtty", "mtty-1", HERE_MDEV);
        fake_root_set_vfio(h->f.root, "mtty", 0, 0);
        g_assert_cmpint(inventory_scan(h->f.manager->inventory), ==, 0);
        g_assert_cmpint(inventory_probe(h->f.manager->inventory, HERE_MDEV), ==, 0);
        xml = guest_xml("g1", G1, HERE_MDEV, NULL);
        tell_list(h, G1, G2, NULL);
        begin(h, B, C);
        answer_with(xml);
        assert_drain(h, "draining: g1 stayed, g2 moving");
        g_assert_nonnull(strstr(guest_of(h, G1)->reason, "has no migration support"));
        assert_asked(h, "");
        find();
        leave(h, G2);
        assert_drain(h, "partly: g1 stayed, g2 left");
}

static void test_a_guest_that_ends_has_left(Host *h, gconstpointer unused) {
        tell_list(h, G1, G2, NULL);
        begin(h, B, NULL);
        find();
        tell(h, GUEST_STOPPED, G2);
        assert_drain(h, "draining: g1 moving, g2 left");
        g_assert_cmpstr(guest_of(h, G2)->reason, ==, "It ended on this host (destroyed)");
        leave(h, G1);
        assert_drain(h, "drained: g1 left, g2 left");
}

/* The host is empty when the operator has taken care of those that stayed. */
static void test_who_stayed_may_leave_later(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        find();
        end_move(h, G1, "no");
        assert_drain(h, "partly: g1 stayed");
        tell(h, GUEST_STOPPED, G1);
        assert_drain(h, "drained: g1 left");
}

static void test_a_move_that_somebody_began_is_waited_for(Host *h, gconstpointer unused) {
        Migration *other = migration_new(MIGRATION_OUTGOING, G1, "g1");

        g_assert_nonnull(
                migration_log_add(h->f.manager->migrations, other, MIGRATION_PRECOPY, NULL));
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        assert_drain(h, "draining: g1 moving");
        g_assert_cmpuint(searches.length, ==, 0);

        /* it fails, which says nothing of our destination */
        tell(h, GUEST_STAYED, G1);
        assert_drain(h, "draining: g1 moving");
        find();
        assert_asked(h, "follow " G1 "\nmigrate " G1 " to " B "\n");
}

/* Newcomers ----------------------------------------------------------------------- */

static void test_a_guest_that_starts_is_let_be_and_counted(Host *h, gconstpointer unused) {
        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        tell(h, GUEST_RUNNING, G1);
        assert_drain(h, "partly: g1 stayed");
        g_assert_nonnull(strstr(guest_of(h, G1)->reason, "while the host was drained"));
        g_assert_cmpuint(searches.length, ==, 0);
}

static void test_a_second_drain_moves_it(Host *h, gconstpointer unused) {
        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        tell(h, GUEST_RUNNING, G1);
        begin(h, C, NULL);
        assert_drain(h, "draining: g1 moving");
        find();
        assert_asked(h, "migrate " G1 " to " C "\n");
}

/* It was let in before, and libvirt has it paused until it has come. */
static void test_a_guest_that_was_on_its_way_goes_on(Host *h, gconstpointer unused) {
        tell_list(h, G2, NULL, NULL);
        tell(h, GUEST_INCOMING, G1);
        begin(h, B, NULL);
        assert_drain(h, "draining: g1 waiting, g2 moving");
        find();
        leave(h, G2);
        assert_drain(h, "draining: g1 waiting, g2 left");
        tell(h, GUEST_ARRIVED, G1);
        assert_drain(h, "draining: g1 moving, g2 left");
        find();
        tell(h, GUEST_INCOMING, G3);
        assert_drain(h, "draining: g1 moving, g2 left");
        tell(h, GUEST_ARRIVED, G3);
        assert_drain(h, "draining: g1 moving, g2 left, g3 waiting");
}

/* The door ------------------------------------------------------------------------ */

static void test_no_guest_comes_until_undrain(Host *h, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        assert_takes_guests(h, false, "being drained");
        find();
        leave(h, G1);
        assert_takes_guests(h, false, "drained");
        g_assert_cmpint(latest(h, PREFIX "9")->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_true(drain_end(h->f.manager->drain, &error));
        g_assert_no_error(error);
        assert_takes_guests(h, true, NULL);
}

static void test_nor_after_a_restart(Host *h, gconstpointer unused) {
        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        fixture_restart(&h->f);
        assert_takes_guests(h, false, "drained");
}

static void test_a_check_says_the_same(Host *h, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g9", PREFIX "9", SOURCE_MDEV, "mtty-1");
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        g_assert_null(manager_check_domain(h->f.manager, xml, &domain, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
}

static void test_a_restore_is_a_start(Host *h, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = NULL;

        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        xml = filter(h, "restore", &error);
        g_assert_no_error(error);
        g_assert_nonnull(xml);
}

/* Undrain ------------------------------------------------------------------------- */

static void undrain(Host *h) {
        g_autoptr(GError) error = NULL;

        g_assert_true(drain_end(h->f.manager->drain, &error));
        g_assert_no_error(error);
        assert_drain(h, "");
}

static void test_undrain_drops_what_waits(Host *h, gconstpointer unused) {
        tell_list(h, G1, G2, NULL);
        begin(h, B, NULL);
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
        undrain(h);
        g_assert_cmpint(latest(h, G1)->state, ==, MIGRATION_CHECKED);
        leave(h, G1);
        g_assert_cmpuint(searches.length, ==, 0);
        assert_asked(h, "");
        undrain(h); /* once more does nothing */
}

static void on_moved(void *userdata, const Migration *migration, const GError *error) {
        g_assert_no_error(error);
}

/* A move of the operator's own is before it. */
static void test_undrain_drops_a_move_that_waits_for_its_turn(Host *h, gconstpointer unused) {
        const DriveWish wish = { .move = { .uri = (char *)C, .max_downtime_ms = -1 } };

        tell_list(h, G1, G2, NULL);
        drive_migrate(h->f.manager->drive, G2, &wish, on_moved, NULL);
        begin(h, B, NULL);
        find();
        find();
        assert_asked(h, "migrate " G2 " to " C "\n");
        g_assert_cmpint(latest(h, G1)->state, ==, MIGRATION_PLANNED);

        undrain(h);
        g_assert_cmpint(latest(h, G1)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpint(latest(h, G2)->state, ==, MIGRATION_CHECKED);
        leave(h, G2);
        assert_asked(h, "");
}

static void test_undrain_drops_a_move_that_is_being_planned(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        undrain(h);
        find();
        assert_asked(h, "");
        g_assert_cmpint(latest(h, G1)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_a_drain_right_after_that_asks_anew(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        undrain(h);
        begin(h, C, NULL);
        find(); /* the first one's */
        assert_asked(h, "");
        find();
        assert_asked(h, "migrate " G1 " to " C "\n");
}

/* Restarts ------------------------------------------------------------------------ */

/* What is being asked is answered so by the edge that ends. */
static void kill_daemon(Host *h) {
        GuestEvent ended = { .detail = (char *)"virtferryd ends" };

        while (searches.length > 0)
                answer(&ended);
        fixture_restart(&h->f);
        hear(h);
        g_string_truncate(h->f.asked, 0);
}

static void test_a_move_that_goes_on_is_waited_for(Host *h, gconstpointer unused) {
        tell_list(h, G1, G2, NULL);
        begin(h, B, NULL);
        find();
        tell(h, GUEST_ITERATING, G1);
        kill_daemon(h);
        tell_list(h, G1, G2, NULL);
        assert_drain(h, "draining: g1 moving, g2 waiting");
        g_assert_cmpstr(guest_of(h, G1)->destination, ==, B);
        assert_asked(h, "follow " G1 "\n");
        tell(h, GUEST_LEFT, G1);
        assert_drain(h, "draining: g1 left, g2 moving");
        find();
        leave(h, G2);
        assert_drain(h, "drained: g1 left, g2 left");
}

static void test_a_guest_that_left_meanwhile_has_left(Host *h, gconstpointer unused) {
        tell_list(h, G1, G2, NULL);
        begin(h, B, NULL);
        find();
        kill_daemon(h);
        tell_list(h, G2, NULL, NULL);
        assert_drain(h, "draining: g1 left, g2 moving");
        find();
}

static void test_a_guest_that_is_still_here_is_tried_again(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, C);
        find();
        end_move(h, G1, "no");
        kill_daemon(h);
        assert_drain(h, "draining: g1 waiting");
        tell_list(h, G1, NULL, NULL);
        find();
        assert_asked(h, "migrate " G1 " to " C "\n"); /* the first has refused it */
        leave(h, G1);
        assert_drain(h, "drained: g1 left");
}

static void test_a_move_that_waited_for_its_turn_is_no_refusal(Host *h, gconstpointer unused) {
        const DriveWish wish = { .move = { .uri = (char *)C, .max_downtime_ms = -1 } };

        tell_list(h, G1, G2, NULL);
        drive_migrate(h->f.manager->drive, G2, &wish, on_moved, NULL);
        begin(h, B, NULL);
        find();
        find();
        kill_daemon(h);
        tell_list(h, G1, NULL, NULL);
        assert_drain(h, "draining: g1 moving, g2 left");
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
}

static void test_a_move_that_fails_after_it_is_a_refusal(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        find();
        kill_daemon(h);
        tell_list(h, G1, NULL, NULL);
        assert_drain(h, "draining: g1 moving");
        tell(h, GUEST_STAYED, G1);
        assert_drain(h, "partly: g1 stayed");
}

static void test_what_started_meanwhile_is_counted(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        find();
        leave(h, G1);
        kill_daemon(h);
        tell_list(h, G1, G3, NULL);
        assert_drain(h, "partly: g1 stayed, g3 stayed");
}

/* A libvirt that ends takes its moves with it, and a destination has refused nothing. */
static void test_libvirt_is_started_anew(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
        tell(h, GUEST_LOST_LIBVIRT, NULL);
        end_move(h, G1, "the connection is broken");
        assert_drain(h, "draining: g1 waiting");
        tell_list(h, G1, NULL, NULL);
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
}

/* Refusals and mishaps ------------------------------------------------------------ */

static void assert_begin_fails(Host *h, int code, const char *words) {
        const char *uris[] = { B, NULL };
        const DrainWish wish = { .destinations = uris };
        g_autoptr(GError) error = NULL;

        g_assert_false(drain_begin(h->f.manager->drain, &wish, &error));
        g_assert_error(error, FERRY_ERROR, code);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
}

static void test_a_drain_needs_libvirt(Host *h, gconstpointer unused) {
        assert_begin_fails(h, FERRY_ERROR_UNAVAILABLE, "has not told yet which guests run");
        tell_list(h, G1, NULL, NULL);
        h->f.manager->virt = NULL;
        assert_begin_fails(h, FERRY_ERROR_UNAVAILABLE, "has not told yet which guests run");
        assert_takes_guests(h, true, NULL);
}

static void test_a_drain_under_way_is_not_begun_again(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        assert_begin_fails(h, FERRY_ERROR_INVALID_STATE, "is being drained already");
        assert_drain(h, "draining: g1 moving");
        find();
}

static void test_what_is_not_stored_is_not_begun(Host *h, gconstpointer unused) {
        tell_list(h, G1, NULL, NULL);
        store_fail_write(h->f.manager->store, 0);
        assert_begin_fails(h, FERRY_ERROR_STORE, "cannot be written");
        assert_drain(h, "");
        g_assert_cmpuint(searches.length, ==, 0);
        assert_told(h, "");

        begin(h, B, NULL);
        find();
        store_fail_write(h->f.manager->store, 0);
        {
                g_autoptr(GError) error = NULL;

                g_assert_false(drain_end(h->f.manager->drain, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        }
        assert_drain(h, "draining: g1 moving");
}

/* A guest that libvirt does not find is asked for again, but not at once. */
static void test_what_cannot_be_asked_for_is_asked_for_later(Host *h, gconstpointer unused) {
        GuestEvent none = { .detail = (char *)"libvirt does not answer" };

        tell_list(h, G1, NULL, NULL);
        begin(h, B, NULL);
        answer(&none);
        assert_drain(h, "draining: g1 waiting");
        g_assert_cmpuint(searches.length, ==, 0);

        manager_on_time(h->f.manager);
        g_assert_cmpuint(searches.length, ==, 0);
        fixture_pass_time(10 * G_USEC_PER_SEC);
        g_assert_cmpint(manager_next_time(h->f.manager), ==, h->f.manager->now());
        manager_on_time(h->f.manager);
        find();
        assert_asked(h, "migrate " G1 " to " B "\n");
}

static void test_a_drain_that_is_over_needs_no_clock(Host *h, gconstpointer unused) {
        tell_list(h, NULL, NULL, NULL);
        begin(h, B, NULL);
        g_assert_cmpint(manager_next_time(h->f.manager), ==, 0);
}

/* Does what libvirt does until nothing is left to do or a minute has passed. */
static void be_libvirt(Host *h) {
        for (int i = 0; i < 6; i++) {
                while (searches.length > 0)
                        find();
                for (int n = 1; n <= 3; n++) {
                        g_autofree char *uuid = g_strdup_printf(PREFIX "%d", n);
                        g_autofree char *line = g_strdup_printf("migrate %s to ", uuid);

                        if (strstr(h->f.asked->str, line) &&
                            g_hash_table_contains(h->f.manager->active, uuid))
                                leave(h, uuid);
                }
                fixture_pass_time(10 * G_USEC_PER_SEC);
                manager_on_time(h->f.manager);
        }
}

/* The first write, then the second, and so on until none is left to fail. */
static void test_a_write_that_fails_only_delays(Host *h, gconstpointer unused) {
        bool failed = true;

        for (int n = 0; failed; n++) {
                tell_list(h, G1, G2, NULL);
                tell(h, GUEST_STAYED, G1); /* libvirt has no job, whatever the log still says */
                tell(h, GUEST_STAYED, G2);
                begin(h, B, NULL);
                store_fail_write(h->f.manager->store, n);
                be_libvirt(h);
                failed = h->f.manager->store->fail_write < 0;
                store_fail_write(h->f.manager->store, -1);
                assert_drain(h, "drained: g1 left, g2 left");
                undrain(h);
                fixture_restart(&h->f);
                g_string_truncate(h->f.asked, 0);
        }
}

#define ADD(name, config, function) \
        g_test_add("/drain/" name, Host, config, set_up, function, tear_down)
#define ONE_AT_A_TIME "[Migration]\nMaxOutgoing=1\n"
#define TWO_AT_A_TIME "[Migration]\nMaxOutgoing=2\n"

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK); /* what cannot be stored is told in the journal */

        ADD("guests leave one after the other", ONE_AT_A_TIME,
            test_guests_leave_one_after_the_other);
        ADD("as many move as may move at a time", TWO_AT_A_TIME, test_as_many_move_as_may);
        ADD("an empty host is drained at once", NULL, test_an_empty_host_is_drained_at_once);
        ADD("a guest that one refuses is offered to the next", ONE_AT_A_TIME,
            test_a_guest_that_one_refuses_is_offered_to_the_next);
        ADD("a guest that all refuse stays with the reasons, and the others leave", ONE_AT_A_TIME,
            test_a_guest_that_all_refuse_stays_with_the_reasons);
        ADD("a single destination is not named again", ONE_AT_A_TIME,
            test_a_single_destination_is_not_named_again);
        ADD("a refusal is one when libvirt has answered", ONE_AT_A_TIME,
            test_a_refusal_is_one_when_libvirt_has_answered);
        ADD("a device that cannot come along stops its guest only", ONE_AT_A_TIME,
            test_a_device_that_cannot_come_along_stops_only_its_guest);
        ADD("a guest that ends has left", ONE_AT_A_TIME, test_a_guest_that_ends_has_left);
        ADD("who stayed may leave later", ONE_AT_A_TIME, test_who_stayed_may_leave_later);
        ADD("a move that somebody began is waited for", ONE_AT_A_TIME,
            test_a_move_that_somebody_began_is_waited_for);
        ADD("a guest that starts is let be and counted", NULL,
            test_a_guest_that_starts_is_let_be_and_counted);
        ADD("a second drain moves it", NULL, test_a_second_drain_moves_it);
        ADD("a guest that was on its way here goes on", ONE_AT_A_TIME,
            test_a_guest_that_was_on_its_way_goes_on);
        ADD("no guest comes until undrain", ONE_AT_A_TIME, test_no_guest_comes_until_undrain);
        ADD("nor after a restart", NULL, test_nor_after_a_restart);
        ADD("a check says the same", NULL, test_a_check_says_the_same);
        ADD("a restore is a start", NULL, test_a_restore_is_a_start);
        ADD("undrain drops what waits, and the move under way goes on", ONE_AT_A_TIME,
            test_undrain_drops_what_waits);
        ADD("undrain drops a move that waits for its turn", ONE_AT_A_TIME,
            test_undrain_drops_a_move_that_waits_for_its_turn);
        ADD("undrain drops a move that is being planned", ONE_AT_A_TIME,
            test_undrain_drops_a_move_that_is_being_planned);
        ADD("a drain right after that asks anew", ONE_AT_A_TIME,
            test_a_drain_right_after_that_asks_anew);
        ADD("killed, a move that goes on is waited for", ONE_AT_A_TIME,
            test_a_move_that_goes_on_is_waited_for);
        ADD("killed, a guest that left meanwhile has left", ONE_AT_A_TIME,
            test_a_guest_that_left_meanwhile_has_left);
        ADD("killed, a guest that is still here is tried again", ONE_AT_A_TIME,
            test_a_guest_that_is_still_here_is_tried_again);
        ADD("killed, a move that waited for its turn is no refusal", ONE_AT_A_TIME,
            test_a_move_that_waited_for_its_turn_is_no_refusal);
        ADD("killed, a move that fails after it is a refusal", ONE_AT_A_TIME,
            test_a_move_that_fails_after_it_is_a_refusal);
        ADD("killed, what started meanwhile is counted", ONE_AT_A_TIME,
            test_what_started_meanwhile_is_counted);
        ADD("libvirt is started anew, and the guest tried again", ONE_AT_A_TIME,
            test_libvirt_is_started_anew);
        ADD("a drain needs libvirt", NULL, test_a_drain_needs_libvirt);
        ADD("a drain under way is not begun again", ONE_AT_A_TIME,
            test_a_drain_under_way_is_not_begun_again);
        ADD("what is not stored is not begun, nor ended", ONE_AT_A_TIME,
            test_what_is_not_stored_is_not_begun);
        ADD("what cannot be asked for is asked for later", ONE_AT_A_TIME,
            test_what_cannot_be_asked_for_is_asked_for_later);
        ADD("a drain that is over needs no clock", NULL, test_a_drain_that_is_over_needs_no_clock);
        ADD("a write that fails only delays it", ONE_AT_A_TIME,
            test_a_write_that_fails_only_delays);
        return g_test_run();
}
