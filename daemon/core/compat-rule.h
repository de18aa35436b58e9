/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The rules of one file, for compat.c alone. */

#include "daemon/core/compat.h"

#define COMPAT_DEFAULT_FILE "default.conf"

typedef struct PciId {
        int vendor, device; /* -1 any */
} PciId;

/* The default, whatever the files say. */
CompatRule *compat_rule_new(void);
void compat_rule_free(CompatRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CompatRule, compat_rule_free)

/* CompatRule, in the order of the file; each begins as `base`. FERRY_ERROR_INVALID_ARGS. */
GPtrArray *compat_rules_read(const char *text, const char *file, const CompatRule *base,
                             GError **error);
