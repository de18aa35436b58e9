/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-refusal.h"

#include <inttypes.h>

#include "daemon/core/slice-place-words.h"

/* Functions ------------------------------------------------------------------------- */

bool refusal_try_functions(const Refusal *refusal, PlaceSpot spot) {
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
                uint64_t left = item < 0 ? 0 : place_room(search, item);

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
        bool counted = nearest->lack == PLACE_LACK_FUNCTIONS || nearest->lack == PLACE_LACK_MAX ||
                       nearest->lack == PLACE_LACK_RATE || nearest->lack == PLACE_LACK_LINK ||
                       nearest->lack == PLACE_LACK_GROUP;
        g_autofree char *name = NULL, *words = NULL, *holder = NULL;

        if (nearest->pool < 0)
                return g_strdup_printf("Nothing on this host makes what function '%s' asks for: "
                                       "'virt-ferry resources' lists what there is",
                                       function->name);

        name = place_pool_name(search, nearest->pool);
        words = place_lack_words(search, function, nearest->pool, nearest->lack, nearest->item);
        holder = counted ? refusal_tell_holder_of(refusal, nearest->item) : g_strdup("");
        return g_strdup_printf("%s%s %s, for function '%s'%s", name,
                               nearest->n > 1 ? ", which comes nearest," : "", words,
                               function->name, holder);
}

/* Places one after another where there is room, until there is none. */
char *refusal_tell_functions(const Refusal *refusal, PlaceSpot spot) {
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

bool refusal_try_offloads(const Refusal *refusal, PlaceSpot spot) {
        return place_offloads(refusal->search);
}

/* What is short of an offload device, -1: nothing that it has. */
static OffloadPart short_part(const PlaceSearch *search, const SliceOffload *wish,
                              const CapacityOffload *offload) {
        for (int i = 0; i < _OFFLOAD_PART_MAX; i++) {
                uint64_t need = place_offload_need(wish, i);

                if (need > 0 &&
                    (offload->parts[i] < 0 || place_room(search, offload->parts[i]) < need))
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

        left = place_amount(place_room(search, item), SHAPE_ITEM(search->shape, item)->unit);
        asked = place_amount(place_offload_need(wish, part), SHAPE_ITEM(search->shape, item)->unit);
        holder = refusal_tell_holder_of(refusal, item);
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
                       : place_room(search, offload->parts[part]);
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
char *refusal_tell_offloads(const Refusal *refusal, PlaceSpot spot) {
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
