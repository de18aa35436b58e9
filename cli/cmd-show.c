/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/destination.h"
#include "cli/migration-sheet.h"
#include "cli/migration-view.h"
#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

/* Two packets that are further apart are not of one move. */
#define OTHER_HALF_USEC (10 * 60 * G_USEC_PER_SEC)

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

/* Two records of one move: of all that have come there, the one whose first packet is next to our
 * last. */
static const Object *find_other(const GPtrArray *migrations, const Object *migration) {
        int64_t last = object_int(migration, "LastTrafficUSec"), best = OTHER_HALF_USEC;
        const char *uuid = object_string(migration, "DomainUUID");
        const Object *found = NULL;

        for (guint i = 0; i < migrations->len; i++) {
                const Object *other = migrations->pdata[i];
                int64_t first = object_int(other, "FirstTrafficUSec");

                if (first <= 0 || strcmp(object_string(other, "DomainUUID"), uuid) != 0 ||
                    ABS(first - last) >= best)
                        continue;
                best = ABS(first - last);
                found = other;
        }
        return found;
}

static char *text_cut_off(const Object *migration, const Object *other) {
        int64_t usec = object_int(other, "FirstTrafficUSec") -
                       object_int(migration, "LastTrafficUSec");
        g_autofree char *packets = text_duration((uint64_t)MAX(usec, 0));
        g_autofree char *qemu = text_duration(
                (uint64_t)MAX(object_int(migration, "DowntimeMSec"), 0) * 1000);

        if (usec < 0)
                return g_strdup("not to be told, since the clocks of the two hosts differ");
        if (object_int(migration, "DowntimeMSec") < 0)
                return g_strdup_printf("%s as its packets tell, by the clocks of both hosts",
                                       packets);
        return g_strdup_printf("%s as its packets tell, by the clocks of both hosts; %s as QEMU "
                               "says",
                               packets, qemu);
}

/* Only where both have seen packets, since it takes ssh. NULL: there is nothing to say. */
static char *ask_cut_off(const Object *migration) {
        g_autofree char *host = destination_host(object_string(migration, "Destination"));
        g_autoptr(GPtrArray) migrations = NULL;
        g_autoptr(GVariant) managed = NULL;
        g_autoptr(Client) client = NULL;
        g_autoptr(GError) error = NULL;
        const Object *other;

        if (!host || strcmp(object_string(migration, "State"), "finished") != 0 ||
            object_int(migration, "LastTrafficUSec") <= 0)
                return NULL;

        client = client_new(host, &error);
        managed = client ? objects_get(client, &error) : NULL;
        if (!managed)
                return g_strdup_printf("not known, since %s was not asked: %s", host,
                                       error->message);

        migrations = objects_list(managed, FERRY_INTERFACE_MIGRATION, migration_compare_start);
        other = find_other(migrations, migration);
        return other ? text_cut_off(migration, other)
                     : g_strdup_printf("not known, since %s has seen no packet of it", host);
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
        g_autofree char *cut_off = NULL;
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
        cut_off = ask_cut_off(migration);
        migration_sheet_print(options, migration, cut_off);
        if (!options->no_legend)
                print_other_half(migration);
        return EXIT_STATUS_OK;
}
