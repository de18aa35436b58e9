/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The daemon's memory over restarts: one SQLite database (WAL, synchronous=FULL).
 *
 * Rows are the objects themselves; the schema has a version and is brought up
 * to date on open. A database from a newer daemon is refused, a damaged one is
 * set aside as NAME.damaged and told about, never deleted; one that another
 * daemon has (NAME.lock) is refused. All errors are FERRY_ERROR_STORE. One thread. The directory is
 * there already (systemd's StateDirectory=); the file is made here, mode 0600.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct Store Store;
typedef struct DrainRecord DrainRecord;
typedef struct Lease Lease;
typedef struct Migration Migration;
typedef struct Model Model;
typedef struct MoveFacts MoveFacts;
typedef struct MoveOutcome MoveOutcome;
typedef struct SliceEntry SliceEntry;
typedef struct TuningAway TuningAway;

/* `path` ":memory:" for tests. */
Store *store_open(const char *path, GError **error);
void store_close(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_close)

/* Where store_open() has put a damaged database; NULL when it was sound. To be told to somebody. */
const char *store_damaged_path(const Store *store);

/* One transaction for what belongs together; begin and commit do not nest. After a put or delete
 * that failed only store_rollback() may follow; a commit that failed has rolled back. */
bool store_begin(Store *store, GError **error);
bool store_commit(Store *store, GError **error);
void store_rollback(Store *store);

bool store_put_lease(Store *store, const Lease *lease, GError **error);
bool store_delete_lease(Store *store, const char *id, GError **error);
GPtrArray *store_load_leases(Store *store, GError **error); /* Lease, owned, oldest first */

bool store_put_migration(Store *store, const Migration *migration, GError **error);
bool store_delete_migration(Store *store, const char *id, GError **error);
GPtrArray *store_load_migrations(Store *store, GError **error); /* Migration, owned, oldest first */

/* By its number, with its wish and grants; a transaction around it is the caller's. */
bool store_put_slice(Store *store, const SliceEntry *entry, GError **error);
/* The same for one whose wish and grants are there as they are: all else of it. */
bool store_note_slice(Store *store, const SliceEntry *entry, GError **error);
bool store_delete_slice(Store *store, const SliceEntry *entry, GError **error);
GPtrArray *store_load_slices(Store *store, GError **error); /* SliceEntry, owned, oldest first */

/* What a guest had that is kept off CPUs of others, by the guest's UUID; NULL: it is not, any more.
 */
bool store_put_away(Store *store, const char *domain_uuid, const TuningAway *away, GError **error);
bool store_load_away(Store *store, const char *domain_uuid, TuningAway **ret_away, GError **error);
GPtrArray *store_list_away(Store *store, GError **error); /* UUIDs, owned */

/* The drain of this host, in the place of what was; NULL: none. A transaction of its own. */
bool store_put_drain(Store *store, const DrainRecord *record, GError **error);
bool store_load_drain(Store *store, DrainRecord **ret_record, GError **error); /* NULL: none */

/* A move that model_learn() took. Only those that a model keeps are kept here. */
bool store_put_move(Store *store, const MoveFacts *facts, const MoveOutcome *outcome,
                    GError **error);
/* Teaches an empty model what was put, in that order. */
bool store_load_model(Store *store, Model *model, GError **error);

/* For tests: of the writing calls from now on (begin, put, delete, commit), number n fails once
 * with FERRY_ERROR_STORE. 0 is the next one, -1 none. */
void store_fail_write(Store *store, int n);
