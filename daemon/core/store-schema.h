/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The tables of the store, and how an older database becomes one of today.
 *
 * PRAGMA user_version counts the steps that a database has taken. A step is
 * never changed once it was released: the next one is added. For store.c and
 * its test.
 */

#include <sqlite3.h>

extern const char *const store_schema[]; /* SQL of each step; ends with NULL */

int store_schema_latest(const char *const *steps);
/* SQLITE_OK, or SQLite's code. Needs no table and no sound schema. */
int store_schema_version(sqlite3 *db, int *ret_version);
/* Takes the steps that are missing, each in a transaction of its own: whatever ends the daemon in
 * between, the next start goes on from there. After an error the connection is to be closed, which
 * rolls back. SQLITE_MISMATCH when the database has steps that this daemon does not know. */
int store_schema_upgrade(sqlite3 *db, const char *const *steps);
