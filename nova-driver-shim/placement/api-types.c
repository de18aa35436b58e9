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

ApiConsumer *api_consumer_new(const char *uuid) {
        ApiConsumer *consumer = g_new0(ApiConsumer, 1);

        consumer->uuid = g_strdup(uuid);
        consumer->generation = API_GENERATION_NEW;
        consumer->allocations = g_ptr_array_new_with_free_func((GDestroyNotify)api_allocation_free);
        return consumer;
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
