/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-cold.h"
#include "daemon/guest-migration.h"
#include "daemon/slices-parts.h"

/* Guests and slices: which guest brings one along, which one keeps it, and what a guest that runs
 * is told. */

static bool is_active(const Slices *slices, const char *domain_uuid) {
        return g_hash_table_contains(slices->manager->active, domain_uuid);
}

/* Of its own, or one that it has to lose. */
static bool has_any(const Slices *slices, const char *domain_uuid) {
        return slice_book_find(slices->book, domain_uuid) ||
               slice_book_find_releasing(slices->book, domain_uuid);
}

static bool waits_for_guest(const SliceEntry *entry) {
        return entry->expires != 0 && entry->expires != SLICE_WITH_GUEST;
}

void slices_note(Slices *slices, const Domain *domain, Metadata **metadata) {
        const SliceEntry *entry = slice_book_find(slices->book, domain->uuid);
        const Slice *wish = entry ? entry->wish : NULL;

        if (!entry && domain->metadata && !slice_book_find_releasing(slices->book, domain->uuid))
                wish = domain->metadata->slice;
        if (!wish && !*metadata)
                return;

        if (!*metadata)
                *metadata = metadata_new();
        g_clear_pointer(&(*metadata)->slice, slice_free);
        (*metadata)->slice = slice_copy(wish);
}

/* Coming ------------------------------------------------------------------------------ */

static void on_reserved(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                        const GError *error) {
        GError **failure = userdata;

        *failure = error ? g_error_copy(error) : NULL;
}

/* An operator has allocated it here. */
static bool is_by_hand(const SliceEntry *entry) {
        return entry && entry->expires == 0;
}

static bool stands(const SliceEntry *entry, const Slice *at) {
        return is_by_hand(entry) && entry->state != SLICE_PREEMPTED && !at;
}

static SlicePending *reserve_pending_new(const Slices *slices, const SliceEntry *entry,
                                         const char *domain_uuid, const char *name,
                                         const Slice *wish, const Slice *at) {
        SlicePending *pending = slices_pending_new(slices_change_allocate, domain_uuid);
        const Manager *manager = slices->manager;

        pending->name = g_strdup(name);
        pending->wish = slice_copy(wish);
        pending->at = slice_copy(at);
        pending->expires = is_by_hand(entry)
                                   ? 0
                                   : manager->now() + (int64_t)manager->config->lease_timeout_usec;
        return pending;
}

const SliceEntry *slices_reserve(Slices *slices, const char *domain_uuid, const char *name,
                                 const Slice *wish, const Slice *at, GError **error) {
        const SliceEntry *entry;
        SlicePending *pending;
        GError *failure = NULL;

        slices_write(slices); /* what was asked before has its answer before */
        entry = slice_book_find(slices->book, domain_uuid);
        if (stands(entry, at))
                return entry;
        if (is_by_hand(entry))
                wish = entry->wish;
        if (!wish)
                return NULL;

        pending = reserve_pending_new(slices, entry, domain_uuid, name, wish, at);
        pending->answer = on_reserved;
        pending->userdata = &failure;
        slices_push(slices, pending);
        slices_write(slices);
        if (failure) {
                g_propagate_error(error, failure);
                return NULL;
        }
        return slice_book_find(slices->book, domain_uuid);
}

SliceEntry *slices_try_reserve(Slices *slices, const char *domain_uuid, const char *name,
                               const Slice *wish, const Slice *at, GError **error) {
        g_autoptr(SlicePlacement) placement = NULL;
        const SliceEntry *present;
        SliceEntry *entry;

        slices_write(slices);
        present = slice_book_find(slices->book, domain_uuid);
        if (stands(present, at))
                return slice_entry_copy(present);
        if (is_by_hand(present))
                wish = present->wish;
        if (!wish)
                return NULL;

        placement = slices_try(slices, domain_uuid, at ?: wish, error);
        if (!placement)
                return NULL;

        entry = slice_entry_new(domain_uuid, name, slice_copy(wish));
        g_ptr_array_unref(entry->grants);
        entry->grants = slice_grants_copy(placement->grants);
        return entry;
}

/* It runs here. Without an entry its metadata may ask for one, unless it is that which they are to
 * lose: then the daemon has ended before it could take it away. */
static bool change_come(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *releasing = slice_book_find_releasing(slices->book, pending->uuid);
        const SliceEntry *entry = slice_book_find(slices->book, pending->uuid);

        if (releasing) {
                slices_note_releasing(slices, releasing);
                return true;
        }
        if (!entry && pending->wish) {
                pending->expires = SLICE_WITH_GUEST;
                if (slices_change_allocate(slices, pending, error))
                        return true;
                g_prefix_error(error, "The guest runs without its hardware slice: ");
                return false;
        }
        if (!entry)
                return true;

        slices_note_come(slices, entry);
        return !waits_for_guest(entry) ||
               slice_book_expire(slices->book, pending->uuid, SLICE_WITH_GUEST, error);
}

void slices_on_running(Slices *slices, const Domain *domain) {
        const Slice *wish = domain->metadata ? domain->metadata->slice : NULL;
        SlicePending *pending;

        if (!wish && !has_any(slices, domain->uuid))
                return;

        pending = slices_pending_new(change_come, domain->uuid);
        pending->name = g_strdup(domain->name);
        pending->wish = slice_copy(wish);
        slices_push(slices, pending);
}

/* Going ------------------------------------------------------------------------------- */

/* What waits for a guest belongs to its next coming, which may have begun by now; the release hook
 * comes before that. */
static bool change_gone(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = slice_book_find(slices->book, pending->uuid);

        if (is_active(slices, pending->uuid))
                return true;
        if (!entry)
                return slice_book_end_release(slices->book, pending->uuid, error);
        if (waits_for_guest(entry))
                return !pending->released ||
                       slice_book_deallocate(slices->book, pending->uuid, error);
        if (pending->left || entry->expires == SLICE_WITH_GUEST)
                return slice_book_deallocate(slices->book, pending->uuid, error);

        return entry->state == SLICE_PREEMPTED ||
               slice_book_enter(slices->book, pending->uuid, SLICE_PROMISED, error);
}

static void go(Slices *slices, const char *domain_uuid, bool left, bool released) {
        SlicePending *pending;

        if (!has_any(slices, domain_uuid))
                return;

        pending = slices_pending_new(change_gone, domain_uuid);
        pending->left = left;
        pending->released = released;
        slices_push(slices, pending);
}

void slices_on_gone(Slices *slices, const char *domain_uuid, bool left) {
        slices_forget_problem(slices, domain_uuid);
        slices_forget_lifted(slices, domain_uuid);
        slices_on_lease_gone(slices, domain_uuid); /* while it was short of one itself */
        slice_enforcer_forget(slices->enforcer, domain_uuid);
        slices_moves_on_gone(slices, domain_uuid);
        go(slices, domain_uuid, left, false);
}

void slices_on_released(Slices *slices, const char *domain_uuid, bool left) {
        go(slices, domain_uuid, left, true);
}

/* Nobody told of its end, and the last that was stored is that it was about to run there. Of one
 * that is moved while it is shut down that says nothing. */
static bool has_left(const Manager *manager, const char *domain_uuid) {
        const Migration *migration = guest_migration_current(manager, domain_uuid,
                                                             MIGRATION_OUTGOING);

        return migration && !drive_cold_is(migration) &&
               (migration->state == MIGRATION_SWITCHOVER || migration->state == MIGRATION_RESUMED);
}

void slices_on_list(Slices *slices) {
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);
        g_autoptr(GPtrArray) releasing = slice_book_list_releasing(slices->book);

        g_ptr_array_extend(entries, releasing, NULL, NULL);
        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                if (!is_active(slices, entry->domain_uuid))
                        slices_on_gone(slices, entry->domain_uuid,
                                       has_left(slices->manager, entry->domain_uuid));
        }
}

/* Time -------------------------------------------------------------------------------- */

static bool has_expired(const Slices *slices, const SliceEntry *entry) {
        return waits_for_guest(entry) && entry->expires <= slices->manager->now();
}

/* One that is here, and waits for the end of its move, keeps it. */
static bool change_expired(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = slice_book_find(slices->book, pending->uuid);

        if (!entry || !has_expired(slices, entry))
                return true;
        if (is_active(slices, pending->uuid))
                return slice_book_expire(slices->book, pending->uuid, SLICE_WITH_GUEST, error);

        return slice_book_deallocate(slices->book, pending->uuid, error);
}

void slices_on_time(Slices *slices) {
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);

        slices_look_at_lifted(slices);
        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                if (has_expired(slices, entry))
                        slices_push(slices, slices_pending_new(change_expired, entry->domain_uuid));
        }
}

int64_t slices_next_time(const Slices *slices) {
        int64_t next = slice_book_next_expiry(slices->book);

        if (next == 0 || next == SLICE_WITH_GUEST)
                return slices->look_at;
        return slices->look_at > 0 ? MIN(next, slices->look_at) : next;
}
