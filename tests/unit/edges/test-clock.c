/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/clock.h"
#include "tests/unit/daemon/manager-fixture.h"

/* With the real time: a lease lasts some milliseconds here. */

typedef struct ClockFixture {
        Fixture base;
        sd_event *loop;
        Clock *clock;
        unsigned released, iterations;
} ClockFixture;

static void on_lease(void *userdata, LeaseChange change, const Lease *lease) {
        ClockFixture *f = userdata;

        f->released += change == LEASE_REMOVED;
}

static void set_up(ClockFixture *f, gconstpointer unused) {
        fixture_set_up(&f->base, NULL);
        manager_set_clock(f->base.manager, g_get_real_time);
        lease_book_set_listener(f->base.manager->leases, on_lease, f);

        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        g_assert_cmpint(clock_new(f->loop, f->base.manager, &f->clock), ==, 0);
}

static void tear_down(ClockFixture *f, gconstpointer unused) {
        clock_free(f->clock);
        sd_event_unref(f->loop);
        fixture_tear_down(&f->base, NULL);
}

static void lease(ClockFixture *f, const char *guest, const char *device, int64_t msec) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GError) error = NULL;
        Lease *lease = lease_new();

        lease->device = g_strdup(device);
        lease->domain_uuid = g_strdup(guest);
        lease->domain_name = g_strdup("g1");
        lease->class_name = g_strdup("mdev");
        lease->pool = g_strdup("default");
        lease->expires = g_get_real_time() + msec * 1000;
        g_ptr_array_add(leases, lease);
        lease_book_reserve(f->base.manager->leases, leases, &error);
        g_assert_no_error(error);
}

static void serve(ClockFixture *f, unsigned released) {
        while (f->released < released)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
}

static void test_a_lease_ends_when_its_time_has_come(ClockFixture *f, gconstpointer unused) {
        int64_t begin = g_get_monotonic_time();

        lease(f, GUEST_UUID, HERE_MDEV, 50);
        serve(f, 1);
        g_assert_cmpint(g_get_monotonic_time() - begin, >=, 50 * 1000);
}

/* Nobody tells the clock that the lease is new. */
static void test_a_lease_that_is_made_later_ends_earlier(ClockFixture *f, gconstpointer unused) {
        lease(f, OTHER_UUID, HERE_MDEV_2, 3600 * 1000);
        g_assert_cmpint(sd_event_run(f->loop, 0), ==, 0);
        lease(f, GUEST_UUID, HERE_MDEV, 20);
        serve(f, 1);
        g_assert_null(lease_book_find_device(f->base.manager->leases, HERE_MDEV));
        g_assert_nonnull(lease_book_find_device(f->base.manager->leases, HERE_MDEV_2));
}

static void test_without_a_lease_the_loop_sleeps(ClockFixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_run(f->loop, 20 * 1000), ==, 0);
}

/* The store refuses each time, so the lease's time stays in the past. */
static int refuse_again(sd_event_source *source, void *userdata) {
        ClockFixture *f = userdata;

        store_fail_write(f->base.manager->store, 0);
        f->iterations++;
        return 0;
}

static void test_what_cannot_be_given_back_does_not_spin_the_loop(ClockFixture *f,
                                                                  gconstpointer unused) {
        GLogLevelFlags fatal = g_log_set_always_fatal(G_LOG_LEVEL_ERROR); /* it warns each time */
        sd_event_source *source;

        lease(f, GUEST_UUID, HERE_MDEV, 1);
        g_assert_cmpint(sd_event_add_post(f->loop, &source, refuse_again, f), >=, 0);
        store_fail_write(f->base.manager->store, 0);

        for (int i = 0; i < 100; i++)
                (void)sd_event_run(f->loop, 1000);
        g_assert_cmpuint(f->iterations, ==, 1);
        g_assert_cmpuint(f->released, ==, 0);
        store_fail_write(f->base.manager->store, -1);
        sd_event_source_disable_unref(source);
        (void)g_log_set_always_fatal(fatal);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/clock/" name, ClockFixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a lease ends when its time has come", test_a_lease_ends_when_its_time_has_come);
        ADD("a lease that is made later ends earlier",
            test_a_lease_that_is_made_later_ends_earlier);
        ADD("without a lease the loop sleeps", test_without_a_lease_the_loop_sleeps);
        ADD("what cannot be given back does not spin the loop",
            test_what_cannot_be_given_back_does_not_spin_the_loop);
        return g_test_run();
}
