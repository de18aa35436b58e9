/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of slices*.c: what waits to be written, what there is to be had, and
 * what is to be done when it was written.
 */

#include "daemon/core/resource-cache.h"
#include "daemon/slice-enforce.h"
#include "daemon/slices.h"

typedef struct SliceMoves SliceMoves;
typedef struct SlicePending SlicePending;
/* Changes the book, between its begin and its commit. */
typedef bool (*SliceChanger)(Slices *slices, SlicePending *pending, GError **error);

/* One ask. All but `change` and `uuid` is of some kinds alone. */
struct SlicePending {
        SliceChanger change;
        char *uuid, *name;
        Slice *wish, *at; /* `at`: as of slices_reserve() */
        int64_t expires;
        SliceState state;
        int64_t number;      /* of the entry that it is about */
        SliceEntry *entry;   /* as it was carried out */
        bool left, released; /* of a guest that is gone: as slices_on_gone(), _on_released() */
        SliceAsk ask;
        char *ask_kind, **ask_qos; /* what `ask` points to */
        SliceAnswer answer;        /* NULL: nobody waits */
        void *userdata;
        SlicePlacement *placement; /* the outcome; or */
        GError *error;
};

struct Slices {
        Manager *manager;
        SliceBook *book;
        SliceEnforcer *enforcer;
        SliceListener listener;
        void *userdata;
        GPtrArray *pending;
        ResourceCache *map;
        unsigned capacity_of; /* which reading of the map the book's capacity is made of */
        bool capacity_stale;  /* the book's is not what map and leases make */
        char *capacity_for;   /* the domain whose own devices are not in its way; NULL none */
        GPtrArray *due;       /* SliceDue, in the order of the changes */
        GHashTable *held;     /* UUIDs of those for which nothing is carried out now */
        GHashTable *problems; /* domain UUID to a sentence */
        GHashTable *short_of; /* UUIDs of those for which a device was missing */
        GHashTable *lacks;    /* the same, of what is not there any more */
        bool lacks_stale;     /* the host has changed since they were found */
        GHashTable *lifted; /* UUIDs of guests that have nothing of their releasing slice, but for,
                             * maybe, their metadata; */
        int64_t look_at;    /* which are looked at then; 0 never */
        SliceMoves *moves;  /* that are carried out; NULL none */
};

/* Waits for the next flush. */
void slices_push(Slices *slices, SlicePending *taken);
/* The first half of it: nothing is carried out yet, so that a hook may call it. */
void slices_write(Slices *slices);
SlicePending *slices_pending_new(SliceChanger change, const char *domain_uuid);

/* The changes of slices.c that others push, too. */
bool slices_change_allocate(Slices *slices, SlicePending *pending, GError **error);
bool slices_change_deallocate(Slices *slices, SlicePending *pending, GError **error);

/* slices-capacity.c: what there is; a ResourceReader of the manager's. */
ResourceMap *slices_read_host(void *manager);
/* Before the book is asked to place something for this domain (NULL: none). */
void slices_use_capacity(Slices *slices, const char *domain_uuid);
bool slices_has_devices(const Slices *slices, const char *domain_uuid);

/* slices_look() as if these were all entries: of one domain another one, in the place of `had`. */
const ResourceMap *slices_look_as(Slices *slices, const GPtrArray *entries, const SliceEntry *had);

/* slices-share.c: what is offered to the cluster is not for slices here; a SliceGuard. */
bool slices_guard(void *slices, const char *domain_uuid, const GPtrArray *grants,
                  const GPtrArray *preempted, GError **error);

/* slices-carry-out.c: notes what the book has done, as its listener; then does it, outside of it.
 */
void slices_on_change(void *slices, SliceChange change, const SliceEntry *entry);
void slices_on_enforced(void *slices, const char *domain_uuid, const GError *error);
/* The guest is gone, or its slice. */
void slices_forget_problem(Slices *slices, const char *domain_uuid);
/* The guest has begun to run, so it has nothing of its slice yet. */
void slices_note_come(Slices *slices, const SliceEntry *entry);
/* It runs and has a slice still, which is releasing. */
void slices_note_releasing(Slices *slices, const SliceEntry *entry);
void slices_carry_out(Slices *slices);
void slice_due_free(void *due);

/* slices-release.c: the slice that is releasing was lifted from its guest; it is another now. */
void slices_on_lifted(Slices *slices, const SliceEntry *entry);
void slices_forget_lifted(Slices *slices, const char *domain_uuid);
void slices_look_at_lifted(Slices *slices);

/* slices-lack.c: what the host has no more of what it has promised, when it has changed. */
void slices_find_lacks(Slices *slices);
void slices_lack_on_change(Slices *slices, SliceChange change, const SliceEntry *entry);

/* slices-defragment.c: what the moves wait for. */
void slices_moves_on_enforced(Slices *slices, const char *domain_uuid, const GError *error);
void slices_moves_on_gone(Slices *slices, const char *domain_uuid);
void slice_moves_free(SliceMoves *moves);
