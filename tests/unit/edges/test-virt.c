/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-map.h"
#include "daemon/edges/virt.h"

#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <string.h>

#include "xml/metadata.h"

/* Against libvirt's own test driver, whose one domain is in this process: real
 * threads, real events, no libvirtd. "test:///default" is the same for every
 * connection while one is open.
 */

#define TEST_URI "test:///default"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

typedef struct Fixture {
        sd_event *loop;
        Virt *virt;
        virConnectPtr connection; /* of the one who does things to guests */
        virDomainPtr domain;
        GPtrArray *events; /* GuestEvent, copied as far as a test asks */
} Fixture;

static GuestEvent *copy(const GuestEvent *event) {
        GuestEvent *new = g_new0(GuestEvent, 1);

        new->kind = event->kind;
        new->uuid = g_strdup(event->uuid);
        new->name = g_strdup(event->name);
        new->xml = g_strdup(event->xml);
        new->inactive_xml = g_strdup(event->inactive_xml);
        new->detail = g_strdup(event->detail);
        new->active = g_strdupv(event->active);
        new->agent_macs = g_strdupv(event->agent_macs);
        new->samples = event->samples ? g_ptr_array_ref(event->samples) : NULL;
        new->running = event->running;
        new->memory = event->memory;
        new->dirty_rate = event->dirty_rate;
        if (event->job) {
                new->job = g_memdup2(event->job, sizeof(GuestJob));
                new->job->error = g_strdup(event->job->error);
        }
        return new;
}

static void on_guest(void *userdata, const GuestEvent *event) {
        Fixture *f = userdata;

        g_ptr_array_add(f->events, copy(event));
}

static void start(Fixture *f, const char *uri) {
        g_assert_cmpint(virt_new(f->loop, uri, on_guest, f, &f->virt), ==, 0);
}

static void event_free(void *event) {
        guest_event_free(event);
}

static void set_up_without(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        f->events = g_ptr_array_new_with_free_func(event_free);
}

/* Serves the loop until an event of this kind has come; forgets those before it. */
static GuestEvent *await(Fixture *f, GuestEventKind kind) {
        for (;;) {
                while (f->events->len > 0) {
                        g_autoptr(GuestEvent) event = g_ptr_array_steal_index(f->events, 0);

                        if (event->kind == kind)
                                return g_steal_pointer(&event);
                }
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
        }
}

static void set_up(Fixture *f, gconstpointer unused) {
        set_up_without(f, NULL);
        start(f, TEST_URI);
        f->connection = virConnectOpen(TEST_URI);
        g_assert_nonnull(f->connection);
        f->domain = virDomainLookupByName(f->connection, "test");
        g_assert_nonnull(f->domain);
}

static void set_up_connected(Fixture *f, gconstpointer unused) {
        set_up(f, NULL);
        guest_event_free(await(f, GUEST_LIST));
}

static void tear_down(Fixture *f, gconstpointer unused) {
        if (f->domain)
                (void)virDomainFree(f->domain);
        if (f->connection)
                (void)virConnectClose(f->connection);
        virt_free(f->virt);
        g_ptr_array_unref(f->events);
        sd_event_unref(f->loop);
}

static char *uuid_of(Fixture *f) {
        char uuid[VIR_UUID_STRING_BUFLEN];

        g_assert_cmpint(virDomainGetUUIDString(f->domain, uuid), ==, 0);
        return g_strdup(uuid);
}

static void test_a_connection_tells_first_who_runs(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) running = await(f, GUEST_RUNNING), list = NULL;
        g_autofree char *uuid = uuid_of(f);

        g_assert_cmpstr(running->name, ==, "test");
        g_assert_cmpstr(running->uuid, ==, uuid);
        g_assert_nonnull(strstr(running->xml, "<domain type='test' id='"));
        g_assert_nonnull(strstr(running->inactive_xml, "<domain type='test'>"));

        list = await(f, GUEST_LIST);
        g_assert_cmpuint(g_strv_length(list->active), ==, 1);
        g_assert_cmpstr(list->active[0], ==, uuid);
        g_assert_cmpuint(virt_get_version(f->virt), >=, 9000000);
}

static void test_a_guest_is_followed_from_stop_to_start(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) stopped = NULL, running = NULL;

        g_assert_cmpint(virDomainDestroy(f->domain), ==, 0);
        stopped = await(f, GUEST_STOPPED);
        g_assert_cmpstr(stopped->name, ==, "test");
        g_assert_cmpstr(stopped->detail, ==, "destroyed");

        g_assert_cmpint(virDomainCreate(f->domain), ==, 0);
        running = await(f, GUEST_RUNNING);
        g_assert_nonnull(running->xml);
}

/* What is asked for next tells that nothing came before. */
static void test_that_a_guest_is_gone_is_told_of_one_that_is(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autoptr(GuestEvent) unknown = NULL, stopped = NULL, gone = NULL;
        g_autofree char *uuid = uuid_of(f);

        ops->look_again(ops->userdata, uuid); /* it runs */
        ops->look_again(ops->userdata, "11111111-2222-4333-8444-555555555555");
        unknown = await(f, GUEST_GONE);
        g_assert_cmpstr(unknown->uuid, ==, "11111111-2222-4333-8444-555555555555");

        g_assert_cmpint(virDomainDestroy(f->domain), ==, 0);
        stopped = await(f, GUEST_STOPPED);
        ops->look_again(ops->userdata, uuid);
        gone = await(f, GUEST_GONE);
        g_assert_cmpstr(gone->uuid, ==, uuid);
        g_assert_cmpstr(gone->name, ==, "test");
}

static void test_a_pause_is_no_event_of_a_move(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) stopped = NULL;

        g_assert_cmpint(virDomainSuspend(f->domain), ==, 0);
        g_assert_cmpint(virDomainResume(f->domain), ==, 0);
        g_assert_cmpint(virDomainDestroy(f->domain), ==, 0);
        while (f->events->len == 0)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
        stopped = g_ptr_array_steal_index(f->events, 0);
        g_assert_cmpint(stopped->kind, ==, GUEST_STOPPED);
}

static void test_metadata_and_definition_are_written(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autofree char *uuid = uuid_of(f), *xml = NULL, *metadata = NULL;
        g_autoptr(GuestEvent) defined = NULL;

        xml = g_strdup_printf("<domain type='test'><name>test</name><uuid>%s</uuid>"
                              "<description>written by a test</description>"
                              "<memory>8192</memory><os><type>hvm</type></os></domain>",
                              uuid);
        ops->set_metadata(ops->userdata, uuid, "<domain version='1'/>");
        ops->redefine(ops->userdata, uuid, xml);

        /* one after the other, and the second makes an event */
        defined = await(f, GUEST_DEFINED);
        g_assert_nonnull(strstr(defined->inactive_xml, "written by a test"));
        metadata = virDomainGetMetadata(f->domain, VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI,
                                        VIR_DOMAIN_AFFECT_LIVE);
        g_assert_cmpstr(metadata, ==, "<domain version=\"1\"/>");
}

static void on_found(void *userdata, const GuestEvent *found) {
        GuestEvent **ret = userdata;

        g_assert_null(*ret);
        *ret = copy(found);
}

static GuestEvent *find(Fixture *f, const char *name) {
        const VirtOps *ops = virt_get_ops(f->virt);
        GuestEvent *found = NULL;

        ops->find(ops->userdata, name, on_found, &found);
        while (!found)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
        return found;
}

static void test_a_guest_is_found_by_name_and_by_uuid(Fixture *f, gconstpointer unused) {
        g_autofree char *uuid = uuid_of(f);
        const char *names[] = { "test", uuid };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GuestEvent) found = find(f, names[i]);

                g_assert_cmpstr(found->detail, ==, NULL);
                g_assert_cmpstr(found->uuid, ==, uuid);
                g_assert_cmpstr(found->name, ==, "test");
                g_assert_nonnull(strstr(found->xml, "<domain type='test'"));
                g_assert_true(found->running);
        }

        g_assert_cmpint(virDomainDestroy(f->domain), ==, 0);
        g_clear_pointer(&f->events, g_ptr_array_unref);
        f->events = g_ptr_array_new_with_free_func(event_free);
        {
                g_autoptr(GuestEvent) found = find(f, "test");

                g_assert_cmpstr(found->uuid, ==, uuid);
                g_assert_false(found->running);
        }
}

#define TEAM(teaming, channel)                                                                \
        "<domain type='test'><name>team</name><memory>8192</memory><os><type>hvm</type></os>" \
        "<devices><interface type='network'><mac address='52:54:00:AA:00:01'/>"               \
        "<source network='default'/><model type='virtio'/>" teaming "</interface>" channel    \
        "</devices></domain>"
#define PERSISTENT "<teaming type='persistent'/>"
#define AGENT      "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"

static char **macs_of(Fixture *f, const char *xml) {
        g_autoptr(virDomain) domain = virDomainCreateXML(f->connection, xml, 0);
        g_autoptr(GuestEvent) found = NULL;

        g_assert_nonnull(domain);
        found = find(f, "team");
        g_assert_true(found->running);
        g_assert_cmpint(virDomainDestroy(domain), ==, 0);
        return g_steal_pointer(&found->agent_macs);
}

/* The test driver answers for the agent. */
static void test_the_agent_of_a_team_is_asked(Fixture *f, gconstpointer unused) {
        g_auto(GStrv) macs = macs_of(f, TEAM(PERSISTENT, AGENT));
        g_auto(GStrv) of_no_team = macs_of(f, TEAM("", AGENT));
        g_auto(GStrv) of_no_agent = macs_of(f, TEAM(PERSISTENT, ""));

        g_assert_nonnull(macs);
        g_assert_cmpuint(g_strv_length(macs), ==, 1);
        g_assert_cmpstr(macs[0], ==, "52:54:00:aa:00:01");
        g_assert_null(of_no_team);
        g_assert_null(of_no_agent);
}

/* The test driver cannot tell: that is no reason to refuse. */
static void test_what_cannot_be_measured_is_found(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autoptr(GuestEvent) found = NULL;

        ops->measure(ops->userdata, "test", on_found, &found);
        while (!found)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
        g_assert_cmpstr(found->name, ==, "test");
        g_assert_cmpuint(found->memory, >, 0);
        g_assert_cmpuint(found->dirty_rate, ==, 0);
        g_assert_cmpuint(found->bandwidth, ==, 0);
}

static void test_a_guest_that_is_not_there_is_not_found(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) found = find(f, "nobody");

        g_assert_null(found->uuid);
        g_assert_nonnull(strstr(found->detail, "no guest 'nobody'"));
}

static void test_who_asks_at_the_end_is_answered(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autoptr(GuestEvent) found = NULL;

        ops->find(ops->userdata, "test", on_found, &found);
        g_clear_pointer(&f->virt, virt_free);
        g_assert_cmpstr(found->detail, ==, "virtferryd ends");
}

/* The test driver moves no guest. */
static void test_a_move_that_cannot_begin_ends_with_its_reason(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        MoveRequest request = { .uri = (char *)"test:///default", .max_downtime_ms = -1 };
        g_autoptr(GuestEvent) moved = NULL;

        request.uuid = uuid_of(f);
        ops->migrate(ops->userdata, &request);
        moved = await(f, GUEST_MOVED);
        g_assert_cmpstr(moved->uuid, ==, request.uuid);
        g_assert_false(moved->job->success);
        g_assert_nonnull(strstr(moved->job->error, "not supported"));
        g_free(request.uuid);
}

static void test_a_guest_that_is_unknown_is_told_and_nothing_else(Fixture *f,
                                                                  gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autofree char *uuid = uuid_of(f), *xml = NULL;
        g_autoptr(GuestEvent) defined = NULL;

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "The metadata of guest 11111111-2222-4333-8444-555555555555 cannot "
                              "be written: *");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "The persistent definition of guest 11111111-*");
        ops->set_metadata(ops->userdata, "11111111-2222-4333-8444-555555555555", "<domain/>");
        ops->redefine(ops->userdata, "11111111-2222-4333-8444-555555555555", "no XML");

        xml = virDomainGetXMLDesc(f->domain, VIR_DOMAIN_XML_INACTIVE);
        ops->redefine(ops->userdata, uuid, xml);
        defined = await(f, GUEST_DEFINED);
        g_test_assert_expected_messages();
}

static void test_a_libvirt_that_is_not_there_is_tried_again(Fixture *f, gconstpointer unused) {
        g_autofree char *path = NULL, *uri = NULL;
        g_autoptr(GuestEvent) list = NULL;
        g_autoptr(GError) error = NULL;
        int fd;

        fd = g_file_open_tmp("ferry-XXXXXX.xml", &path, &error);
        g_assert_no_error(error);
        g_assert_true(g_close(fd, NULL));
        g_assert_cmpint(g_unlink(path), ==, 0);
        uri = g_strconcat("test://", path, NULL);

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*; trying again until it answers");
        start(f, uri);
        g_assert_cmpint(sd_event_run(f->loop, G_USEC_PER_SEC / 10), ==, 0);

        g_assert_true(g_file_set_contents(path, "<node/>", -1, NULL));
        list = await(f, GUEST_LIST);
        g_assert_cmpuint(g_strv_length(list->active), ==, 0);
        g_test_assert_expected_messages();
        g_assert_cmpint(g_unlink(path), ==, 0);
}

/* At whatever moment. */
static void test_it_can_end_before_it_is_connected(Fixture *f, gconstpointer unused) {
        for (int i = 0; i < 30; i++) {
                start(f, TEST_URI);
                if (i % 2 == 1)
                        (void)sd_event_run(f->loop, 500 * (uint64_t)i);
                g_clear_pointer(&f->virt, virt_free);
        }
}

static void test_it_can_end_while_a_job_is_followed(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autofree char *uuid = uuid_of(f);

        ops->follow_job(ops->userdata, uuid);
        ops->follow_job(ops->userdata, "11111111-2222-4333-8444-555555555555");
}

static void *toggle(void *data) {
        virDomainPtr domain = data;

        for (int i = 0; i < 100; i++) {
                (void)virDomainDestroy(domain);
                (void)virDomainCreate(domain);
        }
        return NULL;
}

/* The kind of the newest, `last` when there is none. */
static GuestEventKind take_all(Fixture *f, GuestEventKind last) {
        while (f->events->len > 0) {
                g_autoptr(GuestEvent) event = g_ptr_array_steal_index(f->events, 0);

                last = event->kind;
        }
        return last;
}

/* A turn of the loop may bring no event: it was woken for one that was taken before. */
static void test_a_storm_of_events_ends_with_the_truth(Fixture *f, gconstpointer unused) {
        GuestEventKind last = GUEST_NOTHING;
        GThread *threads[2];
        int r;

        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
                threads[i] = g_thread_new("toggle", toggle, f->domain);
        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
                (void)g_thread_join(threads[i]);

        (void)virDomainSetMetadata(f->domain, VIR_DOMAIN_METADATA_TITLE, "the last", NULL, NULL,
                                   VIR_DOMAIN_AFFECT_CONFIG);
        g_assert_cmpint(virDomainDestroy(f->domain), ==, 0);
        g_assert_cmpint(virDomainUndefine(f->domain), ==, 0);
        do {
                r = sd_event_run(f->loop, G_USEC_PER_SEC / 5);
                last = take_all(f, last);
        } while (r > 0 || last != GUEST_STOPPED);
}

static void test_figures_of_guests_come_when_they_are_asked_for(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);
        g_autoptr(GuestEvent) stats = NULL;

        ops->sample(ops->userdata);
        stats = await(f, GUEST_STATS);
        g_assert_cmpuint(stats->samples->len, ==, 1);
}

int main(int argc, char **argv) {
#define ADD(name, set_up, function) \
        g_test_add("/virt/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a connection tells first who runs", set_up, test_a_connection_tells_first_who_runs);
        ADD("a guest is followed from stop to start", set_up_connected,
            test_a_guest_is_followed_from_stop_to_start);
        ADD("that a guest is gone is told of one that is", set_up_connected,
            test_that_a_guest_is_gone_is_told_of_one_that_is);
        ADD("a pause is no event of a move", set_up_connected, test_a_pause_is_no_event_of_a_move);
        ADD("metadata and definition are written", set_up_connected,
            test_metadata_and_definition_are_written);
        ADD("a guest that is unknown is told and nothing else", set_up_connected,
            test_a_guest_that_is_unknown_is_told_and_nothing_else);
        ADD("a guest is found by name and by uuid", set_up_connected,
            test_a_guest_is_found_by_name_and_by_uuid);
        ADD("the agent of a guest with a team is asked", set_up_connected,
            test_the_agent_of_a_team_is_asked);
        ADD("figures of guests come when they are asked for", set_up_connected,
            test_figures_of_guests_come_when_they_are_asked_for);
        ADD("what cannot be measured is found", set_up_connected,
            test_what_cannot_be_measured_is_found);
        ADD("a guest that is not there is not found", set_up_connected,
            test_a_guest_that_is_not_there_is_not_found);
        ADD("who asks at the end is answered", set_up_connected,
            test_who_asks_at_the_end_is_answered);
        ADD("a move that cannot begin ends with its reason", set_up_connected,
            test_a_move_that_cannot_begin_ends_with_its_reason);
        ADD("a libvirt that is not there is tried again", set_up_without,
            test_a_libvirt_that_is_not_there_is_tried_again);
        ADD("it can end before it is connected", set_up_without,
            test_it_can_end_before_it_is_connected);
        ADD("it can end while a job is followed", set_up_connected,
            test_it_can_end_while_a_job_is_followed);
        ADD("a storm of events ends with the truth", set_up_connected,
            test_a_storm_of_events_ends_with_the_truth);
        return g_test_run();
}
