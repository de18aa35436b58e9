/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/claim.h"

#include "nova-driver-shim/placement/names.h"

/* NULL: of another host, or of a provider that is not ours. */
static const char *device_of(const Tree *tree, const char *uuid) {
        const TreeProvider *provider;

        if (g_str_equal(uuid, tree->root))
                return "";

        provider = tree_find(tree, uuid);
        return provider ? provider->device : NULL;
}

GArray *claim_new(const ApiConsumer *consumer, const Tree *tree, bool *ret_found) {
        GArray *rows = g_array_new(false, false, sizeof(ClaimRow));

        *ret_found = false;
        for (guint i = 0; i < consumer->allocations->len; i++) {
                const ApiAllocation *allocation = consumer->allocations->pdata[i];
                ClaimRow row = { .device = device_of(tree, allocation->provider),
                                 .resource = names_resource(allocation->class_name),
                                 .amount = allocation->amount };

                if (!row.device)
                        continue;

                *ret_found = true;
                if (row.resource)
                        g_array_append_val(rows, row);
        }
        return rows;
}
