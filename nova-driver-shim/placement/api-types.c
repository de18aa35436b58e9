/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/api.h"

void api_provider_free(ApiProvider *provider) {
        if (!provider)
                return;

        g_free(provider->uuid);
        g_free(provider->name);
        g_free(provider->parent);
        g_free(provider->root);
        g_free(provider);
}

ApiInventory *api_inventory_new(const char *class_name, uint64_t total, uint64_t reserved) {
        ApiInventory *inventory = g_new0(ApiInventory, 1);

        inventory->class_name = g_strdup(class_name);
        inventory->total = total;
        inventory->reserved = reserved;
        return inventory;
}

ApiInventory *api_inventory_copy(const ApiInventory *inventory) {
        ApiInventory *copy = g_new(ApiInventory, 1);

        *copy = *inventory;
        copy->class_name = g_strdup(inventory->class_name);
        return copy;
}

void api_inventory_free(ApiInventory *inventory) {
        if (!inventory)
                return;

        g_free(inventory->class_name);
        g_free(inventory);
}

ApiAllocation *api_allocation_new(const char *provider, const char *class_name, uint64_t amount) {
        ApiAllocation *allocation = g_new0(ApiAllocation, 1);

        allocation->provider = g_strdup(provider);
        allocation->class_name = g_strdup(class_name);
        allocation->amount = amount;
        return allocation;
}

void api_allocation_free(ApiAllocation *allocation) {
        if (!allocation)
                return;

        g_free(allocation->provider);
        g_free(allocation->class_name);
        g_free(allocation);
}

ApiReshape *api_reshape_new(const char *provider, int64_t generation, GPtrArray *inventories) {
        ApiReshape *reshape = g_new0(ApiReshape, 1);

        reshape->provider = g_strdup(provider);
        reshape->generation = generation;
        reshape->inventories = inventories;
        return reshape;
}

void api_reshape_free(ApiReshape *reshape) {
        if (!reshape)
                return;

        g_free(reshape->provider);
        g_ptr_array_unref(reshape->inventories);
        g_free(reshape);
}

ApiConsumer *api_consumer_new(const char *uuid) {
        ApiConsumer *consumer = g_new0(ApiConsumer, 1);

        consumer->uuid = g_strdup(uuid);
        consumer->generation = API_GENERATION_NEW;
        consumer->allocations = g_ptr_array_new_with_free_func((GDestroyNotify)api_allocation_free);
        return consumer;
}

ApiConsumer *api_consumer_copy(const ApiConsumer *consumer) {
        ApiConsumer *copy = api_consumer_new(consumer->uuid);

        copy->generation = consumer->generation;
        copy->project = g_strdup(consumer->project);
        copy->user = g_strdup(consumer->user);
        copy->type = g_strdup(consumer->type);
        for (guint i = 0; i < consumer->allocations->len; i++) {
                const ApiAllocation *row = consumer->allocations->pdata[i];

                g_ptr_array_add(copy->allocations,
                                api_allocation_new(row->provider, row->class_name, row->amount));
        }
        return copy;
}

void api_consumer_free(ApiConsumer *consumer) {
        if (!consumer)
                return;

        g_free(consumer->uuid);
        g_free(consumer->project);
        g_free(consumer->user);
        g_free(consumer->type);
        g_ptr_array_unref(consumer->allocations);
        g_free(consumer);
}
