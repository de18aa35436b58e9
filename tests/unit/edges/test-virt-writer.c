/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-writer.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <string.h>

/* Against libvirt's own test driver, which has one domain and moves none. */

#define NOBODY "11111111-2222-4333-8444-555555555555"

typedef struct Fixture {
        GuestDoor *door;
        VirtWriter *writer;
        virConnectPtr connection;
        virDomainPtr domain;
        char uuid[VIR_UUID_STRING_BUFLEN];
} Fixture;

static void on_error(void *unused, virErrorPtr error) {
}

static void set_up(Fixture *f, gconstpointer unused) {
        virSetErrorFunc(NULL, on_error);
        f->door = guest_door_new();
        g_assert_nonnull(f->door);
        f->writer = virt_writer_new("test:///default", f->door);
        f->connection = virConnectOpen("test:///default");
        g_assert_nonnull(f->connection);
        f->domain = virDomainLookupByName(f->connection, "test");
        g_assert_nonnull(f->domain);
        g_assert_cmpint(virDomainGetUUIDString(f->domain, f->uuid), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        virt_writer_stop(f->writer);
        virt_writer_free(f->writer);
        (void)virDomainFree(f->domain);
        (void)virConnectClose(f->connection);
        guest_door_unref(f->door);
}

/* One change comes after the other, and this one is answered. */
static GuestEvent *await_all_before(Fixture *f) {
        char *devices[] = { (char *)"0000:3b:00.2", NULL };
        const UnplugRequest request = { .uuid = (char *)NOBODY,
                                        .metadata = (char *)"<ferry/>",
                                        .devices = devices };
        struct pollfd fd = { .fd = guest_door_fd(f->door), .events = POLLIN };
        int n;

        virt_writer_unplug(f->writer, &request);
        do {
                n = poll(&fd, 1, -1);
        } while (n < 0 && errno == EINTR);
        g_assert_cmpint(n, ==, 1);
        return guest_door_pop(f->door);
}

/* The name of the guest is asked of libvirt as well, which forgets its reason for that. */
static void test_a_warning_has_the_reason_of_libvirt(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) event = NULL;

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "The migration of guest test cannot be stopped: *not supported*");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "Guest test cannot be allowed a downtime of 300 ms: *not supported*");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "Guest " NOBODY " cannot be asked how much of its memory it needs: "
                              "Domain not found*");
        virt_writer_use(f->writer, f->connection);
        virt_writer_abort_job(f->writer, f->uuid);
        virt_writer_raise_max_downtime(f->writer, f->uuid, 300);
        virt_writer_set_stats_period(f->writer, NOBODY, 10);
        event = await_all_before(f);
        g_test_assert_expected_messages();
}

#define BALLOON(stats)                                                 \
        "<domain type='test'><name>told</name><uuid>" NOBODY "</uuid>" \
        "<memory>1024</memory><os><type>hvm</type></os><devices>"      \
        "<memballoon model='virtio'>" stats "</memballoon></devices></domain>"

/* What its balloon is told then. */
static char *tell_so_often(Fixture *f, const char *xml, unsigned period) {
        virDomainPtr domain = virDomainCreateXML(f->connection, xml, 0);
        g_autoptr(GuestEvent) event = NULL;
        g_autofree char *after = NULL;
        const char *stats;

        g_assert_nonnull(domain);
        virt_writer_use(f->writer, f->connection);
        virt_writer_set_stats_period(f->writer, NOBODY, period);
        event = await_all_before(f);
        after = virDomainGetXMLDesc(domain, 0);
        g_assert_cmpint(virDomainDestroy(domain), ==, 0);
        (void)virDomainFree(domain);

        stats = strstr(after, "<stats period='");
        g_assert_nonnull(stats);
        return g_strndup(stats, strcspn(stats, "/"));
}

static void test_a_guest_is_told_how_often(Fixture *f, gconstpointer unused) {
        g_autofree char *told = tell_so_often(f, BALLOON(""), 10);

        g_assert_cmpstr(told, ==, "<stats period='10'");
}

static void test_a_guest_that_was_told_before_is_left(Fixture *f, gconstpointer unused) {
        g_autofree char *told = tell_so_often(f, BALLOON("<stats period='3'/>"), 10);

        g_assert_cmpstr(told, ==, "<stats period='3'");
}

static void test_a_guest_that_is_unknown_loses_no_device(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) event = NULL;

        virt_writer_use(f->writer, f->connection);
        event = await_all_before(f);
        g_assert_cmpint(event->kind, ==, GUEST_UNPLUGGED);
        g_assert_cmpstr(event->uuid, ==, NOBODY);
        g_assert_nonnull(strstr(event->detail, "Nothing was unplugged"));
}

static void test_without_a_connection_libvirt_does_not_answer(Fixture *f, gconstpointer unused) {
        g_autoptr(GuestEvent) event = NULL;

        g_test_expect_message(
                NULL, G_LOG_LEVEL_WARNING,
                "The migration of guest * cannot be stopped: libvirt does not answer");
        virt_writer_use(f->writer, f->connection);
        virt_writer_use(f->writer, NULL);
        virt_writer_abort_job(f->writer, f->uuid);
        event = await_all_before(f);
        g_assert_true(g_str_has_suffix(event->detail, "libvirt does not answer"));
        g_test_assert_expected_messages();
}

/* A reference that nobody takes any more would keep the connection open for ever. */
static void test_a_connection_that_comes_too_late_is_given_back(Fixture *f, gconstpointer unused) {
        virConnectPtr connection = virConnectOpen("test:///default");

        virt_writer_stop(f->writer);
        virt_writer_use(f->writer, connection);
        virt_writer_free(f->writer);
        g_assert_cmpint(virConnectClose(connection), ==, 0); /* how many are left */

        f->writer = virt_writer_new("test:///default", f->door);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/virt-writer/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a warning has the reason of libvirt", test_a_warning_has_the_reason_of_libvirt);
        ADD("a guest is told how often", test_a_guest_is_told_how_often);
        ADD("a guest that was told before is left", test_a_guest_that_was_told_before_is_left);
        ADD("a guest that is unknown loses no device",
            test_a_guest_that_is_unknown_loses_no_device);
        ADD("without a connection libvirt does not answer",
            test_without_a_connection_libvirt_does_not_answer);
        ADD("a connection that comes too late is given back",
            test_a_connection_that_comes_too_late_is_given_back);
        return g_test_run();
}
