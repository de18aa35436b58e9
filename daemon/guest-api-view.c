/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-api-view.h"

#include <inttypes.h>

#include "xml/ferry-error.h"

#define MIB (UINT64_C(1024) * 1024)

typedef struct Range {
        uint64_t least, most; /* most 0: it cannot be changed */
} Range;

typedef struct Kind {
        const char *name, *unit; /* "" none */
        uint64_t (*wanted)(const Slice *wish);
        Range (*range)(const SliceAllow *allow); /* NULL: it cannot be changed */
} Kind;

/* The kinds ------------------------------------------------------------------------- */

static uint64_t cores_wanted(const Slice *wish) {
        return wish->cores.count;
}

static Range cores_range(const SliceAllow *allow) {
        return (Range){ allow->cores_min, allow->cores_max };
}

static uint64_t memory_wanted(const Slice *wish) {
        return wish->memory.size;
}

static Range memory_range(const SliceAllow *allow) {
        return (Range){ allow->memory_min_mib * MIB, allow->memory_max_mib * MIB };
}

static uint64_t functions_wanted(const Slice *wish) {
        return wish->functions->len;
}

static Range functions_range(const SliceAllow *allow) {
        return (Range){ allow->functions_min, allow->functions_max };
}

static uint64_t bandwidth_wanted(const Slice *wish) {
        uint64_t sum = 0;

        for (guint i = 0; i < wish->functions->len; i++)
                sum += ((const SliceFunction *)wish->functions->pdata[i])->min_mbit;
        return sum;
}

static Range bandwidth_range(const SliceAllow *allow) {
        return (Range){ 0, allow->mbit_max };
}

static uint64_t offload_cores_wanted(const Slice *wish) {
        uint64_t sum = 0;

        for (guint i = 0; i < wish->offloads->len; i++)
                sum += ((const SliceOffload *)wish->offloads->pdata[i])->cores;
        return sum;
}

static uint64_t offload_memory_wanted(const Slice *wish) {
        uint64_t sum = 0;

        for (guint i = 0; i < wish->offloads->len; i++)
                sum += ((const SliceOffload *)wish->offloads->pdata[i])->memory_mib * MIB;
        return sum;
}

static uint64_t keys_wanted(const Slice *wish) {
        uint64_t sum = 0;

        for (guint i = 0; i < wish->keys->len; i++)
                sum += ((const SliceKey *)wish->keys->pdata[i])->count;
        return sum;
}

/* As SliceAsk names them. */
static const Kind kinds[] = {
        { "cores", "", cores_wanted, cores_range },
        { "memory", "bytes", memory_wanted, memory_range },
        { "functions", "", functions_wanted, functions_range },
        { "bandwidth", "Mbit/s", bandwidth_wanted, bandwidth_range },
        { "offload-cores", "", offload_cores_wanted, NULL },
        { "offload-memory", "bytes", offload_memory_wanted, NULL },
        { "keys", "", keys_wanted, NULL },
};

static const Kind *kind_find(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
                if (g_str_equal(kinds[i].name, name))
                        return &kinds[i];
        return NULL;
}

bool guest_kind_is_known(const char *kind) {
        return kind_find(kind) != NULL;
}

char *guest_kinds(void) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
                g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", kinds[i].name);
        return g_string_free(g_steal_pointer(&names), false);
}

/* What is shown --------------------------------------------------------------------- */

static Range range_of(const Kind *kind, const Slice *wish) {
        if (!kind->range || !wish->allow.present)
                return (Range){ 0, 0 };
        return kind->range(&wish->allow);
}

static GuestHolding holding_of(const Kind *kind, const SliceEntry *entry) {
        uint64_t wanted = kind->wanted(entry->wish);
        Range range = range_of(kind, entry->wish);

        return (GuestHolding){
                .kind = kind->name,
                .wanted = wanted,
                .granted = entry->state == SLICE_PREEMPTED ? 0 : wanted,
                .least = range.most > 0 ? range.least : wanted,
                .most = range.most > 0 ? range.most : wanted,
        };
}

GArray *guest_holdings(const SliceEntry *entry) {
        GArray *holdings = g_array_new(false, false, sizeof(GuestHolding));

        for (size_t i = 0; entry && i < G_N_ELEMENTS(kinds); i++) {
                GuestHolding holding = holding_of(&kinds[i], entry);

                if (holding.wanted > 0 || holding.most > 0)
                        g_array_append_val(holdings, holding);
        }
        return holdings;
}

const char *guest_state(const SliceEntry *entry) {
        return entry ? slice_state_to_string(entry->state) : "none";
}

/* What is refused ------------------------------------------------------------------- */

static GError *invalid(const char *format, ...) G_GNUC_PRINTF(1, 2);
static GError *invalid(const char *format, ...) {
        GError *error;
        va_list args;

        va_start(args, format);
        error = g_error_new_valist(FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST, format, args);
        va_end(args);
        return error;
}

static bool is_within(const GuestHolding *holding, const SliceAsk *ask) {
        if (ask->less)
                return ask->amount <= holding->wanted - MIN(holding->least, holding->wanted);
        return ask->amount <= MAX(holding->most, holding->wanted) - holding->wanted;
}

/* In the largest unit that says it without a fraction. */
static char *amount_words(const Kind *kind, uint64_t amount) {
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        unsigned unit = 0;

        if (!g_str_equal(kind->unit, "bytes"))
                return g_strdup_printf("%" PRIu64 "%s%s", amount, *kind->unit ? " " : "",
                                       kind->unit);

        while (amount > 0 && amount % 1024 == 0 && unit + 1 < G_N_ELEMENTS(units)) {
                amount /= 1024;
                unit++;
        }
        return g_strdup_printf("%" PRIu64 " %s", amount, units[unit]);
}

static GError *out_of_range(const Kind *kind, const GuestHolding *holding) {
        g_autofree char *has = amount_words(kind, holding->wanted);
        g_autofree char *least = amount_words(kind, holding->least);
        g_autofree char *most = amount_words(kind, holding->most);

        return invalid("%s: this guest has %s and may have %s to %s", kind->name, has, least, most);
}

static GError *not_allowed(const SliceEntry *entry, const Kind *kind, const SliceAsk *ask) {
        GuestHolding holding;

        if (!entry)
                return invalid("This guest has no hardware slice: its operator allocates one");
        if (range_of(kind, entry->wish).most == 0)
                return invalid("%s: this guest cannot change it; its operator can", kind->name);

        holding = holding_of(kind, entry);
        if (!is_within(&holding, ask))
                return out_of_range(kind, &holding);
        return invalid(
                "%s: not in this step, or not with what was said of it; a function's name and "
                "min-mbit can be said",
                kind->name);
}

GError *guest_refusal(const SliceEntry *entry, const SliceAsk *ask, const GError *refused) {
        const Kind *kind = kind_find(ask->kind);

        if (kind && g_error_matches(refused, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST))
                return not_allowed(entry, kind, ask);
        if (kind && g_error_matches(refused, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES))
                return g_error_new(FERRY_ERROR, FERRY_ERROR_NO_RESOURCES,
                                   "%s: there is not as much free now; try again later, or less",
                                   kind->name);

        return g_error_new_literal(FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                                   "The host cannot do this now; try again later");
}
