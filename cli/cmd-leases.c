/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/output.h"
#include "cli/text.h"
#include "daemon/names.h"

static const Column columns[] = {
        { "LEASE" }, { "GUEST" }, { "DEVICE" }, { "CLASS" },   { "TYPE" }, { "POOL" },
        { "STATE" }, { "MADE" },  { "SINCE" },  { "EXPIRES" }, { NULL },
};

static int compare_created(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;
        int64_t difference = object_int(x, "CreatedUSec") - object_int(y, "CreatedUSec");

        return difference ? (difference < 0 ? -1 : 1) : object_compare_path(a, b);
}

static void add_expiry(Table *table, int64_t expires) {
        int64_t left = expires - g_get_real_time();
        g_autofree char *text = text_duration(MAX(left, 0));

        if (expires == 0)
                table_add(table, STYLE_NONE, "never");
        else
                table_add(table, STYLE_BUSY, "in %s", text);
}

static void add_lease(Table *table, const Object *lease) {
        g_autofree char *since = text_time(object_int(lease, "CreatedUSec"));
        const char *state = object_string(lease, "State");

        table_add(table, STYLE_NONE, "%s", object_string(lease, "Id"));
        table_add(table, STYLE_NONE, "%s", object_string(lease, "DomainName"));
        table_add(table, STYLE_NONE, "%s", object_string(lease, "DeviceId"));
        table_add(table, STYLE_NONE, "%s", object_string(lease, "Class"));
        table_add(table, STYLE_NONE, "%s", object_string(lease, "Type"));
        table_add(table, STYLE_NONE, "%s", object_string(lease, "Pool"));
        table_add(table, strcmp(state, "running") == 0 ? STYLE_GOOD : STYLE_BUSY, "%s", state);
        table_add(table, STYLE_NONE, "%s", object_bool(lease, "MadeByUs") ? "yes" : "no");
        table_add(table, STYLE_NONE, "%s", since);
        add_expiry(table, object_int(lease, "ExpiresUSec"));
}

int cmd_leases(const Options *options, char *const *unused, GError **error) {
        g_autoptr(Table) table = table_new(columns);
        g_autoptr(GVariant) managed = NULL;
        g_autoptr(GPtrArray) leases = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        managed = client ? objects_get(client, error) : NULL;
        if (!managed)
                return -1;

        leases = objects_list(managed, FERRY_INTERFACE_LEASE, compare_created);
        if (options->json) {
                output_json_objects(leases);
                return EXIT_STATUS_OK;
        }

        for (unsigned i = 0; i < leases->len; i++)
                add_lease(table, leases->pdata[i]);
        output_table(options, table, "No leases.");
        return EXIT_STATUS_OK;
}
