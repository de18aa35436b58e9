/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/slice-rule.h"

#include "xml/ferry-error.h"

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        g_propagate_error(
                error, g_error_new_valist(FERRY_ERROR, FERRY_ERROR_INVALID_XML, format, arguments));
        va_end(arguments);
        return false;
}

GHashTable *slice_seen_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* Names, pools and kinds do not get in each other's way. */
static bool is_new(GHashTable *seen, const char *what, const char *name) {
        return g_hash_table_add(seen, g_strdup_printf("%s %s", what, name));
}

static bool check_name(GHashTable *seen, const char *name, GError **error) {
        return is_new(seen, "name", name) ||
               fail(error, "a second function or offload with the name '%s': give it another one",
                    name);
}

static bool check_rates(unsigned min, unsigned max, GError **error) {
        return max == 0 || min <= max ||
               fail(error, "attribute 'min-mbit' is %u and must not be above 'max-mbit', %u", min,
                    max);
}

bool slice_rule_cores(const void *object, GHashTable *seen, GError **error) {
        const SliceCores *cores = &((const Slice *)object)->cores;

        return !cores->exclusive || cores->share == SLICE_SHARE_FULL ||
               fail(error, "attribute 'share' is for cores that are not exclusive: remove it, or "
                           "'exclusive'");
}

bool slice_rule_memory(const void *object, GHashTable *seen, GError **error) {
        const SliceMemory *memory = &((const Slice *)object)->memory;
        uint64_t page = memory->page_kib ?: SLICE_PAGE_MIN;

        if (page & (page - 1))
                return fail(error,
                            "attribute 'page' is in KiB and must be a power of 2, not "
                            "'%" G_GUINT64_FORMAT "'",
                            page);
        if (memory->size % (page * 1024) != 0)
                return fail(error,
                            "attribute 'size' must be whole pages of %" G_GUINT64_FORMAT
                            " KiB, and is %" G_GUINT64_FORMAT " bytes",
                            page, memory->size);
        if (memory->contiguous && memory->tier == SLICE_TIER_LOCAL && memory->page_kib > 0 &&
            memory->size != page * 1024)
                return fail(error,
                            "contiguous memory is one page or a region of CXL: make 'page' as "
                            "large as 'size', or remove it, or 'tier'");
        return true;
}

bool slice_rule_function(const void *object, GHashTable *seen, GError **error) {
        const SliceFunction *function = object;

        if (function->lanes > 0 && function->bytes > 0)
                return fail(error, "attributes 'lanes' and 'bytes' say the same: remove one");

        return check_rates(function->min_mbit, function->max_mbit, error) &&
               check_name(seen, function->name, error);
}

bool slice_rule_offload(const void *object, GHashTable *seen, GError **error) {
        const SliceOffload *offload = object;

        if (!offload->cores && !offload->memory_mib && !offload->mbit && !offload->keys)
                return fail(error,
                            "an attribute 'cores', 'memory-mib', 'mbit' or 'keys' is needed");
        if (offload->pool && !is_new(seen, "pool", offload->pool))
                return fail(error, "a second share of offload device '%s': ask for all in one",
                            offload->pool);
        return check_name(seen, offload->name, error);
}

bool slice_rule_key(const void *object, GHashTable *seen, GError **error) {
        const SliceKey *key = object;

        return is_new(seen, "kind", key->kind) ||
               fail(error, "a second time keys of kind '%s': ask for all in one", key->kind);
}

bool slice_rule_network(const void *object, GHashTable *seen, GError **error) {
        const Slice *slice = object;

        return check_rates(slice->network_min_mbit, slice->network_max_mbit, error);
}

static bool check_nodes(const Slice *slice, GError **error) {
        const SliceCores *cores = &slice->cores;
        const SliceMemory *memory = &slice->memory;

        if (slice->together == SLICE_TOGETHER_ANY || cores->count == 0 || memory->size == 0 ||
            cores->node < 0 || memory->node < 0 || cores->node == memory->node)
                return true;

        return fail(error,
                    "together='%s', but the cores are to be of node %d and the memory of node %d: "
                    "make them one",
                    slice_together_to_string(slice->together), cores->node, memory->node);
}

typedef struct Bound {
        const char *what;
        uint64_t has, min, max; /* a maximum of 0: no word */
} Bound;

static bool check_bound(const Bound *bound, GError **error) {
        if (bound->max == 0 || (bound->has >= bound->min && bound->has <= bound->max))
                return true;

        return fail(error,
                    "<allow> has %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                    " %s, and the slice itself %" G_GUINT64_FORMAT ": what it has must be within",
                    bound->min, bound->max, bound->what, bound->has);
}

static uint64_t minima_of_functions(const Slice *slice) {
        uint64_t sum = 0;

        for (guint i = 0; i < slice->functions->len; i++)
                sum += ((const SliceFunction *)slice->functions->pdata[i])->min_mbit;
        return sum;
}

static bool check_allow(const Slice *slice, GError **error) {
        const SliceAllow *allow = &slice->allow;
        const Bound bounds[] = {
                { "cores", slice->cores.count, allow->cores_min, allow->cores_max },
                /* of a part of a MiB all counts */
                { "MiB of memory", (slice->memory.size + (1u << 20) - 1) >> 20,
                  allow->memory_min_mib, allow->memory_max_mib },
                { "functions", slice->functions->len, allow->functions_min, allow->functions_max },
                { "Mbit/s", minima_of_functions(slice), 0, allow->mbit_max },
        };

        for (size_t i = 0; allow->present && i < G_N_ELEMENTS(bounds); i++)
                if (!check_bound(&bounds[i], error))
                        return false;
        return true;
}

bool slice_rule_all(const Slice *slice, GError **error) {
        return check_nodes(slice, error) && check_allow(slice, error);
}
