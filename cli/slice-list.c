/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/slice-amount.h"
#include "cli/slice.h"
#include "cli/text.h"
#include "daemon/names.h"

static const Column columns[] = {
        { "GUEST" },           { "STATE" }, { "PRIORITY" }, { "CPUS", true }, { "MEMORY", true },
        { "FUNCTIONS", true }, { "LASTS" }, { "SINCE" },    { NULL },
};

static const Column grant_columns[] = {
        { "RESOURCE" },
        { "FOR" },
        { "AMOUNT", true },
        { NULL },
};

static int compare_created(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;
        int64_t difference = object_int(x, "CreatedUSec") - object_int(y, "CreatedUSec");

        return difference ? (difference < 0 ? -1 : 1) : object_compare_path(a, b);
}

GPtrArray *slice_objects(Client *client, GError **error) {
        g_autoptr(GVariant) managed = objects_get(client, error);

        return managed ? objects_list(managed, FERRY_INTERFACE_SLICE, compare_created) : NULL;
}

const Object *slice_find(const GPtrArray *objects, const char *domain, GError **error) {
        for (guint i = 0; i < objects->len; i++) {
                const Object *slice = objects->pdata[i];

                if (g_ascii_strcasecmp(object_string(slice, "DomainUUID"), domain) == 0 ||
                    strcmp(object_string(slice, "DomainName"), domain) == 0)
                        return slice;
        }
        g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                    "guest '%s' has no hardware slice: 'virt-ferry slice list' names those that "
                    "have one",
                    domain);
        return NULL;
}

Table *slice_grants_table(GVariant *grants) {
        Table *table = table_new(grant_columns);
        const char *resource, *part;
        gboolean exclusive;
        GVariantIter iter;
        guint64 amount;

        g_variant_iter_init(&iter, grants);
        while (g_variant_iter_next(&iter, "(&s&stb)", &resource, &part, &amount, &exclusive)) {
                g_autofree char *words = slice_amount_of_resource(resource, amount);

                table_add(table, STYLE_NONE, "%s", resource);
                table_add(table, STYLE_NONE, "%s%s", part, exclusive ? ", exclusive" : "");
                table_add(table, STYLE_NONE, "%s", words);
        }
        return table;
}

/* Of resources whose ids begin so. */
static guint64 sum_grants(const Object *slice, const char *kind) {
        g_autoptr(GVariant) grants = object_value(slice, "Grants", "a(sstb)");
        const char *resource;
        guint64 amount, sum = 0;
        GVariantIter iter;

        if (!grants)
                return 0;

        g_variant_iter_init(&iter, grants);
        while (g_variant_iter_next(&iter, "(&s&stb)", &resource, NULL, &amount, NULL))
                if (g_str_has_prefix(resource, kind))
                        sum += amount;
        return sum;
}

static char *describe_end(const Object *slice) {
        int64_t expires = object_int(slice, "ExpiresUSec");
        g_autofree char *left = text_duration((uint64_t)MAX(expires - g_get_real_time(), 0));

        if (expires > 0)
                return g_strdup_printf("%s, if it does not come", left);
        return g_strdup(object_bool(slice, "Stays") ? "until deallocated" : "with its guest");
}

static Style style_of(const Object *slice) {
        const char *state = object_string(slice, "State");

        if (strcmp(state, "enforced") == 0)
                return STYLE_GOOD;
        return strcmp(state, "preempted") == 0 || *object_string(slice, "Problem") ? STYLE_BAD
                                                                                   : STYLE_BUSY;
}

static void add_slice(Table *table, const Object *slice) {
        g_autofree char *since = text_time(object_int(slice, "CreatedUSec"));
        g_autofree char *lasts = describe_end(slice);
        guint64 cores = sum_grants(slice, "core:");
        guint64 memory = sum_grants(slice, "memory:") + sum_grants(slice, "cxl:");
        guint64 functions = sum_grants(slice, "vf-pool:") + sum_grants(slice, "mdev-type:");
        g_autofree char *bytes = text_bytes(memory);

        table_add(table, STYLE_NONE, "%s", object_string(slice, "DomainName"));
        table_add(table, style_of(slice), "%s", object_string(slice, "State"));
        table_add(table, STYLE_NONE, "%s", object_string(slice, "Priority"));
        table_add(table, STYLE_NONE, "%g", (double)cores / 1000);
        table_add(table, STYLE_NONE, "%s", memory > 0 ? bytes : "");
        table_add(table, STYLE_NONE, "%" G_GUINT64_FORMAT, functions);
        table_add(table, STYLE_NONE, "%s", lasts);
        table_add(table, STYLE_NONE, "%s", since);
}

static void print_problem(const Object *slice) {
        g_autofree char *problem = text_clean(object_string(slice, "Problem"));
        bool colours = output_has_colours();

        if (*problem)
                printf("%s%s: %s%s\n", style_on(STYLE_BAD, colours),
                       object_string(slice, "DomainName"), problem, style_off(STYLE_BAD, colours));
}

int slice_list(const Options *options, char *const *unused, GError **error) {
        g_autoptr(Table) table = table_new(columns);
        g_autoptr(GPtrArray) slices = NULL;
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        slices = client ? slice_objects(client, error) : NULL;
        if (!slices)
                return -1;
        if (options->json) {
                output_json_objects(slices);
                return EXIT_STATUS_OK;
        }

        for (guint i = 0; i < slices->len; i++)
                add_slice(table, slices->pdata[i]);
        output_table(options, table, "No hardware slices.");
        for (guint i = 0; i < slices->len; i++)
                print_problem(slices->pdata[i]);
        return EXIT_STATUS_OK;
}

/* One ---------------------------------------------------------------------------------- */

/* One that nobody knows by name has its UUID in the place of it. */
static void print_guest(const Object *slice) {
        const char *name = object_string(slice, "DomainName");
        const char *uuid = object_string(slice, "DomainUUID");

        if (strcmp(name, uuid) == 0)
                printf("guest     %s\n", uuid);
        else
                printf("guest     %s (%s)\n", name, uuid);
}

static void print_sheet(const Options *options, const Object *slice) {
        g_autoptr(GVariant) grants = object_value(slice, "Grants", "a(sstb)");
        g_autofree char *since = text_time(object_int(slice, "CreatedUSec"));
        g_autofree char *changed = text_time(object_int(slice, "ChangedUSec"));
        g_autofree char *lasts = describe_end(slice);
        bool colours = output_has_colours();
        g_autoptr(Table) table = NULL;

        print_guest(slice);
        printf("state     %s%s%s\n", style_on(style_of(slice), colours),
               object_string(slice, "State"), style_off(style_of(slice), colours));
        printf("priority  %s\n", object_string(slice, "Priority"));
        printf("lasts     %s\n", lasts);
        printf("since     %s\n", since);
        printf("changed   %s\n", changed);
        print_problem(slice);
        if (!grants)
                return;

        puts("");
        table = slice_grants_table(grants);
        output_table(options, table, "Nothing of this host.");
}

int slice_show(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GPtrArray) slices = NULL;
        g_autoptr(Client) client = NULL;
        const Object *slice;

        client = client_new(options->host, error);
        slices = client ? slice_objects(client, error) : NULL;
        slice = slices ? slice_find(slices, arguments[0], error) : NULL;
        if (!slice)
                return -1;
        if (options->json) {
                output_json(slice->properties);
                return EXIT_STATUS_OK;
        }

        print_sheet(options, slice);
        printf("\n%s", object_string(slice, "Definition"));
        return EXIT_STATUS_OK;
}
