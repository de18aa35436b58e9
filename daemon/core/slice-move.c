/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-move.h"

#include "daemon/core/slice-book-parts.h"
#include "xml/ferry-error.h"

static bool contains_all(const GPtrArray *a, const GPtrArray *b) {
        for (guint i = 0; i < b->len; i++) {
                const SliceGrant *grant = b->pdata[i];

                if (slice_grants_sum(a, grant->resource, grant->part) != grant->amount)
                        return false;
        }
        return a->len == b->len;
}

/* The allocator keeps what one has wherever it may be kept. So grants that it keeps as they are,
 * are what the wish may have. Nobody gives way to best effort. */
static bool may_have(const SliceBook *book, const SliceEntry *entry, const GPtrArray *grants) {
        g_autoptr(Capacity) without = capacity_copy(book->capacity);
        g_autoptr(Slice) modest = slice_copy(entry->wish);
        g_autoptr(SlicePlacement) placement = NULL;

        modest->priority = SLICE_BEST_EFFORT;
        if (entry->grants->len > 0)
                capacity_give_back(without, entry->holder);
        placement = slice_place(without, modest, entry->holder, grants, NULL);
        return placement && contains_all(placement->grants, grants);
}

static void move(SliceBook *book, const SliceEntry *entry, const GPtrArray *grants) {
        SliceEntry *next = slice_entry_copy(entry);

        g_ptr_array_unref(next->grants);
        next->grants = slice_grants_copy(grants);
        next->state = SLICE_PROMISED;
        next->changed = book->now();
        slice_book_give_back(book, entry);
        slice_book_take(book, next);
        slice_book_replace(book, next->domain_uuid, next, true);
}

bool slice_book_move(SliceBook *book, const char *domain_uuid, const GPtrArray *grants,
                     GError **error) {
        const SliceEntry *entry = slice_book_find(book, domain_uuid);
        bool alone;

        g_assert(book->capacity);
        if (!entry) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Domain %s has no hardware slice", domain_uuid);
                return false;
        }
        if (!may_have(book, entry, grants)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "There is no room any more where the hardware slice of guest %s was to "
                            "go: look for moves again",
                            entry->domain_name);
                return false;
        }

        alone = slice_book_begin_alone(book);
        move(book, entry, grants);
        return slice_book_end_alone(book, alone, true, error);
}
