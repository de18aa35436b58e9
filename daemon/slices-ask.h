/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an ask for more or less of one kind makes of the wish of a hardware
 * slice. Pure: nothing of the host, the book or time.
 *
 * What is said of it (`qos`) are attributes of the slice's XML, read by the same
 * reader, so that an ask can say no more than a definition can. A guest says
 * less: what it may change is in <allow>, and where it gets it from is not its
 * to say.
 */

#include "daemon/slices.h"

/* The wish as it is to be; `present` NULL: there is none yet. FERRY_ERROR_INVALID_REQUEST names the
 * field, and why. */
Slice *slices_ask_change(const Slice *present, const SliceAsk *ask, GError **error);

/* Whether nothing would be left of it: it wants nothing, limits nothing, allows nothing. */
bool slices_ask_is_empty(const Slice *wish);

/* FERRY_ERROR_INVALID_XML, as the reader of slices has it, in the words of an ask: without a line
 * where the asker has not written any. */
void slices_ask_translate(GError **error, bool has_lines);
