/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drain-course.h"

#include "daemon/drive.h"

#define NEWCOMER                                                                           \
        "It was started or came here while the host was drained: 'virt-ferry drain' once " \
        "more moves it"
#define GONE "It was not here any more when libvirt was asked"

static void set(DrainGuest *guest, DrainGuestState state, const char *reason) {
        guest->state = state;
        if (guest->reason == reason)
                return;

        g_free(guest->reason);
        guest->reason = g_strdup(reason);
}

static bool is_here(const DrainView *view, const char *uuid) {
        return g_hash_table_contains(view->manager->active, uuid);
}

/* Not before its answer is there does the end of a move say anything. */
static bool is_undecided(const DrainView *view, const char *uuid) {
        return g_hash_table_contains(view->asked, uuid) ||
               drive_is_moving(view->manager->drive, uuid);
}

/* Refusals ------------------------------------------------------------------------ */

/* How many destinations may refuse it: the cluster's choice is one. */
static guint count_choices(const DrainRecord *record) {
        return MAX(record->destinations->len, 1);
}

/* Where it goes next; NULL: the cluster chooses. */
static const char *choice_of(const DrainRecord *record, const DrainGuest *guest) {
        return record->destinations->len > 0 ? record->destinations->pdata[guest->n_refused] : NULL;
}

/* Of several destinations each has said something. */
static void note_refusal(const DrainRecord *record, DrainGuest *guest, const char *reason) {
        g_autofree char *before = g_steal_pointer(&guest->reason);

        if (count_choices(record) == 1)
                guest->reason = g_strdup(reason);
        else
                guest->reason = g_strdup_printf("%s%s%s: %s", before ?: "", before ? "; " : "",
                                                guest->destination, reason);
}

static void refuse(const DrainRecord *record, DrainGuest *guest, const char *reason) {
        note_refusal(record, guest, reason ?: "libvirt gives no reason");
        guest->n_refused++;
        guest->state = guest->n_refused < count_choices(record) ? DRAIN_GUEST_WAITING
                                                                : DRAIN_GUEST_STAYED;
        if (guest->state == DRAIN_GUEST_STAYED)
                g_clear_pointer(&guest->destination, g_free);
}

bool drain_course_is_own(const DrainRecord *record, const DrainGuest *guest,
                         const Migration *migration) {
        const char *choice;

        if (guest->state != DRAIN_GUEST_MOVING || migration->direction != MIGRATION_OUTGOING)
                return false;

        choice = choice_of(record, guest);
        return !choice || g_strcmp0(migration->plan.destination, choice) == 0;
}

/* Between CHECKED and PRECOPY libvirt is asked, perhaps when devices are unplugged: a daemon that
 * was killed there may not have come to it. */
static bool has_begun(const DrainGuest *guest, const Migration *move) {
        return move->entered[guest->inherited ? MIGRATION_PRECOPY : MIGRATION_CHECKED] > 0;
}

/* The move is over and the guest is here. One that has not begun, or that somebody else began, says
 * nothing of our destinations. */
static void come_back(const DrainView *view, const DrainRecord *record, DrainGuest *guest) {
        const Migration *last = migration_log_latest(view->manager->migrations, guest->uuid);

        if (last && has_begun(guest, last) && drain_course_is_own(record, guest, last))
                refuse(record, guest, last->reason);
        else
                guest->state = DRAIN_GUEST_WAITING;
}

/* Each guest ---------------------------------------------------------------------- */

static const Migration *outgoing(const DrainView *view, const char *uuid) {
        const Migration *current = migration_log_current(view->manager->migrations, uuid);

        return current && current->direction == MIGRATION_OUTGOING ? current : NULL;
}

/* Whoever has begun it. */
static void follow_move(DrainGuest *guest, const Migration *move) {
        guest->state = DRAIN_GUEST_MOVING;
        g_free(guest->destination);
        guest->destination = g_strdup(move->plan.destination);
}

static void look(const DrainView *view, const DrainRecord *record, DrainGuest *guest) {
        const Migration *move = outgoing(view, guest->uuid);

        if (guest->state == DRAIN_GUEST_LEFT)
                return;
        if (move && guest->state != DRAIN_GUEST_STAYED && is_here(view, guest->uuid))
                follow_move(guest, move);
        else if (is_undecided(view, guest->uuid))
                return;
        else if (!is_here(view, guest->uuid))
                set(guest, DRAIN_GUEST_LEFT, guest->state == DRAIN_GUEST_MOVING ? NULL : GONE);
        else if (guest->state == DRAIN_GUEST_MOVING)
                come_back(view, record, guest);
}

/* Whoever starts a guest here means it to be here. */
static void add_newcomers(const DrainView *view, DrainRecord *record) {
        void *uuid, *name;
        GHashTableIter iter;

        g_hash_table_iter_init(&iter, view->manager->active);
        while (g_hash_table_iter_next(&iter, &uuid, &name)) {
                DrainGuest *guest = drain_record_find(record, uuid);

                if ((guest && guest->state != DRAIN_GUEST_LEFT) ||
                    g_hash_table_contains(view->coming, uuid) || is_undecided(view, uuid))
                        continue;
                if (!guest)
                        guest = drain_record_add(record, uuid, name);

                set(guest, DRAIN_GUEST_STAYED, NEWCOMER);
                g_clear_pointer(&guest->destination, g_free);
        }
}

/* Turns --------------------------------------------------------------------------- */

static bool may_begin(const DrainView *view, const DrainGuest *guest) {
        return guest->state == DRAIN_GUEST_WAITING && is_here(view, guest->uuid) &&
               !is_undecided(view, guest->uuid) &&
               !g_hash_table_contains(view->coming, guest->uuid) &&
               !migration_log_current(view->manager->migrations, guest->uuid);
}

static void begin(const DrainRecord *record, DrainGuest *guest) {
        g_free(guest->destination);
        guest->destination = g_strdup(choice_of(record, guest));
        guest->state = DRAIN_GUEST_MOVING;
        guest->inherited = false;
}

static GPtrArray *begin_next(const DrainView *view, DrainRecord *record) {
        guint n = drain_record_count(record, DRAIN_GUEST_MOVING);
        GPtrArray *begun = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < record->guests->len && n < view->manager->config->outgoing_max; i++) {
                DrainGuest *guest = record->guests->pdata[i];

                if (!may_begin(view, guest))
                        continue;
                begin(record, guest);
                g_ptr_array_add(begun, g_strdup(guest->uuid));
                n++;
        }
        return begun;
}

static DrainState state_of(const DrainRecord *record) {
        if (drain_record_count(record, DRAIN_GUEST_WAITING) > 0 ||
            drain_record_count(record, DRAIN_GUEST_MOVING) > 0)
                return DRAIN_DRAINING;
        return drain_record_count(record, DRAIN_GUEST_STAYED) > 0 ? DRAIN_PARTLY : DRAIN_DRAINED;
}

GPtrArray *drain_course_go_on(const DrainView *view, DrainRecord *record) {
        GPtrArray *begun;

        for (guint i = 0; i < record->guests->len; i++)
                look(view, record, record->guests->pdata[i]);

        add_newcomers(view, record);
        begun = begin_next(view, record);
        record->state = state_of(record);
        return begun;
}

/* Events -------------------------------------------------------------------------- */

void drain_course_forget_moves(DrainRecord *record) {
        for (guint i = 0; i < record->guests->len; i++) {
                DrainGuest *guest = record->guests->pdata[i];

                if (guest->state == DRAIN_GUEST_MOVING) {
                        guest->state = DRAIN_GUEST_WAITING;
                        guest->inherited = true;
                }
        }
}

void drain_course_leave(DrainRecord *record, const char *uuid, const char *reason) {
        DrainGuest *guest = drain_record_find(record, uuid);

        if (guest && guest->state != DRAIN_GUEST_LEFT)
                set(guest, DRAIN_GUEST_LEFT, reason);
}

void drain_course_arrive(DrainRecord *record, const char *uuid, const char *name) {
        DrainGuest *guest = drain_record_find(record, uuid);

        if (record->state != DRAIN_DRAINING || (guest && guest->state != DRAIN_GUEST_LEFT))
                return;
        if (!guest)
                guest = drain_record_add(record, uuid, name);

        set(guest, DRAIN_GUEST_WAITING, NULL);
        guest->n_refused = 0;
        g_clear_pointer(&guest->destination, g_free);
}

void drain_course_stay(DrainRecord *record, const char *uuid, const char *reason) {
        DrainGuest *guest = drain_record_find(record, uuid);

        if (!guest || guest->state != DRAIN_GUEST_MOVING)
                return;

        set(guest, DRAIN_GUEST_STAYED, reason);
        g_clear_pointer(&guest->destination, g_free);
}

void drain_course_wait(DrainRecord *record, const char *uuid) {
        DrainGuest *guest = drain_record_find(record, uuid);

        if (guest && guest->state == DRAIN_GUEST_MOVING)
                guest->state = DRAIN_GUEST_WAITING;
}
