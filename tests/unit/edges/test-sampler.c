/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/sampler.h"
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

#define ADD(name, function) \
        g_test_add("/sampler/" name, SamplerFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("while nobody moves the loop sleeps", test_while_nobody_moves_the_loop_sleeps);
        ADD("while a guest moves it looks again and again",
            test_while_a_guest_moves_it_looks_again_and_again);
        return g_test_run();
}
