/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was granted for a function of a hardware slice: the PF or mdev parent
 * that it is of, and of an mdev its type. Pure.
 */

#include <stdbool.h>

#include "daemon/core/slice-grant.h"

typedef struct SliceSource {
        char *parent, *type; /* `type` NULL: a VF */
} SliceSource;

/* False: it has none yet. */
bool slice_source_find(const GPtrArray *grants, const char *function, SliceSource *ret_source);
void slice_source_clear(SliceSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SliceSource, slice_source_clear)
