/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/dump.h"

static const char *text(const char *value) {
        return value ?: "(null)";
}

char *dump_lease(const Lease *lease) {
        return g_strdup_printf(
                "%s guest=%s/%s device=%s class=%s pool=%s parent=%s type=%s "
                "address=%s name=%s make=%d managed=%d bound=%d previous=%s state=%s "
                "created=%" G_GINT64_FORMAT " expires=%" G_GINT64_FORMAT "\n",
                text(lease->id), text(lease->domain_uuid), text(lease->domain_name),
                text(lease->device), text(lease->class_name), text(lease->pool),
                text(lease->parent), text(lease->type), text(lease->address), text(lease->name),
                lease->make, lease->managed, lease->bound, text(lease->previous_driver),
                lease_state_to_string(lease->state), lease->created, lease->expires);
}

char *dump_leases(const GPtrArray *leases) {
        GString *dump = g_string_new(NULL);

        for (guint i = 0; i < leases->len; i++) {
                g_autofree char *line = dump_lease(leases->pdata[i]);

                g_string_append(dump, line);
        }
        return g_string_free(dump, FALSE);
}

char *dump_stored_leases(Store *store) {
        g_autoptr(GPtrArray) leases = NULL;
        g_autoptr(GError) error = NULL;

        leases = store_load_leases(store, &error);
        g_assert_no_error(error);
        return dump_leases(leases);
}

static void dump_device(GString *dump, const MigrationDevice *device) {
        g_string_append_printf(dump, "  device %s class=%s type=%s from=%s to=%s reason=%s\n",
                               text(device->name), text(device->class_name), text(device->type),
                               text(device->from), text(device->to), text(device->reason));
}

char *dump_migration(const Migration *migration) {
        GString *dump = g_string_new(NULL);

        g_string_append_printf(
                dump,
                "%s guest=%s/%s %s state=%s reason=%s downtime=%" G_GINT64_FORMAT
                " total=%" G_GINT64_FORMAT " memory=%" G_GUINT64_FORMAT " vfio=%" G_GUINT64_FORMAT
                " memory-total=%" G_GUINT64_FORMAT " remaining=%" G_GUINT64_FORMAT
                " iterations=%u destination=%s since %s strategy=%s"
                " why=%s forecast=%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT
                " allowed=%" G_GINT64_FORMAT " setup=%" G_GINT64_FORMAT " dirty=%" G_GUINT64_FORMAT
                " transfer=%s since %s traffic=%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "\n",
                text(migration->id), text(migration->domain_uuid), text(migration->domain_name),
                migration_direction_to_string(migration->direction),
                migration_state_to_string(migration->state), text(migration->reason),
                migration->downtime_ms, migration->total_ms, migration->memory_bytes,
                migration->vfio_bytes, migration->memory_total, migration->memory_remaining,
                migration->iterations, text(migration->plan.destination),
                text(migration->plan.destination_why), text(migration->plan.strategy),
                text(migration->plan.why), migration->plan.total_ms, migration->plan.downtime_ms,
                migration->plan.bytes, migration->plan.allowed_ms, migration->setup_ms,
                migration->dirty_rate, text(migration->plan.transfer),
                text(migration->plan.transfer_why), migration->last_traffic,
                migration->first_traffic);

        for (guint i = 0; i < migration->devices->len; i++)
                dump_device(dump, migration->devices->pdata[i]);
        for (int state = 0; state < _MIGRATION_STATE_MAX; state++)
                g_string_append_printf(dump, " %" G_GINT64_FORMAT, migration->entered[state]);
        g_string_append_c(dump, '\n');
        return g_string_free(dump, FALSE);
}

char *dump_migrations(const GPtrArray *migrations) {
        GString *dump = g_string_new(NULL);

        for (guint i = 0; i < migrations->len; i++) {
                g_autofree char *lines = dump_migration(migrations->pdata[i]);

                g_string_append(dump, lines);
        }
        return g_string_free(dump, FALSE);
}

char *dump_stored_migrations(Store *store) {
        g_autoptr(GPtrArray) migrations = NULL;
        g_autoptr(GError) error = NULL;

        migrations = store_load_migrations(store, &error);
        g_assert_no_error(error);
        return dump_migrations(migrations);
}
