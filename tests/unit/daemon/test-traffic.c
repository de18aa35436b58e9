/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/traffic.h"

#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF   "0000:3b:00.0"
#define MSEC 1000
#define XML                                                           \
        "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><devices>" \
        "<interface type='bridge'><target dev='vnet0'/></interface></devices></domain>"

/* A guest with a tap and a VF of this host. */
typedef struct TrafficFixture {
        Fixture f;
        FakeRtnl *fake;
        Traffic *traffic;
        int pf;
        unsigned packets; /* of the tap */
} TrafficFixture;

static void tap_carries(TrafficFixture *t, unsigned packets) {
        g_autofree char *text = NULL;

        t->packets += packets;
        text = g_strdup_printf("%u\n", t->packets);
        fake_root_put(t->f.root, "sys/class/net/vnet0/statistics/rx_packets", text, -1);
        fake_root_put(t->f.root, "sys/class/net/vnet0/statistics/tx_packets", "5\n", -1);
}

static void lease_vf(TrafficFixture *t, const char *device) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GError) error = NULL;
        Lease *lease = lease_new();

        lease->device = g_strdup(device);
        lease->domain_uuid = g_strdup(GUEST_UUID);
        lease->domain_name = g_strdup("g1");
        lease->class_name = g_strdup("sriov");
        lease->pool = g_strdup("default");
        g_ptr_array_add(leases, lease);
        lease_book_reserve(t->f.manager->leases, leases, &error);
        g_assert_no_error(error);
}

/* Looks cost nothing, however busy the machine is. */
static int64_t stopwatch(void) {
        return 0;
}

static void set_up(TrafficFixture *t, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };

        fixture_set_up(&t->f, NULL);
        fixture_connect(&t->f);
        fake_root_add_pf(t->f.root, PF, &pf);
        t->fake = fake_rtnl_new();
        t->pf = fake_rtnl_add_netdev(t->fake, "eth0");
        fake_rtnl_add_vf(t->fake, t->pf, 0);
        fake_rtnl_count(t->fake, t->pf, 0, 1, 1);
        t->f.manager->rtnl = fake_rtnl(t->fake);
        lease_vf(t, fake_root_add_vf(t->f.root, PF));
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        t->traffic = t->f.manager->traffic;
        traffic_set_stopwatch(t->traffic, stopwatch);
        tap_carries(t, 1);
}

static void tear_down(TrafficFixture *t, gconstpointer unused) {
        fixture_tear_down(&t->f, NULL);
        fake_rtnl_free(t->fake);
}

/* The module alone: what the manager makes of an event is not looked at here. */
static void tell(TrafficFixture *t, GuestEventKind kind, const char *xml) {
        GuestEvent event = {
                .kind = kind, .uuid = (char *)GUEST_UUID, .name = (char *)"g1", .xml = (char *)xml
        };

        traffic_on_guest_event(t->traffic, &event);
}

static Migration *begin(TrafficFixture *t, MigrationDirection direction) {
        g_autoptr(GError) error = NULL;
        Migration *migration;

        migration = migration_log_add(t->f.manager->migrations,
                                      migration_new(direction, GUEST_UUID, "g1"), MIGRATION_PRECOPY,
                                      &error);
        g_assert_no_error(error);
        return migration;
}

static Migration *begin_to_leave(TrafficFixture *t) {
        Migration *migration = begin(t, MIGRATION_OUTGOING);

        tell(t, GUEST_RUNNING, XML);
        g_assert_false(traffic_is_sampling(t->traffic));
        tell(t, GUEST_ITERATING, NULL);
        g_assert_true(traffic_is_sampling(t->traffic));
        return migration;
}

static Migration *begin_to_come(TrafficFixture *t) {
        Migration *migration = begin(t, MIGRATION_INCOMING);

        tell(t, GUEST_INCOMING, XML);
        g_assert_true(traffic_is_sampling(t->traffic));
        return migration;
}

static int64_t pass(TrafficFixture *t, int64_t msec) {
        fixture_pass_time(msec * MSEC);
        traffic_sample(t->traffic);
        return t->f.manager->now();
}

static void test_the_source_notes_the_last_packet(TrafficFixture *t, gconstpointer unused) {
        Migration *migration = begin_to_leave(t);
        int64_t last;

        tap_carries(t, 3);
        (void)pass(t, 10);
        fake_rtnl_count(t->fake, t->pf, 0, 0, 1);
        last = pass(t, 10);
        (void)pass(t, 10);
        tell(t, GUEST_LEAVING, NULL);
        (void)pass(t, 500);
        tell(t, GUEST_LEFT, NULL);
        g_assert_cmpint(migration->last_traffic, ==, last);
        g_assert_cmpint(migration->first_traffic, ==, -1);
        g_assert_false(traffic_is_sampling(t->traffic));
}

static void test_a_guest_that_was_silent_had_no_traffic(TrafficFixture *t, gconstpointer unused) {
        Migration *migration = begin_to_leave(t);

        tap_carries(t, 1);
        (void)pass(t, 10);
        (void)pass(t, 1001);
        tell(t, GUEST_LEAVING, NULL);
        tell(t, GUEST_LEFT, NULL);
        g_assert_cmpint(migration->last_traffic, ==, 0);
}

static void test_a_guest_that_nobody_counts_is_not_known(TrafficFixture *t, gconstpointer unused) {
        Migration *migration = begin(t, MIGRATION_OUTGOING);

        t->f.manager->rtnl = NULL;
        tell(t, GUEST_ITERATING, NULL);
        (void)pass(t, 10);
        tell(t, GUEST_LEAVING, NULL);
        tell(t, GUEST_LEFT, NULL);
        g_assert_cmpint(migration->last_traffic, ==, -1);
}

static void test_the_destination_notes_the_first_packet(TrafficFixture *t, gconstpointer unused) {
        Migration *migration = begin_to_come(t);
        int64_t first;

        (void)pass(t, 10);
        tell(t, GUEST_ARRIVED, XML);
        (void)pass(t, 200);
        g_assert_cmpint(migration->first_traffic, ==, -1);
        tap_carries(t, 1);
        first = pass(t, 10);
        g_assert_cmpint(migration->first_traffic, ==, first);
        g_assert_false(traffic_is_sampling(t->traffic));
}

static void test_a_packet_long_before_libvirts_word_does_not_count(TrafficFixture *t,
                                                                   gconstpointer unused) {
        Migration *migration = begin_to_come(t);
        int64_t first;

        fake_rtnl_count(t->fake, t->pf, 0, 1, 0);
        (void)pass(t, 10); /* of whoever had the VF before */
        (void)pass(t, 5000);
        tell(t, GUEST_ARRIVED, XML);
        g_assert_true(traffic_is_sampling(t->traffic));
        tap_carries(t, 1);
        first = pass(t, 10);
        g_assert_cmpint(migration->first_traffic, ==, first);
}

/* The guest is faster than libvirt's word of it. */
static void test_what_was_counted_a_moment_before_is_the_guests(TrafficFixture *t,
                                                                gconstpointer unused) {
        Migration *migration = begin_to_come(t);
        int64_t first;

        tap_carries(t, 1);
        first = pass(t, 10);
        tap_carries(t, 1);
        (void)pass(t, 30);
        tell(t, GUEST_ARRIVED, XML);
        g_assert_cmpint(migration->first_traffic, ==, first);
        g_assert_false(traffic_is_sampling(t->traffic));
}

static void test_a_guest_that_stays_silent_is_not_waited_for(TrafficFixture *t,
                                                             gconstpointer unused) {
        Migration *migration = begin_to_come(t);

        tell(t, GUEST_ARRIVED, XML);
        (void)pass(t, 10000);
        g_assert_true(traffic_is_sampling(t->traffic));
        (void)pass(t, 1);
        g_assert_cmpint(migration->first_traffic, ==, 0);
        g_assert_false(traffic_is_sampling(t->traffic));
}

static void test_a_move_that_fails_is_let_be(TrafficFixture *t, gconstpointer unused) {
        static const GuestEventKind ends[] = { GUEST_STAYED, GUEST_STOPPED, GUEST_LOST_LIBVIRT };
        Migration *migration = begin_to_leave(t);
        g_autoptr(GError) error = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
                tell(t, GUEST_ITERATING, NULL);
                g_assert_true(traffic_is_sampling(t->traffic));
                tell(t, ends[i], NULL);
                g_assert_false(traffic_is_sampling(t->traffic));
        }

        tell(t, GUEST_ITERATING, NULL);
        migration_log_enter(t->f.manager->migrations, migration, MIGRATION_ABORTING, "x", &error);
        g_assert_no_error(error);
        (void)pass(t, 10);
        g_assert_false(traffic_is_sampling(t->traffic));
        g_assert_cmpint(migration->last_traffic, ==, -1);
}

/* Through the manager: it tells of what it has followed. */
static void test_the_manager_hands_it_what_libvirt_tells(TrafficFixture *t, gconstpointer unused) {
        (void)begin(t, MIGRATION_OUTGOING);
        send_event(&t->f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_assert_true(traffic_is_sampling(t->traffic));
}

#define ADD(name, function) \
        g_test_add("/traffic/" name, TrafficFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("the source notes the last packet", test_the_source_notes_the_last_packet);
        ADD("a guest that was silent had no traffic", test_a_guest_that_was_silent_had_no_traffic);
        ADD("a guest that nobody counts is not known",
            test_a_guest_that_nobody_counts_is_not_known);
        ADD("the destination notes the first packet", test_the_destination_notes_the_first_packet);
        ADD("a packet long before libvirt's word does not count",
            test_a_packet_long_before_libvirts_word_does_not_count);
        ADD("what was counted a moment before is the guest's",
            test_what_was_counted_a_moment_before_is_the_guests);
        ADD("a guest that stays silent is not waited for",
            test_a_guest_that_stays_silent_is_not_waited_for);
        ADD("a move that fails is let be", test_a_move_that_fails_is_let_be);
        ADD("the manager hands it what libvirt tells",
            test_the_manager_hands_it_what_libvirt_tells);
        return g_test_run();
}
