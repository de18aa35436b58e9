/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of xml/slice*.c: what values of a slice mean together, where each by itself is right.
 * FERRY_ERROR_INVALID_XML with a sentence that does not say which element it is about.
 */

#include "xml/slice.h"

GHashTable *slice_seen_new(void);

/* `object` is the slice, or one of its functions, offloads or keys; `seen` has the names and pools
 * of those before it, and gets its own. */
bool slice_rule_cores(const void *object, GHashTable *seen, GError **error);
bool slice_rule_memory(const void *object, GHashTable *seen, GError **error);
bool slice_rule_function(const void *object, GHashTable *seen, GError **error);
bool slice_rule_offload(const void *object, GHashTable *seen, GError **error);
bool slice_rule_key(const void *object, GHashTable *seen, GError **error);
bool slice_rule_network(const void *object, GHashTable *seen, GError **error);

/* What no element can say alone. */
bool slice_rule_all(const Slice *slice, GError **error);
