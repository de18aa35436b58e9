/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "daemon/core/slice-place-words.h"
#include "daemon/core/slice-preempt.h"
#include "xml/ferry-error.h"

/* One refusal that is being written. `ever`: it is about what there is at all, and not about what
 * is left by others. */
typedef struct Refusal {
        PlaceSearch *search;
        const Capacity *capacity;
        bool ever;
} Refusal;

typedef struct RefusalPart {
        bool (*place)(const Refusal *refusal, PlaceSpot spot);
        char *(*tell)(const Refusal *refusal, PlaceSpot spot);
} RefusalPart;

/* Who has it ------------------------------------------------------------------------ */

typedef struct Items {
        const int *items;
        unsigned n;
        bool cores; /* each counts as one, however much of it somebody has */
} Items;

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
static char *tell_holder(const Refusal *refusal, const Items *items, const char *unit) {
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

static char *tell_holder_of(const Refusal *refusal, int item) {
        Items items = { &item, 1, false };

        return tell_holder(refusal, &items, SHAPE_ITEM(refusal->search->shape, item)->unit);
}

/* Cores ----------------------------------------------------------------------------- */

static bool try_cores(const Refusal *refusal, PlaceSpot spot) {
        return place_cores(refusal->search, spot);
}

static char *tell_core_holder(const Refusal *refusal, int node) {
        const CapacityShape *shape = refusal->search->shape;
        g_autofree int *list = g_new(int, shape->cores->len + 1);
        Items items = { list, 0, true };

        for (guint i = 0; i < shape->cores->len; i++)
                if (node < 0 || SHAPE_CORE(shape, i)->node == node)
                        list[items.n++] = SHAPE_CORE(shape, i)->item;
        return tell_holder(refusal, &items, "cores");
}

static char *tell_cores(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        const SliceCores *wish = &search->slice->cores;
        int node = wish->node >= 0 ? capacity_shape_node(search->shape, wish->node) : spot.node;
        g_autofree char *where = NULL, *holder = NULL;
        unsigned room = 0;

        if (wish->node >= 0 && node < 0)
                return g_strdup_printf("This host has no node %d, on which cores are asked for",
                                       wish->node);
        if (spot.node >= 0 && node != spot.node)
                return g_strdup_printf("Cores are asked for on node %d", wish->node);

        for (guint i = 0; i < search->shape->nodes->len; i++)
                if (node < 0 || node == (int)i)
                        room += place_cores_room(search, i, true);
        where = node < 0 ? g_strdup("This host")
                         : g_strdup_printf("Node %d", SHAPE_NODE(search->shape, node)->number);
        holder = tell_core_holder(refusal, node);
        if (wish->exclusive)
                return g_strdup_printf("%s has %u %score%s of the %u that are asked for "
                                       "exclusively%s",
                                       where, room, refusal->ever ? "" : "free ",
                                       room == 1 ? "" : "s", wish->count, holder);
        return g_strdup_printf("%s has room for %u of the %u CPUs that are asked for, with %u "
                               "thousandths each%s",
                               where, room, wish->count, wish->share, holder);
}

/* Memory ---------------------------------------------------------------------------- */

static bool try_memory(const Refusal *refusal, PlaceSpot spot) {
        return place_memory(refusal->search, spot, false);
}

static char *tell_no_memory(const Refusal *refusal) {
        const SliceMemory *wish = &refusal->search->slice->memory;
        g_autofree char *size = place_amount(wish->size, "bytes");
        g_autofree char *node = wish->node < 0 ? g_strdup("this host")
                                               : g_strdup_printf("node %d", wish->node);
        const char *tier = wish->tier == SLICE_TIER_CXL ? "CXL " : "";

        if (wish->contiguous)
                return g_strdup_printf("No huge page or CXL region that there is on %s is as large "
                                       "as the %s that are asked for in one piece",
                                       node, size);
        if (wish->page_kib > 0)
                return g_strdup_printf("There is no %smemory with pages of %" PRIu64 " KiB on %s",
                                       tier, wish->page_kib, node);
        return g_strdup_printf("There is no %smemory on %s", tier, node);
}

/* Of those that match, the one with most left. */
static int find_most_left(const PlaceSearch *search, PlaceSpot spot) {
        uint64_t most = 0;
        int best = -1;

        for (guint i = 0; i < search->shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(search->shape, i);
                uint64_t left = place_free(search, memory->item);

                if (place_memory_matches(search, memory, spot) && (best < 0 || left > most)) {
                        best = memory->item;
                        most = left;
                }
        }
        for (guint i = 0; best < 0 && i < search->shape->regions->len; i++) {
                const CapacityRegion *region = SHAPE_REGION(search->shape, i);

                if (place_region_matches(search, region, spot))
                        best = region->memory >= 0 ? region->memory : region->item;
        }
        return best;
}

static char *tell_memory(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        int item = find_most_left(search, spot);
        g_autofree char *name = NULL, *left = NULL, *asked = NULL, *holder = NULL;

        if (item < 0)
                return tell_no_memory(refusal);

        name = place_memory_name(search, item);
        left = place_amount(place_free(search, item), "bytes");
        asked = place_amount(search->slice->memory.size, "bytes");
        holder = tell_holder_of(refusal, item);
        return g_strdup_printf("%s has %s%s of the %s that are asked for%s", name, left,
                               refusal->ever ? "" : " left", asked, holder);
}

/* Functions ------------------------------------------------------------------------- */

static bool try_functions(const Refusal *refusal, PlaceSpot spot) {
        return place_functions(refusal->search, spot);
}

typedef struct Nearest {
        int pool, item;
        PlaceLack lack;
        uint64_t left;
        unsigned n; /* that match */
} Nearest;

/* The pool that fits best: of the last rule that one breaks, and then with most left. */
static Nearest find_nearest(const PlaceSearch *search, const SliceFunction *function,
                            PlaceSpot spot) {
        Nearest best = { .pool = -1, .lack = PLACE_LACK_MATCH };

        for (guint i = 0; i < search->shape->pools->len; i++) {
                int item = -1;
                PlaceLack lack = place_function_lack(search, function, i, spot, &item);
                uint64_t left = item < 0 ? 0 : place_free(search, item);

                if (lack == PLACE_LACK_MATCH)
                        continue;
                best.n++;
                if (best.pool >= 0 && lack != PLACE_FITS &&
                    (lack < best.lack || (lack == best.lack && left <= best.left)))
                        continue;
                best = (Nearest){ i, item, lack, left, best.n };
                if (lack == PLACE_FITS)
                        break;
        }
        return best;
}

static char *tell_function(const Refusal *refusal, const SliceFunction *function,
                           const Nearest *nearest) {
        const PlaceSearch *search = refusal->search;
        bool counted = nearest->lack == PLACE_LACK_FUNCTIONS || nearest->lack == PLACE_LACK_RATE ||
                       nearest->lack == PLACE_LACK_LINK || nearest->lack == PLACE_LACK_GROUP;
        g_autofree char *name = NULL, *words = NULL, *holder = NULL;

        if (nearest->pool < 0)
                return g_strdup_printf("Nothing on this host makes what function '%s' asks for: "
                                       "'virt-ferry resources' lists what there is",
                                       function->name);

        name = place_pool_name(search, nearest->pool);
        words = place_lack_words(search, function, nearest->pool, nearest->lack, nearest->item);
        holder = counted ? tell_holder_of(refusal, nearest->item) : g_strdup("");
        return g_strdup_printf("%s%s %s, for function '%s'%s", name,
                               nearest->n > 1 ? ", which comes nearest," : "", words,
                               function->name, holder);
}

/* Places one after another where there is room, until there is none. */
static char *tell_functions(const Refusal *refusal, PlaceSpot spot) {
        PlaceSearch *search = refusal->search;

        for (unsigned i = 0; i < search->n_functions; i++) {
                const SliceFunction *function = search->functions[i].wish;
                Nearest nearest = find_nearest(search, function, spot);

                if (nearest.lack != PLACE_FITS)
                        return tell_function(refusal, function, &nearest);
                place_function_take(search, function, nearest.pool);
        }
        return g_strdup("The functions do not fit beside each other");
}

/* Offloads -------------------------------------------------------------------------- */

static bool try_offloads(const Refusal *refusal, PlaceSpot spot) {
        return place_offloads(refusal->search);
}

/* What is short of an offload device, -1: nothing that it has. */
static OffloadPart short_part(const PlaceSearch *search, const SliceOffload *wish,
                              const CapacityOffload *offload) {
        for (int i = 0; i < _OFFLOAD_PART_MAX; i++) {
                uint64_t need = place_offload_need(wish, i);

                if (need > 0 &&
                    (offload->parts[i] < 0 || place_free(search, offload->parts[i]) < need))
                        return i;
        }
        return _OFFLOAD_PART_MAX;
}

static char *tell_offload_device(const Refusal *refusal, const SliceOffload *wish,
                                 const CapacityOffload *offload) {
        static const char *const words[] = { "cores", "memory", "bandwidth", "keys" };
        const PlaceSearch *search = refusal->search;
        OffloadPart part = short_part(search, wish, offload);
        g_autofree char *left = NULL, *asked = NULL, *holder = NULL;
        int item;

        if (part == _OFFLOAD_PART_MAX)
                return g_strdup_printf("Offload device %s is taken by another part of the slice, "
                                       "or by a slice that is to be apart, so not for '%s'",
                                       offload->name, wish->name);
        item = offload->parts[part];
        if (item < 0)
                return g_strdup_printf("Offload device %s has no %s, which '%s' asks for",
                                       offload->name, words[part], wish->name);

        left = place_amount(place_free(search, item), SHAPE_ITEM(search->shape, item)->unit);
        asked = place_amount(place_offload_need(wish, part), SHAPE_ITEM(search->shape, item)->unit);
        holder = tell_holder_of(refusal, item);
        return g_strdup_printf("Offload device %s has %s%s of the %s that '%s' asks for%s",
                               offload->name, left, refusal->ever ? "" : " left", asked, wish->name,
                               holder);
}

static bool is_wanted(const SliceOffload *wish, const CapacityOffload *offload) {
        return !wish->pool || g_str_equal(wish->pool, offload->name);
}

static uint64_t left_of(const PlaceSearch *search, const SliceOffload *wish,
                        const CapacityOffload *offload) {
        OffloadPart part = short_part(search, wish, offload);

        return part == _OFFLOAD_PART_MAX || offload->parts[part] < 0
                       ? 0
                       : place_free(search, offload->parts[part]);
}

/* The one that has all but the last of what is asked for, and then most of that. */
static const CapacityOffload *nearest_offload(const PlaceSearch *search, const SliceOffload *wish) {
        const CapacityOffload *nearest = NULL;

        for (guint i = 0; i < search->shape->offloads->len; i++) {
                const CapacityOffload *offload = SHAPE_OFFLOAD(search->shape, i);
                OffloadPart part = short_part(search, wish, offload), best;

                if (!is_wanted(wish, offload))
                        continue;
                best = nearest ? short_part(search, wish, nearest) : OFFLOAD_CORES;
                if (!nearest || part > best ||
                    (part == best &&
                     left_of(search, wish, offload) > left_of(search, wish, nearest)))
                        nearest = offload;
        }
        return nearest;
}

/* For one that fits nowhere, or else for the last. */
static char *tell_offloads(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        const GPtrArray *wishes = search->slice->offloads;
        const SliceOffload *wish = NULL;
        const CapacityOffload *nearest = NULL;

        for (guint i = 0; i < wishes->len; i++) {
                wish = wishes->pdata[i];
                nearest = nearest_offload(search, wish);
                if (!nearest || short_part(search, wish, nearest) < _OFFLOAD_PART_MAX)
                        break;
        }
        if (!nearest)
                return g_strdup_printf("This host has no offload device%s%s for '%s'",
                                       wish->pool ? " " : "", wish->pool ?: "", wish->name);
        return tell_offload_device(refusal, wish, nearest);
}

/* Keys and shares ------------------------------------------------------------------- */

static bool try_keys(const Refusal *refusal, PlaceSpot spot) {
        return place_keys(refusal->search);
}

static char *tell_keys(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;

        for (guint i = 0; i < search->slice->keys->len; i++) {
                const SliceKey *key = search->slice->keys->pdata[i];
                int item = place_key(search, key);
                g_autofree char *holder = NULL;

                if (item < 0)
                        return g_strdup_printf("This host has no %s keys", key->kind);
                if (place_free(search, item) >= key->count)
                        continue;
                holder = tell_holder_of(refusal, item);
                return g_strdup_printf("This host has %" PRIu64 "%s of the %u %s keys that are "
                                       "asked for%s",
                                       place_free(search, item), refusal->ever ? "" : " left",
                                       key->count, key->kind, holder);
        }
        return g_strdup("The keys that are asked for are more than there are");
}

static bool try_share(const Refusal *refusal, PlaceSpot spot) {
        return place_share(refusal->search);
}

static char *tell_one_share(const Refusal *refusal, const char *groups, const char *what,
                            const char *words, uint64_t need) {
        const PlaceSearch *search = refusal->search;
        int group = capacity_shape_find(search->shape, groups);
        int item = capacity_shape_find(search->shape, what);
        g_autofree char *left = NULL, *asked = NULL, *holder = NULL;

        if (need == 0)
                return NULL;
        if (group < 0 || item < 0)
                return g_strdup_printf("This host cannot share out its %s: resctrl is not mounted, "
                                       "or the CPU does not have it",
                                       words);
        if (place_free(search, group) == 0) {
                holder = tell_holder_of(refusal, group);
                return g_strdup_printf("This host has no group left for a share of its %s%s", words,
                                       holder);
        }
        if (place_free(search, item) >= need)
                return NULL;

        left = place_amount(place_free(search, item), SHAPE_ITEM(search->shape, item)->unit);
        asked = place_amount(need, SHAPE_ITEM(search->shape, item)->unit);
        holder = tell_holder_of(refusal, item);
        return g_strdup_printf("This host has %s of its %s%s of the %s that are asked for%s", left,
                               words, refusal->ever ? "" : " left", asked, holder);
}

static char *tell_share(const Refusal *refusal, PlaceSpot spot) {
        const PlaceSearch *search = refusal->search;
        const Slice *slice = search->slice;
        char *text = tell_one_share(refusal, "cache:groups", "cache:ways", "last-level cache",
                                    slice->cache_ways);

        return text
                       ?: tell_one_share(refusal, "bandwidth:groups", "bandwidth:percent",
                                         "memory bandwidth", place_bandwidth_need(search));
}

/* All of it ------------------------------------------------------------------------- */

static const RefusalPart parts[] = {
        { try_cores, tell_cores },         { try_memory, tell_memory },
        { try_functions, tell_functions }, { try_offloads, tell_offloads },
        { try_keys, tell_keys },           { try_share, tell_share },
};
#define PARTS_OF_A_NODE 3

/* The first part that does not fit, each by itself, of those that have a place. */
static unsigned find_short(const Refusal *refusal, PlaceSpot spot, unsigned n_parts) {
        for (unsigned i = 0; i < n_parts; i++) {
                place_search_reset(refusal->search);
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
        g_autofree char *text = explain_ever(capacity, slice);
        FerryError code = text ? FERRY_ERROR_INVALID_REQUEST : FERRY_ERROR_NO_RESOURCES;

        if (!text)
                text = explain_now(capacity, slice);
        g_set_error_literal(error, FERRY_ERROR, code,
                            text ?: "The hardware slice does not fit beside the others");
}
