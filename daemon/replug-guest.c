/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replug-guest.h"

#define RETRY_USEC (30 * G_USEC_PER_SEC)
#define PAUSE_USEC (2 * G_USEC_PER_SEC)
#define LATE_USEC  (120 * G_USEC_PER_SEC)

static void guest_free(void *data) {
        ReplugGuest *guest = data;

        if (guest->waiter.done)
                guest->waiter.release(guest->waiter.userdata);
        g_free(guest->trouble);
        g_free(guest);
}

GHashTable *replug_guests_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, guest_free);
}

ReplugGuest *replug_guests_require(GHashTable *guests, const char *uuid) {
        ReplugGuest *guest = g_hash_table_lookup(guests, uuid);

        if (!guest) {
                guest = g_new0(ReplugGuest, 1);
                g_hash_table_insert(guests, g_strdup(uuid), guest);
        }
        return guest;
}

int64_t replug_guests_next_time(GHashTable *guests) {
        GHashTableIter iter;
        int64_t next = 0;
        void *value;

        g_hash_table_iter_init(&iter, guests);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ReplugGuest *guest = value;

                if (replug_guest_is_due(guest))
                        next = next > 0 ? MIN(next, guest->due) : guest->due;
        }
        return next;
}

void replug_guest_answer(ReplugGuest *guest, const GError *error) {
        ReplugWaiter waiter = guest->waiter;

        guest->waiter = (ReplugWaiter){ 0 };
        waiter.done(waiter.userdata, error);
}

bool replug_guest_fail(ReplugGuest *guest, const char *why, int64_t now) {
        guest->failed = now;
        guest->due = now + RETRY_USEC;
        if (g_strcmp0(guest->trouble, why) == 0)
                return false;

        g_free(guest->trouble);
        guest->trouble = g_strdup(why);
        return true;
}

bool replug_guest_has_just_failed(const ReplugGuest *guest, int64_t now) {
        return guest->failed > 0 && now < guest->failed + PAUSE_USEC;
}

void replug_guest_be_late(ReplugGuest *guest, int64_t now) {
        guest->late = guest->due = now + LATE_USEC;
}

/* The first that a daemon sees of a note may be from one that ended while it waited for that. */
bool replug_guest_may_let_go(ReplugGuest *guest, int64_t now) {
        if (guest->plugged)
                return false;
        if (guest->late == 0)
                replug_guest_be_late(guest, now);
        return now < guest->late;
}

bool replug_guest_is_due(const ReplugGuest *guest) {
        return guest->due > 0 && guest->course == COURSE_REST;
}
