/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the store: its statements, prepared once, and the way they are
 * filled, run and read. For store*.c alone.
 */

#include "daemon/core/store.h"

#include <sqlite3.h>
#include <stdint.h>

typedef enum Statement {
        STATEMENT_BEGIN,
        STATEMENT_COMMIT,
        STATEMENT_ROLLBACK,
        STATEMENT_PUT_LEASE,
        STATEMENT_DELETE_LEASE,
        STATEMENT_LOAD_LEASES,
        STATEMENT_PUT_MIGRATION,
        STATEMENT_DELETE_MIGRATION,
        STATEMENT_LOAD_MIGRATIONS,
        STATEMENT_PUT_DEVICE,
        STATEMENT_DELETE_DEVICES,
        STATEMENT_LOAD_DEVICES,
        STATEMENT_PUT_TIME,
        STATEMENT_DELETE_TIMES,
        STATEMENT_LOAD_TIMES,
        STATEMENT_PUT_MOVE,
        STATEMENT_TRIM_MOVES,
        STATEMENT_TRIM_WAYS,
        STATEMENT_LOAD_MOVES,
        STATEMENT_PUT_DRAIN,
        STATEMENT_DELETE_DRAIN,
        STATEMENT_LOAD_DRAIN,
        STATEMENT_PUT_DRAIN_DESTINATION,
        STATEMENT_DELETE_DRAIN_DESTINATIONS,
        STATEMENT_LOAD_DRAIN_DESTINATIONS,
        STATEMENT_PUT_DRAIN_GUEST,
        STATEMENT_DELETE_DRAIN_GUESTS,
        STATEMENT_LOAD_DRAIN_GUESTS,
        STATEMENT_PUT_SLICE,
        STATEMENT_NOTE_SLICE,
        STATEMENT_DELETE_SLICE,
        STATEMENT_LOAD_SLICES,
        STATEMENT_PUT_GRANT,
        STATEMENT_DELETE_GRANTS,
        STATEMENT_LOAD_GRANTS,
        STATEMENT_PUT_SUBJECT,
        STATEMENT_TRIM_SUBJECTS,
        STATEMENT_PUT_SHORT,
        STATEMENT_LOAD_SHORT,
        STATEMENT_TRIM_SHORT_AGE,
        STATEMENT_TRIM_SHORT_ROWS,
        STATEMENT_PUT_LONG,
        STATEMENT_LOAD_LONG,
        STATEMENT_TRIM_LONG_AGE,
        STATEMENT_TRIM_LONG_ROWS,
        STATEMENT_PUT_DEMAND,
        STATEMENT_LOAD_DEMAND,
        STATEMENT_TRIM_DEMANDS,
        STATEMENT_PUT_AWAY,
        STATEMENT_DELETE_AWAY,
        STATEMENT_LOAD_AWAY,
        STATEMENT_LIST_AWAY,
        STATEMENT_PUT_FROZEN,
        STATEMENT_LOAD_FROZEN,
        STATEMENT_PUT_THETA,
        STATEMENT_LOAD_THETA,
        STATEMENT_PUT_POLICY_MOVE,
        STATEMENT_TRIM_POLICY_MOVES,
        STATEMENT_LOAD_POLICY_MOVES,
        STATEMENT_PUT_SLICE_CHANGE,
        STATEMENT_TRIM_SLICE_CHANGES,
        STATEMENT_LOAD_SLICE_CHANGES,
        STATEMENT_PUT_SHARE,
        STATEMENT_DELETE_SHARE,
        STATEMENT_LOAD_SHARES,
        _STATEMENT_MAX,
} Statement;

struct Store {
        char *path;
        char *damaged_path; /* NULL */
        sqlite3 *db;
        sqlite3_stmt *statements[_STATEMENT_MAX];
        int lock;       /* of store_lock(), -1 none */
        int fail_write; /* writing calls until one fails, -1 never */
};

/* SQLITE_OK, or SQLite's code: the words are in the connection. */
int store_prepare(Store *store);
void store_finalize(Store *store);

/* Every writing call begins with it: false when a test wants this one to fail. */
bool store_may_write(Store *store, GError **error);
/* What is kept of usage and demand begins with it, too: false where the disk is as good as full, so
 * that leases and migrations find room. */
bool store_has_room(const Store *store, GError **error);
/* Always false, so that a function can end with it. `what`: "written". */
bool store_set_error(const Store *store, const char *what, GError **error);

/* One use of a statement. Parameters are put, columns are got, in their order in the SQL; texts
 * that are put must live as long as the query. */
typedef struct Query {
        Store *store;
        sqlite3_stmt *statement;
        int next; /* parameter or column */
        int r;    /* of the puts */
} Query;

Query query_new(Store *store, Statement statement);
void query_done(Query *query);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Query, query_done)

void query_put_text(Query *query, const char *text); /* NULL is NULL */
void query_put_int(Query *query, int64_t value);
void query_put_real(Query *query, double value);
void query_put_blob(Query *query, const void *data, size_t size); /* lives as long, too */
bool query_run(Query *query, GError **error);
/* A statement without a parameter, or with an id as its only one. */
bool store_run(Store *store, Statement statement, const char *id, GError **error);
bool store_run_commit(Store *store, GError **error); /* rolls back when it fails */

int query_next_row(Query *query, GError **error); /* 1, 0 at the end, negative with error */
char *query_get_text(Query *query);
int64_t query_get_int(Query *query);
double query_get_real(Query *query);                        /* NAN: NULL */
const void *query_get_blob(Query *query, size_t *ret_size); /* until the next row; NULL: 0 bytes */
/* Always false: a column of words has one that this daemon does not know. `object` is "lease ID".
 */
bool query_set_unknown_word(const Query *query, const char *object, const char *column,
                            const char *word, GError **error);
