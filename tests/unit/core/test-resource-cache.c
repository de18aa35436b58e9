/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the map is read, with a clock of the test's own. */

#include "daemon/core/resource-cache.h"

#include "daemon/core/resource-scan.h"

typedef struct Fixture {
        ResourceCache *cache;
        unsigned cores; /* of the host */
        unsigned reads;
} Fixture;

static int64_t now;

static int64_t get_now(void) {
        return now;
}

static ResourceMap *read_map(void *userdata) {
        ResourceMap *map = resource_map_new();
        Fixture *f = userdata;

        f->reads++;
        resource_count(resource_map_find(map, "host"), f->cores, 0);
        return map;
}

static void set_up(Fixture *f, gconstpointer unused) {
        now = 1000 * G_USEC_PER_SEC;
        f->cores = 4;
        f->cache = resource_cache_new(read_map, f);
        resource_cache_set_clock(f->cache, get_now);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        resource_cache_free(f->cache);
}

static uint64_t cores(Fixture *f, int64_t age_max) {
        return resource_map_find(resource_cache_get(f->cache, age_max), "host")->total;
}

static void test_is_read_once(Fixture *f, gconstpointer unused) {
        g_assert_cmpuint(f->reads, ==, 0);
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 4);
        f->cores = 8;
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 4);
        g_assert_cmpuint(cores(f, RESOURCE_AGE_DECIDE), ==, 4);
        g_assert_cmpuint(f->reads, ==, 1);
        g_assert_cmpuint(resource_cache_readings(f->cache), ==, 1);
}

static void test_is_read_when_too_old(Fixture *f, gconstpointer unused) {
        (void)cores(f, RESOURCE_AGE_LOOK);
        f->cores = 8;
        now += RESOURCE_AGE_LOOK;
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 4);
        now++;
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 8);
        g_assert_cmpuint(resource_cache_readings(f->cache), ==, 2);
}

/* What one has looked at another may not decide by. */
static void test_each_says_how_old(Fixture *f, gconstpointer unused) {
        (void)cores(f, RESOURCE_AGE_LOOK);
        f->cores = 8;
        now += RESOURCE_AGE_DECIDE + 1;
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 4);
        g_assert_cmpuint(cores(f, RESOURCE_AGE_DECIDE), ==, 8);
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 8);
        g_assert_cmpuint(f->reads, ==, 2);
}

static void test_a_dropped_one_is_read(Fixture *f, gconstpointer unused) {
        const ResourceMap *had = resource_cache_get(f->cache, RESOURCE_AGE_LOOK);

        f->cores = 8;
        resource_cache_drop(f->cache);
        g_assert_cmpuint(f->reads, ==, 1); /* not before somebody needs it */
        g_assert_cmpuint(resource_map_find(had, "host")->total, ==, 4);
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 8);
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 8);
        g_assert_cmpuint(f->reads, ==, 2);
}

static void test_a_clock_that_jumps(Fixture *f, gconstpointer unused) {
        (void)cores(f, RESOURCE_AGE_LOOK);
        f->cores = 8;
        now -= G_TIME_SPAN_HOUR;
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 8);
        f->cores = 2;
        now += 2 * G_TIME_SPAN_HOUR;
        g_assert_cmpuint(cores(f, RESOURCE_AGE_LOOK), ==, 2);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/resource-cache/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("the map is read once for all who need it", test_is_read_once);
        ADD("one that is too old is read anew", test_is_read_when_too_old);
        ADD("each says how old it may be", test_each_says_how_old);
        ADD("one that is not so any more is read when it is needed", test_a_dropped_one_is_read);
        ADD("a clock that jumps makes none younger", test_a_clock_that_jumps);
        return g_test_run();
}
