/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/drain-fixture.h"

#include <string.h>

#include "daemon/drive.h"
#include "xml/ferry-error.h"

typedef struct Search {
        char *uuid;
        GuestFinder finder;
        void *asker;
} Search;

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

void host_set_up(Host *h, gconstpointer config) {
        fixture_use_file(&h->f);
        h->told = g_string_new(NULL);
        fixture_set_up(&h->f, config);
        fixture_connect(&h->f);
        h->f.virt.measure = note_find;
        hear(h);
}

void host_tear_down(Host *h, gconstpointer config) {
        g_assert_cmpuint(searches.length, ==, 0);
        fixture_tear_down(&h->f, config);
        g_string_free(h->told, TRUE);
}

/* What libvirt tells -------------------------------------------------------------- */

/* "g1" of G1. */
static char *name_of(const char *uuid) {
        return g_strdup_printf("g%c", uuid[strlen(uuid) - 1]);
}

void host_tell(Host *h, GuestEventKind kind, const char *uuid) {
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

void host_tell_list(Host *h, const char *first, const char *second, const char *third) {
        const char *uuids[] = { first, second, third, NULL };
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        for (int i = 0; uuids[i]; i++)
                host_tell(h, GUEST_RUNNING, uuids[i]);
        event->kind = GUEST_LIST;
        event->active = g_strdupv((char **)uuids);
        manager_on_guest_event(h->f.manager, event);
}

void host_end_move(Host *h, const char *uuid, const char *error) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_MOVED;
        event->uuid = g_strdup(uuid);
        event->job = g_new0(GuestJob, 1);
        event->job->success = !error;
        event->job->error = g_strdup(error);
        manager_on_guest_event(h->f.manager, event);
}

void host_answer(GuestEvent *found) {
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

void host_answer_with(const char *xml) {
        GuestEvent found = { .xml = (char *)xml, .running = true };

        host_answer(&found);
}

void host_find(void) {
        host_answer_with("<domain><name>g</name></domain>");
}

void host_leave(Host *h, const char *uuid) {
        host_tell(h, GUEST_LEFT, uuid);
        host_end_move(h, uuid, NULL);
}

static void on_moved(void *userdata, const Migration *migration, const GError *error) {
        g_assert_no_error(error);
}

void host_move_by_hand(Host *h, const char *uuid, const char *uri) {
        const DriveWish wish = { .move = { .uri = (char *)uri, .max_downtime_ms = -1 } };

        drive_migrate(h->f.manager->drive, uuid, &wish, on_moved, NULL);
}

guint host_n_questions(void) {
        return searches.length;
}

/* What the drain says ------------------------------------------------------------- */

void host_begin(Host *h, const char *first, const char *second) {
        const char *uris[] = { first, second, NULL };
        const DrainWish wish = { .destinations = uris };
        g_autoptr(GError) error = NULL;

        g_assert_true(drain_begin(h->f.manager->drain, &wish, &error));
        g_assert_no_error(error);
}

void host_assert_drain(Host *h, const char *expected) {
        g_autofree char *text = text_of(drain_get(h->f.manager->drain));

        g_assert_cmpstr(text, ==, expected);
}

void host_assert_asked(Host *h, const char *expected) {
        assert_asked(&h->f, expected);
}

void host_assert_told(Host *h, const char *expected) {
        g_assert_cmpstr(h->told->str, ==, expected);
        g_string_truncate(h->told, 0);
}

const DrainGuest *host_guest_of(Host *h, const char *uuid) {
        const DrainGuest *guest = drain_record_find(drain_get(h->f.manager->drain), uuid);

        g_assert_nonnull(guest);
        return guest;
}

const Migration *host_latest(Host *h, const char *uuid) {
        return migration_log_latest(h->f.manager->migrations, uuid);
}

char *host_filter(Host *h, const char *operation, GError **error) {
        g_autofree char *xml = guest_xml("g9", PREFIX "9", SOURCE_MDEV, "mtty-1");

        return manager_filter_domain(h->f.manager, operation, xml, error);
}

void host_assert_takes_guests(Host *h, bool takes, const char *words) {
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = host_filter(h, "migrate", &error);
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

void host_undrain(Host *h) {
        g_autoptr(GError) error = NULL;

        g_assert_true(drain_end(h->f.manager->drain, &error));
        g_assert_no_error(error);
        host_assert_drain(h, "");
}

/* What is being asked is answered so by the edge that ends. */
void host_kill_daemon(Host *h) {
        GuestEvent ended = { .detail = (char *)"virtferryd ends" };

        while (searches.length > 0)
                host_answer(&ended);
        fixture_restart(&h->f);
        hear(h);
        g_string_truncate(h->f.asked, 0);
}
