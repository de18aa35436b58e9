/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-refusal.h"

#include "daemon/core/slice-place-words.h"
#include "daemon/core/slice-preempt.h"
#include "xml/ferry-error.h"

/* Who has it ------------------------------------------------------------------------ */

static uint64_t sum_of(const CapacityHolder *holder, const Items *items) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < holder->n_bookings; i++)
                for (unsigned n = 0; n < items->n; n++)
                        if (holder->bookings[i].item == items->items[n])
                                sum += items->cores ? 1 : holder->bookings[i].amount;
        return sum;
}

static bool gives_way(const Refusal *refusal, const CapacityHolder *holder) {
        return refusal->search->slice->priority != SLICE_BEST_EFFORT &&
               holder->priority == SLICE_BEST_EFFORT;
}

static uint64_t foreign_of(const Refusal *refusal, const Items *items) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < items->n; i++)
                sum += SHAPE_ITEM(refusal->search->shape, items->items[i])->foreign;
        return sum;
}

/* "; 'db1' holds most of the rest (6 GiB)", "" when nobody does. */
char *refusal_tell_holder(const Refusal *refusal, const Items *items, const char *unit) {
        const GPtrArray *holders = capacity_holders(refusal->capacity);
        const CapacityHolder *top = NULL;
        g_autofree char *amount = NULL;
        uint64_t most = 0, foreign = foreign_of(refusal, items);

        for (guint i = 0; !refusal->ever && i < holders->len; i++) {
                uint64_t sum = sum_of(holders->pdata[i], items);

                if (sum <= most || gives_way(refusal, holders->pdata[i]))
                        continue;
                top = holders->pdata[i];
                most = sum;
        }
        if (!refusal->ever && foreign > most) {
                amount = place_amount(foreign, unit);
                return g_strdup_printf("; guests without a slice hold most of the rest (%s)",
                                       amount);
        }
        amount = place_amount(most, unit);
        return top ? g_strdup_printf("; '%s' holds most of the rest (%s)", top->name, amount)
                   : g_strdup("");
}

char *refusal_tell_holder_of(const Refusal *refusal, int item) {
        Items items = { &item, 1, false };

        return refusal_tell_holder(refusal, &items, SHAPE_ITEM(refusal->search->shape, item)->unit);
}

/* All of it ------------------------------------------------------------------------- */

typedef struct RefusalPart {
        bool (*place)(const Refusal *refusal, PlaceSpot spot);
        char *(*tell)(const Refusal *refusal, PlaceSpot spot);
} RefusalPart;

static const RefusalPart parts[] = {
        { refusal_try_cores, refusal_tell_cores },
        { refusal_try_memory, refusal_tell_memory },
        { refusal_try_functions, refusal_tell_functions },
        { refusal_try_offloads, refusal_tell_offloads },
        { refusal_try_keys, refusal_tell_keys },
        { refusal_try_share, refusal_tell_share },
};
#define PARTS_OF_A_NODE 3

/* The first part that does not fit, each by itself, of those that have a place. */
static unsigned find_short(const Refusal *refusal, PlaceSpot spot, unsigned n_parts) {
        for (unsigned i = 0; i < n_parts; i++) {
                place_search_reset(refusal->search);
                refusal->search->steps = 0;
                if (!parts[i].place(refusal, spot)) {
                        place_search_reset(refusal->search);
                        return i;
                }
        }
        return n_parts;
}

/* All fits by itself, and not on one node: the node on which most of it does. */
static char *tell_together(const Refusal *refusal) {
        PlaceSearch *search = refusal->search;
        g_autofree int *nodes = g_new(int, search->shape->nodes->len + 1);
        unsigned n = place_order_nodes(search, nodes), best = 0;
        PlaceSpot spot = PLACE_ANYWHERE;
        g_autofree char *text = NULL;

        for (unsigned i = 0; i < n; i++) {
                PlaceSpot at = { nodes[i], 0, false };
                unsigned fitting = find_short(refusal, at, PARTS_OF_A_NODE);

                if (spot.node < 0 || fitting > best) {
                        spot = at;
                        best = fitting;
                }
        }
        if (spot.node < 0)
                return g_strdup("This host has no node with CPUs, and all is asked for on one");
        if (best == PARTS_OF_A_NODE)
                return g_strdup_printf("Below no single root port of node %d there is room for all "
                                       "functions, which are asked for together",
                                       SHAPE_NODE(search->shape, spot.node)->number);

        place_search_reset(search);
        text = parts[best].tell(refusal, spot);
        return g_strdup_printf("No node has room for what is asked for together; on node %d, which "
                               "comes nearest: %s",
                               SHAPE_NODE(search->shape, spot.node)->number, text);
}

static char *tell(const Refusal *refusal) {
        unsigned n = find_short(refusal, PLACE_ANYWHERE, G_N_ELEMENTS(parts));

        if (place_search_gave_up(refusal->search))
                return g_strdup(
                        "The functions that are asked for can be placed in too many ways to "
                        "try them all: name the parent of some of them");
        if (n < G_N_ELEMENTS(parts))
                return parts[n].tell(refusal, PLACE_ANYWHERE);
        return tell_together(refusal);
}

static char *explain(const Refusal *refusal) {
        if (place_search_run(refusal->search))
                return NULL;
        if (place_search_gave_up(refusal->search))
                return g_strdup(
                        "The functions that are asked for can be placed in too many ways to "
                        "try them all: name the parent of some of them");
        return tell(refusal);
}

/* Why there is no placement even on a host that is nobody's; NULL: there is one, or may be. */
static char *explain_ever(const Capacity *capacity, const Slice *slice) {
        g_autofree uint64_t *nothing = g_new0(uint64_t, capacity_shape(capacity)->items->len);
        g_autoptr(PlaceSearch) search = place_search_new(capacity, nothing, slice, NULL);
        Refusal refusal = { search, capacity, true };
        g_autofree char *text = explain(&refusal);

        return place_search_gave_up(search) ? NULL : g_steal_pointer(&text);
}

static const char *find_away(const Capacity *capacity, const SliceOffload *wish) {
        const GPtrArray *away = capacity_shape(capacity)->away;

        for (guint i = 0; i < away->len; i++)
                if (!wish->pool || g_str_equal(wish->pool, away->pdata[i]))
                        return away->pdata[i];
        return NULL;
}

/* An offload device that was pulled may come back: whether that, and nothing else, is missing. */
static char *explain_away(const Capacity *capacity, const Slice *slice) {
        g_autoptr(Slice) rest = slice_copy(slice);
        g_autofree char *text = NULL, *other = NULL;

        for (guint i = rest->offloads->len; i-- > 0;) {
                const SliceOffload *wish = rest->offloads->pdata[i];
                const char *away = find_away(capacity, wish);

                if (!away)
                        continue;
                g_free(text);
                text = g_strdup_printf("Offload device %s, of which '%s' could be, is not there "
                                       "now: 'virt-ferry resources' says why",
                                       away, wish->name);
                g_ptr_array_remove_index(rest->offloads, i);
        }
        other = text ? explain_ever(capacity, rest) : NULL;
        return other ? NULL : g_steal_pointer(&text);
}

/* Slices of best effort are not in the way of others, or there would be a placement. */
static char *explain_now(const Capacity *capacity, const Slice *slice) {
        bool all_stay = slice->priority == SLICE_BEST_EFFORT;
        g_autoptr(GPtrArray) gone = NULL;
        g_autofree uint64_t *taken = slice_preempt_all(capacity, &gone);
        g_autoptr(PlaceSearch) search = place_search_new(
                capacity, all_stay ? capacity_taken(capacity) : taken, slice, NULL);
        Refusal refusal = { search, capacity, false };

        place_search_keep_apart(search, capacity, all_stay ? NULL : gone);
        return explain(&refusal);
}

void place_refuse(const Capacity *capacity, const Slice *slice, GError **error) {
        g_autofree char *never = explain_ever(capacity, slice);
        g_autofree char *text = never ? explain_away(capacity, slice)
                                      : explain_now(capacity, slice);
        FerryError code = never && !text ? FERRY_ERROR_INVALID_REQUEST : FERRY_ERROR_NO_RESOURCES;

        if (never && !text)
                text = g_steal_pointer(&never);
        g_set_error_literal(error, FERRY_ERROR, code,
                            text ?: "The hardware slice does not fit beside the others");
}
