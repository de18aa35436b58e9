/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-source.h"

#include <string.h>

#define VF_POOL   "vf-pool:"
#define MDEV_TYPE "mdev-type:"

void slice_source_clear(SliceSource *source) {
        g_clear_pointer(&source->parent, g_free);
        g_clear_pointer(&source->type, g_free);
}

bool slice_source_find(const GPtrArray *grants, const char *function, SliceSource *ret_source) {
        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];
                const char *slash = strrchr(grant->resource, '/');

                if (!g_str_equal(grant->part, function))
                        continue;
                if (g_str_has_prefix(grant->resource, VF_POOL)) {
                        ret_source->parent = g_strdup(grant->resource + strlen(VF_POOL));
                        return true;
                }
                if (g_str_has_prefix(grant->resource, MDEV_TYPE) && slash) {
                        const char *parent = grant->resource + strlen(MDEV_TYPE);

                        ret_source->parent = g_strndup(parent, (gsize)(slash - parent));
                        ret_source->type = g_strdup(slash + 1);
                        return true;
                }
        }
        return false;
}
