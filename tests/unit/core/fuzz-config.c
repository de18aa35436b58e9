/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config.h"
#include "daemon/core/device-class.h"
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"

/* Each pool is found by its name, so no two have one; the last takes everything. */
static void assert_pools(const Config *config) {
        g_assert_cmpuint(config->pools->len, >=, 1);
        for (unsigned i = 0; i < config->pools->len; i++) {
                const Pool *pool = config->pools->pdata[i];

                g_assert_true(config_find_pool(config, pool->name) == pool);
                g_assert_true(!pool->class_name || device_class_from_string(pool->class_name));
        }
        g_assert_true(config_find_pool(config, "default") ==
                      config->pools->pdata[config->pools->len - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *)data, size);
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) config = NULL;

        config = config_parse(text, "virtferry.conf", &error);
        if (!config) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
                return 0;
        }

        assert_pools(config);
        g_assert_nonnull(
                config_pool_for(config, device_classes[0], "0000:3b:00.0", NULL, "0000:3b:02.1"));
        return 0;
}
