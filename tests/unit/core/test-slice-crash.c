/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A daemon that is killed again and again, between any two of its writes and in
 * the middle of one, while slices are asked for at random.
 *
 * The daemon is a child of the test. It says what it has found in the store,
 * then goes on from there, and acknowledges each transaction by a byte. Some of
 * its writes fail without an end, and it has to go on as if it had not tried. A second
 * book, in memory and in the parent, does afterwards what was acknowledged, from
 * the same seed: what the next child finds must be that, or that with the one
 * transaction more which was under way, whole.
 *
 * VIRTFERRY_CRASH_OPERATIONS says how many operations are to be survived;
 * VIRTFERRY_CRASH_SEED repeats a run.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/temp-folder.h"
#include "tests/unit/core/made-up-host.h"
#include "xml/ferry-error.h"

#define OPERATIONS       20000u /* some seconds */
#define DOMAINS          7
#define BATCH_MAX        6
#define WRITES_MAX       400 /* of a life that ends at a write */
#define TRANSACTIONS_MAX 40  /* of one that ends at any time */

/* Less than the domains would like to have. */
static const MadeUpHostSize tight_host = { .nodes = 2, .cores = 3, .memory_mib = 64, .vfs = 2 };

/* Time goes on by transactions, so that both books have the same. */
static int64_t now = 1;

static int64_t clock_now(void) {
        return now;
}

/* What is asked ------------------------------------------------------------------------- */

static unsigned draw(GRand *random, unsigned below) {
        return (unsigned)g_rand_int_range(random, 0, (int)below);
}

static void wish_for_functions(Slice *wish, GRand *random) {
        unsigned n = draw(random, 3);

        for (unsigned i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("nic%u", i);
                SliceFunction *function = slice_function_new(name);

                function->min_mbit = draw(random, 7) * 1000;
                function->lanes = draw(random, 5);
                g_ptr_array_add(wish->functions, function);
        }
        if (draw(random, 4) == 0) {
                SliceOffload *offload = slice_offload_new("dpu");

                offload->cores = 1 + draw(random, 4);
                offload->mbit = draw(random, 600);
                g_ptr_array_add(wish->offloads, offload);
        }
}

static Slice *wish_for_something(GRand *random) {
        Slice *wish = slice_new();

        wish->priority = (SlicePriority)draw(random, _SLICE_PRIORITY_MAX);
        wish->together = (SliceTogether)draw(random, _SLICE_TOGETHER_MAX);
        wish->cores.count = draw(random, 4);
        wish->cores.exclusive = draw(random, 2);
        if (!wish->cores.exclusive)
                wish->cores.share = 100 * (1 + draw(random, 10));
        wish->memory.size = (uint64_t)draw(random, 10) << 22;
        if (draw(random, 2))
                wish_for_functions(wish, random);
        wish->block_weight = draw(random, 2) * 500;
        return wish;
}

/* A book may refuse; what is written may fail only where that is wanted. */
static void expect_refusal(const GError *error, bool may_fail) {
        if (!error ||
            (error->domain == FERRY_ERROR && (may_fail || error->code != FERRY_ERROR_STORE)))
                return;

        fprintf(stderr, "# %s\n", error->message);
        abort();
}

static void operate(SliceBook *book, GRand *random, bool may_fail) {
        unsigned domain = draw(random, DOMAINS), kind = draw(random, 20);
        g_autofree char *uuid = g_strdup_printf("00000000-0000-0000-0000-%012u", domain);
        g_autofree char *name = g_strdup_printf("guest%u", domain / 2); /* some share a name */
        g_autoptr(Slice) wish = wish_for_something(random);
        g_autoptr(GError) error = NULL;
        unsigned word = draw(random, 3);

        if (kind < 11)
                slice_book_allocate(book, uuid, name, wish, word, NULL, &error);
        else if (kind < 13)
                slice_book_deallocate(book, uuid, &error);
        else if (kind == 13)
                slice_book_release(book, uuid, &error);
        else if (kind == 14)
                slice_book_end_release(book, uuid, &error);
        else if (kind < 18)
                slice_book_enter(book, uuid, word ? SLICE_ENFORCED : SLICE_PROMISED, &error);
        else if (kind == 18)
                slice_book_forget_had(book, uuid, &error);
        else
                slice_book_expire(book, uuid, word, &error);
        expect_refusal(error, may_fail);
}

/* A write of it fails now and then. Returns how many operations it had. */
static unsigned transact(SliceBook *book, Store *store, GRand *random) {
        unsigned n = draw(random, 3) > 0 ? 1 : 2 + draw(random, BATCH_MAX - 1);
        bool may_fail = draw(random, 20) == 0;
        g_autoptr(GError) error = NULL;

        now++;
        store_fail_write(store, may_fail ? (int)draw(random, BATCH_MAX) : -1);
        if (n > 1)
                slice_book_begin(book);
        for (unsigned i = 0; i < n; i++)
                operate(book, random, may_fail);
        if (n > 1)
                slice_book_commit(book, &error);
        expect_refusal(error, may_fail);
        store_fail_write(store, -1);
        return n;
}

/* The daemon ---------------------------------------------------------------------------- */

/* What it says when it has opened the store. */
typedef struct Found {
        bool damaged;
        char problem[200]; /* a promise that cannot be kept; "" none */
        char digest[65];
} Found;

static int writes_left;   /* until it ends itself; negative: it does not */
static size_t last_share; /* of the last one, in halves: it is not done, torn, or done */
static sqlite3_syscall_ptr next_write, next_pwrite, next_ftruncate;

typedef ssize_t (*Write)(int, const void *, size_t);
typedef ssize_t (*Pwrite)(int, const void *, size_t, off_t);
typedef int (*Ftruncate)(int, off_t);

static size_t allowed(size_t size) {
        return writes_left == 1 ? size * last_share / 2 : size;
}

static void end_when_spent(void) {
        if (writes_left > 0 && --writes_left == 0)
                raise(SIGKILL);
}

static ssize_t last_write(int fd, const void *data, size_t size) {
        ssize_t n = ((Write)next_write)(fd, data, allowed(size));

        end_when_spent();
        return n;
}

static ssize_t last_pwrite(int fd, const void *data, size_t size, off_t offset) {
        ssize_t n = ((Pwrite)next_pwrite)(fd, data, allowed(size), offset);

        end_when_spent();
        return n;
}

static int last_ftruncate(int fd, off_t size) {
        end_when_spent();
        return ((Ftruncate)next_ftruncate)(fd, size);
}

static sqlite3_syscall_ptr divert(const char *name, sqlite3_syscall_ptr function) {
        sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
        sqlite3_syscall_ptr before = vfs->xGetSystemCall(vfs, name);

        if (before)
                g_assert_cmpint(vfs->xSetSystemCall(vfs, name, function), ==, SQLITE_OK);
        return before;
}

/* SQLite has one of the ways to write, by how it was built. */
static void count_writes(int n, unsigned share) {
        writes_left = n;
        last_share = share;
        next_write = divert("write", (sqlite3_syscall_ptr)last_write);
        next_pwrite = divert("pwrite64", (sqlite3_syscall_ptr)last_pwrite)
                              ?: divert("pwrite", (sqlite3_syscall_ptr)last_pwrite);
        next_ftruncate = divert("ftruncate", (sqlite3_syscall_ptr)last_ftruncate);
}

static void say(int fd, const void *data, size_t size) {
        if (write(fd, data, size) != (ssize_t)size)
                _exit(2);
}

static void digest_of(const GPtrArray *entries, char ret_digest[static 65]) {
        g_autofree char *text = made_up_host_dump(entries);
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

        g_strlcpy(ret_digest, digest, 65);
}

static void say_what_is_found(const MadeUpHost *host, Store *store, const SliceBook *book, int fd) {
        g_autoptr(GPtrArray) list = slice_book_list(book), all = made_up_host_list(book);
        g_autofree char *problem = made_up_host_check(host, list);
        Found found = { .damaged = store_damaged_path(store) != NULL };

        g_strlcpy(found.problem, problem ?: "", sizeof(found.problem));
        digest_of(all, found.digest);
        say(fd, &found, sizeof(found));
}

static SliceBook *open_book(const MadeUpHost *host, Store *store) {
        SliceBook *book = slice_book_new(store);

        slice_book_set_clock(book, clock_now);
        slice_book_set_capacity(book, made_up_host_capacity(host));
        if (!slice_book_load(book, NULL))
                _exit(3);
        return book;
}

static void run_daemon(const MadeUpHost *host, const char *path, guint32 seed, int fd) {
        Store *store = store_open(path, NULL);
        SliceBook *book = store ? open_book(host, store) : NULL;
        GRand *random = g_rand_new_with_seed(seed);

        if (!book)
                _exit(3);

        say_what_is_found(host, store, book, fd);
        for (;;) {
                transact(book, store, random);
                say(fd, "", 1);
        }
}

/* The test ------------------------------------------------------------------------------- */

typedef struct Crash {
        MadeUpHost *host;
        char *folder, *path;
        GRand *random;
        Store *memory;
        GPtrArray *acknowledged; /* SliceEntry: what the store must have */
        GPtrArray *under_way;    /* or may have instead */
        uint64_t operations, lives, found_under_way, ended_opening;
} Crash;

/* A life of the daemon. */
typedef struct Life {
        pid_t pid;
        int from;      /* what it says */
        guint32 seed;  /* of its transactions */
        unsigned most; /* transactions; 0: it ends itself */
} Life;

static void set_up(Crash *c, gconstpointer unused) {
        const char *seed = g_getenv("VIRTFERRY_CRASH_SEED");
        guint32 number = seed ? (guint32)g_ascii_strtoull(seed, NULL, 10) : g_random_int();

        g_test_message("VIRTFERRY_CRASH_SEED=%u repeats this", number);
        c->host = made_up_host_new(&tight_host);
        c->folder = temp_folder_new();
        c->path = g_build_filename(c->folder, "state.db", NULL);
        c->random = g_rand_new_with_seed(number);
        c->memory = store_open(":memory:", NULL);
        c->acknowledged = store_load_slices(c->memory, NULL);
        c->under_way = store_load_slices(c->memory, NULL);
}

static void tear_down(Crash *c, gconstpointer unused) {
        g_ptr_array_unref(c->under_way);
        g_ptr_array_unref(c->acknowledged);
        store_close(c->memory);
        g_rand_free(c->random);
        g_free(c->path);
        temp_folder_remove(c->folder);
        made_up_host_free(c->host);
}

static Life start(Crash *c) {
        bool ends_itself = draw(c->random, 2);
        int n_writes = ends_itself ? 1 + (int)draw(c->random, 1 + draw(c->random, WRITES_MAX)) : -1;
        Life life = { .seed = g_rand_int(c->random),
                      .most = ends_itself ? 0 : 1 + draw(c->random, TRANSACTIONS_MAX) };
        int ends[2];

        g_assert_cmpint(pipe(ends), ==, 0);
        life.pid = fork();
        g_assert_cmpint(life.pid, >=, 0);
        if (life.pid == 0) {
                (void)close(ends[0]);
                count_writes(n_writes, life.seed % 3);
                run_daemon(c->host, c->path, life.seed, ends[1]);
        }
        (void)close(ends[1]);
        life.from = ends[0];
        return life;
}

/* False: it has ended before. */
static bool hear(int fd, void *data, size_t size) {
        for (size_t got = 0; got < size;) {
                ssize_t n = read(fd, (char *)data + got, size - got);

                g_assert_true(n >= 0);
                if (n == 0)
                        return false;
                got += (size_t)n;
        }
        return true;
}

static bool is(const GPtrArray *entries, const Found *found) {
        char digest[65];

        digest_of(entries, digest);
        return g_str_equal(digest, found->digest);
}

static void judge(Crash *c, const Found *found) {
        g_assert_false(found->damaged);
        g_assert_cmpstr(found->problem, ==, "");
        if (is(c->acknowledged, found))
                return;

        g_assert_true(is(c->under_way, found));
        c->found_under_way++;
        g_ptr_array_unref(c->acknowledged);
        c->acknowledged = g_ptr_array_ref(c->under_way);
}

/* A book with these entries, as one that was started on them. */
static SliceBook *restart(Crash *c) {
        g_autoptr(GPtrArray) old = store_load_slices(c->memory, NULL);

        for (guint i = 0; i < old->len; i++)
                g_assert_true(store_delete_slice(c->memory, old->pdata[i], NULL));
        for (guint i = 0; i < c->acknowledged->len; i++)
                g_assert_true(store_put_slice(c->memory, c->acknowledged->pdata[i], NULL));
        return open_book(c->host, c->memory);
}

static void take_state(Crash *c, GPtrArray **entries) {
        g_ptr_array_unref(*entries);
        *entries = store_load_slices(c->memory, NULL);
}

static void repeat(Crash *c, const Life *life, unsigned n_transactions) {
        g_autoptr(SliceBook) book = restart(c);
        GRand *random = g_rand_new_with_seed(life->seed);

        for (unsigned i = 0; i < n_transactions; i++)
                c->operations += transact(book, c->memory, random);
        take_state(c, &c->acknowledged);
        transact(book, c->memory, random);
        take_state(c, &c->under_way);
        g_rand_free(random);
}

/* Returns how many transactions it has acknowledged. */
static unsigned watch(const Life *life) {
        unsigned n = 0;
        char byte;

        while (hear(life->from, &byte, 1))
                if (++n == life->most)
                        g_assert_cmpint(kill(life->pid, SIGKILL), ==, 0);
        return n;
}

static void bury(Crash *c, const Life *life) {
        int status;

        (void)close(life->from);
        g_assert_cmpint(waitpid(life->pid, &status, 0), ==, life->pid);
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
        c->lives++;
}

static void live(Crash *c) {
        Life life = start(c);
        Found found;

        if (hear(life.from, &found, sizeof(found))) {
                unsigned n_transactions = watch(&life);

                judge(c, &found);
                repeat(c, &life, n_transactions);
        } else {
                c->ended_opening++;
        }
        bury(c, &life);
}

static void find_at_the_end(Crash *c) {
        g_autoptr(Store) store = store_open(c->path, NULL);
        g_autoptr(SliceBook) book = open_book(c->host, store);
        g_autoptr(GPtrArray) list = slice_book_list(book), all = made_up_host_list(book);
        g_autofree char *problem = made_up_host_check(c->host, list);
        Found found = { .damaged = store_damaged_path(store) != NULL };

        g_assert_cmpstr(problem, ==, NULL);
        digest_of(all, found.digest);
        judge(c, &found);
}

static void test_no_promise_is_lost_or_made_twice(Crash *c, gconstpointer unused) {
        const char *text = g_getenv("VIRTFERRY_CRASH_OPERATIONS");
        uint64_t operations = text ? g_ascii_strtoull(text, NULL, 10) : OPERATIONS;

        while (c->operations < operations)
                live(c);
        find_at_the_end(c);
        g_test_message("%" PRIu64 " operations, %" PRIu64 " crashes: %" PRIu64 " while the store "
                       "was opened, %" PRIu64 " after a transaction was written and before it was "
                       "acknowledged",
                       c->operations, c->lives, c->ended_opening, c->found_under_way);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/slice-crash/no promise is lost or made twice", Crash, NULL, set_up,
                   test_no_promise_is_lost_or_made_twice, tear_down);
        return g_test_run();
}
