/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of slices-ask*.c: the readers that all kinds use, and the kinds that
 * have names.
 */

#include "daemon/slices-ask.h"

/* Always false. */
bool slices_ask_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

const char *slices_ask_said(const SliceAsk *ask, const char *name); /* NULL: not said */
/* A slice of this element ("cores count='1'") with what is said of it. */
Slice *slices_ask_read(const SliceAsk *ask, const char *element, GError **error);
/* What it has afterwards, of what it `has`. */
bool slices_ask_count(const SliceAsk *ask, uint64_t has, uint64_t most, uint64_t *ret_count,
                      GError **error);

bool slices_ask_functions(Slice *wish, const SliceAsk *ask, GError **error);
bool slices_ask_bandwidth(Slice *wish, const SliceAsk *ask, GError **error);
bool slices_ask_offload(Slice *wish, const SliceAsk *ask, GError **error);
