/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-defragment.h"

#include <string.h>

#include "daemon/core/slice-move.h"
#include "daemon/slices-ask.h"
#include "daemon/slices-parts.h"
#include "xml/ferry-error.h"

typedef struct Move {
        char *uuid;
        GPtrArray *to, *from; /* SliceGrant; `from` NULL: it has not begun */
} Move;

struct SliceMoves {
        GQueue queue;   /* Move, the one that is carried out first */
        bool is_stored; /* it is in the book, and the guest is to have it */
};

static void move_free(void *data) {
        Move *move = data;

        g_free(move->uuid);
        g_ptr_array_unref(move->to);
        if (move->from)
                g_ptr_array_unref(move->from);
        g_free(move);
}

void slice_moves_free(SliceMoves *moves) {
        if (!moves)
                return;

        g_queue_clear_full(&moves->queue, move_free);
        g_free(moves);
}

static bool is_active(const Slices *slices, const char *domain_uuid) {
        return g_hash_table_contains(slices->manager->active, domain_uuid);
}

/* Carrying out ------------------------------------------------------------------------- */

static void begin_next(Slices *slices);

static void stop(Slices *slices, const char *reason) {
        const Move *move = g_queue_peek_head(&slices->moves->queue);
        const SliceEntry *entry = slice_book_find(slices->book, move->uuid);

        g_warning("Moving hardware slices ends with that of guest %s: %s",
                  entry ? entry->domain_name : move->uuid, reason);
        g_clear_pointer(&slices->moves, slice_moves_free);
}

static void go_on(Slices *slices) {
        move_free(g_queue_pop_head(&slices->moves->queue));
        slices->moves->is_stored = false;
        begin_next(slices);
}

static bool change_move(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = slice_book_find(slices->book, pending->uuid);
        Move *move = g_queue_peek_head(&slices->moves->queue);

        slices_use_capacity(slices, pending->uuid);
        if (entry)
                move->from = slice_grants_copy(entry->grants);
        return slice_book_move(slices->book, pending->uuid, move->to, error);
}

/* A SliceAnswer. */
static void on_stored(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                      const GError *error) {
        Slices *slices = userdata;

        if (error)
                stop(slices, error->message);
        else if (entry && is_active(slices, entry->domain_uuid))
                slices->moves->is_stored = true;
        else
                go_on(slices);
}

static void begin_next(Slices *slices) {
        const Move *move = g_queue_peek_head(&slices->moves->queue);
        SlicePending *pending;

        if (!move) {
                g_clear_pointer(&slices->moves, slice_moves_free);
                return;
        }

        pending = slices_pending_new(change_move, move->uuid);
        pending->answer = on_stored;
        pending->userdata = slices;
        slices_push(slices, pending);
}

/* Back to where the guest is; at once, before somebody else gets it. */
static void take_back(Slices *slices, const Move *move) {
        g_autoptr(GError) error = NULL;

        slices_use_capacity(slices, move->uuid);
        if (!slice_book_move(slices->book, move->uuid, move->from, &error))
                g_warning("%s", error->message);
}

static bool waits_for(const Slices *slices, const char *domain_uuid) {
        const Move *move = slices->moves ? g_queue_peek_head(&slices->moves->queue) : NULL;

        return move && slices->moves->is_stored && g_str_equal(move->uuid, domain_uuid);
}

void slices_moves_on_enforced(Slices *slices, const char *domain_uuid, const GError *error) {
        if (!waits_for(slices, domain_uuid))
                return;
        if (!error || g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND)) {
                go_on(slices);
                return;
        }

        take_back(slices, g_queue_peek_head(&slices->moves->queue));
        stop(slices, error->message);
}

void slices_moves_on_gone(Slices *slices, const char *domain_uuid) {
        if (waits_for(slices, domain_uuid))
                go_on(slices);
}

static void begin(Slices *slices, const Defragment *proposal) {
        if (proposal->steps->len == 0)
                return;

        slices->moves = g_new0(SliceMoves, 1);
        for (guint i = 0; i < proposal->steps->len; i++) {
                const DefragmentStep *step = proposal->steps->pdata[i];
                Move *move = g_new0(Move, 1);

                move->uuid = g_strdup(step->domain_uuid);
                move->to = slice_grants_copy(step->grants);
                g_queue_push_tail(&slices->moves->queue, move);
        }
        begin_next(slices);
}

/* Proposing ---------------------------------------------------------------------------- */

/* A slice that its guest does not have yet, or has somewhere else, is where it cannot be told. */
static DefragmentHold hold(void *userdata, const SliceEntry *entry) {
        const Slices *slices = userdata;
        const char *uuid = entry->domain_uuid;
        bool waits = entry->expires != 0 && entry->expires != SLICE_WITH_GUEST;

        if (waits || slices_problem(slices, uuid) ||
            (is_active(slices, uuid) && entry->state != SLICE_ENFORCED))
                return DEFRAGMENT_STAYS;
        return slices_has_devices(slices, uuid) ? DEFRAGMENT_MEMORY_STAYS : DEFRAGMENT_MOVABLE;
}

static const SliceEntry *find_slice(const Slices *slices, const char *domain, GError **error) {
        const SliceEntry *entry = slice_book_find(slices->book, domain);
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);

        for (guint i = 0; !entry && i < entries->len; i++)
                if (g_str_equal(((const SliceEntry *)entries->pdata[i])->domain_name, domain))
                        entry = entries->pdata[i];
        if (!entry)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Guest %s has no hardware slice: name one that has, or a definition",
                            domain);
        return entry;
}

/* `ret_uuid` is borrowed from the book. */
static Slice *read_goal(const Slices *slices, const char *goal, const char **ret_uuid,
                        GError **error) {
        const SliceEntry *entry;
        Slice *wish;

        if (!strchr(goal, '<')) {
                entry = find_slice(slices, goal, error);
                *ret_uuid = entry ? entry->domain_uuid : NULL;
                return entry ? slice_copy(entry->wish) : NULL;
        }

        wish = slice_from_xml(goal, strlen(goal), error);
        if (!wish)
                slices_ask_translate(error, true);
        return wish;
}

static bool may_apply(const Slices *slices, GError **error) {
        if (!slices->manager->config->defragment_apply) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                                    "This host only proposes moves of hardware slices: set "
                                    "Defragment=apply in [Slices] of virtferry.conf to have them "
                                    "carried out");
                return false;
        }
        if (slices->moves) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                                    "Moves of hardware slices are carried out already: wait for "
                                    "their end");
                return false;
        }
        return true;
}

Defragment *slices_defragment(Slices *slices, const SlicesDefragment *how, GError **error) {
        DefragmentOptions options = { .functions = how->functions,
                                      .hold = hold,
                                      .userdata = slices };
        g_autoptr(GPtrArray) entries = NULL;
        g_autoptr(Slice) goal = NULL;
        Defragment *proposal;

        if (how->apply && !may_apply(slices, error))
                return NULL;
        slices_write(slices); /* what was asked before comes before */
        if (how->goal) {
                goal = read_goal(slices, how->goal, &options.goal_uuid, error);
                if (!goal)
                        return NULL;
                options.goal = goal;
        }

        slices_use_capacity(slices, NULL);
        entries = slice_book_list(slices->book);
        proposal = defragment(entries, slice_book_capacity(slices->book), &options);
        if (how->apply && (!goal || proposal->reached))
                begin(slices, proposal);
        return proposal;
}
