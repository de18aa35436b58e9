/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/output.h"
#include "daemon/names.h"

static const Column columns[] = {
        { "DEVICE" }, { "CLASS" }, { "PARENT" },     { "TYPE" }, { "DRIVER" },
        { "VFIO" },   { "POOL" },  { "NODE", true }, { "USE" },  { NULL },
};

static bool is_parent(const Object *device) {
        return strcmp(object_string(device, "Role"), "parent") == 0;
}

/* A parent before what it has made. */
static int compare(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;
        const char *family_x = object_string(x, is_parent(x) ? "Id" : "Parent");
        const char *family_y = object_string(y, is_parent(y) ? "Id" : "Parent");

        return strcmp(object_string(x, "Class"), object_string(y, "Class")) ?:
               strcmp(family_x, family_y) ?:
               is_parent(y) - is_parent(x) ?:
               strcmp(object_string(x, "Id"), object_string(y, "Id"));
}

static bool is_leased(const Object *device) {
        const char *lease = object_string(device, "Lease");

        return *lease && strcmp(lease, "/") != 0;
}

static bool is_wanted(const Object *device, const Options *options) {
        if (options->class_name && strcmp(object_string(device, "Class"), options->class_name) != 0)
                return false;
        return !options->free ||
               (!is_parent(device) && !is_leased(device) && !*object_string(device, "HostUse"));
}

/* The mdev type, or the PCI ids. */
static void add_type(Table *table, const Object *device) {
        int vendor = (int)object_int(device, "Vendor"), id = (int)object_int(device, "Device");

        if (*object_string(device, "MdevType"))
                table_add(table, STYLE_NONE, "%s", object_string(device, "MdevType"));
        else if (vendor >= 0 && id >= 0)
                table_add(table, STYLE_NONE, "%04x:%04x", vendor, id);
        else
                table_add(table, STYLE_NONE, "%s", "");
}

/* What its driver offers for a migration. */
static void add_vfio(Table *table, const Object *device) {
        g_autoptr(GVariant) words = object_value(device, "VfioCaps", "as");
        g_autofree const char **caps = words ? g_variant_get_strv(words, NULL) : NULL;
        g_autofree char *text = caps ? g_strjoinv(",", (char **)caps) : g_strdup("");

        if (is_parent(device))
                table_add(table, STYLE_NONE, "%s", "");
        else if (!object_bool(device, "VfioCapsKnown"))
                table_add(table, STYLE_FAINT, "not asked yet");
        else if (!*text)
                table_add(table, STYLE_BAD, "no migration");
        else
                table_add(table, STYLE_NONE, "%s", text);
}

static void add_node(Table *table, const Object *device) {
        int64_t node = object_int(device, "NumaNode");

        if (node >= 0)
                table_add(table, STYLE_NONE, "%d", (int)node);
        else
                table_add(table, STYLE_NONE, "%s", "");
}

/* What a parent can still make. */
static char *describe_parent(const Object *device) {
        g_autoptr(GVariant) types = object_value(device, "MdevTypes", "a(ssu)");
        g_autoptr(GString) text = g_string_new(NULL);
        GVariantIter iter;
        const char *type;
        uint32_t left;

        if (object_int(device, "VFsTotal") > 0)
                return g_strdup_printf("%d of %d VFs made", (int)object_int(device, "VFsMade"),
                                       (int)object_int(device, "VFsTotal"));
        if (!types)
                return g_strdup("");

        g_variant_iter_init(&iter, types);
        while (g_variant_iter_next(&iter, "(&s&su)", &type, NULL, &left))
                g_string_append_printf(text, "%s%s: %u left", text->len ? ", " : "", type, left);
        return g_strdup(text->str);
}

static void add_use(Table *table, const Object *device, const GPtrArray *leases) {
        const Object *lease = objects_find(leases, object_string(device, "Lease"));
        const char *host_use = object_string(device, "HostUse");

        if (is_parent(device)) {
                g_autofree char *text = describe_parent(device);

                table_add(table, STYLE_NONE, "%s", text);
        } else if (lease)
                table_add(table, STYLE_BUSY, "guest %s, %s", object_string(lease, "DomainName"),
                          object_string(lease, "State"));
        else if (is_leased(device)) /* and given back while we asked */
                table_add(table, STYLE_BUSY, "leased");
        else if (*host_use)
                table_add(table, STYLE_BUSY, "host: %s", host_use);
        else
                table_add(table, STYLE_GOOD, "free");
}

static void add_device(Table *table, const Object *device, const GPtrArray *leases) {
        table_add(table, STYLE_NONE, "%s", object_string(device, "Id"));
        table_add(table, STYLE_NONE, "%s", object_string(device, "Class"));
        table_add(table, STYLE_NONE, "%s", object_string(device, "Parent"));
        add_type(table, device);
        table_add(table, STYLE_NONE, "%s", object_string(device, "Driver"));
        add_vfio(table, device);
        table_add(table, STYLE_NONE, "%s", object_string(device, "Pool"));
        add_node(table, device);
        add_use(table, device, leases);
}

int cmd_devices(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GPtrArray) devices = NULL, leases = NULL;
        g_autoptr(GVariant) managed = NULL;
        g_autoptr(Client) client = NULL;
        g_autoptr(Table) table = table_new(columns);

        client = client_new(options->host, error);
        managed = client ? objects_get(client, error) : NULL;
        if (!managed)
                return -1;

        devices = objects_list(managed, FERRY_INTERFACE_DEVICE, compare);
        leases = objects_list(managed, FERRY_INTERFACE_LEASE, object_compare_path);
        for (unsigned i = devices->len; i-- > 0;)
                if (!is_wanted(devices->pdata[i], options))
                        g_ptr_array_remove_index(devices, i);

        if (options->json) {
                output_json_objects(devices);
                return EXIT_STATUS_OK;
        }

        for (unsigned i = 0; i < devices->len; i++)
                add_device(table, devices->pdata[i], leases);
        output_table(options, table, "No devices.");
        return EXIT_STATUS_OK;
}
