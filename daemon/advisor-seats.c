/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-seats.h"

#include "daemon/advisor-guest.h"
#include "daemon/advisor-move.h"
#include "daemon/advisor-seats-kept.h"
#include "daemon/advisor-seats-list.h"
#include "daemon/advisor.h"
#include "daemon/core/policy.h"

/* Of one turn: about 60 ms at most. */
#define FORECAST_GUESTS 16

typedef struct Seats {
        Manager *manager;
        Policy *policy;
        GHashTable *guests; /* UUID to AdvisorGuest, of those that run here */
        GPtrArray *waiting; /* UUIDs of those that are looked at in this round */
        int64_t monotonic;  /* us, now */
        double kept_theta;  /* as the store has it */
} Seats;

/* What a draft is made of. */
typedef struct Plan {
        Advice *advice;
        GPtrArray *moves; /* AdvisorMove, what carries it out in this order */
} Plan;

static void plan_free(void *data) {
        Plan *plan = data;

        advice_free(plan->advice);
        g_ptr_array_unref(plan->moves);
        g_free(plan);
}

static const Advice *advice_of(const AdvisorDraft *draft) {
        return ((const Plan *)draft->payload)->advice;
}

/* What carries it out ------------------------------------------------------------------- */

static void add_move(const Seats *seats, GPtrArray *moves, const char *uuid, const char *target) {
        const AdvisorGuest *guest = uuid ? g_hash_table_lookup(seats->guests, uuid) : NULL;

        if (guest)
                g_ptr_array_add(moves, advisor_move_new(uuid, guest->name, guest->mac, target));
}

static GPtrArray *moves_for(const Seats *seats, const Advice *advice) {
        GPtrArray *moves = g_ptr_array_new_with_free_func((GDestroyNotify)advisor_move_free);
        const char *bridge = seats->manager->config->policy_bridge;
        g_autofree char *virtio = g_strconcat("virtio", bridge ? ":" : NULL, bridge, NULL);

        add_move(seats, moves, advice->out.id, virtio);
        add_move(seats, moves, advice->in.id, advice->seat);
        return moves;
}

/* Drafts -------------------------------------------------------------------------------- */

static void add_values(AdvisorDraft *draft, const Advice *advice) {
        const AdviceGuest *guest = advice->in.id ? &advice->in : &advice->out;

        advisor_draft_add_value(draft, "seen", guest->seen);
        advisor_draft_add_value(draft, "mean", guest->mean);
        advisor_draft_add_value(draft, "p50", guest->p50);
        advisor_draft_add_value(draft, "p95", guest->p95);
        advisor_draft_add_value(draft, "day", guest->day);
        advisor_draft_add_value(draft, "gain", advice->gain);
        advisor_draft_add_value(draft, "cost", advice->cost);
        advisor_draft_add_value(draft, "bar", advice->bar);
}

static void add_commands(AdvisorDraft *draft, const GPtrArray *moves) {
        for (guint i = 0; i < moves->len; i++) {
                const AdvisorMove *move = moves->pdata[i];

                advisor_draft_add_command(draft, "virt-ferry", "move", move->name, move->device,
                                          move->target, NULL);
        }
}

/* Takes the advice. */
static AdvisorDraft *draft_new(const Seats *seats, Advice *advice) {
        const AdviceGuest *guest = advice->in.id ? &advice->in : &advice->out;
        AdvisorDraft *draft = advisor_draft_new(advice_kind_to_string(advice->kind), guest->id,
                                                guest->name, advice->seat);
        Plan *plan = g_new0(Plan, 1);

        plan->advice = advice;
        plan->moves = moves_for(seats, advice);
        if (advice->in.id && advice->out.id)
                advisor_draft_set_other(draft, advice->out.id, advice->out.name);
        advisor_draft_say(draft, advice_reason_to_string(advice->reason),
                          advice_to_sentence(advice));
        add_values(draft, advice);
        add_commands(draft, plan->moves);
        draft->act = advice->act;
        draft->payload = plan;
        draft->payload_free = plan_free;
        return draft;
}

/* Decisions ----------------------------------------------------------------------------- */

/* decide() */
static GPtrArray *seats_decide(void *self, int64_t monotonic) {
        Seats *seats = self;
        GPtrArray *drafts = g_ptr_array_new_with_free_func((GDestroyNotify)advisor_draft_free);
        g_autoptr(GArray) guests = seats_list_guests(seats->manager, seats->guests);
        g_autoptr(GArray) list = seats_list(seats->manager, seats->guests);
        g_autoptr(GPtrArray) advice = NULL;

        advice = policy_decide(seats->policy, monotonic / G_USEC_PER_SEC,
                               (const PolicyGuest *)(void *)guests->data, guests->len,
                               (const PolicySeat *)(void *)list->data, list->len);
        for (guint i = 0; i < advice->len; i++)
                g_ptr_array_add(drafts, draft_new(seats, g_steal_pointer(&advice->pdata[i])));
        seats_keep_theta(seats->manager, seats->policy, &seats->kept_theta);
        return drafts;
}

/* Rounds -------------------------------------------------------------------------------- */

static gboolean is_not_here(gpointer uuid, gpointer unused, gpointer manager) {
        return !g_hash_table_contains(((const Manager *)manager)->active, uuid);
}

/* begin() */
static void seats_begin(void *self) {
        Seats *seats = self;
        GHashTableIter iter;
        char *uuid;

        (void)g_hash_table_foreach_remove(seats->guests, is_not_here, seats->manager);
        g_hash_table_iter_init(&iter, seats->guests);
        while (g_hash_table_iter_next(&iter, (void **)&uuid, NULL))
                g_ptr_array_add(seats->waiting, g_strdup(uuid));
}

static void forecast_some(Seats *seats) {
        for (int i = 0; i < FORECAST_GUESTS && seats->waiting->len > 0; i++) {
                g_autofree char *uuid = g_ptr_array_steal_index_fast(seats->waiting,
                                                                     seats->waiting->len - 1);
                AdvisorGuest *guest = g_hash_table_lookup(seats->guests, uuid);

                if (guest)
                        advisor_guest_forecast(seats->manager, guest);
        }
}

/* turn() */
static bool seats_turn(void *self, int64_t monotonic) {
        Seats *seats = self;

        seats->monotonic = monotonic;
        forecast_some(seats);
        return seats->waiting->len == 0;
}

/* on_guest_event() */
static void seats_on_guest_event(void *self, const GuestEvent *event) {
        Seats *seats = self;
        AdvisorGuest *guest;

        switch (event->kind) {
        case GUEST_RUNNING:
        case GUEST_ARRIVED:
        case GUEST_UNPLUGGED:
        case GUEST_PLUGGED:
                guest = event->xml ? advisor_guest_new(seats->manager, event->xml) : NULL;
                if (guest)
                        g_hash_table_replace(seats->guests, g_strdup(guest->uuid), guest);
                else
                        g_hash_table_remove(seats->guests, event->uuid);
                return;
        case GUEST_LEFT:
        case GUEST_STOPPED:
                g_hash_table_remove(seats->guests, event->uuid);
                return;
        default:
                return;
        }
}

/* What was moved ------------------------------------------------------------------------ */

/* is_done(). A guest is without its interface for a moment before. */
static bool seats_is_done(void *self, const AdvisorDraft *draft) {
        const Seats *seats = self;
        const Advice *advice = advice_of(draft);
        const AdvisorGuest *guest = g_hash_table_lookup(seats->guests, draft->uuid);

        if (!guest)
                return false;
        return advice->in.id ? g_strcmp0(guest->vf, advice->seat) == 0 : !guest->vf;
}

/* done() */
static void seats_done(void *self, const AdvisorDraft *draft) {
        Seats *seats = self;
        const Advice *advice = advice_of(draft);

        policy_moved(seats->policy, seats->monotonic / G_USEC_PER_SEC, advice);
        seats_keep_move(seats->manager, advice);
        seats_keep_theta(seats->manager, seats->policy, &seats->kept_theta);
}

typedef struct Course {
        Seats *seats;
        const AdvisorDraft *draft;
        AdvisorMoved reply;
        void *userdata;
} Course;

/* Of an exchange that has failed: half of it is done. */
static bool has_given_back(const Seats *seats, const Advice *advice) {
        const AdvisorGuest *out = NULL;

        if (advice->out.id)
                out = g_hash_table_lookup(seats->guests, advice->out.id);
        return out && !out->vf;
}

/* An AdvisorMoved. */
static void on_moved(void *userdata, const GError *error) {
        g_autofree Course *course = userdata;

        if (error && has_given_back(course->seats, advice_of(course->draft)))
                seats_done(course->seats, course->draft);
        course->reply(course->userdata, error);
}

/* apply() */
static void seats_apply(void *self, const AdvisorDraft *draft, AdvisorMoved reply, void *userdata) {
        const Plan *plan = draft->payload;
        Course *course = g_new0(Course, 1);

        course->seats = self;
        course->draft = draft;
        course->reply = reply;
        course->userdata = userdata;
        advisor_moves_begin(course->seats->manager, g_ptr_array_ref(plan->moves), on_moved, course);
}

/* Settings ------------------------------------------------------------------------------ */

static PolicySettings settings_of(const Config *config) {
        return (PolicySettings){
                .mode = config->policy_mode,
                .moves = config->policy_moves,
                .settle = config->policy_settle_sec,
                .idle = config->policy_idle_kbit * 1000.0 / 8,
        };
}

/* load() */
static bool seats_load(void *self, GError **error) {
        Seats *seats = self;

        return seats_recall(seats->manager, seats->policy, &seats->kept_theta, error);
}

/* state() */
static void seats_state(const void *self, AdvisorState *state) {
        const Seats *seats = self;

        state->theta = policy_theta(seats->policy);
        state->moves = seats->manager->config->policy_moves;
        state->moves_left = policy_moves_left(seats->policy);
}

/* new() */
static void *seats_new(Manager *manager) {
        const PolicySettings settings = settings_of(manager->config);
        Seats *seats = g_new0(Seats, 1);

        seats->manager = manager;
        seats->policy = policy_new(&settings);
        seats->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)advisor_guest_free);
        seats->waiting = g_ptr_array_new_with_free_func(g_free);
        return seats;
}

/* free() */
static void seats_free(void *self) {
        Seats *seats = self;

        policy_free(seats->policy);
        g_hash_table_unref(seats->guests);
        g_ptr_array_unref(seats->waiting);
        g_free(seats);
}

const AdvisorWay advisor_seats_way = {
        .name = "seats",
        .touches = ADVISOR_INTERFACES,
        .new = seats_new,
        .free = seats_free,
        .load = seats_load,
        .state = seats_state,
        .on_guest_event = seats_on_guest_event,
        .is_done = seats_is_done,
        .done = seats_done,
        .begin = seats_begin,
        .turn = seats_turn,
        .decide = seats_decide,
        .apply = seats_apply,
};
