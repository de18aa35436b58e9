/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of the slice book: slice-book.c keeps the entries and collects what
 * changes, slice-change.c and slice-move.c decide what that is. For these alone.
 */

#include "daemon/core/slice-book.h"

struct SliceBook {
        Store *store;
        GHashTable *entries;    /* domain UUID to SliceEntry, owned; also those that release */
        GHashTable *by_holder;  /* holder to SliceEntry, both of `entries`; without those */
        Capacity *bare;         /* without grants; NULL: not known yet */
        Capacity *capacity;     /* with all grants; NULL likewise */
        GPtrArray *touched;     /* Touched, owned, in the order of change; NULL: not collecting */
        GHashTable *touched_by; /* domain UUID to Touched, both of `touched` */
        int64_t last_number;
        SliceListener listener;
        void *userdata;
        SliceGuard guard; /* NULL: there is none */
        void *guard_userdata;
        int64_t (*now)(void);
};

/* The grants of an entry in the capacity, as far as it is known and they are any. */
void slice_book_take(SliceBook *book, const SliceEntry *entry);
void slice_book_give_back(SliceBook *book, const SliceEntry *entry);
/* All of them anew, the oldest first: of best effort the youngest gives way, and who is younger is
 * to be the same after a restart. */
void slice_book_rebook(SliceBook *book);
/* What the capacity is to call the slice of this domain. New. */
char *slice_book_name_holder(const SliceBook *book, const char *domain_uuid,
                             const char *domain_name);

/* Every call that changes something does that between these two, where each change is a replace.
 * `alone`: nobody collects, so that the call is a transaction of its own. `done` false: it has
 * come to nothing and replaced nothing, and its error is set. */
bool slice_book_begin_alone(SliceBook *book);
bool slice_book_end_alone(SliceBook *book, bool alone, bool done, GError **error);

/* Another entry, or NULL for none, in the place of what the domain has, which may be freed.
 * `whole`: its wish or its grants are others. The capacity is the caller's part. */
void slice_book_replace(SliceBook *book, const char *domain_uuid, SliceEntry *taken, bool whole);
/* What the domain had at the begin; NULL: nothing, or nothing has changed since. */
const SliceEntry *slice_book_before(const SliceBook *book, const char *domain_uuid);
bool slice_book_is_touched(const SliceBook *book, const char *domain_uuid);
