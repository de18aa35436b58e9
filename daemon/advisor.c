/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor.h"

#include "daemon/advisor-act.h"
#include "daemon/advisor-guest.h"
#include "daemon/core/store-policy.h"
#include "daemon/drain.h"
#include "daemon/swap.h"
#include "xml/ferry-error.h"

/* Of one turn: about 60 ms at most. */
#define FORECAST_GUESTS 16
#define OUTAGE_SEC      2

typedef struct Applied {
        Advisor *advisor;
        AdvisorEntry *entry;
        AdvisorMoved reply;
        void *userdata;
} Applied;

struct Advisor {
        Manager *manager;
        Policy *policy;
        Actor *actor;
        GHashTable *guests; /* UUID to AdvisorGuest, of those that run here */
        GPtrArray *entries; /* AdvisorEntry */
        Applied *applied;   /* what is carried out now; NULL nothing */
        GPtrArray *waiting; /* UUIDs of those that are looked at in this round */
        int64_t begun;      /* CLOCK_MONOTONIC us, the last round; 0 never */
        int64_t monotonic;  /* now */
        bool in_round;
        bool frozen;
        unsigned n_ids;
};

static void entry_free(AdvisorEntry *entry) {
        if (!entry)
                return;

        g_free(entry->id);
        advice_free(entry->advice);
        g_clear_pointer(&entry->moves, g_ptr_array_unref);
        g_free(entry);
}

static bool advises(const Advisor *advisor) {
        return advisor->manager->config->policy_mode != POLICY_OBSERVE;
}

/* What carries it out ------------------------------------------------------------------- */

static void add_move(const Advisor *advisor, GPtrArray *moves, const char *uuid,
                     const char *target) {
        const AdvisorGuest *guest = uuid ? g_hash_table_lookup(advisor->guests, uuid) : NULL;

        if (guest)
                g_ptr_array_add(moves, advisor_move_new(uuid, guest->name, guest->mac, target));
}

static GPtrArray *moves_for(const Advisor *advisor, const Advice *advice) {
        GPtrArray *moves = g_ptr_array_new_with_free_func((GDestroyNotify)advisor_move_free);
        const char *bridge = advisor->manager->config->policy_bridge;
        g_autofree char *virtio = g_strconcat("virtio", bridge ? ":" : NULL, bridge, NULL);

        add_move(advisor, moves, advice->out.id, virtio);
        add_move(advisor, moves, advice->in.id, advice->seat);
        return moves;
}

/* Advice -------------------------------------------------------------------------------- */

static bool is_same(const Advice *a, const Advice *b) {
        return a->kind == b->kind && g_str_equal(a->seat, b->seat) &&
               g_strcmp0(a->in.id, b->in.id) == 0 && g_strcmp0(a->out.id, b->out.id) == 0;
}

static const AdvisorEntry *find_same(const GPtrArray *entries, const Advice *advice) {
        for (guint i = 0; i < entries->len; i++) {
                const AdvisorEntry *entry = entries->pdata[i];

                if (is_same(entry->advice, advice))
                        return entry;
        }
        return NULL;
}

/* What was said before keeps its id, with the figures of now. Takes the advice. */
static AdvisorEntry *enter(Advisor *advisor, Advice *advice) {
        const AdvisorEntry *before = find_same(advisor->entries, advice);
        AdvisorEntry *entry = g_new0(AdvisorEntry, 1);

        entry->id = before ? g_strdup(before->id) : g_strdup_printf("%u", ++advisor->n_ids);
        entry->since = before ? before->since : advisor->manager->now();
        entry->moves = moves_for(advisor, advice);
        entry->advice = advice;
        return entry;
}

static GPtrArray *entries_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
}

/* Instead of what was advised before. Takes the advice out of the array. */
static void keep(Advisor *advisor, GPtrArray *advice) {
        GPtrArray *entries = entries_new();

        for (guint i = 0; i < advice->len; i++)
                g_ptr_array_add(entries, enter(advisor, g_steal_pointer(&advice->pdata[i])));
        g_ptr_array_unref(advisor->entries);
        advisor->entries = entries;
}

static bool is_about(const Advice *advice, const char *uuid) {
        return g_strcmp0(advice->in.id, uuid) == 0 || g_strcmp0(advice->out.id, uuid) == 0;
}

static bool is_carried_out(const Advisor *advisor, const Advice *advice) {
        const char *uuid = advice->in.id ?: advice->out.id;
        const AdvisorGuest *guest = g_hash_table_lookup(advisor->guests, uuid);

        if (!guest)
                return false;
        return advice->in.id ? g_strcmp0(guest->vf, advice->seat) == 0 : !guest->vf;
}

/* Without the store, it is known until a restart. */
static void keep_move(const Advisor *advisor, const Advice *advice) {
        const Manager *manager = advisor->manager;
        const PolicyMove move = { manager->now(), advice->in.id, advice->out.id };
        g_autoptr(GError) error = NULL;

        if (!store_put_policy_move(manager->store, &move, &error))
                g_warning("That %s was exchanged is not kept: %s, ignoring", advice->seat,
                          error->message);
}

static void note_moved(Advisor *advisor, const Advice *advice) {
        policy_moved(advisor->policy, advisor->monotonic / G_USEC_PER_SEC, advice);
        keep_move(advisor, advice);
}

/* By whoever. A guest is without its interface for a moment before. */
static void note_carried_out(Advisor *advisor) {
        for (guint i = advisor->entries->len; i > 0; i--) {
                const AdvisorEntry *entry = advisor->entries->pdata[i - 1];

                if (!is_carried_out(advisor, entry->advice))
                        continue;
                note_moved(advisor, entry->advice);
                g_ptr_array_remove_index(advisor->entries, i - 1);
        }
}

static void withdraw(Advisor *advisor, const char *uuid) {
        for (guint i = advisor->entries->len; i > 0; i--)
                if (is_about(((const AdvisorEntry *)advisor->entries->pdata[i - 1])->advice, uuid))
                        g_ptr_array_remove_index(advisor->entries, i - 1);
}

/* Decisions ----------------------------------------------------------------------------- */

/* NULL: nothing is. */
static const Advice *applied_advice(const Advisor *advisor) {
        return advisor->applied ? advisor->applied->entry->advice : NULL;
}

static GArray *list_guests(const Advisor *advisor) {
        const Advice *applied = applied_advice(advisor);
        GArray *guests = g_array_new(FALSE, TRUE, sizeof(PolicyGuest));
        GHashTableIter iter;
        AdvisorGuest *guest;

        g_hash_table_iter_init(&iter, advisor->guests);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&guest)) {
                PolicyGuest one = {
                        .id = guest->uuid,
                        .name = guest->name,
                        .priority = guest->priority,
                        .opted_out = guest->opted_out,
                        .busy = advisor_guest_is_busy(advisor->manager, guest) ||
                                (applied && is_about(applied, guest->uuid)),
                        .outage = OUTAGE_SEC,
                };

                if (guest->known) {
                        one.ahead[METRIC_RECEIVE_BYTES] = &guest->receive;
                        one.ahead[METRIC_TRANSMIT_BYTES] = &guest->transmit;
                }
                g_array_append_val(guests, one);
        }
        return guests;
}

/* They want the same of a VF, and one can speak for all. NULL: all sit. */
static const AdvisorGuest *find_standing(const Advisor *advisor) {
        GHashTableIter iter;
        AdvisorGuest *guest;

        g_hash_table_iter_init(&iter, advisor->guests);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&guest))
                if (guest->interface)
                        return guest;
        return NULL;
}

static void add_taken_seats(const Advisor *advisor, GArray *seats) {
        const Manager *manager = advisor->manager;
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const Device *device = inventory_find(manager->inventory, lease->device);
                PolicySeat seat = {
                        .id = lease->device,
                        .guest = lease->domain_uuid,
                        .busy = lease->state != LEASE_RUNNING ||
                                swaps_holds(manager->swaps, lease->device),
                };

                if (device && advisor_is_seat(manager, device))
                        g_array_append_val(seats, seat);
        }
}

static GArray *list_seats(const Advisor *advisor) {
        GArray *seats = g_array_new(FALSE, TRUE, sizeof(PolicySeat));
        const AdvisorGuest *standing = find_standing(advisor);
        const Advice *applied = applied_advice(advisor);
        g_autoptr(GPtrArray) devices = NULL;

        add_taken_seats(advisor, seats);
        if (!standing)
                return seats;

        devices = advisor_guest_free_seats(advisor->manager, standing);
        for (guint i = 0; i < devices->len; i++) {
                PolicySeat seat = { .id = ((const Device *)devices->pdata[i])->id };

                seat.busy = applied && g_str_equal(applied->seat, seat.id);
                g_array_append_val(seats, seat);
        }
        return seats;
}

/* Guests are on their way off a host that is drained. */
static bool is_drained(const Advisor *advisor) {
        g_autofree char *refusal = drain_refusal(advisor->manager->drain);

        return refusal;
}

static void decide(Advisor *advisor) {
        g_autoptr(GPtrArray) advice = NULL;
        g_autoptr(GArray) guests = NULL, seats = NULL;

        if (is_drained(advisor)) {
                g_ptr_array_set_size(advisor->entries, 0);
                return;
        }

        guests = list_guests(advisor);
        seats = list_seats(advisor);
        advice = policy_decide(advisor->policy, advisor->monotonic / G_USEC_PER_SEC,
                               (const PolicyGuest *)(void *)guests->data, guests->len,
                               (const PolicySeat *)(void *)seats->data, seats->len);
        keep(advisor, advice);
}

/* Rounds -------------------------------------------------------------------------------- */

static gboolean is_not_here(gpointer uuid, gpointer unused, gpointer manager) {
        return !g_hash_table_contains(((const Manager *)manager)->active, uuid);
}

static void begin_round(Advisor *advisor) {
        GHashTableIter iter;
        char *uuid;

        (void)g_hash_table_foreach_remove(advisor->guests, is_not_here, advisor->manager);
        g_hash_table_iter_init(&iter, advisor->guests);
        while (g_hash_table_iter_next(&iter, (void **)&uuid, NULL))
                g_ptr_array_add(advisor->waiting, g_strdup(uuid));
        advisor->begun = advisor->monotonic;
        advisor->in_round = true;
}

static void forecast_some(Advisor *advisor) {
        for (int i = 0; i < FORECAST_GUESTS && advisor->waiting->len > 0; i++) {
                g_autofree char *uuid = g_ptr_array_steal_index_fast(advisor->waiting,
                                                                     advisor->waiting->len - 1);
                AdvisorGuest *guest = g_hash_table_lookup(advisor->guests, uuid);

                if (guest)
                        advisor_guest_forecast(advisor->manager, guest);
        }
}

void advisor_turn(Advisor *advisor, int64_t monotonic) {
        advisor->monotonic = monotonic;
        if (!advises(advisor) || !advisor->manager->libvirt_known)
                return;

        if (advisor->begun == 0)
                advisor->begun = monotonic;
        if (!advisor->in_round) {
                if (monotonic - advisor->begun < ADVISOR_ROUND_USEC)
                        return;
                begin_round(advisor);
        }

        forecast_some(advisor);
        if (advisor->waiting->len > 0)
                return;
        decide(advisor);
        advisor->in_round = false;
        actor_turn(advisor->actor, monotonic);
}

/* Guests -------------------------------------------------------------------------------- */

static void look_at_guest(Advisor *advisor, const GuestEvent *event) {
        AdvisorGuest *guest = event->xml ? advisor_guest_new(advisor->manager, event->xml) : NULL;

        if (guest)
                g_hash_table_replace(advisor->guests, g_strdup(guest->uuid), guest);
        else
                g_hash_table_remove(advisor->guests, event->uuid);
        note_carried_out(advisor);
}

void advisor_on_guest_event(Advisor *advisor, const GuestEvent *event) {
        if (!advises(advisor))
                return;

        switch (event->kind) {
        case GUEST_RUNNING:
        case GUEST_ARRIVED:
        case GUEST_UNPLUGGED:
        case GUEST_PLUGGED:
                look_at_guest(advisor, event);
                return;
        case GUEST_LEFT:
        case GUEST_STOPPED:
                g_hash_table_remove(advisor->guests, event->uuid);
                withdraw(advisor, event->uuid);
                return;
        case GUEST_LOST_LIBVIRT:
                g_ptr_array_set_size(advisor->entries, 0);
                return;
        default:
                return;
        }
}

void advisor_set_check(Advisor *advisor, ActorCheck check, void *userdata) {
        actor_set_check(advisor->actor, check, userdata);
}

const GPtrArray *advisor_list(const Advisor *advisor) {
        return advisor->entries;
}

/* By hand ------------------------------------------------------------------------------- */

/* Of an exchange that has failed: half of it is done. */
static bool has_given_back(const Advisor *advisor, const Advice *advice) {
        const AdvisorGuest *out = NULL;

        if (advice->out.id)
                out = g_hash_table_lookup(advisor->guests, advice->out.id);
        return out && !out->vf;
}

/* An AdvisorMoved. */
static void on_moved(void *userdata, const GError *error) {
        g_autofree Applied *applied = userdata;
        Advisor *advisor = applied->advisor;

        advisor->applied = NULL;
        if (!error || has_given_back(advisor, applied->entry->advice))
                note_moved(advisor, applied->entry->advice);
        applied->reply(applied->userdata, error);
        entry_free(applied->entry);
}

static bool check_apply(const Advisor *advisor, const char *id, guint *ret_number, GError **error) {
        if (advisor->frozen) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Advice '%.32s' is not carried out while the policy is frozen: "
                            "'virt-ferry policy thaw' ends that",
                            id);
                return false;
        }
        if (advisor->applied) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "Advice %s is carried out just now: try it again when that has ended",
                            advisor->applied->entry->id);
                return false;
        }
        for (guint i = 0; i < advisor->entries->len; i++)
                if (g_str_equal(((const AdvisorEntry *)advisor->entries->pdata[i])->id, id)) {
                        *ret_number = i;
                        return true;
                }
        g_set_error(
                error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                "Advice '%.32s' is not given, or not any more: 'virt-ferry advice' shows what is",
                id);
        return false;
}

void advisor_apply(Advisor *advisor, const char *id, AdvisorMoved reply, void *userdata) {
        g_autoptr(GError) error = NULL;
        Applied *applied;
        guint number;

        if (!check_apply(advisor, id, &number, &error)) {
                reply(userdata, error);
                return;
        }

        applied = g_new0(Applied, 1);
        applied->advisor = advisor;
        applied->entry = g_ptr_array_steal_index(advisor->entries, number);
        applied->reply = reply;
        applied->userdata = userdata;
        advisor->applied = applied;
        advisor_moves_begin(advisor->manager, g_steal_pointer(&applied->entry->moves), on_moved,
                            applied);
}

/* Settings ------------------------------------------------------------------------------ */

static PolicySettings settings_of(const Config *config, bool frozen) {
        return (PolicySettings){
                .mode = config->policy_mode,
                .frozen = frozen,
                .moves = config->policy_moves,
                .settle = config->policy_settle_sec,
                .idle = config->policy_idle_kbit * 1000.0 / 8,
        };
}

static void set_frozen(Advisor *advisor, bool frozen) {
        const PolicySettings settings = settings_of(advisor->manager->config, frozen);

        advisor->frozen = frozen;
        policy_set(advisor->policy, &settings);
        if (frozen)
                g_ptr_array_set_size(advisor->entries, 0);
}

/* What is of a later time than now was made when the clock was wrong: it counts as made now, and so
 * does what came after it. */
static void remember(Advisor *advisor, const GPtrArray *moves) {
        int64_t now = advisor->manager->now(), age = INT64_MAX;

        for (guint i = 0; i < moves->len; i++) {
                const PolicyMove *move = moves->pdata[i];

                age = CLAMP((now - move->made) / G_USEC_PER_SEC, 0, age);
                policy_remember(advisor->policy, age, move->came, move->gave);
        }
}

bool advisor_load(Advisor *advisor, GError **error) {
        Store *store = advisor->manager->store;
        g_autoptr(GPtrArray) moves = NULL;
        bool frozen;

        if (!store_load_frozen(store, &frozen, error))
                return false;
        moves = store_load_policy_moves(store, error);
        if (!moves)
                return false;

        set_frozen(advisor, frozen);
        remember(advisor, moves);
        return true;
}

bool advisor_freeze(Advisor *advisor, bool frozen, GError **error) {
        if (!store_put_frozen(advisor->manager->store, frozen, error))
                return false;

        set_frozen(advisor, frozen);
        return true;
}

AdvisorState advisor_state(const Advisor *advisor) {
        const PolicySettings settings = settings_of(advisor->manager->config, advisor->frozen);

        return (AdvisorState){
                .mode = settings.mode,
                .frozen = settings.frozen,
                .applies = advisor->applied,
                .theta = policy_theta(advisor->policy),
                .moves = settings.moves,
                .moves_left = policy_moves_left(advisor->policy),
        };
}

Advisor *advisor_new(Manager *manager) {
        const PolicySettings settings = settings_of(manager->config, false);
        Advisor *advisor = g_new0(Advisor, 1);

        advisor->manager = manager;
        advisor->policy = policy_new(&settings);
        advisor->actor = actor_new(manager);
        advisor->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                (GDestroyNotify)advisor_guest_free);
        advisor->entries = entries_new();
        advisor->waiting = g_ptr_array_new_with_free_func(g_free);
        return advisor;
}

void advisor_free(Advisor *advisor) {
        if (!advisor)
                return;

        actor_free(advisor->actor);
        policy_free(advisor->policy);
        g_hash_table_unref(advisor->guests);
        g_ptr_array_unref(advisor->entries);
        g_ptr_array_unref(advisor->waiting);
        g_free(advisor);
}
