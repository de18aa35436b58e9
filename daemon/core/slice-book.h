/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hardware slices of this host: who has been promised what. The only truth
 * about it, kept in the store; as the lease book is for devices.
 *
 *   promised ──► enforced ──► (gone)     promised: stored; the hardware may not know yet
 *      ▲  ▲         │                    enforced: guest and kernel have it so
 *      │  └─ change ┘                    preempted: of best effort, and it had to give way:
 *   preempted                                       its grants are gone, its wish is kept
 *                                        releasing: taken away from a guest that runs, which
 *                                                   has yet to hear of it
 *
 * One that is releasing is the domain's slice no more: its grants are free for others, and none of
 * the calls below finds it but those that say so. It is kept for whoever has to carry that out.
 *
 * A slice belongs to one domain, by UUID, and a domain has one at most. Changes
 * are collected: any number of them between slice_book_begin() and
 * slice_book_commit() is one transaction of the store, and the listener hears of
 * them when that has been written; each by itself is all or nothing. One thread.
 *
 * Between the two the book shows what was decided and may still come to nothing,
 * so that one ask can build upon the other: whoever collects does so in one go,
 * and never returns to the loop in between.
 */

#include "daemon/core/slice-place.h"
#include "daemon/core/store.h"

typedef enum SliceState {
        SLICE_PROMISED,
        SLICE_ENFORCED,
        SLICE_PREEMPTED,
        SLICE_RELEASING,
        _SLICE_STATE_MAX,
        _SLICE_STATE_INVALID = -22,
} SliceState;

const char *slice_state_to_string(SliceState state);
SliceState slice_state_from_string(const char *text);

/* A slice as it is kept. */
struct SliceEntry {
        int64_t number;    /* grows in the order in which slices came, whatever the clock does */
        char *domain_uuid; /* its key */
        char *domain_name; /* for people */
        char *holder;      /* what the capacity calls it: the domain's name, and its UUID where two
                            * domains have that name; made by the book */
        Slice *wish;
        Slice *had; /* the wish before, of which a guest that runs may have what is not wished any
                     * more, until this one is enforced; NULL: nothing of that kind is known */
        SliceState state;
        GPtrArray *grants;        /* SliceGrant */
        int64_t created, changed; /* CLOCK_REALTIME us */
        int64_t expires;          /* of one reserved for a guest that is to come; 0 never */
};

SliceEntry *slice_entry_new(const char *domain_uuid, const char *domain_name, Slice *taken_wish);
SliceEntry *slice_entry_copy(const SliceEntry *entry);
/* With what it had as the wish, where that is another. */
SliceEntry *slice_entry_as_it_was(const SliceEntry *entry);
bool slice_entry_has_same(const SliceEntry *a, const SliceEntry *b); /* wish and grants */
void slice_entry_free(SliceEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceEntry, slice_entry_free)

typedef enum SliceChange {
        SLICE_ADDED,
        SLICE_CHANGED,
        SLICE_REMOVED, /* freed after the call */
} SliceChange;

typedef struct SliceBook SliceBook;
/* Called after the commit, once for each slice that it changed. It may read the book, not change
 * it. */
typedef void (*SliceListener)(void *userdata, SliceChange change, const SliceEntry *entry);

SliceBook *slice_book_new(Store *store); /* borrows the store */
void slice_book_free(SliceBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceBook, slice_book_free)
void slice_book_set_listener(SliceBook *book, SliceListener listener, void *userdata);
void slice_book_set_clock(SliceBook *book, int64_t (*now)(void)); /* for tests */
/* Asked of each placement before it is the domain's: what is not for it here, although it is free.
 * `preempted`: names of those that would give way. */
typedef bool (*SliceGuard)(void *userdata, const char *domain_uuid, const GPtrArray *grants,
                           const GPtrArray *preempted, GError **error);
void slice_book_set_guard(SliceBook *book, SliceGuard guard, void *userdata);
/* What the store has, instead of what the book had; tells nobody. */
bool slice_book_load(SliceBook *book, GError **error);

/* What there is, without grants; taken. First of all, and again whenever the host has changed, also
 * between begin and commit: the book books its own grants on it. */
void slice_book_set_capacity(SliceBook *book, Capacity *taken);
const Capacity *slice_book_capacity(const SliceBook *book); /* with all grants */

/* Without these each call below is a transaction of its own. After a commit that failed the book
 * is as before the begin. They do not nest. */
void slice_book_begin(SliceBook *book);
bool slice_book_commit(SliceBook *book, GError **error);

/* Places and promises; preempts where that is needed. A domain that has a slice: changes it, and
 * keeps what it has where it can. `ret_placement` may be NULL. After an error nothing has changed:
 * those of slice_place(), FERRY_ERROR_STORE. `expires` 0 never. What differs in nothing from what
 * the domain has: true without a write. Needs the capacity. */
bool slice_book_allocate(SliceBook *book, const char *domain_uuid, const char *domain_name,
                         const Slice *wish, int64_t expires, SlicePlacement **ret_placement,
                         GError **error);
/* The same where `at` would be placed: the wish, bound to where its functions have to be of. */
bool slice_book_allocate_at(SliceBook *book, const char *domain_uuid, const char *domain_name,
                            const Slice *wish, const Slice *at, int64_t expires,
                            SlicePlacement **ret_placement, GError **error);
/* What slice_book_allocate() would do. */
SlicePlacement *slice_book_try(const SliceBook *book, const char *domain_uuid, const Slice *wish,
                               GError **error);
/* FERRY_ERROR_NOT_FOUND, here and below, for a domain without a slice. */
bool slice_book_deallocate(SliceBook *book, const char *domain_uuid, GError **error);
/* The same of a guest that runs: the entry is SLICE_RELEASING from then on, until the next
 * slice_book_allocate(), or slice_book_end_release(), which is told to nobody. The latter of one
 * that is not releasing: true without a write. */
bool slice_book_release(SliceBook *book, const char *domain_uuid, GError **error);
bool slice_book_end_release(SliceBook *book, const char *domain_uuid, GError **error);
/* FERRY_ERROR_INVALID_STATE: promised and enforced are entered from each other, and the others by
 * slice_book_allocate() and slice_book_release() alone. The same state: true without a write.
 * A guest has no more than that then: what was more was taken, or it has ended. */
bool slice_book_enter(SliceBook *book, const char *domain_uuid, SliceState state, GError **error);
/* Its guest does not run, and has nothing of what it was promised before. */
bool slice_book_forget_had(SliceBook *book, const char *domain_uuid, GError **error);
/* It has come (0), or may come until then. */
bool slice_book_expire(SliceBook *book, const char *domain_uuid, int64_t expires, GError **error);

/* An entry is good until its slice changes: another one takes its place then. */
const SliceEntry *slice_book_find(const SliceBook *book, const char *domain_uuid); /* NULL */
GPtrArray *slice_book_list(const SliceBook *book);     /* SliceEntry, borrowed, oldest first */
int64_t slice_book_next_expiry(const SliceBook *book); /* 0 none */
/* The same of those that are releasing. */
const SliceEntry *slice_book_find_releasing(const SliceBook *book, const char *domain_uuid);
GPtrArray *slice_book_list_releasing(const SliceBook *book);
