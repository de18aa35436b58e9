/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-parting.h"
#include "daemon/edges/virt.h"

#include <stdlib.h>
#include <string.h>

#include "xml/metadata.h"

/* Devices out of a guest and into it. libvirt's test driver has neither call, so it answers that,
 * and libvirt's events of a device are made by the test.
 */

#define TEST_URI "test:///default"
#define HOSTDEV                                                                             \
        "<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x3b' " \
        "slot='0x00' function='0x2'/></source></hostdev>"
#define GUEST                                                                               \
        "<domain type='test'><name>g1</name><memory>1024</memory><os><type>hvm</type></os>" \
        "<devices>" HOSTDEV "</devices></domain>"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* Waiting --------------------------------------------------------------------------- */

typedef struct Teller {
        Parting *parting;
        const char *alias;
        bool refused;
} Teller;

static void *tell(void *userdata) {
        const Teller *teller = userdata;

        (teller->refused ? parting_on_refused : parting_on_removed)(NULL, NULL, teller->alias,
                                                                    teller->parting);
        return NULL;
}

/* From a thread of its own, as libvirt does. */
static PartingEnd end_of(const char *told, bool refused, unsigned timeout_ms) {
        g_autoptr(Parting) parting = parting_new();
        Teller teller = { parting, told, refused };
        PartingEnd end;
        GThread *thread;

        parting_expect(parting, "hostdev0");
        thread = g_thread_new("tell", tell, &teller);
        end = parting_wait(parting, timeout_ms);
        (void)g_thread_join(thread);
        return end;
}

static void test_a_guest_lets_go_or_refuses(void) {
        g_assert_cmpint(end_of("hostdev0", false, G_MAXUINT / 2), ==, PARTING_REMOVED);
        g_assert_cmpint(end_of("hostdev0", true, G_MAXUINT / 2), ==, PARTING_REFUSED);
}

static void test_what_is_told_of_another_device_is_not_waited_for(void) {
        g_assert_cmpint(end_of("hostdev1", false, 1), ==, PARTING_OVERDUE);
}

static void test_what_is_told_before_the_wait_counts(void) {
        g_autoptr(Parting) parting = parting_new();

        parting_expect(parting, "hostdev0");
        parting_on_removed(NULL, NULL, "hostdev0", parting);
        g_assert_cmpint(parting_wait(parting, 0), ==, PARTING_REMOVED);
        parting_expect(parting, "hostdev1");
        g_assert_cmpint(parting_wait(parting, 0), ==, PARTING_OVERDUE);
}

static void test_whoever_is_last_frees_it(void) {
        Parting *parting = parting_new();

        parting_unref(parting_ref(parting));
        parting_on_removed(NULL, NULL, "hostdev0", parting);
        parting_unref(parting);
        parting_unref(NULL);
}

/* libvirt --------------------------------------------------------------------------- */

typedef struct Fixture {
        sd_event *loop;
        Virt *virt;
        virConnectPtr connection;
        GuestEventKind awaited;     /* _GUEST_EVENT_KIND_MAX when it has come */
        char *detail, *xml, *error; /* of it */
        bool running;
} Fixture;

static void on_guest(void *userdata, const GuestEvent *event) {
        Fixture *f = userdata;

        if (event->kind != f->awaited)
                return;

        f->awaited = _GUEST_EVENT_KIND_MAX;
        g_free(f->detail);
        f->detail = g_strdup(event->detail);
        g_free(f->xml);
        f->xml = g_strdup(event->xml);
        g_free(f->error);
        f->error = event->job ? g_strdup(event->job->error) : NULL;
        f->running = event->running;
}

static void await(Fixture *f, GuestEventKind kind) {
        f->awaited = kind;
        while (f->awaited == kind)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        g_assert_cmpint(virt_new(f->loop, TEST_URI, on_guest, f, &f->virt), ==, 0);
        f->connection = virConnectOpen(TEST_URI);
        g_assert_nonnull(f->connection);
        await(f, GUEST_LIST);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        (void)virConnectClose(f->connection);
        virt_free(f->virt);
        sd_event_unref(f->loop);
        g_free(f->detail);
        g_free(f->error);
        g_free(f->xml);
}

static void unplug(Fixture *f, virDomainPtr domain, const char *metadata) {
        const VirtOps *ops = virt_get_ops(f->virt);
        char uuid[VIR_UUID_STRING_BUFLEN] = "00000000-0000-4000-8000-000000000000";
        UnplugRequest request = { .uuid = uuid,
                                  .metadata = (char *)metadata,
                                  .devices = (char *[]){ (char *)"0000:3b:00.2", NULL },
                                  .timeout_ms = 1 };

        if (domain)
                g_assert_cmpint(virDomainGetUUIDString(domain, uuid), ==, 0);
        ops->unplug(ops->userdata, &request);
        await(f, GUEST_UNPLUGGED);
}

static char *metadata_of(virDomainPtr domain) {
        char *text = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI,
                                          VIR_DOMAIN_AFFECT_LIVE);
        char *copy = g_strdup(text);

        free(text);
        return copy;
}

static void test_the_note_is_written_before(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainCreateXML(f->connection, GUEST, 0);
        g_autofree char *metadata = NULL;

        g_assert_nonnull(domain);
        unplug(f, domain, "<domain version='1'/>");
        g_assert_nonnull(strstr(f->detail, "(0000:3b:00.2) cannot be unplugged"));
        metadata = metadata_of(domain);
        g_assert_cmpstr(metadata, ==, "<domain version=\"1\"/>");
        g_assert_nonnull(strstr(f->xml, "<hostdev"));
        g_assert_cmpint(virDomainDestroy(domain), ==, 0);
}

static void test_nothing_is_unplugged_without_a_note(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainCreateXML(f->connection, GUEST, 0);

        unplug(f, domain, "<no XML");
        g_assert_true(g_str_has_prefix(f->detail, "Nothing was unplugged, since it cannot be noted "
                                                  "in the guest: "));
        g_assert_cmpstr(f->xml, ==, NULL);
        unplug(f, NULL, "<domain version='1'/>");
        g_assert_true(g_str_has_prefix(f->detail, "Nothing was unplugged"));
        g_assert_cmpint(virDomainDestroy(domain), ==, 0);
}

static void test_what_is_not_there_is_out(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");

        unplug(f, domain, "<domain version='1'/>");
        g_assert_cmpstr(f->detail, ==, NULL);
        g_assert_nonnull(f->xml);
}

/* The test driver's guest has one of this MAC. */
static void test_an_interface_is_found_by_its_mac(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");
        const VirtOps *ops = virt_get_ops(f->virt);
        char uuid[VIR_UUID_STRING_BUFLEN];
        UnplugRequest request = { .uuid = uuid,
                                  .metadata = (char *)"<domain version='1'/>",
                                  .devices = (char *[]){ (char *)"aa:bb:cc:dd:ee:ff", NULL },
                                  .timeout_ms = 1 };

        g_assert_cmpint(virDomainGetUUIDString(domain, uuid), ==, 0);
        ops->unplug(ops->userdata, &request);
        await(f, GUEST_UNPLUGGED);
        g_assert_nonnull(strstr(f->detail, "(aa:bb:cc:dd:ee:ff) cannot be unplugged"));
}

static void test_what_cannot_be_plugged_is_named(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");
        const VirtOps *ops = virt_get_ops(f->virt);
        /* Newer test drivers take a device that is right. */
        const char *const elements[] = { "<hostdev mode='subsystem' type='pci'><source><address "
                                         "domain='0x0000' bus='0x3b' slot='0x00' function='0x2'/>"
                                         "</source><boot order='x'/></hostdev>",
                                         "<disk/>", NULL };
        char uuid[VIR_UUID_STRING_BUFLEN];

        g_assert_cmpint(virDomainGetUUIDString(domain, uuid), ==, 0);
        ops->plug(ops->userdata, uuid, elements);
        await(f, GUEST_PLUGGED);
        g_assert_true(g_str_has_prefix(f->detail, "0000:3b:00.2 cannot be plugged in: "));
        g_assert_nonnull(strstr(f->detail, "; The device cannot be plugged in: "));
        g_assert_nonnull(f->xml);

        ops->plug(ops->userdata, "00000000-0000-4000-8000-000000000000", elements);
        await(f, GUEST_PLUGGED);
        g_assert_true(g_str_has_prefix(f->detail, "libvirt does not give the guest: "));
}

/* Shut down ------------------------------------------------------------------------- */

#define CONFIG_METADATA \
        "<domain version='1'><device alias='ua-a'><need pool='gold'/></device></domain>"
#define LIVE_METADATA                                                                       \
        "<domain version='1'><device alias='ua-a'><need pool='live'/><seen driver='mtty'/>" \
        "</device><device alias='ua-b'><need pool='live'/></device></domain>"

static void shut_down(Fixture *f, const char *uuid) {
        const VirtOps *ops = virt_get_ops(f->virt);

        ops->shut_down(ops->userdata, uuid, LIVE_METADATA, 60000);
        await(f, GUEST_SHUT_DOWN);
}

/* What the operator says of the next start stays; what was seen goes along. */
static void test_a_guest_is_shut_down_and_started(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");
        const VirtOps *ops = virt_get_ops(f->virt);
        char uuid[VIR_UUID_STRING_BUFLEN];
        g_autoptr(Metadata) read = NULL;
        const MetadataDevice *entry;
        char *metadata;

        g_assert_cmpint(virDomainGetUUIDString(domain, uuid), ==, 0);
        g_assert_cmpint(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, CONFIG_METADATA,
                                             METADATA_PREFIX, METADATA_URI,
                                             VIR_DOMAIN_AFFECT_CONFIG),
                        ==, 0);
        shut_down(f, uuid);
        g_assert_cmpstr(f->detail, ==, NULL);
        g_assert_cmpint(virDomainIsActive(domain), ==, 0);

        metadata = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI,
                                        VIR_DOMAIN_AFFECT_CONFIG);
        read = metadata_from_xml(metadata, strlen(metadata), NULL);
        free(metadata);
        entry = read->devices->pdata[0];
        g_assert_cmpstr(entry->need->pool, ==, "gold");
        g_assert_cmpstr(entry->seen->driver, ==, "mtty");
        g_assert_null(((MetadataDevice *)read->devices->pdata[1])->need);

        ops->start(ops->userdata, uuid);
        await(f, GUEST_RUNNING);
        g_assert_cmpint(virDomainIsActive(domain), ==, 1);
}

static void test_a_transient_guest_is_not_shut_down(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainCreateXML(f->connection, GUEST, 0);
        char uuid[VIR_UUID_STRING_BUFLEN];

        g_assert_cmpint(virDomainGetUUIDString(domain, uuid), ==, 0);
        shut_down(f, uuid);
        g_assert_cmpstr(f->detail, ==,
                        "The guest is transient, so nothing would be left of it when it is shut "
                        "down: define it first");
        g_assert_cmpint(virDomainIsActive(domain), ==, 1);
        g_assert_cmpint(virDomainDestroy(domain), ==, 0);
}

/* The test driver moves no definition. */
static void test_a_definition_that_does_not_move(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");
        const VirtOps *ops = virt_get_ops(f->virt);
        MoveRequest request = { .uri = (char *)TEST_URI, .off = true };
        char uuid[VIR_UUID_STRING_BUFLEN];

        g_assert_cmpint(virDomainGetUUIDString(domain, uuid), ==, 0);
        request.uuid = uuid;
        ops->migrate(ops->userdata, &request);
        await(f, GUEST_MOVED);
        g_assert_nonnull(f->error);
        g_assert_false(f->running);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/virt-plug/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/virt-plug/a guest lets go or refuses", test_a_guest_lets_go_or_refuses);
        g_test_add_func("/virt-plug/what is told of another device is not waited for",
                        test_what_is_told_of_another_device_is_not_waited_for);
        g_test_add_func("/virt-plug/what is told before the wait counts",
                        test_what_is_told_before_the_wait_counts);
        g_test_add_func("/virt-plug/whoever is last frees it", test_whoever_is_last_frees_it);
        ADD("the note is written before", test_the_note_is_written_before);
        ADD("nothing is unplugged without a note", test_nothing_is_unplugged_without_a_note);
        ADD("what is not there is out", test_what_is_not_there_is_out);
        ADD("an interface is found by its MAC", test_an_interface_is_found_by_its_mac);
        ADD("what cannot be plugged is named", test_what_cannot_be_plugged_is_named);
        ADD("a guest is shut down and started", test_a_guest_is_shut_down_and_started);
        ADD("a transient guest is not shut down", test_a_transient_guest_is_not_shut_down);
        ADD("a definition that does not move", test_a_definition_that_does_not_move);
        return g_test_run();
}
