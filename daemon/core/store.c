/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/store-lock.h"
#include "daemon/core/store-query.h"
#include "daemon/core/store-schema.h"
#include "xml/ferry-error.h"

#define BUSY_TIMEOUT_MS 1000 /* for a person with sqlite3; the daemon is alone otherwise */
#define DAMAGED_MAX     100

static bool is_memory(const Store *store) {
        return g_str_equal(store->path, ":memory:");
}

static bool set_file_error(const Store *store, const char *what, int r, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE, "The database %s cannot be %s: %s",
                    store->path, what, g_strerror(-r));
        return false;
}

/* SQLite makes its files readable for all, and those beside the database with the
 * mode of the database. Only a file that is new is opened here: closing another
 * one would drop the locks that this process has on it. */
static bool make_file(const Store *store, GError **error) {
        int fd;

        fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
                return set_file_error(store, "made", -errno, error);
        if (fd >= 0)
                (void)close(fd);

        if (chmod(store->path, 0600) < 0)
                return set_file_error(store, "kept from others", -errno, error);
        return true;
}

/* Damage ---------------------------------------------------------------------------- */

static bool is_damage(int r) {
        return (r & 0xff) == SQLITE_CORRUPT || (r & 0xff) == SQLITE_NOTADB;
}

/* All of the database is read: a hundred rows or two, and up to HISTORY_MBYTE of history. */
static int check_integrity(sqlite3 *db) {
        sqlite3_stmt *statement = NULL;
        int r;

        r = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
        if (r != SQLITE_OK)
                return r;

        r = sqlite3_step(statement);
        if (r == SQLITE_ROW)
                r = g_strcmp0((const char *)sqlite3_column_text(statement, 0), "ok") == 0
                            ? SQLITE_OK
                            : SQLITE_CORRUPT;
        sqlite3_finalize(statement);
        return r;
}

static char *find_free_name(const char *path) {
        for (unsigned i = 1; i <= DAMAGED_MAX; i++) {
                g_autofree char *name = i == 1 ? g_strdup_printf("%s.damaged", path)
                                               : g_strdup_printf("%s.damaged-%u", path, i);

                if (access(name, F_OK) < 0)
                        return g_steal_pointer(&name);
        }
        return NULL;
}

/* The database first: alone at its place, the log of what was there before would
 * be taken for the log of a database that has lost it. */
static int move_files(const char *from, const char *to) {
        static const char *const suffixes[] = { "", "-wal", "-shm" };

        for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
                g_autofree char *old = g_strconcat(from, suffixes[i], NULL);
                g_autofree char *new = g_strconcat(to, suffixes[i], NULL);

                if (rename(old, new) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

static bool set_aside(Store *store, GError **error) {
        int r;

        store->damaged_path = find_free_name(store->path);
        r = store->damaged_path ? move_files(store->path, store->damaged_path) : -EEXIST;
        if (r < 0)
                return set_file_error(store, "read, since it is damaged, nor moved away", r, error);
        return true;
}

/* Opening --------------------------------------------------------------------------- */

static void disconnect(Store *store) {
        store_finalize(store);
        g_clear_pointer(&store->db, sqlite3_close);
}

/* What a newer daemon has written may look damaged to an older SQLite, so the
 * version is asked before anything else. */
static bool check_version(Store *store, int *ret_code, GError **error) {
        int version, latest = store_schema_latest(store_schema);

        *ret_code = store_schema_version(store->db, &version);
        if (*ret_code != SQLITE_OK)
                return true;
        if (version >= 0 && version <= latest)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                    "The database %s is of a newer version (schema %d, this one knows %d): install "
                    "that version again, or move the file away to begin without it",
                    store->path, version, latest);
        return false;
}

/* Closing moves the log into the database and removes it, which is not to happen to one that may
 * be damaged. */
static int keep_log_on_close(sqlite3 *db, bool keep) {
        return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, NULL);
}

static int set_up_connection(Store *store) {
        int r;

        r = sqlite3_exec(store->db,
                         "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
                         NULL, NULL, NULL);
        if (r != SQLITE_OK)
                return r;

        r = check_integrity(store->db);
        if (r != SQLITE_OK)
                return r;

        r = store_schema_upgrade(store->db, store_schema);
        if (r != SQLITE_OK)
                return r;

        r = store_prepare(store);
        if (r != SQLITE_OK)
                return r;

        return keep_log_on_close(store->db, false);
}

static int open_connection(Store *store) {
        int r;

        r = sqlite3_open_v2(store->path, &store->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                    SQLITE_OPEN_EXRESCODE,
                            NULL);
        if (r != SQLITE_OK)
                return r;

        r = keep_log_on_close(store->db, true);
        if (r != SQLITE_OK)
                return r;

        return sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
}

/* False with an error, or what SQLite says: SQLITE_OK, or damage. */
static bool connect_database(Store *store, int *ret_code, GError **error) {
        if (!is_memory(store) && !make_file(store, error))
                return false;

        *ret_code = open_connection(store);
        if (*ret_code == SQLITE_OK && !check_version(store, ret_code, error))
                return false;
        if (*ret_code == SQLITE_OK)
                *ret_code = set_up_connection(store);

        if (*ret_code != SQLITE_OK && !is_damage(*ret_code))
                return store_set_error(store, "opened", error);
        return true;
}

Store *store_open(const char *path, GError **error) {
        g_autoptr(Store) store = g_new0(Store, 1);
        int code;

        store->path = g_strdup(path);
        store->lock = -1;
        store->fail_write = -1;
        if (!is_memory(store) && !store_lock(path, &store->lock, error))
                return NULL;
        if (!connect_database(store, &code, error))
                return NULL;
        if (code == SQLITE_OK)
                return g_steal_pointer(&store);

        disconnect(store);
        if (!set_aside(store, error) || !connect_database(store, &code, error))
                return NULL;
        if (code != SQLITE_OK) {
                store_set_error(store, "made anew", error);
                return NULL;
        }
        return g_steal_pointer(&store);
}

void store_close(Store *store) {
        if (!store)
                return;

        disconnect(store);
        if (store->lock >= 0)
                (void)close(store->lock);
        g_free(store->damaged_path);
        g_free(store->path);
        g_free(store);
}

const char *store_damaged_path(const Store *store) {
        return store->damaged_path;
}

/* Transactions ---------------------------------------------------------------------- */

bool store_begin(Store *store, GError **error) {
        return store_may_write(store, error) && store_run(store, STATEMENT_BEGIN, NULL, error);
}

bool store_commit(Store *store, GError **error) {
        if (store_may_write(store, error))
                return store_run_commit(store, error);

        store_rollback(store);
        return false;
}

/* SQLite may have rolled back by itself, when the disk was full. */
void store_rollback(Store *store) {
        if (!sqlite3_get_autocommit(store->db))
                (void)store_run(store, STATEMENT_ROLLBACK, NULL, NULL);
}

void store_fail_write(Store *store, int n) {
        store->fail_write = n;
}
