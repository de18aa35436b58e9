/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a promise is not there any more: a device was pulled, memory was taken
 * offline, or more is kept for the host. The promise stands, and is kept again
 * when what it needs is back; until then nobody is promised it anew. Pure.
 */

#include "daemon/core/slice-book.h"

/* A sentence: "offload:dpu1 is not there any more: ...". NULL: all is there. `capacity` with
 * the grants of all slices. Free it. */
char *slice_lack(const SliceEntry *entry, const Capacity *capacity);
