/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-query.h"

#include <errno.h>
#include <math.h>
#include <sys/statvfs.h>

#include "xml/ferry-error.h"

#define RESERVE_SIZE (16u * 1024 * 1024)

#define LEASE_COLUMNS                                                                            \
        "id, domain_uuid, domain_name, device, class, pool, parent, type, address, name, make, " \
        "managed,"                                                                               \
        " bound, previous_driver, state, created, expires, switch_before, switch_applied, "      \
        "switch_guest"
#define LEASE_EXCLUDED                                                                          \
        "excluded.id, excluded.domain_uuid, excluded.domain_name, excluded.device, "            \
        "excluded.class,"                                                                       \
        " excluded.pool, excluded.parent, excluded.type, excluded.address, excluded.name, "     \
        "excluded.make,"                                                                        \
        " excluded.managed, excluded.bound, excluded.previous_driver, excluded.state,"          \
        " excluded.created, excluded.expires, excluded.switch_before, excluded.switch_applied," \
        " excluded.switch_guest"
#define MIGRATION_COLUMNS                                                                         \
        "id, domain_uuid, domain_name, direction, state, reason, downtime_ms, total_ms,"          \
        " memory_bytes, vfio_bytes, memory_total, memory_remaining, iterations,"                  \
        " destination, strategy, why, forecast_total_ms, forecast_downtime_ms, forecast_bytes,"   \
        " allowed_ms, setup_ms, dirty_rate, transfer, transfer_why, last_traffic, first_traffic," \
        " destination_why"
#define MIGRATION_EXCLUDED                                                             \
        "excluded.id, excluded.domain_uuid, excluded.domain_name, excluded.direction," \
        " excluded.state, excluded.reason, excluded.downtime_ms, excluded.total_ms,"   \
        " excluded.memory_bytes, excluded.vfio_bytes, excluded.memory_total,"          \
        " excluded.memory_remaining, excluded.iterations, excluded.destination,"       \
        " excluded.strategy, excluded.why, excluded.forecast_total_ms,"                \
        " excluded.forecast_downtime_ms, excluded.forecast_bytes,"                     \
        " excluded.allowed_ms, excluded.setup_ms, excluded.dirty_rate,"                \
        " excluded.transfer, excluded.transfer_why,"                                   \
        " excluded.last_traffic, excluded.first_traffic, excluded.destination_why"
#define MOVE_COLUMNS                                                                      \
        "way, connections, ram, ram_used, working_set, dirty_rate, n_devices, n_precopy," \
        " state, save_usec, load_usec, bandwidth_limit, link, allowed_ms, total_ms,"      \
        " downtime_ms, setup_ms, bytes, dirty_rate_seen, iterations"
#define DRAIN_GUEST_COLUMNS "uuid, name, destination, reason, n_refused, state"
#define SLICE_COLUMNS \
        "number, domain_uuid, domain_name, wish, had, state, created, changed, expires"
#define SLICE_EXCLUDED                                                                \
        "excluded.number, excluded.domain_uuid, excluded.domain_name, excluded.wish," \
        " excluded.had, excluded.state, excluded.created, excluded.changed, excluded.expires"
#define DEVICE_COLUMNS "name, class, type, source_there, source_here, reason"
/* Tables of the same form. */
#define PUT_HISTORY(table)                                                                        \
        "INSERT INTO " table "(subject, start, data) SELECT number, ?3, ?4 FROM history_subjects" \
        " WHERE kind = ?1 AND id = ?2"
#define LOAD_HISTORY(table)                                                         \
        "SELECT start, data FROM " table " WHERE subject = (SELECT number FROM"     \
        " history_subjects WHERE kind = ? AND id = ?) AND start >= ? AND start < ?" \
        " ORDER BY number"
/* Of the oldest, as many as may go. */
#define TRIM_HISTORY_AGE(table)                                                         \
        "DELETE FROM " table " WHERE number < (SELECT min(number) FROM " table ") + ?1" \
        " AND (start < ?2 OR start >= ?3)"
#define TRIM_HISTORY_ROWS(table) \
        "DELETE FROM " table " WHERE number <= (SELECT max(number) FROM " table ") - ?"

/* A row that is put again keeps its number, hence an UPSERT; REPLACE would also
 * take away the lease of whoever has the same device. */
static const char *const sql[] = {
        [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [STATEMENT_COMMIT] = "COMMIT",
        [STATEMENT_ROLLBACK] = "ROLLBACK",

        [STATEMENT_PUT_LEASE] =
                "INSERT INTO leases(" LEASE_COLUMNS ")"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT(id) DO UPDATE SET (" LEASE_COLUMNS ") = (" LEASE_EXCLUDED ")",
        [STATEMENT_DELETE_LEASE] = "DELETE FROM leases WHERE id = ?",
        [STATEMENT_LOAD_LEASES] = "SELECT " LEASE_COLUMNS " FROM leases ORDER BY number",

        [STATEMENT_PUT_MIGRATION] =
                "INSERT INTO migrations(" MIGRATION_COLUMNS ")"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "?, ?, ?)"
                " ON CONFLICT(id) DO UPDATE SET (" MIGRATION_COLUMNS ") = (" MIGRATION_EXCLUDED ")",
        [STATEMENT_DELETE_MIGRATION] = "DELETE FROM migrations WHERE id = ?",
        [STATEMENT_LOAD_MIGRATIONS] = "SELECT " MIGRATION_COLUMNS
                                      " FROM migrations ORDER BY number",

        [STATEMENT_PUT_DEVICE] = "INSERT INTO migration_devices(migration, position," DEVICE_COLUMNS
                                 ") VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        [STATEMENT_DELETE_DEVICES] = "DELETE FROM migration_devices WHERE migration = ?",
        [STATEMENT_LOAD_DEVICES] = "SELECT " DEVICE_COLUMNS
                                   " FROM migration_devices WHERE migration = ? ORDER BY position",

        [STATEMENT_PUT_TIME] =
                "INSERT INTO migration_times(migration, state, entered) VALUES(?, ?, ?)",
        [STATEMENT_DELETE_TIMES] = "DELETE FROM migration_times WHERE migration = ?",
        [STATEMENT_LOAD_TIMES] = "SELECT state, entered FROM migration_times WHERE migration = ?",

        [STATEMENT_PUT_MOVE] =
                "INSERT INTO moves(" MOVE_COLUMNS
                ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [STATEMENT_TRIM_MOVES] = "DELETE FROM moves WHERE number IN (SELECT number FROM"
                                 " (SELECT number, row_number() OVER"
                                 " (PARTITION BY way, connections ORDER BY number DESC) AS nth"
                                 " FROM moves) WHERE nth > ?)",
        [STATEMENT_TRIM_WAYS] = "DELETE FROM moves WHERE (way, connections) NOT IN"
                                " (SELECT way, connections FROM moves GROUP BY way, connections"
                                " ORDER BY max(number) DESC LIMIT ?)",
        [STATEMENT_LOAD_MOVES] = "SELECT " MOVE_COLUMNS " FROM moves ORDER BY number",

        [STATEMENT_PUT_DRAIN] =
                "INSERT INTO drain(number, state, persistent, undefine_source) VALUES(1, ?, ?, ?)",
        [STATEMENT_DELETE_DRAIN] = "DELETE FROM drain",
        [STATEMENT_LOAD_DRAIN] = "SELECT state, persistent, undefine_source FROM drain",
        [STATEMENT_PUT_DRAIN_DESTINATION] = "INSERT INTO drain_destinations(uri) VALUES(?)",
        [STATEMENT_DELETE_DRAIN_DESTINATIONS] = "DELETE FROM drain_destinations",
        [STATEMENT_LOAD_DRAIN_DESTINATIONS] = "SELECT uri FROM drain_destinations ORDER BY number",
        [STATEMENT_PUT_DRAIN_GUEST] = "INSERT INTO drain_guests(" DRAIN_GUEST_COLUMNS
                                      ") VALUES(?, ?, ?, ?, ?, ?)",
        [STATEMENT_DELETE_DRAIN_GUESTS] = "DELETE FROM drain_guests",
        [STATEMENT_LOAD_DRAIN_GUESTS] = "SELECT " DRAIN_GUEST_COLUMNS
                                        " FROM drain_guests ORDER BY number",

        [STATEMENT_PUT_SLICE] = "INSERT INTO slices(" SLICE_COLUMNS
                                ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                " ON CONFLICT(number) DO UPDATE SET (" SLICE_COLUMNS
                                ") = (" SLICE_EXCLUDED ")",
        [STATEMENT_NOTE_SLICE] =
                "UPDATE slices SET domain_name = ?, had = ?, state = ?, changed = ?,"
                " expires = ? WHERE number = ?",
        [STATEMENT_DELETE_SLICE] = "DELETE FROM slices WHERE number = ?",
        [STATEMENT_LOAD_SLICES] = "SELECT " SLICE_COLUMNS " FROM slices ORDER BY number",
        [STATEMENT_PUT_GRANT] = "INSERT INTO slice_grants(slice, position, resource, part, amount)"
                                " VALUES(?, ?, ?, ?, ?)",
        [STATEMENT_DELETE_GRANTS] = "DELETE FROM slice_grants WHERE slice = ?",
        [STATEMENT_LOAD_GRANTS] = "SELECT resource, part, amount FROM slice_grants"
                                  " WHERE slice = ? ORDER BY position",

        [STATEMENT_PUT_AWAY] = "INSERT INTO away(domain_uuid, affinity, cpus) VALUES(?, ?, ?)"
                               " ON CONFLICT(domain_uuid) DO UPDATE"
                               " SET (affinity, cpus) = (excluded.affinity, excluded.cpus)",
        [STATEMENT_DELETE_AWAY] = "DELETE FROM away WHERE domain_uuid = ?",
        [STATEMENT_LOAD_AWAY] = "SELECT affinity, cpus FROM away WHERE domain_uuid = ?",
        [STATEMENT_LIST_AWAY] = "SELECT domain_uuid FROM away ORDER BY domain_uuid",

        [STATEMENT_PUT_SUBJECT] = "INSERT INTO history_subjects(kind, id, name) VALUES(?, ?, ?)"
                                  " ON CONFLICT(kind, id) DO UPDATE SET name = excluded.name"
                                  " WHERE name <> excluded.name",
        [STATEMENT_TRIM_SUBJECTS] =
                "DELETE FROM history_subjects AS s WHERE"
                " NOT EXISTS(SELECT 1 FROM history_short WHERE subject = s.number)"
                " AND NOT EXISTS(SELECT 1 FROM history_long WHERE subject = s.number)",
        [STATEMENT_PUT_SHORT] = PUT_HISTORY("history_short"),
        [STATEMENT_LOAD_SHORT] = LOAD_HISTORY("history_short"),
        [STATEMENT_TRIM_SHORT_AGE] = TRIM_HISTORY_AGE("history_short"),
        [STATEMENT_TRIM_SHORT_ROWS] = TRIM_HISTORY_ROWS("history_short"),
        [STATEMENT_PUT_LONG] = PUT_HISTORY("history_long"),
        [STATEMENT_LOAD_LONG] = LOAD_HISTORY("history_long"),
        [STATEMENT_TRIM_LONG_AGE] = TRIM_HISTORY_AGE("history_long"),
        [STATEMENT_TRIM_LONG_ROWS] = TRIM_HISTORY_ROWS("history_long"),

        [STATEMENT_PUT_DEMAND] = "INSERT INTO demands(kind, id, metric, stored, data)"
                                 " VALUES(?, ?, ?, ?, ?) ON CONFLICT(kind, id, metric) DO UPDATE"
                                 " SET (stored, data) = (excluded.stored, excluded.data)",
        [STATEMENT_LOAD_DEMAND] =
                "SELECT data FROM demands WHERE kind = ? AND id = ? AND metric = ?",
        [STATEMENT_TRIM_DEMANDS] =
                "DELETE FROM demands WHERE stored < ? OR number NOT IN"
                " (SELECT number FROM demands ORDER BY stored DESC, number DESC LIMIT ?)",

        [STATEMENT_PUT_FROZEN] = "INSERT INTO policy(number, frozen) VALUES(1, ?)"
                                 " ON CONFLICT(number) DO UPDATE SET frozen = excluded.frozen",
        [STATEMENT_LOAD_FROZEN] = "SELECT frozen FROM policy",
        [STATEMENT_PUT_THETA] = "INSERT INTO policy(number, frozen, theta) VALUES(1, 0, ?)"
                                " ON CONFLICT(number) DO UPDATE SET theta = excluded.theta",
        [STATEMENT_LOAD_THETA] = "SELECT theta FROM policy",
        [STATEMENT_PUT_POLICY_MOVE] = "INSERT INTO policy_moves(made, came, gave) VALUES(?, ?, ?)",
        [STATEMENT_TRIM_POLICY_MOVES] = "DELETE FROM policy_moves WHERE number <="
                                        " (SELECT max(number) FROM policy_moves) - ?",
        [STATEMENT_LOAD_POLICY_MOVES] = "SELECT made, came, gave FROM policy_moves ORDER BY number",
        [STATEMENT_PUT_SLICE_CHANGE] = "INSERT INTO slice_changes(made, part, has, filled, peak)"
                                       " VALUES(?, ?, ?, nullif(?, 0), ?)",
        [STATEMENT_TRIM_SLICE_CHANGES] = "DELETE FROM slice_changes WHERE number <="
                                         " (SELECT max(number) FROM slice_changes) - ?",
        [STATEMENT_LOAD_SLICE_CHANGES] = "SELECT made, part, has, ifnull(filled, 0), peak"
                                         " FROM slice_changes ORDER BY number",

        [STATEMENT_PUT_SHARE] = "INSERT INTO shares(resource, amount) VALUES(?, ?)"
                                " ON CONFLICT(resource) DO UPDATE SET amount = excluded.amount",
        [STATEMENT_DELETE_SHARE] = "DELETE FROM shares WHERE resource = ?",
        [STATEMENT_LOAD_SHARES] = "SELECT resource, amount FROM shares ORDER BY resource",
};
G_STATIC_ASSERT(G_N_ELEMENTS(sql) == _STATEMENT_MAX);

int store_prepare(Store *store) {
        for (int i = 0; i < _STATEMENT_MAX; i++) {
                int r = sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                           &store->statements[i], NULL);
                if (r != SQLITE_OK)
                        return r;
        }
        return SQLITE_OK;
}

void store_finalize(Store *store) {
        for (int i = 0; i < _STATEMENT_MAX; i++)
                g_clear_pointer(&store->statements[i], sqlite3_finalize);
}

bool store_may_write(Store *store, GError **error) {
        if (store->fail_write < 0 || store->fail_write-- > 0)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                    "The database %s cannot be written: a test wants it so", store->path);
        return false;
}

/* A file system that does not say how full it is, is not. */
bool store_has_room(const Store *store, GError **error) {
        struct statvfs disk;

        if (statvfs(store->path, &disk) < 0 || disk.f_blocks == 0 ||
            (uint64_t)disk.f_bavail * disk.f_frsize >= RESERVE_SIZE)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                    "The database %s has less than %u MB of free space, which are left for leases "
                    "and migrations",
                    store->path, RESERVE_SIZE / (1024 * 1024));
        return false;
}

bool store_set_error(const Store *store, const char *what, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE, "The database %s cannot be %s: %s",
                    store->path, what, sqlite3_errmsg(store->db));
        return false;
}

Query query_new(Store *store, Statement statement) {
        return (Query){ .store = store, .statement = store->statements[statement] };
}

void query_done(Query *query) {
        if (!query->statement)
                return;

        /* Both repeat an error that query_run() or query_next_row() has told. */
        (void)sqlite3_reset(query->statement);
        (void)sqlite3_clear_bindings(query->statement);
}

static void note(Query *query, int r) {
        if (query->r == SQLITE_OK)
                query->r = r;
}

void query_put_text(Query *query, const char *text) {
        note(query, sqlite3_bind_text(query->statement, ++query->next, text, -1, SQLITE_STATIC));
}

void query_put_int(Query *query, int64_t value) {
        note(query, sqlite3_bind_int64(query->statement, ++query->next, value));
}

void query_put_real(Query *query, double value) {
        note(query, sqlite3_bind_double(query->statement, ++query->next, value));
}

void query_put_blob(Query *query, const void *data, size_t size) {
        note(query,
             sqlite3_bind_blob64(query->statement, ++query->next, data, size, SQLITE_STATIC));
}

bool query_run(Query *query, GError **error) {
        if (query->r != SQLITE_OK || sqlite3_step(query->statement) != SQLITE_DONE)
                return store_set_error(query->store, "written", error);

        return true;
}

int query_next_row(Query *query, GError **error) {
        switch (query->r == SQLITE_OK ? sqlite3_step(query->statement) : query->r) {
        case SQLITE_ROW:
                query->next = 0;
                return 1;
        case SQLITE_DONE:
                return 0;
        default:
                store_set_error(query->store, "read", error);
                return -EIO;
        }
}

char *query_get_text(Query *query) {
        return g_strdup((const char *)sqlite3_column_text(query->statement, query->next++));
}

int64_t query_get_int(Query *query) {
        return sqlite3_column_int64(query->statement, query->next++);
}

double query_get_real(Query *query) {
        int column = query->next++;

        if (sqlite3_column_type(query->statement, column) == SQLITE_NULL)
                return NAN;
        return sqlite3_column_double(query->statement, column);
}

const void *query_get_blob(Query *query, size_t *ret_size) {
        const void *data = sqlite3_column_blob(query->statement, query->next);

        *ret_size = (size_t)sqlite3_column_bytes(query->statement, query->next++);
        return data;
}

bool store_run(Store *store, Statement statement, const char *id, GError **error) {
        g_auto(Query) query = query_new(store, statement);

        if (id)
                query_put_text(&query, id);
        return query_run(&query, error);
}

bool store_run_commit(Store *store, GError **error) {
        if (store_run(store, STATEMENT_COMMIT, NULL, error))
                return true;

        store_rollback(store);
        return false;
}

bool query_set_unknown_word(const Query *query, const char *object, const char *column,
                            const char *word, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE,
                    "The database %s cannot be read: %s has the %s '%s', which this version does "
                    "not know; move the file away to begin without it",
                    query->store->path, object, column, word);
        return false;
}
