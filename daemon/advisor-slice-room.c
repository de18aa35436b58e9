/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slice-room.h"

#include "daemon/advisor-slice-type.h"
#include "daemon/core/slice-source.h"
#include "daemon/core/tuning.h"
#include "daemon/slice-functions.h"
#include "daemon/slices-ask.h"
#include "daemon/slices.h"

/* What is tried. */
typedef struct Attempt {
        const Manager *manager;
        const SliceGuest *guest;
        const SlicePart *part;
        const SliceEntry *entry;
        uint64_t wants, step;
} Attempt;

void slice_room_free(SliceRoom *room) {
        if (!room)
                return;

        g_clear_pointer(&room->preempted, g_ptr_array_unref);
        g_free(room->obstacle);
        g_free(room->type);
        g_free(room->parent);
        g_free(room->better);
        g_free(room);
}

static Slice *changed_type(const Attempt *attempt, const char *type, GError **error) {
        const char *const qos[] = { "name", attempt->part->function, "type", type, NULL };
        const SliceAsk ask = { .kind = "functions", .qos = qos };

        return slices_ask_change(attempt->entry->wish, &ask, error);
}

static Slice *changed_wish(const Attempt *attempt, uint64_t amount, GError **error) {
        const SlicePart *part = attempt->part;
        const char *const qos[] = { "name", part->function, NULL };
        const SliceAsk ask = {
                .domain_uuid = attempt->guest->uuid,
                .kind = part->kind,
                .amount = amount > part->has ? amount - part->has : part->has - amount,
                .less = amount < part->has,
                .qos = part->function ? qos : NULL,
        };

        return slices_ask_change(attempt->entry->wish, &ask, error);
}

static bool is_carried_out(const Attempt *attempt, const Slice *wish,
                           const SlicePlacement *placement, GError **error) {
        const Manager *manager = attempt->manager;
        const SliceGuest *guest = attempt->guest;
        g_autoptr(SliceEntry) entry = slice_entry_copy(attempt->entry);
        g_autoptr(GPtrArray) functions = NULL, steps = NULL;
        TuningHost host = { 0 };

        slice_free(entry->wish);
        entry->wish = slice_copy(wish);
        g_ptr_array_unref(entry->grants);
        entry->grants = slice_grants_copy(placement->grants);
        functions = slice_functions_read(manager, entry, guest->domain);
        host.functions = functions;
        steps = tuning_plan(guest->xml, entry, attempt->entry, slices_map(manager->slices), &host,
                            error);
        return steps;
}

/* NULL: it cannot have this, and why. */
static SlicePlacement *try_wish(const Attempt *attempt, const Slice *wish, GError **error) {
        g_autoptr(SlicePlacement) placement = NULL;

        if (!wish)
                return NULL;
        placement = slices_try(attempt->manager->slices, attempt->guest->uuid, wish, error);
        if (!placement || !is_carried_out(attempt, wish, placement, error))
                return NULL;
        return g_steal_pointer(&placement);
}

static SlicePlacement *try(const Attempt *attempt, uint64_t amount, GError **error) {
        g_autoptr(Slice) wish = changed_wish(attempt, amount, error);

        return try_wish(attempt, wish, error);
}

static uint64_t steps_between(const Attempt *attempt) {
        uint64_t has = attempt->part->has, wants = attempt->wants;
        uint64_t distance = wants > has ? wants - has : has - wants;

        return (distance + attempt->step - 1) / attempt->step;
}

/* `back` steps from what it wants towards what it has. */
static uint64_t amount_at(const Attempt *attempt, uint64_t back) {
        return attempt->wants > attempt->part->has ? attempt->wants - back * attempt->step
                                                   : attempt->wants + back * attempt->step;
}

/* Others may have changed it since it was looked at. */
static bool has_still(const Attempt *attempt) {
        const SlicePart *part = attempt->part;

        return slice_part_amount(attempt->entry->wish, part->kind, part->function) == part->has;
}

/* Whoever can have more can have less, so half of the steps are left each time. */
static uint64_t find_back(const Attempt *attempt, SlicePlacement **ret_placement) {
        uint64_t refused = 0, possible = steps_between(attempt);

        while (possible - refused > 1) {
                uint64_t middle = refused + (possible - refused) / 2;
                SlicePlacement *placement = try(attempt, amount_at(attempt, middle), NULL);

                if (!placement) {
                        refused = middle;
                        continue;
                }
                possible = middle;
                slice_placement_free(*ret_placement);
                *ret_placement = placement;
        }
        return possible;
}

static SliceRoom *room_new(uint64_t amount, SlicePlacement *placement, const GError *obstacle) {
        SliceRoom *room = g_new0(SliceRoom, 1);

        room->amount = amount;
        room->preempted = g_steal_pointer(&placement->preempted);
        placement->preempted = g_ptr_array_new();
        room->obstacle = obstacle ? g_strdup(obstacle->message) : NULL;
        return room;
}

/* Types ---------------------------------------------------------------------------------- */

/* The new one is made before the old one is taken out: what the map has of a type is what there is
 * beside the old one. */
static SlicePlacement *try_type(const Attempt *attempt, const char *type, char **ret_parent,
                                GError **error) {
        g_autoptr(Slice) wish = changed_type(attempt, type, error);
        g_autoptr(SlicePlacement) placement = try_wish(attempt, wish, error);
        g_auto(SliceSource) source = { 0 };

        if (!placement || !slice_source_find(placement->grants, attempt->part->function, &source))
                return NULL;
        *ret_parent = g_steal_pointer(&source.parent);
        return g_steal_pointer(&placement);
}

static uint64_t percent(const SliceType *type) {
        return (uint64_t)(type->size * 100 + 0.5);
}

static guint first_enough(const Attempt *attempt, const GArray *types) {
        guint i = 0;

        while (i + 1 < types->len && percent(&g_array_index(types, SliceType, i)) < attempt->wants)
                i++;
        return i;
}

/* Less than it needs is worse than what it has. */
static bool is_towards(const Attempt *attempt, const SliceType *type) {
        bool grows = attempt->wants > attempt->part->has;

        return grows ? type->size > 1 : type->size < 1 && percent(type) >= attempt->wants;
}

/* From the one that it wants towards the one that it has. */
static SliceRoom *find_type(const Attempt *attempt) {
        g_autoptr(GArray) types = slice_types_list(attempt->manager, attempt->part->type);
        bool grows = attempt->wants > attempt->part->has;
        guint begin = first_enough(attempt, types);
        g_autoptr(GError) obstacle = NULL;

        for (guint i = begin; i < types->len; i += grows ? -1u : 1u) { /* 0 wraps */
                const SliceType *type = &g_array_index(types, SliceType, i);
                g_autoptr(SlicePlacement) placement = NULL;
                g_autofree char *parent = NULL;
                SliceRoom *room;

                if (!is_towards(attempt, type))
                        return NULL;
                placement = try_type(attempt, type->id, &parent, obstacle ? NULL : &obstacle);
                if (!placement)
                        continue;
                room = room_new(percent(type), placement, obstacle);
                room->type = g_strdup(type->id);
                room->parent = g_steal_pointer(&parent);
                room->better = g_strdup(g_array_index(types, SliceType, begin).id);
                return room;
        }
        return NULL;
}

SliceRoom *slice_room_find(const Manager *manager, const SliceGuest *guest, const SlicePart *part,
                           uint64_t wants) {
        const Attempt attempt = {
                .manager = manager,
                .guest = guest,
                .part = part,
                .entry = slice_book_find(slices_book(manager->slices), guest->uuid),
                .wants = wants,
                .step = (uint64_t)(part->part.step / part->unit + 0.5),
        };
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(GError) error = NULL;
        uint64_t back = 0;

        if (!attempt.entry || !has_still(&attempt))
                return NULL;
        if (part->type)
                return find_type(&attempt);
        placement = try(&attempt, wants, &error);
        if (!placement)
                back = find_back(&attempt, &placement);
        if (!placement)
                return NULL;

        return room_new(amount_at(&attempt, back), placement, error);
}
