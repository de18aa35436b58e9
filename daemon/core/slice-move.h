/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A slice of the book goes to other resources of the same host, as defragment()
 * proposes it (defragment.h). */

#include "daemon/core/slice-book.h"

/* The same wish, with these grants; a transaction of its own, or a part of the one that is begun.
 * FERRY_ERROR_INVALID_STATE when there is no room for them as they are, or not any more: nothing
 * has changed then. FERRY_ERROR_NOT_FOUND for a domain without a slice, FERRY_ERROR_STORE. */
bool slice_book_move(SliceBook *book, const char *domain_uuid, const GPtrArray *grants,
                     GError **error);
