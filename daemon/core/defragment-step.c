/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/defragment-parts.h"
#include "daemon/core/slice-place-words.h"

/* Grants ---------------------------------------------------------------------------- */

bool defragment_same_grants(const GPtrArray *a, const GPtrArray *b) {
        if (a->len != b->len)
                return false;

        for (guint i = 0; i < a->len; i++) {
                const SliceGrant *grant = a->pdata[i];

                if (slice_grants_sum(b, grant->resource, grant->part) != grant->amount)
                        return false;
        }
        return true;
}

GPtrArray *defragment_more(const GPtrArray *a, const GPtrArray *b, const char *part) {
        GPtrArray *resources = g_ptr_array_new();

        for (guint i = 0; i < a->len; i++) {
                const SliceGrant *grant = a->pdata[i];

                if (g_str_equal(grant->part, part) &&
                    slice_grants_sum(b, grant->resource, part) < grant->amount)
                        g_ptr_array_add(resources, grant->resource);
        }
        return resources;
}

static uint64_t count_bytes(const GPtrArray *grants, const GPtrArray *had) {
        g_autoptr(GPtrArray) more = defragment_more(grants, had, "memory");
        uint64_t bytes = 0;

        for (guint i = 0; i < more->len; i++)
                bytes += slice_grants_sum(grants, more->pdata[i], "memory") -
                         slice_grants_sum(had, more->pdata[i], "memory");
        return bytes;
}

static unsigned count_cores(const GPtrArray *grants, const GPtrArray *had) {
        g_autoptr(GPtrArray) more = defragment_more(grants, had, "cores");

        return more->len;
}

static unsigned count_functions(const GPtrArray *wishes, const GPtrArray *grants,
                                const GPtrArray *had) {
        unsigned n = 0;

        for (guint i = 0; i < wishes->len; i++) {
                const SliceFunction *function = wishes->pdata[i];
                g_autoptr(GPtrArray) more = defragment_more(grants, had, function->name);

                n += more->len > 0;
        }
        return n;
}

/* Steps ----------------------------------------------------------------------------- */

static void move_free(void *data) {
        DefragmentMove *move = data;

        g_free(move->part);
        g_ptr_array_unref(move->from);
        g_ptr_array_unref(move->to);
        g_free(move);
}

DefragmentStep *defragment_step_new(const SliceEntry *entry, const GPtrArray *grants) {
        DefragmentStep *step = g_new0(DefragmentStep, 1);

        step->domain_uuid = g_strdup(entry->domain_uuid);
        step->domain_name = g_strdup(entry->domain_name);
        step->grants = slice_grants_copy(grants);
        step->moves = g_ptr_array_new_with_free_func(move_free);
        step->bytes = count_bytes(grants, entry->grants);
        step->cores = count_cores(grants, entry->grants);
        step->functions = count_functions(entry->wish->functions, grants, entry->grants);
        return step;
}

void defragment_step_free(DefragmentStep *step) {
        if (!step)
                return;

        g_free(step->domain_uuid);
        g_free(step->domain_name);
        g_free(step->sentence);
        g_ptr_array_unref(step->grants);
        g_ptr_array_unref(step->moves);
        g_free(step);
}

int defragment_compare_costs(const DefragmentStep *a, const DefragmentStep *b) {
        if (a->functions != b->functions)
                return a->functions < b->functions ? -1 : 1;
        if (a->bytes != b->bytes)
                return a->bytes < b->bytes ? -1 : 1;
        return (a->cores > b->cores) - (a->cores < b->cores);
}

/* Words ----------------------------------------------------------------------------- */

static int node_of(const CapacityShape *shape, int item) {
        for (guint i = 0; i < shape->cores->len; i++)
                if (SHAPE_CORE(shape, i)->item == item)
                        return SHAPE_CORE(shape, i)->node;
        for (guint i = 0; i < shape->memories->len; i++)
                if (SHAPE_MEMORY(shape, i)->item == item)
                        return SHAPE_MEMORY(shape, i)->node;
        return -1;
}

static int compare_numbers(const void *a, const void *b) {
        const int *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

GArray *defragment_nodes(const CapacityShape *shape, const GPtrArray *resources) {
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        GArray *numbers = g_array_new(FALSE, FALSE, sizeof(int));

        for (guint i = 0; i < resources->len; i++) {
                int node = node_of(shape, capacity_shape_find(shape, resources->pdata[i]));

                if (node >= 0 && g_hash_table_add(seen, GINT_TO_POINTER(node)))
                        g_array_append_val(numbers, SHAPE_NODE(shape, node)->number);
        }
        g_array_sort(numbers, compare_numbers);
        return numbers;
}

/* "node 0", "nodes 0 and 1" */
static char *name_nodes(const CapacityShape *shape, const GPtrArray *resources) {
        g_autoptr(GArray) numbers = defragment_nodes(shape, resources);
        GString *text = g_string_new(numbers->len > 1 ? "nodes" : "node");

        for (guint i = 0; i < numbers->len; i++)
                g_string_append_printf(text, "%s %d",
                                       i == 0                  ? ""
                                       : i + 1 == numbers->len ? " and"
                                                               : ",",
                                       g_array_index(numbers, int, i));
        return g_string_free(text, FALSE);
}

/* The PF or mdev parent of a function: what follows the kind in the id of its pool. */
static const char *name_parent(const GPtrArray *resources) {
        for (guint i = 0; i < resources->len; i++) {
                const char *id = resources->pdata[i];

                if (g_str_has_prefix(id, "vf-pool:") || g_str_has_prefix(id, "mdev-type:"))
                        return strchr(id, ':') + 1;
        }
        return "another device";
}

static char *name_part(const DefragmentStep *step, const char *part) {
        if (g_str_equal(part, "cores"))
                return step->cores == 1 ? g_strdup("1 core")
                                        : g_strdup_printf("%u cores", step->cores);
        if (g_str_equal(part, "memory")) {
                g_autofree char *amount = place_amount(step->bytes, "bytes");

                return g_strdup_printf("%s of memory", amount);
        }
        return g_strdup_printf("function '%s'", part);
}

static char *describe_move(const DefragmentStep *step, const CapacityShape *shape,
                           const DefragmentMove *move) {
        g_autofree char *what = name_part(step, move->part);
        g_autofree char *from = NULL, *to = NULL;

        if (g_str_equal(move->part, "cores") || g_str_equal(move->part, "memory")) {
                from = name_nodes(shape, move->from);
                to = name_nodes(shape, move->to);
        } else {
                from = g_strdup(name_parent(move->from));
                to = g_strdup(name_parent(move->to));
        }
        if (g_str_equal(from, to))
                return g_strdup_printf("%s within %s", what, from);
        return g_strdup_printf("%s from %s to %s", what, from, to);
}

static GPtrArray *copy_strings(const GPtrArray *strings) {
        GPtrArray *copy = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < strings->len; i++)
                g_ptr_array_add(copy, g_strdup(strings->pdata[i]));
        return copy;
}

static void add_move(DefragmentStep *step, const SliceEntry *entry, const char *part) {
        g_autoptr(GPtrArray) from = defragment_more(entry->grants, step->grants, part);
        g_autoptr(GPtrArray) to = defragment_more(step->grants, entry->grants, part);
        DefragmentMove *move;

        if (to->len == 0)
                return;

        move = g_new0(DefragmentMove, 1);
        move->part = g_strdup(part);
        move->from = copy_strings(from);
        move->to = copy_strings(to);
        g_ptr_array_add(step->moves, move);
}

void defragment_step_describe(DefragmentStep *step, const CapacityShape *shape,
                              const SliceEntry *entry) {
        GString *text = g_string_new(NULL);

        add_move(step, entry, "cores");
        add_move(step, entry, "memory");
        for (guint i = 0; i < entry->wish->functions->len; i++)
                add_move(step, entry,
                         ((const SliceFunction *)entry->wish->functions->pdata[i])->name);

        g_string_printf(text, "Guest %s moves ", entry->domain_name);
        for (guint i = 0; i < step->moves->len; i++) {
                g_autofree char *words = describe_move(step, shape, step->moves->pdata[i]);

                g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", words);
        }
        step->sentence = g_string_free(text, FALSE);
}
