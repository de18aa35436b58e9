/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/migration.h"

#include "daemon/core/string-table.h"

static const char *const state_words[] = {
        [MIGRATION_PLANNED] = "planned",   [MIGRATION_CHECKED] = "checked",
        [MIGRATION_RESERVED] = "reserved", [MIGRATION_PREPARED] = "prepared",
        [MIGRATION_PRECOPY] = "precopy",   [MIGRATION_SWITCHOVER] = "switchover",
        [MIGRATION_RESUMED] = "resumed",   [MIGRATION_FINISHED] = "finished",
        [MIGRATION_ABORTING] = "aborting", [MIGRATION_ROLLED_BACK] = "rolled-back",
        [MIGRATION_FAILED] = "failed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_words) == _MIGRATION_STATE_MAX);

const char *migration_state_to_string(MigrationState state) {
        return string_table_word(state_words, _MIGRATION_STATE_MAX, state);
}

MigrationState migration_state_from_string(const char *text) {
        return (MigrationState)string_table_value(state_words, _MIGRATION_STATE_MAX, text);
}

static const char *const direction_words[] = {
        [MIGRATION_INCOMING] = "incoming",
        [MIGRATION_OUTGOING] = "outgoing",
};
G_STATIC_ASSERT(G_N_ELEMENTS(direction_words) == _MIGRATION_DIRECTION_MAX);

const char *migration_direction_to_string(MigrationDirection direction) {
        return string_table_word(direction_words, _MIGRATION_DIRECTION_MAX, direction);
}

MigrationDirection migration_direction_from_string(const char *text) {
        return (MigrationDirection)string_table_value(direction_words, _MIGRATION_DIRECTION_MAX,
                                                      text);
}

/* Where a migration may go from each state. Each list of the way forwards is
 * the next state and the list of that one. */
#define TO(state)        (1u << MIGRATION_##state)
#define AFTER_RESUMED    TO(FINISHED)
#define AFTER_SWITCHOVER (TO(RESUMED) | AFTER_RESUMED)
#define AFTER_PRECOPY    (TO(SWITCHOVER) | AFTER_SWITCHOVER)
#define AFTER_PREPARED   (TO(PRECOPY) | AFTER_PRECOPY)
#define AFTER_RESERVED   (TO(PREPARED) | AFTER_PREPARED)
#define AFTER_CHECKED    (TO(RESERVED) | AFTER_RESERVED)
#define AFTER_PLANNED    (TO(CHECKED) | AFTER_CHECKED)

static const unsigned transitions[] = {
        [MIGRATION_PLANNED] = AFTER_PLANNED | TO(ABORTING),
        [MIGRATION_CHECKED] = AFTER_CHECKED | TO(ABORTING),
        [MIGRATION_RESERVED] = AFTER_RESERVED | TO(ABORTING),
        [MIGRATION_PREPARED] = AFTER_PREPARED | TO(ABORTING),
        [MIGRATION_PRECOPY] = AFTER_PRECOPY | TO(ABORTING),
        [MIGRATION_SWITCHOVER] = AFTER_SWITCHOVER | TO(ABORTING),
        [MIGRATION_RESUMED] = AFTER_RESUMED | TO(FAILED),
        [MIGRATION_FINISHED] = 0,
        [MIGRATION_ABORTING] = TO(ROLLED_BACK) | TO(FAILED),
        [MIGRATION_ROLLED_BACK] = 0,
        [MIGRATION_FAILED] = 0,
};
G_STATIC_ASSERT(G_N_ELEMENTS(transitions) == _MIGRATION_STATE_MAX);

bool migration_state_may_enter(MigrationState from, MigrationState to) {
        g_assert(from >= 0 && from < _MIGRATION_STATE_MAX);
        g_assert(to >= 0 && to < _MIGRATION_STATE_MAX);

        return transitions[from] & (1u << to);
}

bool migration_state_is_final(MigrationState state) {
        g_assert(state >= 0 && state < _MIGRATION_STATE_MAX);

        return transitions[state] == 0;
}

static void migration_device_free(MigrationDevice *device) {
        g_free(device->name);
        g_free(device->class_name);
        g_free(device->type);
        g_free(device->from);
        g_free(device->to);
        g_free(device->reason);
        g_free(device);
}

Migration *migration_new(MigrationDirection direction, const char *domain_uuid,
                         const char *domain_name) {
        Migration *migration = g_new0(Migration, 1);

        migration->id = g_uuid_string_random();
        migration->domain_uuid = g_strdup(domain_uuid);
        migration->domain_name = g_strdup(domain_name);
        migration->direction = direction;
        migration->devices = g_ptr_array_new_with_free_func((GDestroyNotify)migration_device_free);
        migration->downtime_ms = -1;
        migration->total_ms = -1;
        migration->plan.total_ms = -1;
        migration->plan.downtime_ms = -1;
        migration->plan.allowed_ms = -1;
        migration->setup_ms = -1;
        migration->last_traffic = -1;
        migration->first_traffic = -1;
        return migration;
}

void migration_free(Migration *migration) {
        if (!migration)
                return;

        g_free(migration->id);
        g_free(migration->domain_uuid);
        g_free(migration->domain_name);
        g_free(migration->reason);
        g_free(migration->plan.destination);
        g_free(migration->plan.destination_why);
        g_free(migration->plan.strategy);
        g_free(migration->plan.why);
        g_free(migration->plan.transfer);
        g_free(migration->plan.transfer_why);
        g_ptr_array_unref(migration->devices);
        g_free(migration);
}

void migration_add_device(Migration *migration, const char *name, const char *class_name,
                          const char *type, const char *from, const char *to, const char *reason) {
        MigrationDevice *device = g_new0(MigrationDevice, 1);

        device->name = g_strdup(name);
        device->class_name = g_strdup(class_name);
        device->type = g_strdup(type);
        device->from = g_strdup(from);
        device->to = g_strdup(to);
        device->reason = g_strdup(reason);
        g_ptr_array_add(migration->devices, device);
}
