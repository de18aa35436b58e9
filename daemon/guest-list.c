/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-list.h"

#include <string.h>

#include "daemon/core/string-table.h"
#include "daemon/slices.h"

static const char *const state_words[] = {
        [GUEST_IS_OFF] = "off",      [GUEST_IS_STARTING] = "starting", [GUEST_IS_COMING] = "coming",
        [GUEST_IS_HERE] = "running", [GUEST_IS_LEAVING] = "leaving",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_words) == _GUEST_STATE_MAX);

const char *guest_state_to_string(GuestState state) {
        return string_table_word(state_words, _GUEST_STATE_MAX, state);
}

/* What is remembered of one. */
typedef struct GuestNote {
        const char *owner; /* a constant */
        bool coming;       /* it was let in, and has not run here since */
} GuestNote;

GHashTable *guest_notes_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Who they are ---------------------------------------------------------------------- */

/* UUID to name; both borrowed. */
static GHashTable *list_names(const Manager *manager) {
        GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) entries = slice_book_list(slices_book(manager->slices));
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);
        GHashTableIter iter;
        void *uuid, *name;

        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                g_hash_table_replace(names, entry->domain_uuid, entry->domain_name);
        }
        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                g_hash_table_replace(names, lease->domain_uuid, lease->domain_name);
        }

        g_hash_table_iter_init(&iter, manager->active);
        while (g_hash_table_iter_next(&iter, &uuid, &name))
                g_hash_table_replace(names, uuid, name);
        return names;
}

/* Its devices or its slice wait for it, and not for ever. */
static bool is_awaited(const Manager *manager, const char *uuid) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, uuid);
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), uuid);

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                if (lease->state == LEASE_RESERVED || lease->state == LEASE_CLAIMED)
                        return true;
        }
        return entry && entry->expires != 0 && entry->expires != SLICE_WITH_GUEST;
}

static bool is_leaving(const Migration *migration) {
        return migration && migration->direction == MIGRATION_OUTGOING &&
               migration->state >= MIGRATION_PRECOPY && migration->state <= MIGRATION_RESUMED;
}

static GuestState state_of(const Manager *manager, const char *uuid, const GuestNote *note) {
        bool coming = note && note->coming;

        if (!g_hash_table_contains(manager->active, uuid)) {
                if (!is_awaited(manager, uuid))
                        return GUEST_IS_OFF;
                return coming ? GUEST_IS_COMING : GUEST_IS_STARTING;
        }
        if (is_leaving(migration_log_current(manager->migrations, uuid)))
                return GUEST_IS_LEAVING;
        return coming ? GUEST_IS_COMING : GUEST_IS_HERE;
}

static GuestRow *row_new(const Manager *manager, const char *uuid, const char *name) {
        const GuestNote *note = g_hash_table_lookup(manager->guest_notes, uuid);
        GuestRow *row = g_new0(GuestRow, 1);

        row->uuid = uuid;
        row->name = name;
        row->state = state_of(manager, uuid, note);
        row->owner = note ? note->owner : GUEST_OWNER_UNKNOWN;
        return row;
}

static int compare_rows(gconstpointer a, gconstpointer b) {
        const GuestRow *const *x = a, *const *y = b;

        return strcmp((*x)->uuid, (*y)->uuid);
}

GPtrArray *guest_list(const Manager *manager) {
        GPtrArray *rows = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GHashTable) names = list_names(manager);
        GHashTableIter iter;
        void *uuid, *name;

        g_hash_table_iter_init(&iter, names);
        while (g_hash_table_iter_next(&iter, &uuid, &name))
                g_ptr_array_add(rows, row_new(manager, uuid, name));
        g_ptr_array_sort(rows, compare_rows);
        return rows;
}

/* What is remembered ---------------------------------------------------------------- */

static void note(Manager *manager, const Domain *domain, bool coming) {
        GuestNote *new_note = g_new0(GuestNote, 1);

        new_note->owner = domain->nova ? GUEST_OWNER_NOVA : GUEST_OWNER_NONE;
        new_note->coming = coming;
        g_hash_table_replace(manager->guest_notes, g_strdup(domain->uuid), new_note);
}

/* One that comes is told of twice: when it is let in, and when QEMU is to be prepared for it. */
void guest_list_on_hook(Manager *manager, const Domain *domain, bool migrates) {
        const GuestNote *old = g_hash_table_lookup(manager->guest_notes, domain->uuid);

        note(manager, domain, migrates || (old && old->coming));
}

void guest_list_on_running(Manager *manager, const Domain *domain) {
        note(manager, domain, false);
}

/* Only of one that was let in while no daemon ran libvirt tells first. */
static void note_incoming(Manager *manager, const GuestEvent *event) {
        g_autoptr(Domain) domain = NULL;

        if (!event->xml)
                return;

        domain = domain_from_xml(event->xml, strlen(event->xml), NULL);
        if (domain && domain->uuid)
                note(manager, domain, true);
}

static void note_end(Manager *manager, const GuestEvent *event) {
        GuestNote *its = g_hash_table_lookup(manager->guest_notes, event->uuid);

        if (its)
                its->coming = false;
}

static gboolean is_not_listed(gpointer uuid, gpointer its, gpointer names) {
        return !g_hash_table_contains(names, uuid);
}

static void forget_the_gone(Manager *manager) {
        g_autoptr(GHashTable) names = list_names(manager);

        (void)g_hash_table_foreach_remove(manager->guest_notes, is_not_listed, names);
}

bool guest_list_on_guest_event(Manager *manager, const GuestEvent *event) {
        switch (event->kind) {
        case GUEST_INCOMING:
                note_incoming(manager, event);
                return true;
        case GUEST_LEFT:
        case GUEST_STOPPED:
        case GUEST_GONE:
                note_end(manager, event);
                forget_the_gone(manager);
                return true;
        case GUEST_LIST:
                forget_the_gone(manager);
                return true;
        case GUEST_RUNNING:
        case GUEST_ARRIVED:
        case GUEST_LEAVING:
        case GUEST_STAYED:
        case GUEST_JOB_DONE:
                return true;
        case GUEST_DEFINED:
        case GUEST_ITERATING:
        case GUEST_FOUND:
        case GUEST_MOVED:
        case GUEST_UNPLUGGED:
        case GUEST_PLUGGED:
        case GUEST_TUNED:
        case GUEST_SHUT_DOWN:
        case GUEST_STATS:
        case GUEST_LOST_LIBVIRT:
        case _GUEST_EVENT_KIND_MAX:
                break;
        }
        return false;
}
