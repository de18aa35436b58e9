/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/resctrl-group.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/fake-root.h"

/* A host of two L3 caches with twelve ways each. */

#define RESCTRL "sys/fs/resctrl/"
#define DB1     "virtferry-db1"
#define DB2     "virtferry-db2"

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
} Fixture;

static void put(Fixture *f, const char *path, const char *value) {
        fake_root_put(f->root, path, value, -1);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        put(f, RESCTRL "schemata", "    L3:0=fff;1=fff\nMB:0=100;1=100\n");
        put(f, RESCTRL "info/L3/cbm_mask", "fff\n");
        put(f, RESCTRL "info/L3/min_cbm_bits", "2\n");
        put(f, RESCTRL "info/L3/num_closids", "16\n");
        put(f, RESCTRL "info/MB/num_closids", "8\n");
        put(f, RESCTRL "info/MB/min_bandwidth", "10\n");
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static void assert_schemata(Fixture *f, const char *group, const char *expected) {
        g_autofree char *path = g_build_filename(RESCTRL, group, "schemata", NULL), *text = NULL;

        g_assert_cmpint(sysfs_read_string(f->sysfs, path, &text), ==, 0);
        g_assert_cmpstr(g_strstrip(g_strdelimit(text, "\n", ' ')), ==, expected);
}

static void assert_shares(Fixture *f, const char *group, unsigned percent, unsigned ways) {
        unsigned read_percent = 1, read_ways = 1;

        g_assert_cmpint(resctrl_group_read(f->sysfs, group, &read_percent, &read_ways), ==, 0);
        g_assert_cmpuint(read_percent, ==, percent);
        g_assert_cmpuint(read_ways, ==, ways);
}

static void set_group(Fixture *f, const char *group, unsigned percent, unsigned ways) {
        g_assert_cmpint(resctrl_group_set(f->sysfs, group, percent, ways), ==, 0);
        assert_shares(f, group, percent, ways);
}

static void test_ways_are_taken_from_the_others(Fixture *f, gconstpointer unused) {
        set_group(f, DB1, 0, 4);
        assert_schemata(f, DB1, "L3:0=f00;1=f00 MB:0=100;1=100");
        assert_schemata(f, "", "L3:0=ff;1=ff MB:0=100;1=100");
        set_group(f, DB2, 0, 2);
        assert_schemata(f, DB2, "L3:0=c0;1=c0 MB:0=100;1=100");
        assert_schemata(f, "", "L3:0=3f;1=3f MB:0=100;1=100");
}

static void test_groups_without_ways_share_the_rest(Fixture *f, gconstpointer unused) {
        set_group(f, DB1, 30, 0);
        assert_schemata(f, DB1, "L3:0=fff;1=fff MB:0=30;1=30");
        set_group(f, DB2, 0, 4);
        assert_schemata(f, DB1, "L3:0=ff;1=ff MB:0=30;1=30");
        assert_shares(f, DB1, 30, 0);
}

static void test_ways_grow_shrink_and_go(Fixture *f, gconstpointer unused) {
        set_group(f, DB1, 0, 2);
        set_group(f, DB1, 20, 4);
        assert_schemata(f, "", "L3:0=ff;1=ff MB:0=100;1=100");
        set_group(f, DB1, 20, 2);
        assert_schemata(f, "", "L3:0=3ff;1=3ff MB:0=100;1=100");
        g_assert_cmpint(resctrl_group_remove(f->sysfs, DB1), ==, 0);
        assert_schemata(f, "", "L3:0=fff;1=fff MB:0=100;1=100");
        g_assert_false(sysfs_exists(f->sysfs, RESCTRL DB1));
        g_assert_cmpint(resctrl_group_remove(f->sysfs, DB1), ==, 0);
}

/* What is free again in the middle is nobody's until somebody takes it. */
static void test_a_hole_is_used_again(Fixture *f, gconstpointer unused) {
        set_group(f, DB1, 0, 4);
        set_group(f, DB2, 0, 2);
        g_assert_cmpint(resctrl_group_remove(f->sysfs, DB1), ==, 0);
        assert_schemata(f, "", "L3:0=3f;1=3f MB:0=100;1=100");
        set_group(f, DB1, 0, 3);
        assert_schemata(f, DB1, "L3:0=e00;1=e00 MB:0=100;1=100");
}

static void test_fewer_than_the_least_are_the_least(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(resctrl_group_set(f->sysfs, DB1, 0, 1), ==, 0);
        assert_shares(f, DB1, 0, 2);
}

static void test_the_others_keep_some(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root), *after = NULL;

        g_assert_cmpint(resctrl_group_set(f->sysfs, DB1, 0, 11), ==, -ENOSPC);
        g_assert_cmpint(resctrl_group_set(f->sysfs, DB1, 0, 12), ==, -ENOSPC);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_other_peoples_groups_are_let_be(Fixture *f, gconstpointer unused) {
        put(f, RESCTRL "theirs/schemata", "L3:0=f00;1=f00\nMB:0=50;1=50\n");
        put(f, RESCTRL "too/schemata", "L3:0=1f;1=1f\n"); /* shares */
        set_group(f, DB1, 0, 2);
        assert_schemata(f, DB1, "L3:0=c0;1=c0 MB:0=100;1=100");
        assert_schemata(f, "theirs", "L3:0=f00;1=f00 MB:0=50;1=50");
        assert_schemata(f, "too", "L3:0=1f;1=1f");
        g_assert_cmpint(resctrl_group_set(f->sysfs, DB2, 0, 2), ==, -ENOSPC);
}

static void test_what_the_host_cannot(Fixture *f, gconstpointer unused) {
        unsigned percent, ways;

        fake_root_remove(f->root, RESCTRL "info/MB");
        g_assert_cmpint(resctrl_group_set(f->sysfs, DB1, 10, 0), ==, -EOPNOTSUPP);
        fake_root_remove(f->root, RESCTRL "info/L3");
        g_assert_cmpint(resctrl_group_set(f->sysfs, DB1, 0, 2), ==, -EOPNOTSUPP);
        g_assert_cmpint(resctrl_group_read(f->sysfs, DB1, &percent, &ways), ==, -ENOENT);
        fake_root_remove(f->root, "sys/fs/resctrl");
        g_assert_cmpint(resctrl_group_set(f->sysfs, DB1, 10, 0), ==, -EOPNOTSUPP);
}

/* Fail the first write, then the second, and so on: a group that could not be made is gone. */
static void test_a_new_group_leaves_no_trace_when_it_fails(Fixture *f, gconstpointer unused) {
        int r = -EBUSY, n;

        for (n = 0; r < 0; n++) {
                fake_root_fail_write(f->root, (unsigned)n, EBUSY);
                r = resctrl_group_set(f->sysfs, DB1, 20, 4);
                if (r < 0)
                        g_assert_false(sysfs_exists(f->sysfs, RESCTRL DB1));
                if (r < 0)
                        assert_schemata(f, "", "L3:0=fff;1=fff MB:0=100;1=100");
        }
        g_assert_cmpint(n, ==, 5); /* made, two masks, a share; then none failed */
}

static void test_all_threads_of_a_process_come(Fixture *f, gconstpointer unused) {
        g_autofree char *writes = NULL;

        put(f, "proc/812/task/812/comm", "qemu\n");
        put(f, "proc/812/task/815/comm", "qemu\n");
        set_group(f, DB1, 20, 0);
        g_free(fake_root_take_writes(f->root));
        g_assert_cmpint(resctrl_group_add_process(f->sysfs, DB1, "812"), ==, 0);
        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==, RESCTRL DB1 "/tasks = 812\n" RESCTRL DB1 "/tasks = 815\n");

        fake_root_fail_write(f->root, 0, ESRCH);
        g_assert_cmpint(resctrl_group_add_process(f->sysfs, DB1, "812"), ==, 0);
        fake_root_fail_write(f->root, 0, EPERM);
        g_assert_cmpint(resctrl_group_add_process(f->sysfs, DB1, "812"), ==, -EPERM);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/resctrl-group/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("ways are taken from the others", test_ways_are_taken_from_the_others);
        ADD("groups without ways share the rest", test_groups_without_ways_share_the_rest);
        ADD("ways grow, shrink and go", test_ways_grow_shrink_and_go);
        ADD("a hole is used again", test_a_hole_is_used_again);
        ADD("fewer than the least are the least", test_fewer_than_the_least_are_the_least);
        ADD("the others keep some", test_the_others_keep_some);
        ADD("other people's groups are let be", test_other_peoples_groups_are_let_be);
        ADD("what the host cannot is refused", test_what_the_host_cannot);
        ADD("a new group leaves no trace when it fails",
            test_a_new_group_leaves_no_trace_when_it_fails);
        ADD("all threads of a process come", test_all_threads_of_a_process_come);
        return g_test_run();
}
