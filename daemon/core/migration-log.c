/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/migration.h"
#include "xml/ferry-error.h"

struct MigrationLog {
        Store *store;
        GPtrArray *migrations; /* Migration, owned, oldest first */
        MigrationListener listener;
        void *userdata;
        int64_t (*now)(void);
};

MigrationLog *migration_log_new(Store *store) {
        MigrationLog *log = g_new0(MigrationLog, 1);

        log->store = store;
        log->migrations = g_ptr_array_new_with_free_func((GDestroyNotify)migration_free);
        log->now = g_get_real_time;
        return log;
}

void migration_log_free(MigrationLog *log) {
        if (!log)
                return;

        g_ptr_array_unref(log->migrations);
        g_free(log);
}

void migration_log_set_listener(MigrationLog *log, MigrationListener listener, void *userdata) {
        log->listener = listener;
        log->userdata = userdata;
}

void migration_log_set_clock(MigrationLog *log, int64_t (*now)(void)) {
        log->now = now;
}

bool migration_log_load(MigrationLog *log, GError **error) {
        GPtrArray *migrations;

        migrations = store_load_migrations(log->store, error);
        if (!migrations)
                return false;

        g_ptr_array_unref(log->migrations);
        log->migrations = migrations;
        return true;
}

static void tell(MigrationLog *log, MigrationChange change, const Migration *migration) {
        if (log->listener)
                log->listener(log->userdata, change, migration);
}

/* Those that ended before and are too many when `next` ends as well. It is never one itself: what
 * it has to say was not read yet. */
static GPtrArray *list_surplus(const MigrationLog *log, const Migration *next) {
        GPtrArray *ended = g_ptr_array_new();
        guint n_kept = MIGRATIONS_KEPT - 1;

        if (!migration_state_is_final(next->state))
                return ended;

        for (guint i = 0; i < log->migrations->len; i++) {
                Migration *other = log->migrations->pdata[i];

                if (migration_state_is_final(other->state))
                        g_ptr_array_add(ended, other);
        }

        g_ptr_array_set_size(ended, (gint)(ended->len - MIN(ended->len, n_kept)));
        return ended;
}

static bool write_rows(MigrationLog *log, const Migration *next, const GPtrArray *surplus,
                       GError **error) {
        if (!store_put_migration(log->store, next, error))
                return false;

        for (guint i = 0; i < surplus->len; i++) {
                const Migration *migration = surplus->pdata[i];

                if (!store_delete_migration(log->store, migration->id, error))
                        return false;
        }
        return true;
}

static bool store_all(MigrationLog *log, const Migration *next, const GPtrArray *surplus,
                      GError **error) {
        if (!store_begin(log->store, error))
                return false;

        if (!write_rows(log, next, surplus, error)) {
                store_rollback(log->store);
                return false;
        }
        return store_commit(log->store, error);
}

static void forget(MigrationLog *log, const GPtrArray *surplus) {
        for (guint i = 0; i < surplus->len; i++) {
                g_autoptr(Migration) migration = surplus->pdata[i];
                guint position;

                g_ptr_array_find(log->migrations, migration, &position);
                g_ptr_array_steal_index(log->migrations, position);
                tell(log, MIGRATION_REMOVED, migration);
        }
}

Migration *migration_log_add(MigrationLog *log, Migration *migration, MigrationState state,
                             GError **error) {
        g_autoptr(Migration) added = migration;
        g_autoptr(GPtrArray) surplus = NULL;

        added->state = state;
        added->entered[state] = log->now();
        surplus = list_surplus(log, added);
        if (!store_all(log, added, surplus, error))
                return NULL;

        g_ptr_array_add(log->migrations, added);
        tell(log, MIGRATION_ADDED, added);
        forget(log, surplus);
        return g_steal_pointer(&added);
}

static bool check_transition(const Migration *migration, MigrationState state, GError **error) {
        if (migration_state_may_enter(migration->state, state))
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "The migration of guest %s is %s and cannot become %s", migration->domain_name,
                    migration_state_to_string(migration->state), migration_state_to_string(state));
        return false;
}

bool migration_log_enter(MigrationLog *log, Migration *migration, MigrationState state,
                         const char *reason, GError **error) {
        g_autofree char *copy = g_strdup(reason ?: migration->reason);
        g_autoptr(GPtrArray) surplus = NULL;
        Migration next = *migration;

        if (!check_transition(migration, state, error))
                return false;

        next.state = state;
        next.reason = copy;
        next.entered[state] = log->now();
        surplus = list_surplus(log, &next);
        if (!store_all(log, &next, surplus, error))
                return false;

        g_free(migration->reason);
        *migration = next;
        (void)g_steal_pointer(&copy);
        tell(log, MIGRATION_CHANGED, migration);
        forget(log, surplus);
        return true;
}

bool migration_log_update(MigrationLog *log, Migration *migration, GError **error) {
        if (!store_put_migration(log->store, migration, error))
                return false;

        tell(log, MIGRATION_CHANGED, migration);
        return true;
}

/* Questions ------------------------------------------------------------------------- */

Migration *migration_log_find(const MigrationLog *log, const char *id) {
        for (guint i = 0; i < log->migrations->len; i++) {
                Migration *migration = log->migrations->pdata[i];

                if (g_str_equal(migration->id, id))
                        return migration;
        }
        return NULL;
}

static Migration *find_latest(const MigrationLog *log, const char *domain_uuid, bool going) {
        for (guint i = log->migrations->len; i > 0; i--) {
                Migration *migration = log->migrations->pdata[i - 1];

                if (g_str_equal(migration->domain_uuid, domain_uuid) &&
                    !(going && migration_state_is_final(migration->state)))
                        return migration;
        }
        return NULL;
}

Migration *migration_log_current(const MigrationLog *log, const char *domain_uuid) {
        return find_latest(log, domain_uuid, true);
}

Migration *migration_log_latest(const MigrationLog *log, const char *domain_uuid) {
        return find_latest(log, domain_uuid, false);
}

GPtrArray *migration_log_list(const MigrationLog *log) {
        GPtrArray *list = g_ptr_array_new();

        g_ptr_array_extend(list, log->migrations, NULL, NULL);
        return list;
}
