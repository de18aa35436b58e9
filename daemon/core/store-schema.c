/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-schema.h"

#include <glib.h>

/* `number` keeps the order in which rows came, whatever the clock did.
 * States are words, so that a person can read the tables. */
const char *const store_schema[] = {
        "CREATE TABLE leases("
        "  number INTEGER PRIMARY KEY,"
        "  id TEXT NOT NULL UNIQUE,"
        "  domain_uuid TEXT NOT NULL,"
        "  domain_name TEXT NOT NULL,"
        "  device TEXT NOT NULL UNIQUE,"
        "  class TEXT NOT NULL,"
        "  pool TEXT NOT NULL,"
        "  parent TEXT,"
        "  type TEXT,"
        "  address TEXT,"
        "  make INTEGER NOT NULL,"
        "  managed INTEGER NOT NULL,"
        "  bound INTEGER NOT NULL,"
        "  previous_driver TEXT,"
        "  state TEXT NOT NULL,"
        "  created INTEGER NOT NULL,"
        "  expires INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE migrations("
        "  number INTEGER PRIMARY KEY,"
        "  id TEXT NOT NULL UNIQUE,"
        "  domain_uuid TEXT NOT NULL,"
        "  domain_name TEXT NOT NULL,"
        "  direction TEXT NOT NULL,"
        "  state TEXT NOT NULL,"
        "  reason TEXT,"
        "  downtime_ms INTEGER NOT NULL,"
        "  total_ms INTEGER NOT NULL,"
        "  memory_bytes INTEGER NOT NULL,"
        "  vfio_bytes INTEGER NOT NULL,"
        "  memory_total INTEGER NOT NULL,"
        "  memory_remaining INTEGER NOT NULL,"
        "  iterations INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE migration_devices("
        "  migration TEXT NOT NULL REFERENCES migrations(id) ON DELETE CASCADE,"
        "  position INTEGER NOT NULL,"
        "  name TEXT,"
        "  class TEXT,"
        "  type TEXT,"
        "  source_there TEXT,"
        "  source_here TEXT,"
        "  reason TEXT,"
        "  PRIMARY KEY(migration, position)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE migration_times("
        "  migration TEXT NOT NULL REFERENCES migrations(id) ON DELETE CASCADE,"
        "  state TEXT NOT NULL,"
        "  entered INTEGER NOT NULL,"
        "  PRIMARY KEY(migration, state)"
        ") STRICT, WITHOUT ROWID;",
        "ALTER TABLE leases ADD COLUMN name TEXT;",
        "ALTER TABLE migrations ADD COLUMN destination TEXT;"
        "ALTER TABLE migrations ADD COLUMN strategy TEXT;"
        "ALTER TABLE migrations ADD COLUMN why TEXT;"
        "ALTER TABLE migrations ADD COLUMN forecast_total_ms INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE migrations ADD COLUMN forecast_downtime_ms INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE migrations ADD COLUMN forecast_bytes INTEGER NOT NULL DEFAULT 0;",
        "CREATE TABLE moves("
        "  number INTEGER PRIMARY KEY,"
        "  way TEXT NOT NULL,"
        "  connections INTEGER NOT NULL,"
        "  ram INTEGER NOT NULL,"
        "  ram_used INTEGER NOT NULL,"
        "  working_set INTEGER NOT NULL,"
        "  dirty_rate INTEGER NOT NULL,"
        "  n_devices INTEGER NOT NULL,"
        "  n_precopy INTEGER NOT NULL,"
        "  state INTEGER NOT NULL,"
        "  save_usec INTEGER NOT NULL,"
        "  load_usec INTEGER NOT NULL,"
        "  bandwidth_limit INTEGER NOT NULL,"
        "  link INTEGER NOT NULL,"
        "  allowed_ms INTEGER NOT NULL,"
        "  total_ms INTEGER NOT NULL,"
        "  downtime_ms INTEGER NOT NULL,"
        "  setup_ms INTEGER NOT NULL,"
        "  bytes INTEGER NOT NULL,"
        "  dirty_rate_seen INTEGER NOT NULL,"
        "  iterations INTEGER NOT NULL"
        ") STRICT;",
        "ALTER TABLE leases ADD COLUMN switch_before TEXT;"
        "ALTER TABLE leases ADD COLUMN switch_applied INTEGER NOT NULL DEFAULT 0;",
        "ALTER TABLE migrations ADD COLUMN allowed_ms INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE migrations ADD COLUMN setup_ms INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE migrations ADD COLUMN dirty_rate INTEGER NOT NULL DEFAULT 0;",
        "CREATE TABLE drain("
        "  number INTEGER PRIMARY KEY CHECK(number = 1)," /* one host, one drain */
        "  state TEXT NOT NULL,"
        "  persistent INTEGER NOT NULL,"
        "  undefine_source INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE drain_destinations("
        "  number INTEGER PRIMARY KEY,"
        "  uri TEXT NOT NULL"
        ") STRICT;"
        "CREATE TABLE drain_guests("
        "  number INTEGER PRIMARY KEY,"
        "  uuid TEXT NOT NULL UNIQUE,"
        "  name TEXT NOT NULL,"
        "  destination TEXT,"
        "  reason TEXT,"
        "  n_refused INTEGER NOT NULL,"
        "  state TEXT NOT NULL"
        ") STRICT;",
        "ALTER TABLE leases ADD COLUMN switch_guest TEXT;",
        "ALTER TABLE migrations ADD COLUMN transfer TEXT;"
        "ALTER TABLE migrations ADD COLUMN transfer_why TEXT;",
        "ALTER TABLE migrations ADD COLUMN last_traffic INTEGER NOT NULL DEFAULT -1;"
        "ALTER TABLE migrations ADD COLUMN first_traffic INTEGER NOT NULL DEFAULT -1;",
        "CREATE TABLE slices("
        "  number INTEGER PRIMARY KEY,"
        "  domain_uuid TEXT NOT NULL UNIQUE,"
        "  domain_name TEXT NOT NULL,"
        "  wish TEXT NOT NULL,"
        "  state TEXT NOT NULL,"
        "  created INTEGER NOT NULL,"
        "  changed INTEGER NOT NULL,"
        "  expires INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE slice_grants("
        "  slice INTEGER NOT NULL REFERENCES slices(number) ON DELETE CASCADE,"
        "  position INTEGER NOT NULL,"
        "  resource TEXT NOT NULL,"
        "  part TEXT NOT NULL,"
        "  amount INTEGER NOT NULL,"
        "  PRIMARY KEY(slice, position)"
        ") STRICT, WITHOUT ROWID;",
        "CREATE TABLE history_subjects("
        "  number INTEGER PRIMARY KEY,"
        "  kind TEXT NOT NULL,"
        "  id TEXT NOT NULL,"
        "  name TEXT NOT NULL,"
        "  UNIQUE(kind, id)"
        ") STRICT;"
        "CREATE TABLE history_short("
        "  number INTEGER PRIMARY KEY,"
        "  subject INTEGER NOT NULL,"
        "  start INTEGER NOT NULL,"
        "  data BLOB NOT NULL"
        ") STRICT;"
        "CREATE INDEX history_short_slots ON history_short(subject, start);"
        "CREATE TABLE history_long("
        "  number INTEGER PRIMARY KEY,"
        "  subject INTEGER NOT NULL,"
        "  start INTEGER NOT NULL,"
        "  data BLOB NOT NULL"
        ") STRICT;"
        "CREATE INDEX history_long_slots ON history_long(subject, start);",
        "CREATE TABLE demands("
        "  number INTEGER PRIMARY KEY,"
        "  kind TEXT NOT NULL,"
        "  id TEXT NOT NULL,"
        "  metric TEXT NOT NULL,"
        "  stored INTEGER NOT NULL,"
        "  data BLOB NOT NULL,"
        "  UNIQUE(kind, id, metric)"
        ") STRICT;"
        "CREATE INDEX demands_stored ON demands(stored, number);",
        "ALTER TABLE slices ADD COLUMN had TEXT;",
        "CREATE TABLE away("
        "  domain_uuid TEXT PRIMARY KEY,"
        "  affinity TEXT NOT NULL,"
        "  cpus TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;",
        "CREATE TABLE policy("
        "  number INTEGER PRIMARY KEY CHECK(number = 1)," /* one host, one policy */
        "  frozen INTEGER NOT NULL"
        ") STRICT;",
        "CREATE TABLE policy_moves("
        "  number INTEGER PRIMARY KEY,"
        "  made INTEGER NOT NULL,"
        "  came TEXT,"
        "  gave TEXT"
        ") STRICT;",
        "ALTER TABLE policy ADD COLUMN theta REAL;",
        "CREATE TABLE slice_changes("
        "  number INTEGER PRIMARY KEY,"
        "  made INTEGER NOT NULL,"
        "  part TEXT NOT NULL,"
        "  has REAL NOT NULL,"
        "  filled INTEGER,"
        "  peak REAL"
        ") STRICT;",
        "CREATE TABLE shares("
        "  resource TEXT PRIMARY KEY,"
        "  amount INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;",
        "ALTER TABLE migrations ADD COLUMN destination_why TEXT;",
        NULL,
};

int store_schema_latest(const char *const *steps) {
        int n = 0;

        while (steps[n])
                n++;
        return n;
}

int store_schema_version(sqlite3 *db, int *ret_version) {
        sqlite3_stmt *statement = NULL;
        int r;

        r = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);
        if (r != SQLITE_OK)
                return r;

        r = sqlite3_step(statement);
        if (r == SQLITE_ROW)
                *ret_version = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        return r == SQLITE_ROW ? SQLITE_OK : r;
}

static int take_step(sqlite3 *db, const char *step, int version) {
        g_autofree char *sql = NULL;

        /* A pragma takes no parameters, hence the printf. */
        sql = g_strdup_printf("BEGIN IMMEDIATE; %s PRAGMA user_version=%d; COMMIT", step, version);
        return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int store_schema_upgrade(sqlite3 *db, const char *const *steps) {
        int version, r;

        r = store_schema_version(db, &version);
        if (r != SQLITE_OK)
                return r;
        if (version < 0 || version > store_schema_latest(steps))
                return SQLITE_MISMATCH;

        for (; steps[version]; version++) {
                r = take_step(db, steps[version], version + 1);
                if (r != SQLITE_OK)
                        return r; /* closing the connection rolls back */
        }
        return SQLITE_OK;
}
