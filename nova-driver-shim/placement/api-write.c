/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/api-body.h"

static JsonBuilder *begin(void) {
        return json_builder_begin_object(json_builder_new());
}

static char *end(JsonBuilder *builder) {
        json_builder_end_object(builder);
        return json_end(builder);
}

static void begin_member(JsonBuilder *builder, const char *name) {
        json_builder_set_member_name(builder, name);
        json_builder_begin_object(builder);
}

static void add_text(JsonBuilder *builder, const char *name, const char *text) {
        json_builder_set_member_name(builder, name);
        json_builder_add_string_value(builder, text); /* NULL is null */
}

static void add_number(JsonBuilder *builder, const char *name, uint64_t number) {
        json_builder_set_member_name(builder, name);
        json_builder_add_int_value(builder, (gint64)number);
}

char *api_write_provider(const char *uuid, const char *name, const char *parent) {
        g_autoptr(JsonBuilder) builder = begin();

        if (uuid)
                add_text(builder, "uuid", uuid);
        add_text(builder, "name", name);
        if (parent)
                add_text(builder, "parent_provider_uuid", parent);
        return end(builder);
}

static void add_inventory(JsonBuilder *builder, const ApiInventory *inventory) {
        double ratio = inventory->allocation_ratio;

        begin_member(builder, inventory->class_name);
        add_number(builder, "total", inventory->total);
        add_number(builder, "reserved", inventory->reserved);
        add_number(builder, "min_unit", inventory->min_unit ?: 1);
        add_number(builder, "max_unit", inventory->max_unit ?: inventory->total);
        add_number(builder, "step_size", inventory->step_size ?: 1);
        json_builder_set_member_name(builder, "allocation_ratio");
        json_builder_add_double_value(builder, ratio > 0 ? ratio : 1.0);
        json_builder_end_object(builder);
}

static void add_inventories(JsonBuilder *builder, int64_t generation,
                            const GPtrArray *inventories) {
        add_number(builder, "resource_provider_generation", (uint64_t)generation);
        begin_member(builder, "inventories");
        for (guint i = 0; i < inventories->len; i++)
                add_inventory(builder, g_ptr_array_index(inventories, i));
        json_builder_end_object(builder);
}

char *api_write_inventories(int64_t generation, const GPtrArray *inventories) {
        g_autoptr(JsonBuilder) builder = begin();

        add_inventories(builder, generation, inventories);
        return end(builder);
}

char *api_write_traits(int64_t generation, const char *const *traits) {
        g_autoptr(JsonBuilder) builder = begin();

        add_number(builder, "resource_provider_generation", (uint64_t)generation);
        json_builder_set_member_name(builder, "traits");
        json_builder_begin_array(builder);
        for (size_t i = 0; traits[i]; i++)
                json_builder_add_string_value(builder, traits[i]);
        json_builder_end_array(builder);
        return end(builder);
}

/* Consumers -------------------------------------------------------------------------- */

static bool is_before(const GPtrArray *rows, guint end, const char *provider) {
        for (guint i = 0; i < end; i++) {
                const ApiAllocation *row = g_ptr_array_index(rows, i);

                if (g_str_equal(row->provider, provider))
                        return true;
        }
        return false;
}

static void add_provider(JsonBuilder *builder, const GPtrArray *rows, const char *provider) {
        begin_member(builder, provider);
        begin_member(builder, "resources");
        for (guint i = 0; i < rows->len; i++) {
                const ApiAllocation *row = g_ptr_array_index(rows, i);

                if (g_str_equal(row->provider, provider))
                        add_number(builder, row->class_name, row->amount);
        }
        json_builder_end_object(builder);
        json_builder_end_object(builder);
}

static void add_allocations(JsonBuilder *builder, const GPtrArray *rows) {
        begin_member(builder, "allocations");
        for (guint i = 0; i < rows->len; i++) {
                const ApiAllocation *row = g_ptr_array_index(rows, i);

                if (!is_before(rows, i, row->provider))
                        add_provider(builder, rows, row->provider);
        }
        json_builder_end_object(builder);
}

static void add_consumer(JsonBuilder *builder, const ApiConsumer *consumer) {
        add_allocations(builder, consumer->allocations);
        add_text(builder, "project_id", consumer->project);
        add_text(builder, "user_id", consumer->user);
        add_text(builder, "consumer_type", consumer->type);
        json_builder_set_member_name(builder, "consumer_generation");
        if (consumer->generation == API_GENERATION_NEW)
                json_builder_add_null_value(builder);
        else
                json_builder_add_int_value(builder, consumer->generation);
}

char *api_write_consumer(const ApiConsumer *consumer) {
        g_autoptr(JsonBuilder) builder = begin();

        add_consumer(builder, consumer);
        return end(builder);
}

static void add_consumers(JsonBuilder *builder, const GPtrArray *consumers) {
        for (guint i = 0; i < consumers->len; i++) {
                const ApiConsumer *consumer = g_ptr_array_index(consumers, i);

                begin_member(builder, consumer->uuid);
                add_consumer(builder, consumer);
                json_builder_end_object(builder);
        }
}

char *api_write_consumers(const GPtrArray *consumers) {
        g_autoptr(JsonBuilder) builder = begin();

        add_consumers(builder, consumers);
        return end(builder);
}

char *api_write_reshape(const GPtrArray *providers, const GPtrArray *consumers) {
        g_autoptr(JsonBuilder) builder = begin();

        begin_member(builder, "inventories");
        for (guint i = 0; i < providers->len; i++) {
                const ApiReshape *reshape = g_ptr_array_index(providers, i);

                begin_member(builder, reshape->provider);
                add_inventories(builder, reshape->generation, reshape->inventories);
                json_builder_end_object(builder);
        }
        json_builder_end_object(builder);
        begin_member(builder, "allocations");
        add_consumers(builder, consumers);
        json_builder_end_object(builder);
        return end(builder);
}
