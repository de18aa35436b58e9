/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/destination.h"
#include "cli/migration-sheet.h"
#include "cli/migration-view.h"
#include "cli/output.h"
#include "daemon/names.h"

/* The last of those where one of these properties is `value`. */
static const Object *find_latest(const GPtrArray *migrations, const char *const *properties,
                                 const char *value) {
        const Object *latest = NULL;

        for (guint i = 0; i < migrations->len; i++)
                for (const char *const *name = properties; *name; name++)
                        if (strcmp(object_string(migrations->pdata[i], *name), value) == 0)
                                latest = migrations->pdata[i];
        return latest;
}

/* NULL: none, or several, which are counted. */
static const Object *find_beginning(const GPtrArray *migrations, const char *beginning,
                                    unsigned *ret_n) {
        const Object *found = NULL;
        unsigned n = 0;

        for (guint i = 0; *beginning && i < migrations->len; i++) {
                const Object *migration = migrations->pdata[i];

                if (g_str_has_prefix(object_string(migration, "Id"), beginning)) {
                        found = migration;
                        n++;
                }
        }
        *ret_n = n;
        return n == 1 ? found : NULL;
}

/* A guest may have the name that looks like an id's beginning, and no other word for itself. */
static const Object *find(const GPtrArray *migrations, const char *which, GError **error) {
        static const char *const names[] = { "Id", "DomainName", "DomainUUID", NULL };
        const Object *found = find_latest(migrations, names, which);
        unsigned n;

        if (!found)
                found = find_beginning(migrations, which, &n);
        if (!found && n > 1)
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                            "the ids of %u migrations begin with '%s': write more of it", n, which);
        else if (!found)
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                            "nothing is known of a migration or of a guest '%s': 'virt-ferry "
                            "migrations' lists them",
                            which);
        return found;
}

/* Each host has its own record, under its own id. */
static void print_other_half(const Object *migration) {
        g_autofree char *host = destination_host(object_string(migration, "Destination"));

        if (host)
                printf("\n'virt-ferry -H %s show %s' shows the half of the destination.\n", host,
                       object_string(migration, "DomainUUID"));
}

int cmd_show(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GPtrArray) migrations = NULL;
        g_autoptr(GVariant) managed = NULL;
        g_autoptr(Client) client = NULL;
        const Object *migration;

        client = client_new(options->host, error);
        managed = client ? objects_get(client, error) : NULL;
        if (!managed)
                return -1;

        migrations = objects_list(managed, FERRY_INTERFACE_MIGRATION, migration_compare_start);
        migration = find(migrations, arguments[0], error);
        if (!migration)
                return -1;

        if (options->json) {
                output_json(migration->properties);
                return EXIT_STATUS_OK;
        }
        migration_sheet_print(options, migration);
        if (!options->no_legend)
                print_other_half(migration);
        return EXIT_STATUS_OK;
}
