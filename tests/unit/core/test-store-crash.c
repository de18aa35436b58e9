/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ends a daemon in the middle of its writing: a signal, or a disk that is
 * full. What the store has called written is there afterwards, and a transaction
 * is there whole or not at all. The daemon is a child of the test, and a pipe
 * tells how far it has come. */

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/lease.h"
#include "xml/ferry-error.h"

typedef struct Fixture {
        char *folder;
        char *path;
        int acks[2];
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        f->folder = g_dir_make_tmp("crash-XXXXXX", &error);
        g_assert_no_error(error);
        f->path = g_build_filename(f->folder, "state.db", NULL);
        g_assert_cmpint(pipe(f->acks), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };

        for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
                g_autofree char *name = g_strconcat(f->path, suffixes[i], NULL);

                (void)g_unlink(name);
        }
        g_assert_cmpint(g_rmdir(f->folder), ==, 0); /* nothing else was made */
        close(f->acks[0]);
        if (f->acks[1] >= 0)
                close(f->acks[1]);
        g_free(f->path);
        g_free(f->folder);
}

static bool put(Store *store, int number, GError **error) {
        g_autoptr(Lease) lease = lease_new();

        lease->id = g_strdup_printf("%d", number);
        lease->device = g_strdup_printf("device-%d", number);
        lease->domain_uuid = g_strdup("11111111-1111-1111-1111-111111111111");
        lease->domain_name = g_strnfill(2000, 'n'); /* so that the log grows */
        lease->class_name = g_strdup("mdev");
        lease->pool = g_strdup("default");
        return store_put_lease(store, lease, error);
}

/* In the child: says that everything up to here is written. */
static void acknowledge(const Fixture *f) {
        if (write(f->acks[1], "", 1) != 1)
                _exit(2);
}

static void await(const Fixture *f, int n_acks) {
        for (int i = 0; i < n_acks; i++) {
                char byte;

                g_assert_cmpint(read(f->acks[0], &byte, 1), ==, 1);
        }
}

typedef void (*Daemon)(const Fixture *f, Store *store);

/* The parent has no way in, so it reads an end, and does not wait, where the child ends early. */
static pid_t start(Fixture *f, Daemon daemon) {
        pid_t pid = fork();

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                Store *store = store_open(f->path, NULL);

                if (store)
                        daemon(f, store);
                _exit(2); /* not reached when all is well */
        }

        close(f->acks[1]);
        f->acks[1] = -1;
        return pid;
}

static int end(pid_t pid) {
        int status;

        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        return status;
}

static void kill_daemon(pid_t pid) {
        int status;

        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        status = end(pid);
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
}

/* Opens the store as the next daemon does; they are 0, 1, 2 ... */
static int count_leases(const Fixture *f) {
        g_autoptr(GPtrArray) leases = NULL;
        g_autoptr(Store) store = NULL;
        g_autoptr(GError) error = NULL;

        store = store_open(f->path, &error);
        g_assert_no_error(error);
        g_assert_null(store_damaged_path(store));
        leases = store_load_leases(store, &error);
        g_assert_no_error(error);

        for (guint i = 0; i < leases->len; i++) {
                g_autofree char *id = g_strdup_printf("%u", i);

                g_assert_cmpstr(((Lease *)leases->pdata[i])->id, ==, id);
        }
        return (int)leases->len;
}

/* One lease after the other ---------------------------------------------------------- */

static void write_for_ever(const Fixture *f, Store *store) {
        for (int i = 0; put(store, i, NULL); i++)
                acknowledge(f);
}

/* It is killed while it goes on writing, later each time; the last times are long
 * after the log was written back into the database once. */
static void test_what_was_written_outlives_a_kill(Fixture *f, gconstpointer unused) {
        static const int lengths[] = { 1, 2, 3, 10, 100, 700 };

        for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
                Fixture once;
                pid_t pid;
                int n;

                set_up(&once, NULL);
                pid = start(&once, write_for_ever);
                await(&once, lengths[i]);
                kill_daemon(pid);

                n = count_leases(&once);
                g_assert_cmpint(n, >=, lengths[i]);
                tear_down(&once, NULL);
        }
}

/* A transaction that never ends ------------------------------------------------------ */

static void stop_in_transaction(const Fixture *f, Store *store) {
        if (!put(store, 0, NULL) || !store_begin(store, NULL))
                return;
        for (int i = 1; i < 1000; i++)
                if (!put(store, i, NULL))
                        return;
        acknowledge(f);
        pause();
}

static void test_a_transaction_that_a_kill_ends_has_not_been(Fixture *f, gconstpointer unused) {
        pid_t pid = start(f, stop_in_transaction);

        await(f, 1);
        kill_daemon(pid);
        g_assert_cmpint(count_leases(f), ==, 1);
}

/* A new database ---------------------------------------------------------------------- */

static void only_open(const Fixture *f, Store *store) {
        acknowledge(f);
        pause();
}

static void test_a_database_that_was_only_made_is_sound(Fixture *f, gconstpointer unused) {
        pid_t pid = start(f, only_open);

        await(f, 1);
        kill_daemon(pid);
        g_assert_cmpint(count_leases(f), ==, 0);
}

static void test_an_empty_file_is_a_new_database(Fixture *f, gconstpointer unused) {
        g_assert_true(g_file_set_contents(f->path, "", 0, NULL));
        g_assert_cmpint(count_leases(f), ==, 0);
}

/* A full disk ------------------------------------------------------------------------- */

#define DISK_SIZE (400 * 1024) /* a new database and its log are half as large */

static void limit_files(rlim_t size) {
        struct rlimit limit = { .rlim_cur = size, .rlim_max = RLIM_INFINITY };

        if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
                _exit(3);
}

/* Writes until it cannot, tries a transaction in vain, finds room again. */
static void fill_disk(const Fixture *f, Store *store) {
        g_autoptr(GError) error = NULL;
        int n = 0;

        signal(SIGXFSZ, SIG_IGN);
        limit_files(DISK_SIZE);
        for (; n < 10000 && put(store, n, &error); n++)
                acknowledge(f);
        if (!g_error_matches(error, FERRY_ERROR, FERRY_ERROR_STORE))
                _exit(4);
        if (store_begin(store, NULL) && put(store, n, NULL) && store_commit(store, NULL))
                _exit(5);
        store_rollback(store);

        limit_files(RLIM_INFINITY);
        if (!put(store, n, NULL))
                _exit(6);
        acknowledge(f);
        _exit(0);
}

static void test_a_full_disk_loses_nothing_that_was_written(Fixture *f, gconstpointer unused) {
        pid_t pid = start(f, fill_disk);
        int status = end(pid), n_acks = 0;
        char byte;

        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);

        while (read(f->acks[0], &byte, 1) == 1)
                n_acks++;
        g_assert_cmpint(n_acks, >, 1);
        g_assert_cmpint(count_leases(f), ==, n_acks);
}

#define ADD(name, function) \
        g_test_add("/store-crash/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("what was written outlives a kill", test_what_was_written_outlives_a_kill);
        ADD("a transaction that a kill ends has not been",
            test_a_transaction_that_a_kill_ends_has_not_been);
        ADD("a database that was only made is sound", test_a_database_that_was_only_made_is_sound);
        ADD("an empty file is a new database", test_an_empty_file_is_a_new_database);
        ADD("a full disk loses nothing that was written",
            test_a_full_disk_loses_nothing_that_was_written);
        return g_test_run();
}
