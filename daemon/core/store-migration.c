/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/migration.h"
#include "daemon/core/store-query.h"

/* Writing: one row, and rows of its devices and of its times ------------------------ */

static bool put_row(Store *store, const Migration *migration, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_MIGRATION);

        query_put_text(&query, migration->id);
        query_put_text(&query, migration->domain_uuid);
        query_put_text(&query, migration->domain_name);
        query_put_text(&query, migration_direction_to_string(migration->direction));
        query_put_text(&query, migration_state_to_string(migration->state));
        query_put_text(&query, migration->reason);
        query_put_int(&query, migration->downtime_ms);
        query_put_int(&query, migration->total_ms);
        query_put_int(&query, (int64_t)migration->memory_bytes);
        query_put_int(&query, (int64_t)migration->vfio_bytes);
        query_put_int(&query, (int64_t)migration->memory_total);
        query_put_int(&query, (int64_t)migration->memory_remaining);
        query_put_int(&query, migration->iterations);
        query_put_text(&query, migration->plan.destination);
        query_put_text(&query, migration->plan.strategy);
        query_put_text(&query, migration->plan.why);
        query_put_int(&query, migration->plan.total_ms);
        query_put_int(&query, migration->plan.downtime_ms);
        query_put_int(&query, (int64_t)migration->plan.bytes);
        query_put_int(&query, migration->plan.allowed_ms);
        query_put_int(&query, migration->setup_ms);
        query_put_int(&query, (int64_t)migration->dirty_rate);
        query_put_text(&query, migration->plan.transfer);
        query_put_text(&query, migration->plan.transfer_why);
        query_put_int(&query, migration->last_traffic);
        query_put_int(&query, migration->first_traffic);
        query_put_text(&query, migration->plan.destination_why);
        return query_run(&query, error);
}

static bool put_device(Store *store, const Migration *migration, guint position, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_DEVICE);
        const MigrationDevice *device = migration->devices->pdata[position];

        query_put_text(&query, migration->id);
        query_put_int(&query, position);
        query_put_text(&query, device->name);
        query_put_text(&query, device->class_name);
        query_put_text(&query, device->type);
        query_put_text(&query, device->from);
        query_put_text(&query, device->to);
        query_put_text(&query, device->reason);
        return query_run(&query, error);
}

static bool put_time(Store *store, const Migration *migration, MigrationState state,
                     GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_PUT_TIME);

        query_put_text(&query, migration->id);
        query_put_text(&query, migration_state_to_string(state));
        query_put_int(&query, migration->entered[state]);
        return query_run(&query, error);
}

static bool put_all(Store *store, const Migration *migration, GError **error) {
        if (!put_row(store, migration, error) ||
            !store_run(store, STATEMENT_DELETE_DEVICES, migration->id, error) ||
            !store_run(store, STATEMENT_DELETE_TIMES, migration->id, error))
                return false;

        for (guint i = 0; i < migration->devices->len; i++)
                if (!put_device(store, migration, i, error))
                        return false;

        for (MigrationState state = 0; state < _MIGRATION_STATE_MAX; state++)
                if (migration->entered[state] != 0 && !put_time(store, migration, state, error))
                        return false;

        return true;
}

bool store_put_migration(Store *store, const Migration *migration, GError **error) {
        bool alone = sqlite3_get_autocommit(store->db); /* not in a transaction of the caller's */

        if (!store_may_write(store, error) ||
            (alone && !store_run(store, STATEMENT_BEGIN, NULL, error)))
                return false;

        if (!put_all(store, migration, error)) {
                if (alone)
                        store_rollback(store);
                return false;
        }

        return !alone || store_run_commit(store, error);
}

bool store_delete_migration(Store *store, const char *id, GError **error) {
        return store_may_write(store, error) &&
               store_run(store, STATEMENT_DELETE_MIGRATION, id, error);
}

/* Reading --------------------------------------------------------------------------- */

static bool load_devices(Store *store, Migration *migration, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_DEVICES);
        int r;

        query_put_text(&query, migration->id);
        while ((r = query_next_row(&query, error)) > 0) {
                MigrationDevice *device = g_new0(MigrationDevice, 1);

                device->name = query_get_text(&query);
                device->class_name = query_get_text(&query);
                device->type = query_get_text(&query);
                device->from = query_get_text(&query);
                device->to = query_get_text(&query);
                device->reason = query_get_text(&query);
                g_ptr_array_add(migration->devices, device);
        }
        return r == 0;
}

static bool unknown_word(const Query *row, const Migration *migration, const char *column,
                         const char *word, GError **error) {
        g_autofree char *object = g_strdup_printf("migration %s", migration->id);

        return query_set_unknown_word(row, object, column, word, error);
}

static bool load_times(Store *store, Migration *migration, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_TIMES);
        int r;

        query_put_text(&query, migration->id);
        while ((r = query_next_row(&query, error)) > 0) {
                g_autofree char *word = query_get_text(&query);
                MigrationState state = migration_state_from_string(word);

                if (state < 0)
                        return unknown_word(&query, migration, "time of state", word, error);
                migration->entered[state] = query_get_int(&query);
        }
        return r == 0;
}

static bool read_words(Query *row, Migration *migration, GError **error) {
        g_autofree char *direction = query_get_text(row), *state = query_get_text(row);

        migration->direction = migration_direction_from_string(direction);
        if (migration->direction < 0)
                return unknown_word(row, migration, "direction", direction, error);

        migration->state = migration_state_from_string(state);
        if (migration->state < 0)
                return unknown_word(row, migration, "state", state, error);
        return true;
}

static Migration *migration_from_row(Query *row, GError **error) {
        g_autoptr(Migration) migration = migration_new(MIGRATION_INCOMING, NULL, NULL);

        g_free(migration->id);
        migration->id = query_get_text(row);
        migration->domain_uuid = query_get_text(row);
        migration->domain_name = query_get_text(row);
        if (!read_words(row, migration, error))
                return NULL;
        migration->reason = query_get_text(row);
        migration->downtime_ms = query_get_int(row);
        migration->total_ms = query_get_int(row);
        migration->memory_bytes = (uint64_t)query_get_int(row);
        migration->vfio_bytes = (uint64_t)query_get_int(row);
        migration->memory_total = (uint64_t)query_get_int(row);
        migration->memory_remaining = (uint64_t)query_get_int(row);
        migration->iterations = (unsigned)query_get_int(row);
        migration->plan.destination = query_get_text(row);
        migration->plan.strategy = query_get_text(row);
        migration->plan.why = query_get_text(row);
        migration->plan.total_ms = query_get_int(row);
        migration->plan.downtime_ms = query_get_int(row);
        migration->plan.bytes = (uint64_t)query_get_int(row);
        migration->plan.allowed_ms = query_get_int(row);
        migration->setup_ms = query_get_int(row);
        migration->dirty_rate = (uint64_t)query_get_int(row);
        migration->plan.transfer = query_get_text(row);
        migration->plan.transfer_why = query_get_text(row);
        migration->last_traffic = query_get_int(row);
        migration->first_traffic = query_get_int(row);
        migration->plan.destination_why = query_get_text(row);
        return g_steal_pointer(&migration);
}

GPtrArray *store_load_migrations(Store *store, GError **error) {
        g_auto(Query) query = query_new(store, STATEMENT_LOAD_MIGRATIONS);
        g_autoptr(GPtrArray)
                migrations = g_ptr_array_new_with_free_func((GDestroyNotify)migration_free);
        int r;

        while ((r = query_next_row(&query, error)) > 0) {
                Migration *migration = migration_from_row(&query, error);

                if (!migration)
                        return NULL;
                g_ptr_array_add(migrations, migration);
                if (!load_devices(store, migration, error) || !load_times(store, migration, error))
                        return NULL;
        }
        return r < 0 ? NULL : g_steal_pointer(&migrations);
}
