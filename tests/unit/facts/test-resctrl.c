/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/resctrl.h"
#include "tests/lib/fake-root.h"

#define RESCTRL "sys/fs/resctrl/"

typedef struct Fixture {
        FakeRoot *root;
        Resctrl resctrl;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static void put(Fixture *f, const char *path, const char *value) {
        fake_root_put(f->root, path, value, -1);
}

static void add_cache(Fixture *f) {
        put(f, RESCTRL "schemata", "L3:0=fff;1=fff\n");
        put(f, RESCTRL "info/L3/cbm_mask", "fff\n");
        put(f, RESCTRL "info/L3/min_cbm_bits", "2\n");
        put(f, RESCTRL "info/L3/num_closids", "16\n");
}

static void read_facts(Fixture *f) {
        g_assert_cmpint(resctrl_read(fake_root_sysfs(f->root), &f->resctrl), ==, 0);
}

static void test_not_mounted(Fixture *f, gconstpointer unused) {
        put(f, "sys/fs/cgroup/cgroup.procs", "");
        read_facts(f);
        g_assert_cmpuint(f->resctrl.groups, ==, 0);
        g_assert_cmpuint(f->resctrl.cache_groups_max, ==, 0);
}

static void test_cache(Fixture *f, gconstpointer unused) {
        add_cache(f);
        put(f, RESCTRL "db1/schemata", "L3:0=00f;1=fff\n");
        put(f, RESCTRL "mon_groups/x/tasks", "");
        read_facts(f);
        g_assert_cmpuint(f->resctrl.groups, ==, 2);
        g_assert_cmpuint(f->resctrl.cache_groups_max, ==, 16);
        g_assert_cmpuint(f->resctrl.cache_ways, ==, 12);
        g_assert_cmpuint(f->resctrl.cache_ways_min, ==, 2);
        g_assert_cmpuint(f->resctrl.bandwidth_groups_max, ==, 0);
}

static void test_bandwidth(Fixture *f, gconstpointer unused) {
        add_cache(f);
        put(f, RESCTRL "info/MB/num_closids", "8\n");
        put(f, RESCTRL "info/MB/min_bandwidth", "10\n");
        put(f, RESCTRL "info/MB/bandwidth_gran", "5\n");
        read_facts(f);
        g_assert_cmpuint(f->resctrl.bandwidth_groups_max, ==, 8);
        g_assert_cmpuint(f->resctrl.bandwidth_min, ==, 10);
        g_assert_cmpuint(f->resctrl.bandwidth_step, ==, 5);
}

static void test_code_and_data(Fixture *f, gconstpointer unused) {
        put(f, RESCTRL "schemata", "L3DATA:0=ff\nL3CODE:0=ff\n");
        put(f, RESCTRL "info/L3DATA/cbm_mask", "ff\n");
        put(f, RESCTRL "info/L3DATA/num_closids", "8\n");
        read_facts(f);
        g_assert_cmpuint(f->resctrl.cache_ways, ==, 8);
        g_assert_cmpuint(f->resctrl.cache_groups_max, ==, 8);
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add("/resctrl/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("without the mount nothing can be allotted", test_not_mounted);
        ADD("the cache has ways, and groups that use them", test_cache);
        ADD("bandwidth goes in steps of percent", test_bandwidth);
        ADD("where code has a cache of its own, that of data counts", test_code_and_data);
        return g_test_run();
}
