/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-grant.h"

SliceGrant *slice_grant_new(const char *resource, const char *part, uint64_t amount) {
        SliceGrant *grant = g_new0(SliceGrant, 1);

        grant->resource = g_strdup(resource);
        grant->part = g_strdup(part);
        grant->amount = amount;
        return grant;
}

void slice_grant_free(SliceGrant *grant) {
        if (!grant)
                return;

        g_free(grant->resource);
        g_free(grant->part);
        g_free(grant);
}

GPtrArray *slice_grants_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)slice_grant_free);
}

GPtrArray *slice_grants_copy(const GPtrArray *grants) {
        GPtrArray *copy = slice_grants_new();

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                g_ptr_array_add(copy, slice_grant_new(grant->resource, grant->part, grant->amount));
        }
        return copy;
}

bool slice_grant_is_exclusive(const SliceGrant *grant, const Slice *wish) {
        if (g_str_has_prefix(grant->resource, "core:"))
                return wish->cores.exclusive;
        return g_str_has_prefix(grant->resource, "cxl:");
}

uint64_t slice_grants_sum(const GPtrArray *grants, const char *resource, const char *part) {
        uint64_t sum = 0;

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                if (g_str_equal(grant->resource, resource) &&
                    (!part || g_str_equal(grant->part, part)))
                        sum += grant->amount;
        }
        return sum;
}
