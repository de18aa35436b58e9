/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/offload-pool.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"

static void assert_pool(const OffloadPool *pool) {
        g_assert_cmpstr(pool->name, !=, "");
        g_assert_null(strchr(pool->name, '/')); /* "offload:NAME/cores" is an id */
        g_assert_true(pci_address_is_valid(pool->parent));
        g_assert_true(pool->agent || pool->cores || pool->memory_mib || pool->bandwidth_mbit ||
                      pool->keys);
        g_assert_true(!pool->agent ||
                      (pool->agent[0] != '-' && !strpbrk(pool->agent, " ;|&$`'\"")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *)data, size);
        g_autoptr(GPtrArray) pools = offload_pools_new();
        g_autoptr(GError) error = NULL;

        if (!offload_pools_parse(pools, text, "dpu.conf", &error)) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
                g_assert_cmpuint(pools->len, ==, 0);
        }

        for (guint i = 0; i < pools->len; i++)
                assert_pool(pools->pdata[i]);
        return 0;
}
