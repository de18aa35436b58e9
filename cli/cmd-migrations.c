/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/migration-view.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "daemon/names.h"

static const Column columns[] = {
        { "GUEST" },        { "DIRECTION" },   { "STATE" },
        { "STARTED" },      { "TOTAL", true }, { "DOWNTIME", true },
        { "MEMORY", true }, { "VFIO", true },  { "REASON" },
        { NULL },
};

static void add_msec(Table *table, int64_t msec) {
        g_autofree char *text = text_duration(MAX(msec, 0) * 1000);

        table_add(table, STYLE_NONE, "%s", msec >= 0 ? text : "");
}

static void add_bytes(Table *table, int64_t bytes) {
        g_autofree char *text = text_bytes(bytes);

        table_add(table, STYLE_NONE, "%s", bytes > 0 ? text : "");
}

static void add_state(Table *table, const Object *migration) {
        int percent = migration_percent(migration);

        if (percent >= 0)
                table_add(table, migration_style(migration), "%s %d%%",
                          object_string(migration, "State"), percent);
        else
                table_add(table, migration_style(migration), "%s",
                          object_string(migration, "State"));
}

static void add_migration(Table *table, const Object *migration) {
        g_autofree char *started = text_time(migration_start(migration));

        table_add(table, STYLE_NONE, "%s", object_string(migration, "DomainName"));
        table_add(table, STYLE_NONE, "%s", object_string(migration, "Direction"));
        add_state(table, migration);
        table_add(table, STYLE_NONE, "%s", started);
        add_msec(table, object_int(migration, "TotalMSec"));
        add_msec(table, object_int(migration, "DowntimeMSec"));
        add_bytes(table, object_int(migration, "MemoryBytes"));
        add_bytes(table, object_int(migration, "VfioBytes"));
        table_add(table, STYLE_NONE, "%s", object_string(migration, "Reason"));
}

int cmd_migrations(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GPtrArray) migrations = NULL;
        g_autoptr(Table) table = table_new(columns);
        g_autoptr(GVariant) managed = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (options->watch)
                return watch_migrations(options, client, error);

        managed = objects_get(client, error);
        if (!managed)
                return -1;

        migrations = objects_list(managed, FERRY_INTERFACE_MIGRATION, migration_compare_start);
        if (options->json) {
                output_json_objects(migrations);
                return EXIT_STATUS_OK;
        }

        for (unsigned i = 0; i < migrations->len; i++)
                add_migration(table, migrations->pdata[i]);
        output_table(options, table, "No migrations.");
        return EXIT_STATUS_OK;
}
