/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/misc-cgroup.h"
#include "tests/lib/fake-root.h"

#define CGROUP "sys/fs/cgroup/"

typedef struct Fixture {
        FakeRoot *root;
        GPtrArray *resources;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_ptr_array_unref(f->resources);
        fake_root_free(f->root);
}

static void read_resources(Fixture *f, const char *capacity, const char *current) {
        if (capacity)
                fake_root_put(f->root, CGROUP "misc.capacity", capacity, -1);
        if (current)
                fake_root_put(f->root, CGROUP "misc.current", current, -1);
        g_assert_cmpint(misc_cgroup_read(fake_root_sysfs(f->root), &f->resources), ==, 0);
}

static void assert_resource(const Fixture *f, unsigned i, const char *name, uint64_t capacity,
                            uint64_t used) {
        const MiscResource *resource = f->resources->pdata[i];

        g_assert_cmpstr(resource->name, ==, name);
        g_assert_cmpuint(resource->capacity, ==, capacity);
        g_assert_cmpuint(resource->used, ==, used);
}

static void test_keys(Fixture *f, gconstpointer unused) {
        read_resources(f, "sev 410\nsev_es 99\n", "sev 3\nsev_es 0\n");
        g_assert_cmpuint(f->resources->len, ==, 2);
        assert_resource(f, 0, "sev", 410, 3);
        assert_resource(f, 1, "sev_es", 99, 0);
}

/* Not every kernel has misc.current in the root of the cgroups. */
static void test_no_current(Fixture *f, gconstpointer unused) {
        read_resources(f, "tdx 31\n", NULL);
        g_assert_cmpuint(f->resources->len, ==, 1);
        assert_resource(f, 0, "tdx", 31, 0);
}

static void test_none(Fixture *f, gconstpointer unused) {
        read_resources(f, NULL, NULL);
        g_assert_cmpuint(f->resources->len, ==, 0);
}

static void test_broken(Fixture *f, gconstpointer unused) {
        read_resources(f, "sev many\n\n 4\nsev_es 9\n", "tdx 1\nsev_es\n");
        g_assert_cmpuint(f->resources->len, ==, 1);
        assert_resource(f, 0, "sev_es", 9, 0);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/misc-cgroup/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("keys have a capacity and are counted", test_keys);
        ADD("a kernel that does not tell what is used has all of it free", test_no_current);
        ADD("a host without the controller has no keys", test_none);
        ADD("a line that is none is passed over", test_broken);
        return g_test_run();
}
