/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-follow.h"
#include "daemon/slices-away.h"
#include "daemon/slices-parts.h"
#include "xml/ferry-error.h"

/* What the book has done: guests that run get it, and hear of it. */

typedef struct SliceDue {
        SliceChange change;
        SliceEntry *entry;
        bool come; /* nothing has changed but the guest */
} SliceDue;

void slice_due_free(void *data) {
        SliceDue *due = data;

        slice_entry_free(due->entry);
        g_free(due);
}

static void add_due(Slices *slices, SliceChange change, const SliceEntry *entry, bool come) {
        SliceDue *due = g_new0(SliceDue, 1);

        due->change = change;
        due->entry = slice_entry_copy(entry);
        due->come = come;
        g_ptr_array_add(slices->due, due);
}

void slices_on_change(void *userdata, SliceChange change, const SliceEntry *entry) {
        Slices *slices = userdata;

        /* which of a domain's devices are none of a slice's */
        slices->capacity_stale |= slices_has_devices(slices, entry->domain_uuid);
        slices_lack_on_change(slices, change, entry);
        slices_forget_lifted(slices, entry->domain_uuid);
        if (change == SLICE_REMOVED)
                slices_forget_problem(slices, entry->domain_uuid);
        if (change == SLICE_REMOVED || entry->state != SLICE_ENFORCED)
                add_due(slices, change, entry, false);
        if (slices->listener)
                slices->listener(slices->userdata, change, entry);
}

void slices_forget_problem(Slices *slices, const char *domain_uuid) {
        g_hash_table_remove(slices->problems, domain_uuid);
        g_hash_table_remove(slices->short_of, domain_uuid);
}

void slices_note_come(Slices *slices, const SliceEntry *entry) {
        add_due(slices, SLICE_CHANGED, entry, true);
}

void slices_note_releasing(Slices *slices, const SliceEntry *entry) {
        add_due(slices, SLICE_REMOVED, entry, false);
}

static bool is_due(const Slices *slices, const char *domain_uuid) {
        for (guint i = 0; i < slices->due->len; i++) {
                const SliceDue *due = slices->due->pdata[i];

                if (g_str_equal(due->entry->domain_uuid, domain_uuid))
                        return true;
        }
        return false;
}

static void carry_out(const Slices *slices, const SliceDue *due) {
        g_autoptr(SliceEntry) was = slice_entry_as_it_was(due->entry);

        if (!g_hash_table_contains(slices->manager->active, due->entry->domain_uuid) ||
            (due->change != SLICE_REMOVED &&
             g_hash_table_contains(slices->held, due->entry->domain_uuid)))
                return;

        if (!due->come) /* its metadata are to have the slice that it has now */
                guest_follow_look_again(slices->manager, due->entry->domain_uuid);
        if (due->change == SLICE_REMOVED || due->entry->state == SLICE_PREEMPTED)
                slice_enforcer_lift(slices->enforcer, was);
        else
                slice_enforcer_apply(slices->enforcer, due->entry);
}

void slices_carry_out(Slices *slices) {
        g_autoptr(GPtrArray) all = slices->due;

        slices->due = g_ptr_array_new_with_free_func(slice_due_free);
        for (guint i = 0; i < all->len; i++)
                carry_out(slices, all->pdata[i]);
        slices_look_at_exclusive(slices);
}

/* What has come of it ----------------------------------------------------------------- */

/* What was asked for since is not what was carried out. */
static bool change_state(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = slice_book_find(slices->book, pending->uuid);

        return !entry || entry->state == SLICE_PREEMPTED ||
               !slice_entry_has_same(entry, pending->entry) ||
               slice_book_enter(slices->book, pending->uuid, pending->state, error);
}

static void note_problem(Slices *slices, const SliceEntry *entry, const GError *error) {
        const char *uuid = entry->domain_uuid;

        if (g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES))
                g_hash_table_add(slices->short_of, g_strdup(uuid));
        else
                g_hash_table_remove(slices->short_of, uuid);
        if (g_strcmp0(slices_problem(slices, uuid), error->message) == 0)
                return;

        g_warning("Guest %s does not have its hardware slice: %s", entry->domain_name,
                  error->message);
        g_hash_table_replace(slices->problems, g_strdup(uuid), g_strdup(error->message));
        if (slices->listener)
                slices->listener(slices->userdata, SLICE_CHANGED, entry);
}

/* A state that changes is told by itself. */
static void end_problem(Slices *slices, const SliceEntry *entry) {
        bool had = g_hash_table_contains(slices->problems, entry->domain_uuid);

        slices_forget_problem(slices, entry->domain_uuid);
        if (had && entry->state == SLICE_ENFORCED && slices->listener)
                slices->listener(slices->userdata, SLICE_CHANGED, entry);
}

/* Nobody has a slice any more that could tell of it. */
static void tell_leftover(const Slices *slices, const char *domain_uuid, const GError *error) {
        const char *name = g_hash_table_lookup(slices->manager->active, domain_uuid);

        g_warning("Guest %s has lost its hardware slice and still has what was of it, until it is "
                  "started again: %s",
                  name ?: domain_uuid, error->message);
}

/* A guest that has ended meanwhile is no problem. */
static void note_enforced(Slices *slices, const char *domain_uuid, const GError *error) {
        const SliceEntry *entry = slice_book_find(slices->book, domain_uuid);
        const SliceEntry *releasing = slice_book_find_releasing(slices->book, domain_uuid);
        SlicePending *pending;

        if (g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND))
                return;
        if (error && entry)
                note_problem(slices, entry, error);
        else if (error)
                tell_leftover(slices, domain_uuid, error);
        else if (releasing && !is_due(slices, domain_uuid))
                slices_on_lifted(slices, releasing);
        if (error || !entry || is_due(slices, domain_uuid))
                return;

        end_problem(slices, entry);
        pending = slices_pending_new(change_state, domain_uuid);
        pending->state = SLICE_ENFORCED;
        pending->entry = slice_entry_copy(entry);
        slices_push(slices, pending);
}

/* One that is short of a device itself has only tried to get one, and would make others try for
 * ever. */
void slices_on_lease_gone(Slices *slices, const char *domain_uuid) {
        GHashTableIter iter;
        void *uuid;

        if (g_hash_table_contains(slices->short_of, domain_uuid))
                return;

        g_hash_table_iter_init(&iter, slices->short_of);
        while (g_hash_table_iter_next(&iter, &uuid, NULL)) {
                const SliceEntry *entry = slice_book_find(slices->book, uuid);

                if (entry)
                        slices_note_come(slices, entry);
        }
}

void slices_hold(Slices *slices, const char *domain_uuid) {
        g_hash_table_add(slices->held, g_strdup(domain_uuid));
}

void slices_resume(Slices *slices, const char *domain_uuid) {
        const SliceEntry *entry = slice_book_find(slices->book, domain_uuid);

        if (g_hash_table_remove(slices->held, domain_uuid) && entry)
                add_due(slices, SLICE_CHANGED, entry, false);
}

/* It may be what its slice was waiting for: a function of another type. */
void slices_on_exchanged(Slices *slices, const char *domain_uuid) {
        const SliceEntry *entry = slice_book_find(slices->book, domain_uuid);

        if (entry && g_hash_table_contains(slices->problems, domain_uuid))
                slices_note_come(slices, entry);
}

/* A SliceEnforced. */
void slices_on_enforced(void *userdata, const char *domain_uuid, const GError *error) {
        note_enforced(userdata, domain_uuid, error);
        slices_moves_on_enforced(userdata, domain_uuid, error);
}

const char *slices_problem(const Slices *slices, const char *domain_uuid) {
        const char *problem = g_hash_table_lookup(slices->problems, domain_uuid);

        return problem ?: g_hash_table_lookup(slices->lacks, domain_uuid);
}

void slices_on_tuned(Slices *slices, const GuestEvent *event) {
        slice_enforcer_on_tuned(slices->enforcer, event);
}

void slices_on_sampled(Slices *slices) {
        slice_enforcer_on_sampled(slices->enforcer);
}
