/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The daemon's memory over restarts: one SQLite database (WAL, synchronous=FULL).
 *
 * Rows are the objects themselves; the schema has a version and is brought up
 * to date on open. A database from a newer daemon is refused, a damaged one is
 * set aside as NAME.damaged and told about, never deleted. All errors are
 * FERRY_ERROR_STORE.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct Store Store;
typedef struct Lease Lease;
typedef struct Migration Migration;

/* `path` ":memory:" for tests. */
Store *store_open(const char *path, GError **error);
void store_close(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)

/* One transaction for what belongs together; begin and commit do not nest. */
bool store_begin(Store *store, GError **error);
bool store_commit(Store *store, GError **error);
void store_rollback(Store *store);

bool store_put_lease(Store *store, const Lease *lease, GError **error);
bool store_delete_lease(Store *store, const char *id, GError **error);
GPtrArray *store_load_leases(Store *store, GError **error); /* Lease, owned */

bool store_put_migration(Store *store, const Migration *migration, GError **error);
bool store_delete_migration(Store *store, const char *id, GError **error);
GPtrArray *store_load_migrations(Store *store, GError **error); /* Migration, owned, by start */

/* For tests: the n-th writing call from now on fails with FERRY_ERROR_STORE; -1 none. */
void store_fail_write(Store *store, int n);
