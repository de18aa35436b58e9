/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a hardware slice takes to be promised, that is, decided and on the
 * disk: one after the other, and for 64 who ask at once, as the daemon answers
 * all who wait by one commit.
 *
 * The peer is a bare transaction of SQLite that writes the same rows, byte by
 * byte, into the same tables, on the same disk and as durably, and decides
 * nothing. All three run in turn, so that a busy machine is busy for all.
 */

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/store-schema.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/core/made-up-host.h"

#define ROUNDS  15
#define CLIENTS 64

static const MadeUpHostSize host_size = {
        .nodes = 2, .cores = 32, .memory_mib = 131072, .vfs = 64
};

static const char wish_xml[] =
        "<slice version='1' together='node'><cores count='2' share='250'/>"
        "<memory size='2' unit='GiB'/><function name='nic' min-mbit='100'/></slice>";

typedef struct Peer {
        sqlite3 *db;
        sqlite3_stmt *begin, *commit, *put_slice, *put_grant, *delete_all;
} Peer;

typedef struct Bench {
        MadeUpHost *host;
        Slice *wish;
        Store *store;
        SliceBook *book;
        Peer peer;
        char uuids[CLIENTS][37];
} Bench;

static void check(bool good, const char *what) {
        if (good)
                return;

        fprintf(stderr, "%s failed\n", what);
        exit(EXIT_FAILURE);
}

static double msec_now(void) {
        return (double)g_get_monotonic_time() / 1000;
}

/* The peer -------------------------------------------------------------------------------- */

static sqlite3_stmt *prepare(const Peer *peer, const char *sql) {
        sqlite3_stmt *statement = NULL;

        check(sqlite3_prepare_v3(peer->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
                      SQLITE_OK,
              sql);
        return statement;
}

/* As the store opens its database. */
static void peer_open(Peer *peer, const char *path) {
        check(sqlite3_open_v2(path, &peer->db,
                              SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                              NULL) == SQLITE_OK,
              path);
        check(sqlite3_exec(peer->db,
                           "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                           "PRAGMA foreign_keys=ON",
                           NULL, NULL, NULL) == SQLITE_OK,
              "PRAGMA");
        check(store_schema_upgrade(peer->db, store_schema) == SQLITE_OK, "CREATE TABLE");
        peer->begin = prepare(peer, "BEGIN IMMEDIATE");
        peer->commit = prepare(peer, "COMMIT");
        peer->put_slice = prepare(peer, "INSERT INTO slices(number, domain_uuid, domain_name, wish,"
                                        " state, created, changed, expires)"
                                        " VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
        peer->put_grant = prepare(peer, "INSERT INTO slice_grants(slice, position, resource, part,"
                                        " amount) VALUES(?, ?, ?, ?, ?)");
        peer->delete_all = prepare(peer, "DELETE FROM slices");
}

static void peer_close(Peer *peer) {
        sqlite3_finalize(peer->begin);
        sqlite3_finalize(peer->commit);
        sqlite3_finalize(peer->put_slice);
        sqlite3_finalize(peer->put_grant);
        sqlite3_finalize(peer->delete_all);
        check(sqlite3_close(peer->db) == SQLITE_OK, "close");
}

static void step(sqlite3_stmt *statement) {
        check(sqlite3_step(statement) == SQLITE_DONE, sqlite3_sql(statement));
        sqlite3_reset(statement);
}

static void put_slice(const Peer *peer, const SliceEntry *entry, const char *wish) {
        sqlite3_stmt *row = peer->put_slice;

        sqlite3_bind_int64(row, 1, entry->number);
        sqlite3_bind_text(row, 2, entry->domain_uuid, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 3, entry->domain_name, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 4, wish, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 5, "promised", -1, SQLITE_STATIC);
        sqlite3_bind_int64(row, 6, entry->created);
        sqlite3_bind_int64(row, 7, entry->changed);
        sqlite3_bind_int64(row, 8, entry->expires);
        step(row);
}

static void put_grant(const Peer *peer, const SliceEntry *entry, guint position) {
        const SliceGrant *grant = entry->grants->pdata[position];
        sqlite3_stmt *row = peer->put_grant;

        sqlite3_bind_int64(row, 1, entry->number);
        sqlite3_bind_int64(row, 2, position);
        sqlite3_bind_text(row, 3, grant->resource, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 4, grant->part, -1, SQLITE_STATIC);
        sqlite3_bind_int64(row, 5, (int64_t)grant->amount);
        step(row);
}

/* Milliseconds of a transaction. */
static double time_peer(const Peer *peer, const SliceEntry *entry) {
        g_autofree char *wish = slice_to_xml(entry->wish);
        double begin = msec_now();

        step(peer->begin);
        put_slice(peer, entry, wish);
        for (guint i = 0; i < entry->grants->len; i++)
                put_grant(peer, entry, i);
        step(peer->commit);
        return msec_now() - begin;
}

/* Ours ------------------------------------------------------------------------------------ */

static void allocate(Bench *bench, unsigned client) {
        char name[16];

        g_snprintf(name, sizeof(name), "guest%u", client);
        check(slice_book_allocate(bench->book, bench->uuids[client], name, bench->wish, 0, NULL,
                                  NULL),
              "An allocation");
}

static double time_one(Bench *bench, unsigned client) {
        double begin = msec_now();

        allocate(bench, client);
        return msec_now() - begin;
}

/* Milliseconds for each of all that wait. */
static double time_together(Bench *bench) {
        double begin = msec_now();

        slice_book_begin(bench->book);
        for (unsigned i = 0; i < CLIENTS; i++)
                allocate(bench, i);
        check(slice_book_commit(bench->book, NULL), "A commit");
        return (msec_now() - begin) / CLIENTS;
}

static void empty(Bench *bench) {
        slice_book_begin(bench->book);
        for (unsigned i = 0; i < CLIENTS; i++)
                check(slice_book_deallocate(bench->book, bench->uuids[i], NULL), "To give back");
        check(slice_book_commit(bench->book, NULL), "A commit");
        step(bench->peer.delete_all);
}

/* The result ------------------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

static double median(double *values) {
        qsort(values, ROUNDS, sizeof(*values), compare_doubles);
        return values[ROUNDS / 2];
}

/* The project's one form of a benchmark's result; milliseconds for each allocation. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench %s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer, ours / peer,
               bound);
        return ours / peer <= bound;
}

static bool run(Bench *bench) {
        double ours[ROUNDS] = {}, peer[ROUNDS] = {}, together[ROUNDS] = {}, alone;
        bool good;

        for (int round = 0; round < ROUNDS; round++) {
                for (unsigned i = 0; i < CLIENTS; i++) {
                        ours[round] += time_one(bench, i) / CLIENTS;
                        peer[round] += time_peer(&bench->peer,
                                                 slice_book_find(bench->book, bench->uuids[i])) /
                                       CLIENTS;
                }
                empty(bench);
                together[round] = time_together(bench);
                empty(bench);
        }

        alone = median(peer);
        printf("# allocations a second: %.0f one after the other, %.0f for %d at once; bare "
               "transactions: %.0f\n",
               1000 / median(ours), 1000 / median(together), CLIENTS, 1000 / alone);
        good = report("slice-sequential", median(ours), alone, 2);
        return report("slice-grouped", median(together), alone, 0.25) && good;
}

static void set_up(Bench *bench, const char *folder) {
        g_autofree char *ours = g_build_filename(folder, "ours.db", NULL);
        g_autofree char *peer = g_build_filename(folder, "peer.db", NULL);

        bench->host = made_up_host_new(&host_size);
        bench->wish = slice_from_xml(wish_xml, strlen(wish_xml), NULL);
        bench->store = store_open(ours, NULL);
        check(bench->store, ours);
        bench->book = slice_book_new(bench->store);
        slice_book_set_capacity(bench->book, made_up_host_capacity(bench->host));
        peer_open(&bench->peer, peer);
        for (unsigned i = 0; i < CLIENTS; i++)
                g_snprintf(bench->uuids[i], sizeof(bench->uuids[i]),
                           "00000000-0000-4000-8000-%012u", i);
}

static void tear_down(Bench *bench) {
        peer_close(&bench->peer);
        slice_book_free(bench->book);
        store_close(bench->store);
        slice_free(bench->wish);
        made_up_host_free(bench->host);
}

/* On the disk of the build, since what is in memory need not be written. */
int main(void) {
        char folder[] = "bench-slice-XXXXXX";
        Bench bench = {};
        bool good;

        check(g_mkdtemp(folder), folder);
        set_up(&bench, folder);
        good = run(&bench);
        tear_down(&bench);
        temp_folder_remove(g_strdup(folder));
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
