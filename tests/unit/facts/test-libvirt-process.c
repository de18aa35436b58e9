/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/libvirt-process.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/fake-root.h"

typedef struct Fixture {
        FakeRoot *root;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_put(f->root, "proc/meminfo", "", 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static void put(Fixture *f, const char *pid, const char *comm, const char *stat) {
        g_autofree char *comm_path = g_build_filename("proc", pid, "comm", NULL);
        g_autofree char *stat_path = g_build_filename("proc", pid, "stat", NULL);

        fake_root_put(f->root, comm_path, comm, -1);
        fake_root_put(f->root, stat_path, stat, -1);
}

/* As proc(5) shows it. */
static char *stat_of(const char *name, int64_t ticks) {
        return g_strdup_printf("812 (%s) S 1 812 812 0 -1 4194560 1 0 0 0 5 5 0 0 20 0 19 0 "
                               "%" G_GINT64_FORMAT " 1 2 3\n",
                               name, ticks);
}

static void test_a_host_where_none_runs(Fixture *f, gconstpointer unused) {
        g_auto(LibvirtProcess) process = { 0 };

        g_assert_cmpint(libvirt_process_find(fake_root_sysfs(f->root), &process), ==, -ENOENT);
        put(f, "7", "virtlogd\n", "");
        g_assert_cmpint(libvirt_process_find(fake_root_sysfs(f->root), &process), ==, -ENOENT);
        g_assert_null(process.name);
}

static void test_the_daemon_of_qemu_is_found_by_its_name(Fixture *f, gconstpointer unused) {
        g_auto(LibvirtProcess) process = { 0 };

        put(f, "7", "virtlogd\n", "");
        put(f, "812", "virtqemud\n", "");
        g_assert_cmpint(libvirt_process_find(fake_root_sysfs(f->root), &process), ==, 0);
        g_assert_cmpstr(process.name, ==, "virtqemud");
        g_assert_cmpstr(process.pid, ==, "812");
}

static int64_t find_start(Fixture *f, const char *stat) {
        g_auto(LibvirtProcess) process = { 0 };

        put(f, "812", "libvirtd\n", stat);
        g_assert_cmpint(libvirt_process_find(fake_root_sysfs(f->root), &process), ==, 0);
        return process.started;
}

/* A process may call itself what it likes. */
static void test_brackets_in_its_name_do_not_move_the_fields(Fixture *f, gconstpointer unused) {
        g_autofree char *stat = NULL;
        struct timespec now;

        g_assert_cmpint(clock_gettime(CLOCK_BOOTTIME, &now), ==, 0);
        stat = stat_of("a) (b c", now.tv_sec * sysconf(_SC_CLK_TCK));
        g_assert_cmpint(ABS(find_start(f, stat) - g_get_real_time()), <, 60 * G_USEC_PER_SEC);
}

static void test_a_time_that_cannot_be_read_is_not_known(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(find_start(f, ""), ==, 0);
        g_assert_cmpint(find_start(f, "812 (libvirtd"), ==, 0);
        g_assert_cmpint(find_start(f, "812 (libvirtd) S 1 812 812"), ==, 0);
}

#define TEST(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        TEST("/libvirt-process/none runs", test_a_host_where_none_runs);
        TEST("/libvirt-process/the daemon of QEMU is found by its name",
             test_the_daemon_of_qemu_is_found_by_its_name);
        TEST("/libvirt-process/brackets in its name do not move the fields",
             test_brackets_in_its_name_do_not_move_the_fields);
        TEST("/libvirt-process/a time that cannot be read is not known",
             test_a_time_that_cannot_be_read_is_not_known);
        return g_test_run();
}
