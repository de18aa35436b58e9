/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slices.h"

#include <math.h>

#include "daemon/advisor-slice-exchange.h"
#include "daemon/advisor-slice-words.h"
#include "daemon/advisor-slices-kept.h"
#include "daemon/core/store-policy.h"
#include "daemon/core/tuning.h"
#include "daemon/slices.h"
#include "xml/ferry-error.h"

/* Of one turn. A guest takes about 5 ms. */
#define LOOK_GUESTS 8

typedef struct SlicesWay {
        Manager *manager;
        PolicySlice *policy;
        GHashTable *guests; /* UUID to SliceGuest, of those that run here */
        GPtrArray *waiting; /* UUIDs of those that are looked at in this round */
        GPtrArray *kept; /* SlicePartChange of before the start, until there is a time for them */
} SlicesWay;

/* What a draft is made of. */
typedef struct Plan {
        const char *kind;
        char *function;       /* NULL */
        char *type, *present; /* of a function that becomes one of another mdev type; NULL */
        bool less;
        uint64_t amount; /* that it is to have */
} Plan;

static void plan_free(void *data) {
        Plan *plan = data;

        g_free(plan->function);
        g_free(plan->type);
        g_free(plan->present);
        g_free(plan);
}

/* Drafts -------------------------------------------------------------------------------- */

/* Its function need be named, too. NULL: what it is says all. */
static const char *name_of(const SlicesWay *way, const SliceGuest *guest, const SlicePart *part) {
        const SliceEntry *entry = slice_book_find(slices_book(way->manager->slices), guest->uuid);

        return entry && (part->type || entry->wish->functions->len > 1) ? part->function : NULL;
}

static void add_values(AdvisorDraft *draft, const SliceAdvice *advice) {
        const PolicySlicePart *part = &advice->part->part;

        advisor_draft_add_value(draft, "has", part->has);
        advisor_draft_add_value(draft, "gets", (double)advice->room->amount * advice->part->unit);
        advisor_draft_add_value(draft, "wants", advice->change->wants);
        advisor_draft_add_value(draft, "seen", part->seen);
        advisor_draft_add_value(draft, "seen-day", part->seen_day);
        advisor_draft_add_value(draft, "p95", advice->change->p95);
        advisor_draft_add_value(draft, "p99", advice->change->p99);
        if (part->waits > 0)
                advisor_draft_add_value(draft, "waits", part->waits);
}

static void add_command(AdvisorDraft *draft, const SliceAdvice *advice, const char *function) {
        uint64_t has = advice->part->has, gets = advice->room->amount;
        const char *verb = gets > has ? "add" : "remove";
        g_autofree char *name = function ? g_strconcat("name=", function, NULL) : NULL;
        g_autofree char *amount = slice_advice_amount(advice->part,
                                                      gets > has ? gets - has : has - gets);

        advisor_draft_add_command(draft, "virt-ferry", "slice", verb, advice->guest->name,
                                  advice->part->kind, amount, name, NULL);
}

static void add_type_commands(AdvisorDraft *draft, const SliceAdvice *advice) {
        g_autofree char *name = g_strconcat("name=", advice->part->function, NULL);
        g_autofree char *type = g_strconcat("type=", advice->room->type, NULL);
        g_autofree char *alias = tuning_alias(advice->part->function), *target = NULL;

        target = g_strconcat(advice->room->parent, "/", advice->room->type, NULL);
        advisor_draft_add_command(draft, "virt-ferry", "slice", "add", advice->guest->name,
                                  "functions", "0", name, type, NULL);
        advisor_draft_add_command(draft, "virt-ferry", "move", advice->guest->name, alias, target,
                                  NULL);
}

static Plan *plan_new(const SliceAdvice *advice) {
        Plan *plan = g_new0(Plan, 1);

        plan->kind = advice->part->kind;
        plan->function = g_strdup(advice->part->function);
        plan->type = g_strdup(advice->room->type);
        plan->present = g_strdup(advice->part->type);
        plan->less = advice->room->amount < advice->part->has;
        plan->amount = advice->room->amount;
        return plan;
}

/* A slice that has to give way is another guest's, which a person should know of before; and that
 * the guest is without a function. */
static AdvisorDraft *draft_new(const SlicesWay *way, const SliceAdvice *advice) {
        const SliceGuest *guest = advice->guest;
        const char *function = name_of(way, guest, advice->part);
        g_autofree char *target = g_strjoin(":", advice->part->kind, function, NULL);
        Plan *plan = plan_new(advice);
        AdvisorDraft *draft = advisor_draft_new(plan->less ? "shrink" : "grow", guest->uuid,
                                                guest->name, target);

        advisor_draft_say(draft, policy_slice_reason_to_string(advice->change->reason),
                          slice_advice_sentence(advice));
        add_values(draft, advice);
        if (plan->type)
                add_type_commands(draft, advice);
        else
                add_command(draft, advice, function);
        draft->act = way->manager->config->policy_mode == POLICY_ACT && !plan->type &&
                     advice->room->preempted->len == 0;
        draft->payload = plan;
        draft->payload_free = plan_free;
        return draft;
}

/* Decisions ----------------------------------------------------------------------------- */

/* A part of a guest, beside what the policy knows of it. */
typedef struct Owner {
        const SliceGuest *guest;
        const SlicePart *part;
} Owner;

static void add_parts(const SlicesWay *way, const SliceGuest *guest, GArray *owners,
                      GArray *parts) {
        bool held = guest->fixed || slice_guest_is_busy(way->manager, guest);

        for (guint i = 0; i < guest->parts->len; i++) {
                const Owner owner = { guest, guest->parts->pdata[i] };
                PolicySlicePart part = owner.part->part;

                part.held = held;
                g_array_append_val(owners, owner);
                g_array_append_val(parts, part);
        }
}

/* Memory that a passthrough device may write to is the guest's until that is gone, whatever its
 * balloon says; a virtio-mem device does give it back. */
static bool gives_nothing_back(const Owner *owner, const PolicySliceChange *change) {
        return change->wants < change->part->has && g_str_equal(owner->part->kind, "memory") &&
               owner->guest->domain->devices->len > 0 && !owner->guest->tuning->virtio_mem;
}

static void add_draft(const SlicesWay *way, const Owner *owner, const PolicySliceChange *change,
                      GPtrArray *drafts) {
        uint64_t wants = (uint64_t)llround(change->wants / owner->part->unit);
        g_autoptr(SliceRoom) room = NULL;

        if (gives_nothing_back(owner, change))
                return;

        room = slice_room_find(way->manager, owner->guest, owner->part, wants);
        if (room)
                g_ptr_array_add(drafts, draft_new(way, &(SliceAdvice){ owner->guest, owner->part,
                                                                       change, room }));
}

static void recall(SlicesWay *way, int64_t monotonic) {
        if (way->kept)
                slices_recall(way->manager, way->policy, way->kept, monotonic);
        g_clear_pointer(&way->kept, g_ptr_array_unref);
}

/* decide() */
static GPtrArray *slices_way_decide(void *self, int64_t monotonic) {
        SlicesWay *way = self;
        GPtrArray *drafts = g_ptr_array_new_with_free_func((GDestroyNotify)advisor_draft_free);
        g_autoptr(GArray) owners = g_array_new(FALSE, FALSE, sizeof(Owner));
        g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(PolicySlicePart));
        g_autoptr(GArray) changes = NULL;
        const PolicySlicePart *first;
        GHashTableIter iter;
        SliceGuest *guest;

        g_hash_table_iter_init(&iter, way->guests);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&guest))
                add_parts(way, guest, owners, parts);

        recall(way, monotonic);
        first = (const PolicySlicePart *)(void *)parts->data;
        changes = policy_slice_decide(way->policy, monotonic / G_USEC_PER_SEC, first, parts->len);
        slices_keep_changes(way->manager, way->policy, monotonic);
        for (guint i = 0; i < changes->len; i++) {
                const PolicySliceChange *change = &g_array_index(changes, PolicySliceChange, i);

                add_draft(way, &g_array_index(owners, Owner, change->part - first), change, drafts);
        }
        return drafts;
}

/* Rounds -------------------------------------------------------------------------------- */

static gboolean is_not_here(gpointer uuid, gpointer unused, gpointer manager) {
        return !g_hash_table_contains(((const Manager *)manager)->active, uuid);
}

/* begin() */
static void slices_way_begin(void *self) {
        SlicesWay *way = self;
        GHashTableIter iter;
        char *uuid;

        (void)g_hash_table_foreach_remove(way->guests, is_not_here, way->manager);
        g_hash_table_iter_init(&iter, way->guests);
        while (g_hash_table_iter_next(&iter, (void **)&uuid, NULL))
                g_ptr_array_add(way->waiting, g_strdup(uuid));
}

/* turn() */
static bool slices_way_turn(void *self, int64_t unused) {
        SlicesWay *way = self;

        for (int i = 0; i < LOOK_GUESTS && way->waiting->len > 0; i++) {
                g_autofree char *uuid = g_ptr_array_steal_index_fast(way->waiting,
                                                                     way->waiting->len - 1);
                SliceGuest *guest = g_hash_table_lookup(way->guests, uuid);

                if (!guest)
                        continue;
                slice_guest_look(way->manager, guest);
                slice_guest_ask(way->manager, guest);
        }
        return way->waiting->len == 0;
}

/* on_guest_event() */
static void slices_way_on_guest_event(void *self, const GuestEvent *event) {
        SlicesWay *way = self;
        SliceGuest *guest;

        switch (event->kind) {
        case GUEST_RUNNING:
        case GUEST_ARRIVED:
        case GUEST_UNPLUGGED:
        case GUEST_PLUGGED:
                guest = event->xml ? slice_guest_new(event->xml) : NULL;
                if (guest)
                        g_hash_table_replace(way->guests, g_strdup(guest->uuid), guest);
                else
                        g_hash_table_remove(way->guests, event->uuid);
                return;
        case GUEST_LEFT:
        case GUEST_STOPPED:
                g_hash_table_remove(way->guests, event->uuid);
                return;
        default:
                return;
        }
}

/* Carrying out -------------------------------------------------------------------------- */

/* What the slice has now; false: there is none. */
static bool present_amount(const SlicesWay *way, const AdvisorDraft *draft, uint64_t *ret_amount) {
        const SliceEntry *entry = slice_book_find(slices_book(way->manager->slices), draft->uuid);
        const Plan *plan = draft->payload;

        if (!entry)
                return false;

        *ret_amount = slice_part_amount(entry->wish, plan->kind, plan->function);
        return true;
}

static bool has_type(const SlicesWay *way, const AdvisorDraft *draft) {
        const SliceEntry *entry = slice_book_find(slices_book(way->manager->slices), draft->uuid);
        const Plan *plan = draft->payload;
        const SliceFunction *function;

        function = entry ? slice_find_function(entry->wish, plan->function) : NULL;
        return function && g_strcmp0(function->type, plan->type) == 0;
}

/* is_done() */
static bool slices_way_is_done(void *self, const AdvisorDraft *draft) {
        const Plan *plan = draft->payload;
        uint64_t present;

        if (plan->type)
                return has_type(self, draft);
        return present_amount(self, draft, &present) &&
               (plan->less ? present <= plan->amount : present >= plan->amount);
}

typedef struct Course {
        AdvisorMoved reply;
        void *userdata;
} Course;

/* A SliceAnswer. */
static void on_answer(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                      const GError *error) {
        g_autofree Course *course = userdata;

        course->reply(course->userdata, error);
}

static void ask(const SlicesWay *way, const AdvisorDraft *draft, uint64_t amount, Course *course) {
        const Plan *plan = draft->payload;
        const char *const qos[] = { "name", plan->function, NULL };
        const SliceAsk said = {
                .domain_uuid = draft->uuid,
                .domain_name = draft->name,
                .kind = plan->kind,
                .amount = amount,
                .less = plan->less,
                .qos = plan->function ? qos : NULL,
        };

        slices_ask(way->manager->slices, &said, on_answer, course);
}

/* apply() */
static void slices_way_apply(void *self, const AdvisorDraft *draft, AdvisorMoved reply,
                             void *userdata) {
        const SlicesWay *way = self;
        const Plan *plan = draft->payload;
        g_autoptr(GError) error = NULL;
        Course *course;
        uint64_t present;

        if (!present_amount(way, draft, &present)) {
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Guest %s has no hardware slice any more: 'virt-ferry slice list' "
                            "shows who has one",
                            draft->name);
                reply(userdata, error);
                return;
        }
        if (slices_way_is_done(self, draft)) {
                reply(userdata, NULL);
                return;
        }

        if (plan->type) {
                slice_exchange_begin(way->manager,
                                     &(SliceExchange){ draft->uuid, draft->name, plan->function,
                                                       plan->type, plan->present },
                                     reply, userdata);
                return;
        }

        course = g_new0(Course, 1);
        course->reply = reply;
        course->userdata = userdata;
        ask(way, draft, plan->less ? present - plan->amount : plan->amount - present, course);
}

/* new() */
static void *slices_way_new(Manager *manager) {
        SlicesWay *way = g_new0(SlicesWay, 1);

        way->manager = manager;
        way->policy = policy_slice_new(&manager->config->policy_slice);
        way->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify)slice_guest_free);
        way->waiting = g_ptr_array_new_with_free_func(g_free);
        return way;
}

/* load() */
static bool slices_way_load(void *self, GError **error) {
        SlicesWay *way = self;

        way->kept = store_load_slice_changes(way->manager->store, error);
        return way->kept;
}

/* free() */
static void slices_way_free(void *self) {
        SlicesWay *way = self;

        g_clear_pointer(&way->kept, g_ptr_array_unref);
        policy_slice_free(way->policy);
        g_hash_table_unref(way->guests);
        g_ptr_array_unref(way->waiting);
        g_free(way);
}

const AdvisorWay advisor_slices_way = {
        .name = "slices",
        .touches = ADVISOR_SLICE,
        .new = slices_way_new,
        .free = slices_way_free,
        .load = slices_way_load,
        .on_guest_event = slices_way_on_guest_event,
        .is_done = slices_way_is_done,
        .begin = slices_way_begin,
        .turn = slices_way_turn,
        .decide = slices_way_decide,
        .apply = slices_way_apply,
};
