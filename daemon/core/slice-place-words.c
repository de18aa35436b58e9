/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place-words.h"

#include <inttypes.h>
#include <string.h>

/* Words ----------------------------------------------------------------------------- */

static char *amount_of_bytes(uint64_t bytes) {
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
        double value = (double)bytes;
        unsigned unit = 0;

        while (value >= 1024 && unit + 1 < G_N_ELEMENTS(units)) {
                value /= 1024;
                unit++;
        }
        return g_strdup_printf("%.4g %s", value, units[unit]);
}

static char *amount_of_speed(uint64_t bytes) {
        if (bytes >= 1000 * 1000 * 1000)
                return g_strdup_printf("%.4g GB/s", (double)bytes / 1e9);
        if (bytes >= 1000 * 1000)
                return g_strdup_printf("%.4g MB/s", (double)bytes / 1e6);
        return g_strdup_printf("%" PRIu64 " bytes/s", bytes);
}

char *place_amount(uint64_t amount, const char *unit) {
        if (g_str_equal(unit, "bytes"))
                return amount_of_bytes(amount);
        if (g_str_equal(unit, "bytes/s"))
                return amount_of_speed(amount);
        if (g_str_equal(unit, "percent"))
                return g_strdup_printf("%" PRIu64 "%%", amount);
        if (amount == 1 && g_str_has_suffix(unit, "s") && !strchr(unit, '/'))
                return g_strdup_printf("1 %.*s", (int)strlen(unit) - 1, unit);
        return g_strdup_printf("%" PRIu64 " %s", amount, unit);
}

static bool is_vf_pool(const PlaceSearch *search, int pool) {
        return SHAPE_ITEM(search->shape, SHAPE_POOL(search->shape, pool)->item)->kind ==
               RESOURCE_VF_POOL;
}

char *place_pool_name(const PlaceSearch *search, int pool) {
        const CapacityPool *of = SHAPE_POOL(search->shape, pool);
        const char *device = SHAPE_DEVICE(search->shape, of->device)->name;

        if (is_vf_pool(search, pool))
                return g_strdup_printf("PF %s", device);
        return g_strdup_printf("%s with mdevs of %s", device, of->type ?: "one type");
}

char *place_memory_name(const PlaceSearch *search, int item) {
        for (guint i = 0; i < search->shape->memories->len; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(search->shape, i);
                int node = SHAPE_NODE(search->shape, memory->node)->number;

                if (memory->item == item && memory->base)
                        return g_strdup_printf("Memory of node %d", node);
                if (memory->item == item)
                        return g_strdup_printf("Memory of node %d with pages of %" PRIu64 " KiB",
                                               node, memory->page / 1024);
        }
        return g_strdup_printf("CXL region %s",
                               strchr(SHAPE_ITEM(search->shape, item)->id, ':') + 1);
}

static char *counted_lack(const PlaceSearch *search, uint64_t need, int item) {
        const CapacityItem *of = SHAPE_ITEM(search->shape, item);
        g_autofree char *left = place_amount(place_room(search, item), of->unit);
        g_autofree char *asked = place_amount(need, of->unit);

        if (of->total == 0)
                return g_strdup(
                        "has no link, or one whose speed is not known, so nothing of it can "
                        "be guaranteed");
        return g_strdup_printf("has %s left of the %s that are asked for", left, asked);
}

static char *link_lack(const PlaceSearch *search, const SliceFunction *function, int item) {
        const CapacityItem *of = SHAPE_ITEM(search->shape, item);
        g_autofree char *left = place_amount(place_room(search, item), of->unit);
        g_autofree char *asked = NULL;

        if (of->total == 0)
                return g_strdup_printf("is below %s, which is down", of->id);
        if (function->lanes > 0)
                asked = g_strdup_printf("%u lanes", function->lanes);
        else
                asked = place_amount(function->bytes, of->unit);
        return g_strdup_printf("is below %s, which has %s left, too little for the %s that are "
                               "asked for",
                               of->id, left, asked);
}

static char *max_lack(const PlaceSearch *search, int item) {
        const CapacityItem *of = SHAPE_ITEM(search->shape, item);
        const char *pool = strchr(of->id, ':') + 1;

        return g_strdup_printf("is of pool %s, of which no more than %" PRIu64
                               " may be had at a time (Max in [Pool %s] of virtferry.conf)",
                               pool, of->total, pool);
}

char *place_lack_words(const PlaceSearch *search, const SliceFunction *function, int pool,
                       PlaceLack lack, int item) {
        switch (lack) {
        case PLACE_LACK_MATCH:
                return g_strdup("makes functions of another kind");
        case PLACE_LACK_SPOT:
                return g_strdup("is not where the other parts are");
        case PLACE_LACK_APART:
                return g_strdup_printf("has functions of a slice that is to be apart ('%s')",
                                       search->slice->apart);
        case PLACE_LACK_FUNCTIONS:
                return g_strdup(is_vf_pool(search, pool) ? "has no VF left"
                                                         : "has no instance left");
        case PLACE_LACK_MAX:
                return max_lack(search, item);
        case PLACE_LACK_TYPE:
                return g_strdup("has instances of another type already");
        case PLACE_LACK_GROUP:
                return g_strdup("has an IOMMU group that others have a function of");
        case PLACE_LACK_OWN_GROUP:
                return g_strdup("has one IOMMU group for several functions of the slice");
        case PLACE_LACK_RATE:
                return counted_lack(search, function->min_mbit, item);
        case PLACE_LACK_LINK:
                return link_lack(search, function, item);
        case PLACE_FITS:
                break;
        }
        return g_strdup("fits");
}

/* Explaining ------------------------------------------------------------------------ */

#define PASSED_OVER_MAX 4
#define REASONS_MAX     64

static void add(GPtrArray *reasons, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GPtrArray *reasons, const char *format, ...) {
        va_list args;

        if (reasons->len >= REASONS_MAX)
                return;

        va_start(args, format);
        g_ptr_array_add(reasons, g_strdup_vprintf(format, args));
        va_end(args);
}

static void explain_nodes(GPtrArray *reasons, const PlaceSearch *search) {
        const SliceCores *wish = &search->slice->cores;
        unsigned n = 0;

        for (guint i = 0; i < search->shape->nodes->len && n < PASSED_OVER_MAX; i++) {
                unsigned room;

                if ((int)i == search->cores_node || !SHAPE_NODE(search->shape, i)->has_cpus)
                        continue;
                room = place_cores_room(search, i, false);
                if (room >= wish->count)
                        continue;
                add(reasons, "Node %d is passed over for cores: it has room for %u of the %u",
                    SHAPE_NODE(search->shape, i)->number, room, wish->count);
                n++;
        }
}

static bool keeps_cores(const PlaceSearch *search) {
        for (guint i = 0; search->has_held_cores && i < search->shape->cores->len; i++) {
                int item = SHAPE_CORE(search->shape, i)->item;

                if (search->held[item] > 0 && search->mine[item] > 0)
                        return true;
        }
        return false;
}

static void explain_cores(GPtrArray *reasons, const PlaceSearch *search) {
        const SliceCores *wish = &search->slice->cores;
        const char *what = wish->exclusive ? "whole core" : "shared CPU";

        if (wish->count == 0)
                return;
        if (keeps_cores(search))
                add(reasons, "Cores stay where they are, as far as they are still asked for");
        else if (search->cores_node < 0)
                add(reasons, "The %u %ss are of several nodes: none has room for all", wish->count,
                    what);
        else if (wish->count == 1)
                add(reasons, "The %s is of node %d, the fullest that has room", what,
                    SHAPE_NODE(search->shape, search->cores_node)->number);
        else
                add(reasons, "The %u %ss are of node %d, the fullest that has room", wish->count,
                    what, SHAPE_NODE(search->shape, search->cores_node)->number);
        if (search->cores_node >= 0)
                explain_nodes(reasons, search);
}

static void explain_other_memory(GPtrArray *reasons, const PlaceSearch *search) {
        unsigned n = 0;

        for (guint i = 0; i < search->shape->memories->len && n < PASSED_OVER_MAX; i++) {
                const CapacityMemory *memory = SHAPE_MEMORY(search->shape, i);
                g_autofree char *name = NULL, *left = NULL;

                if (memory->item == search->memory ||
                    !place_memory_matches(search, memory, PLACE_ANYWHERE) ||
                    place_room(search, memory->item) >= search->memory_amount)
                        continue;
                name = place_memory_name(search, memory->item);
                left = place_amount(place_room(search, memory->item), "bytes");
                add(reasons, "%s is passed over: it has %s left", name, left);
                n++;
        }
}

static void explain_memory(GPtrArray *reasons, const PlaceSearch *search) {
        g_autofree char *amount = NULL, *name = NULL;

        if (search->memory < 0)
                return;

        amount = place_amount(search->memory_amount, "bytes");
        name = place_memory_name(search, search->memory);
        add(reasons, "%s gives %s%s", name, amount,
            search->held[search->memory] > 0 ? ", as until now" : "");
        explain_other_memory(reasons, search);
}

static void explain_function(GPtrArray *reasons, const PlaceSearch *search,
                             const PlaceFunction *function) {
        int chosen = function->candidates[function->position];
        g_autofree char *name = place_pool_name(search, chosen);
        unsigned n = 0;

        add(reasons, "Function '%s' is of %s%s, with %" PRIu64 " left then", function->wish->name,
            name, chosen == function->present ? ", as until now" : "",
            place_room(search, SHAPE_POOL(search->shape, chosen)->item));
        for (guint i = 0; i < search->shape->pools->len && n < PASSED_OVER_MAX; i++) {
                g_autofree char *other = NULL, *words = NULL;
                PlaceLack lack;
                int item = -1;

                if ((int)i == chosen || function->may[i])
                        continue;
                lack = place_function_lack(search, function->wish, i, PLACE_ANYWHERE, &item);
                if (lack == PLACE_FITS)
                        lack = PLACE_LACK_SPOT;
                other = place_pool_name(search, i);
                words = place_lack_words(search, function->wish, i, lack, item);
                add(reasons, "%s is passed over for function '%s': it %s", other,
                    function->wish->name, words);
                n++;
        }
}

static void explain_offloads(GPtrArray *reasons, const PlaceSearch *search) {
        for (guint i = 0; i < search->slice->offloads->len; i++)
                add(reasons, "Offload '%s' is of offload device %s",
                    ((const SliceOffload *)search->slice->offloads->pdata[i])->name,
                    SHAPE_OFFLOAD(search->shape, search->offload_pools[i])->name);
}

GPtrArray *place_explain(const PlaceSearch *search, const GPtrArray *preempted) {
        GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);

        explain_cores(reasons, search);
        explain_memory(reasons, search);
        for (unsigned i = 0; i < search->n_functions; i++)
                explain_function(reasons, search, &search->functions[i]);
        explain_offloads(reasons, search);
        for (guint i = 0; i < preempted->len; i++)
                add(reasons, "Slice '%s' of best effort gives way",
                    (const char *)preempted->pdata[i]);
        return reasons;
}
