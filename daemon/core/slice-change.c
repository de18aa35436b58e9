/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-book-parts.h"

#include "xml/ferry-error.h"

/* Allocating ------------------------------------------------------------------------- */

static bool has_grants(const SliceEntry *entry) {
        return entry && entry->grants->len > 0;
}

/* What there is for the one that has `old` until now (NULL: nothing). A copy, so that an ask which
 * is refused leaves even the order of the holders as it was. */
static Capacity *copy_capacity_for(const SliceBook *book, const SliceEntry *old) {
        Capacity *capacity = capacity_copy(book->capacity);

        if (has_grants(old))
                capacity_give_back(capacity, old->holder);
        return capacity;
}

static SlicePlacement *place(const SliceBook *book, const Capacity *capacity, const SliceEntry *old,
                             const char *domain_uuid, const Slice *wish, const char *holder,
                             GError **error) {
        g_autoptr(SlicePlacement) placement = NULL;

        placement = slice_place(capacity, wish, holder, has_grants(old) ? old->grants : NULL,
                                error);
        if (placement && book->guard &&
            !book->guard(book->guard_userdata, domain_uuid, placement->grants, placement->preempted,
                         error))
                return NULL;
        return g_steal_pointer(&placement);
}

static void preempt(SliceBook *book, const char *holder) {
        const SliceEntry *entry = g_hash_table_lookup(book->by_holder, holder);
        SliceEntry *next;

        g_assert(entry); /* the capacity has no others */
        next = slice_entry_copy(entry);
        g_ptr_array_set_size(next->grants, 0);
        next->state = SLICE_PREEMPTED;
        next->changed = book->now();
        slice_book_give_back(book, entry);
        slice_book_replace(book, next->domain_uuid, next, true);
}

/* What the domain is to have next; `old` NULL: it has nothing yet. */
static SliceEntry *make_next(SliceBook *book, const SliceEntry *old, const char *domain_uuid,
                             const char *domain_name, const Slice *wish, const GPtrArray *grants) {
        SliceEntry *next = slice_entry_new(domain_uuid, domain_name, slice_copy(wish));

        next->holder = slice_book_name_holder(book, domain_uuid, domain_name);
        next->number = old ? old->number : ++book->last_number;
        next->changed = book->now();
        next->created = old ? old->created : next->changed;
        next->state = SLICE_PROMISED;
        g_ptr_array_unref(next->grants);
        next->grants = slice_grants_copy(grants);
        return next;
}

/* True when guest and kernel need not hear of it. */
static bool is_same_slice(const SliceEntry *old, const SliceEntry *next) {
        return old && old->state != SLICE_PREEMPTED && slice_entry_has_same(old, next);
}

/* Of the slice before, whatever is not wished any more; NULL: a guest can have nothing of that. */
static Slice *had_before(const SliceBook *book, const SliceEntry *old, const SliceEntry *next) {
        const SliceEntry *was = old ?: slice_book_find_releasing(book, next->domain_uuid);
        const Slice *had = was ? was->had : NULL;

        if (was && !had && was->state != SLICE_PREEMPTED)
                had = was->wish;
        return had && !slice_equal(had, next->wish) ? slice_copy(had) : NULL;
}

static void promise(SliceBook *book, const SliceEntry *old, SliceEntry *taken_next,
                    const GPtrArray *preempted) {
        g_autoptr(SliceEntry) next = taken_next;
        bool same = is_same_slice(old, next), changed = old != NULL;

        if (same && old->expires == next->expires &&
            g_str_equal(old->domain_name, next->domain_name))
                return;
        if (same)
                next->state = old->state;
        next->had = had_before(book, old, next);

        for (guint i = 0; i < preempted->len; i++)
                preempt(book, preempted->pdata[i]);
        if (old)
                slice_book_give_back(book, old);
        slice_book_take(book, next);
        slice_book_replace(book, next->domain_uuid, next, !same);
        /* A change makes nobody younger. */
        if (changed && next->wish->priority == SLICE_BEST_EFFORT)
                slice_book_rebook(book);
        next = NULL; /* it is the book's */
}

static SlicePlacement *allocate(SliceBook *book, const char *domain_uuid, const char *domain_name,
                                const Slice *wish, const Slice *at, int64_t expires,
                                GError **error) {
        const SliceEntry *old = slice_book_find(book, domain_uuid);
        g_autofree char *holder = slice_book_name_holder(book, domain_uuid, domain_name);
        g_autoptr(Capacity) without = has_grants(old) ? copy_capacity_for(book, old) : NULL;
        g_autoptr(SlicePlacement) placement = NULL;
        SliceEntry *next;

        placement = place(book, without ?: book->capacity, old, domain_uuid, at, holder, error);
        if (!placement)
                return NULL;

        next = make_next(book, old, domain_uuid, domain_name, wish, placement->grants);
        next->expires = expires;
        promise(book, old, next, placement->preempted);
        return g_steal_pointer(&placement);
}

bool slice_book_allocate_at(SliceBook *book, const char *domain_uuid, const char *domain_name,
                            const Slice *wish, const Slice *at, int64_t expires,
                            SlicePlacement **ret_placement, GError **error) {
        bool alone = slice_book_begin_alone(book);
        g_autoptr(SlicePlacement) placement = NULL;

        g_assert(book->capacity);
        placement = allocate(book, domain_uuid, domain_name, wish, at, expires, error);
        if (!slice_book_end_alone(book, alone, placement != NULL, error))
                return false;

        if (ret_placement)
                *ret_placement = g_steal_pointer(&placement);
        return true;
}

bool slice_book_allocate(SliceBook *book, const char *domain_uuid, const char *domain_name,
                         const Slice *wish, int64_t expires, SlicePlacement **ret_placement,
                         GError **error) {
        return slice_book_allocate_at(book, domain_uuid, domain_name, wish, wish, expires,
                                      ret_placement, error);
}

SlicePlacement *slice_book_try(const SliceBook *book, const char *domain_uuid, const Slice *wish,
                               GError **error) {
        const SliceEntry *old = slice_book_find(book, domain_uuid);
        g_autoptr(Capacity) capacity = copy_capacity_for(book, old);

        return place(book, capacity, old, domain_uuid, wish, old ? old->holder : domain_uuid,
                     error);
}

/* The other changes ------------------------------------------------------------------ */

static const SliceEntry *find_existing(const SliceBook *book, const char *domain_uuid,
                                       GError **error) {
        const SliceEntry *entry = slice_book_find(book, domain_uuid);

        if (!entry)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Domain %s has no hardware slice", domain_uuid);
        return entry;
}

/* Of what came since the begin no guest has anything, but it may have of what went for it. */
static SliceEntry *make_releasing(const SliceBook *book, const SliceEntry *old) {
        bool touched = slice_book_is_touched(book, old->domain_uuid);
        SliceEntry *next = slice_entry_copy(touched ? slice_book_before(book, old->domain_uuid)
                                                    : old);

        if (!next || next->state == SLICE_RELEASING)
                return next;

        next->state = SLICE_RELEASING;
        next->changed = book->now();
        return next;
}

static bool give_up(SliceBook *book, const char *domain_uuid, bool runs, GError **error) {
        const SliceEntry *old = find_existing(book, domain_uuid, error);
        bool alone;

        if (!old)
                return false;

        alone = slice_book_begin_alone(book);
        slice_book_give_back(book, old);
        slice_book_replace(book, domain_uuid, runs ? make_releasing(book, old) : NULL, !runs);
        return slice_book_end_alone(book, alone, true, error);
}

bool slice_book_deallocate(SliceBook *book, const char *domain_uuid, GError **error) {
        return give_up(book, domain_uuid, false, error);
}

bool slice_book_release(SliceBook *book, const char *domain_uuid, GError **error) {
        return give_up(book, domain_uuid, true, error);
}

bool slice_book_end_release(SliceBook *book, const char *domain_uuid, GError **error) {
        bool alone;

        if (!slice_book_find_releasing(book, domain_uuid))
                return true;

        alone = slice_book_begin_alone(book);
        slice_book_replace(book, domain_uuid, NULL, true);
        return slice_book_end_alone(book, alone, true, error);
}

static bool check_transition(const SliceEntry *entry, SliceState state, GError **error) {
        if (entry->state == state || (entry->state < SLICE_PREEMPTED && state < SLICE_PREEMPTED))
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "The hardware slice of guest %s is %s and cannot be %s", entry->domain_name,
                    slice_state_to_string(entry->state), slice_state_to_string(state));
        return false;
}

/* What is not in the grants. */
static void note(SliceBook *book, const SliceEntry *old, SliceState state, int64_t expires,
                 const Slice *had) {
        SliceEntry *next;

        if (old->state == state && old->expires == expires && old->had == had)
                return;

        next = slice_entry_copy(old);
        if (!had)
                g_clear_pointer(&next->had, slice_free);
        next->state = state;
        next->expires = expires;
        next->changed = book->now();
        slice_book_replace(book, next->domain_uuid, next, false);
}

bool slice_book_enter(SliceBook *book, const char *domain_uuid, SliceState state, GError **error) {
        const SliceEntry *old = find_existing(book, domain_uuid, error);
        bool alone;

        g_assert(state >= 0 && state < _SLICE_STATE_MAX);
        if (!old || !check_transition(old, state, error))
                return false;

        alone = slice_book_begin_alone(book);
        note(book, old, state, old->expires, NULL);
        return slice_book_end_alone(book, alone, true, error);
}

bool slice_book_forget_had(SliceBook *book, const char *domain_uuid, GError **error) {
        const SliceEntry *old = find_existing(book, domain_uuid, error);
        bool alone;

        if (!old)
                return false;

        alone = slice_book_begin_alone(book);
        note(book, old, old->state, old->expires, NULL);
        return slice_book_end_alone(book, alone, true, error);
}

bool slice_book_expire(SliceBook *book, const char *domain_uuid, int64_t expires, GError **error) {
        const SliceEntry *old = find_existing(book, domain_uuid, error);
        bool alone;

        if (!old)
                return false;

        alone = slice_book_begin_alone(book);
        note(book, old, old->state, expires, old->had);
        return slice_book_end_alone(book, alone, true, error);
}
