/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/place-fixture.h"

#include <inttypes.h>

void place_set_up(Fixture *f, gconstpointer unused) {
        f->slice = slice_new();
        f->map = resource_map_new();
        map_add_node(f->map, 0, 0, 4, 2, 8 * GIB);
        map_add_pages(f->map, 0, 2048, GIB);
        map_add_node(f->map, 1, 4, 4, 2, 8 * GIB);
        map_add_pages(f->map, 1, 2048, GIB);
        map_add_link(f->map, "node:0", "0000:3a:00.0", 8);
        map_add_pf(f->map, PORT, PF0, 2, 10000);
        map_add_pf(f->map, PORT, PF1, 2, 10000);
        map_add_link(f->map, "node:1", "0000:ae:00.0", 16);
        map_add_pf(f->map, "link:0000:ae:00.0", PF2, 2, 10000);
}

void place_tear_down(Fixture *f, gconstpointer unused) {
        slice_placement_free(f->placement);
        slice_free(f->slice);
        capacity_free(f->capacity);
        resource_map_free(f->map);
}

/* Asking ---------------------------------------------------------------------------- */

void read_capacity(Fixture *f) {
        if (!f->capacity)
                f->capacity = capacity_new(f->map, &f->reserve, NULL, NULL);
}

void ask_anew(Fixture *f) {
        slice_free(f->slice);
        f->slice = slice_new();
}

void ask_cores(Fixture *f, unsigned count, unsigned share) {
        f->slice->cores.count = count;
        f->slice->cores.exclusive = share == 0;
        f->slice->cores.share = share ?: SLICE_SHARE_FULL;
}

void ask_memory(Fixture *f, uint64_t size, uint64_t page_kib) {
        f->slice->memory.size = size;
        f->slice->memory.page_kib = page_kib;
}

SliceFunction *ask_function(Fixture *f, const char *name) {
        SliceFunction *function = slice_function_new(name);

        g_ptr_array_add(f->slice->functions, function);
        return function;
}

SliceOffload *ask_offload(Fixture *f, const char *name, const char *pool, unsigned cores) {
        SliceOffload *offload = slice_offload_new(name);

        offload->pool = g_strdup(pool);
        offload->cores = cores;
        g_ptr_array_add(f->slice->offloads, offload);
        return offload;
}

/* Answers --------------------------------------------------------------------------- */

static char *grants_to_text(const GPtrArray *grants) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                g_string_append_printf(text, "%s %s %" PRIu64 "\n", grant->part, grant->resource,
                                       grant->amount);
        }
        return g_string_free(text, FALSE);
}

void place_with(Fixture *f, const GPtrArray *present) {
        g_autoptr(GPtrArray) copy = present ? slice_grants_copy(present) : NULL;
        g_autoptr(GError) error = NULL;

        read_capacity(f);
        g_clear_pointer(&f->placement, slice_placement_free);
        f->placement = slice_place(f->capacity, f->slice, "mine", copy, &error);
        g_assert_no_error(error);
        g_assert_nonnull(f->placement);
}

void assert_placed(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;

        place_with(f, NULL);
        text = grants_to_text(f->placement->grants);
        g_assert_cmpstr(text, ==, expected);
}

/* The same with what it got last time. */
void assert_changed(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;

        place_with(f, f->placement->grants);
        text = grants_to_text(f->placement->grants);
        g_assert_cmpstr(text, ==, expected);
}

void assert_refused(Fixture *f, FerryError code, const char *message) {
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(GError) error = NULL;

        read_capacity(f);
        placement = slice_place(f->capacity, f->slice, "mine", NULL, &error);
        g_assert_null(placement);
        g_assert_error(error, FERRY_ERROR, (int)code);
        g_assert_cmpstr(error->message, ==, message);
}

/* What is asked for goes to that slice; then nothing is asked for. */
void give(Fixture *f, const char *name) {
        place_with(f, NULL);
        g_assert_cmpuint(f->placement->preempted->len, ==, 0);
        capacity_take(f->capacity, name, f->slice->priority, f->slice->apart, f->placement->grants);
        ask_anew(f);
}

void give_cores(Fixture *f, const char *name, unsigned count, int node) {
        ask_cores(f, count, 0);
        f->slice->cores.node = node;
        give(f, name);
}
