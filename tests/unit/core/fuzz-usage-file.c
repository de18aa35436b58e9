/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/usage-file.h"
#include <errno.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        UsageFile usage = { 1, 2 };
        int r = usage_file_parse((const char *)data, size, &usage);

        if (r < 0) {
                g_assert_cmpint(r, ==, -EBADMSG);
                g_assert_cmpuint(usage.busy_nsec, ==, 1);
                g_assert_cmpuint(usage.memory_bytes, ==, 2);
                return 0;
        }
        g_assert_true(usage.busy_nsec != USAGE_FILE_UNKNOWN ||
                      usage.memory_bytes != USAGE_FILE_UNKNOWN);
        g_assert_true(usage.busy_nsec == USAGE_FILE_UNKNOWN || usage.busy_nsec <= 1e18);
        g_assert_true(usage.memory_bytes == USAGE_FILE_UNKNOWN || usage.memory_bytes <= 1e15);
        return 0;
}
