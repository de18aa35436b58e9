/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/sampler.h"

#include <time.h>

#include "tests/unit/daemon/manager-fixture.h"

/* With the real time. */

typedef struct SamplerFixture {
        Fixture base;
        sd_event *loop;
        Sampler *sampler;
} SamplerFixture;

static void set_up(SamplerFixture *f, gconstpointer unused) {
        fixture_set_up(&f->base, NULL);
        fixture_connect(&f->base);
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        g_assert_cmpint(sampler_new(f->loop, f->base.manager->traffic, &f->sampler), ==, 0);
}

static void tear_down(SamplerFixture *f, gconstpointer unused) {
        sampler_free(f->sampler);
        sd_event_unref(f->loop);
        fixture_tear_down(&f->base, NULL);
}

static void test_while_nobody_moves_the_loop_sleeps(SamplerFixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_run(f->loop, 30 * 1000), ==, 0);
}

static void test_while_a_guest_moves_it_looks_again_and_again(SamplerFixture *f,
                                                              gconstpointer unused) {
        int64_t begin = g_get_monotonic_time();
        g_autoptr(GError) error = NULL;

        migration_log_add(f->base.manager->migrations,
                          migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"), MIGRATION_PRECOPY,
                          &error);
        g_assert_no_error(error);
        send_event(&f->base, GUEST_ITERATING, GUEST_UUID, NULL);
        for (int i = 0; i < 5; i++)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        g_assert_cmpint(g_get_monotonic_time() - begin, >=, 5 * TRAFFIC_SAMPLE_MSEC * 1000);

        send_event(&f->base, GUEST_STAYED, GUEST_UUID, NULL);
        (void)sd_event_run(f->loop, 30 * 1000); /* the last one that was set */
        g_assert_cmpint(sd_event_run(f->loop, 30 * 1000), ==, 0);
}

static int on_busy(sd_event_source *timer, uint64_t due, void *userdata) {
        return sd_event_source_set_time_relative(timer, 1000);
}

/* The failed move is seen in a sample only. */
static void test_a_busy_loop_does_not_keep_it_from_looking(SamplerFixture *f,
                                                           gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        sd_event_source *busy = NULL;
        Migration *migration;

        migration = migration_log_add(f->base.manager->migrations,
                                      migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"),
                                      MIGRATION_PRECOPY, &error);
        g_assert_no_error(error);
        send_event(&f->base, GUEST_ITERATING, GUEST_UUID, NULL);
        migration_log_enter(f->base.manager->migrations, migration, MIGRATION_ABORTING, "x",
                            &error);
        g_assert_no_error(error);

        g_assert_cmpint(
                sd_event_add_time_relative(f->loop, &busy, CLOCK_MONOTONIC, 0, 1, on_busy, NULL),
                >=, 0);
        g_assert_cmpint(sd_event_source_set_enabled(busy, SD_EVENT_ON), >=, 0);
        for (int i = 0; i < 1000 && traffic_is_sampling(f->base.manager->traffic); i++)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >, 0);
        g_assert_false(traffic_is_sampling(f->base.manager->traffic));
        sd_event_source_disable_unref(busy);
}

#define ADD(name, function) \
        g_test_add("/sampler/" name, SamplerFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("while nobody moves the loop sleeps", test_while_nobody_moves_the_loop_sleeps);
        ADD("while a guest moves it looks again and again",
            test_while_a_guest_moves_it_looks_again_and_again);
        ADD("a busy loop does not keep it from looking",
            test_a_busy_loop_does_not_keep_it_from_looking);

        return g_test_run();
}
