/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/api-body.h"

/* Whole numbers of Placement are never negative. */
static uint64_t read_amount(JsonObject *object, const char *name) {
        gint64 value = json_number_of(object, name);

        return value > 0 ? (uint64_t)value : 0;
}

static bool read_generation(JsonObject *object, ApiAnswer *answer) {
        answer->generation = json_number_of(object, "resource_provider_generation");
        return json_object_has_member(object, "resource_provider_generation");
}

/* Providers ------------------------------------------------------------------------ */

static bool add_provider(ApiAnswer *answer, JsonObject *object) {
        ApiProvider *provider;

        if (!json_text_of(object, "uuid") || !json_text_of(object, "name"))
                return false;

        if (!answer->providers)
                answer->providers = g_ptr_array_new_with_free_func(
                        (GDestroyNotify)api_provider_free);
        provider = g_new0(ApiProvider, 1);
        provider->uuid = g_strdup(json_text_of(object, "uuid"));
        provider->name = g_strdup(json_text_of(object, "name"));
        provider->parent = g_strdup(json_text_of(object, "parent_provider_uuid"));
        provider->root = g_strdup(json_text_of(object, "root_provider_uuid"));
        provider->generation = json_number_of(object, "generation");
        g_ptr_array_add(answer->providers, provider);
        return true;
}

bool api_read_provider(JsonObject *object, ApiAnswer *answer) {
        return add_provider(answer, object);
}

static int compare_providers(gconstpointer a, gconstpointer b) {
        const ApiProvider *one = *(ApiProvider *const *)a, *other = *(ApiProvider *const *)b;

        if (!one->parent != !other->parent)
                return one->parent ? 1 : -1;
        return g_strcmp0(one->name, other->name);
}

bool api_read_providers(JsonObject *object, ApiAnswer *answer) {
        JsonArray *rows = json_array_of(object, "resource_providers");

        if (!rows)
                return false;

        answer->providers = g_ptr_array_new_with_free_func((GDestroyNotify)api_provider_free);
        for (guint i = 0; i < json_array_get_length(rows); i++)
                if (!add_provider(answer, json_object_at(rows, i)))
                        return false;

        g_ptr_array_sort(answer->providers, compare_providers);
        return true;
}

/* What a provider has -------------------------------------------------------------- */

static void add_inventory(ApiAnswer *answer, const char *class_name, JsonObject *object) {
        ApiInventory *inventory = api_inventory_new(class_name, read_amount(object, "total"),
                                                    read_amount(object, "reserved"));

        inventory->min_unit = read_amount(object, "min_unit");
        inventory->max_unit = read_amount(object, "max_unit");
        inventory->step_size = read_amount(object, "step_size");
        inventory->allocation_ratio = json_ratio_of(object, "allocation_ratio");
        g_ptr_array_add(answer->inventories, inventory);
}

bool api_read_inventories(JsonObject *object, ApiAnswer *answer) {
        JsonObject *rows = json_object_of(object, "inventories");
        g_autoptr(GList) names = NULL;

        if (!rows || !read_generation(object, answer))
                return false;

        answer->inventories = g_ptr_array_new_with_free_func((GDestroyNotify)api_inventory_free);
        names = json_object_get_members(rows);
        for (GList *name = names; name; name = name->next)
                add_inventory(answer, name->data, json_object_of(rows, name->data));
        return true;
}

bool api_read_traits(JsonObject *object, ApiAnswer *answer) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();
        JsonArray *rows = json_array_of(object, "traits");

        if (!rows || !read_generation(object, answer))
                return false;

        for (guint i = 0; i < json_array_get_length(rows); i++)
                if (json_text_at(rows, i))
                        g_strv_builder_add(names, json_text_at(rows, i));
        answer->names = g_strv_builder_end(names);
        return true;
}

bool api_read_provider_consumers(JsonObject *object, ApiAnswer *answer) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();
        JsonObject *rows = json_object_of(object, "allocations");
        g_autoptr(GList) members = NULL;

        if (!rows || !read_generation(object, answer))
                return false;

        members = json_object_get_members(rows);
        for (GList *name = members; name; name = name->next)
                g_strv_builder_add(names, name->data);
        answer->names = g_strv_builder_end(names);
        return true;
}

/* What a consumer has -------------------------------------------------------------- */

static void add_allocations(ApiConsumer *consumer, const char *provider, JsonObject *object) {
        JsonObject *rows = json_object_of(object, "resources");
        g_autoptr(GList) names = rows ? json_object_get_members(rows) : NULL;

        for (GList *name = names; name; name = name->next)
                g_ptr_array_add(
                        consumer->allocations,
                        api_allocation_new(provider, name->data, read_amount(rows, name->data)));
}

/* One that has nothing is not known: it is written as a new one. */
bool api_read_consumer(JsonObject *object, ApiAnswer *answer) {
        JsonObject *rows = json_object_of(object, "allocations");
        ApiConsumer *consumer = answer->consumer;
        g_autoptr(GList) names = NULL;

        if (!rows)
                return false;

        names = json_object_get_members(rows);
        for (GList *name = names; name; name = name->next)
                add_allocations(consumer, name->data, json_object_of(rows, name->data));
        if (!names)
                return true;

        consumer->generation = json_number_of(object, "consumer_generation");
        consumer->project = g_strdup(json_text_of(object, "project_id"));
        consumer->user = g_strdup(json_text_of(object, "user_id"));
        consumer->type = g_strdup(json_text_of(object, "consumer_type"));
        return true;
}

void api_answer_clear(ApiAnswer *answer) {
        g_clear_pointer(&answer->providers, g_ptr_array_unref);
        g_clear_pointer(&answer->inventories, g_ptr_array_unref);
        g_clear_pointer(&answer->names, g_strfreev);
        g_clear_pointer(&answer->consumer, api_consumer_free);
}
