/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-book.h"

#include "daemon/core/string-table.h"

static const char *const state_words[] = {
        [SLICE_PROMISED] = "promised",
        [SLICE_ENFORCED] = "enforced",
        [SLICE_PREEMPTED] = "preempted",
        [SLICE_RELEASING] = "releasing",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_words) == _SLICE_STATE_MAX);

const char *slice_state_to_string(SliceState state) {
        return string_table_word(state_words, _SLICE_STATE_MAX, state);
}

SliceState slice_state_from_string(const char *text) {
        return (SliceState)string_table_value(state_words, _SLICE_STATE_MAX, text);
}

SliceEntry *slice_entry_new(const char *domain_uuid, const char *domain_name, Slice *taken_wish) {
        SliceEntry *entry = g_new0(SliceEntry, 1);

        entry->domain_uuid = g_strdup(domain_uuid);
        entry->domain_name = g_strdup(domain_name);
        entry->wish = taken_wish;
        entry->grants = slice_grants_new();
        return entry;
}

SliceEntry *slice_entry_copy(const SliceEntry *entry) {
        SliceEntry *copy;

        if (!entry)
                return NULL;

        copy = g_new(SliceEntry, 1);
        *copy = *entry;
        copy->domain_uuid = g_strdup(entry->domain_uuid);
        copy->domain_name = g_strdup(entry->domain_name);
        copy->holder = g_strdup(entry->holder);
        copy->wish = slice_copy(entry->wish);
        copy->had = entry->had ? slice_copy(entry->had) : NULL;
        copy->grants = slice_grants_copy(entry->grants);
        return copy;
}

static bool grants_equal(const GPtrArray *a, const GPtrArray *b) {
        if (a->len != b->len)
                return false;

        for (guint i = 0; i < a->len; i++) {
                const SliceGrant *left = a->pdata[i], *right = b->pdata[i];

                if (left->amount != right->amount ||
                    !g_str_equal(left->resource, right->resource) ||
                    !g_str_equal(left->part, right->part))
                        return false;
        }
        return true;
}

bool slice_entry_has_same(const SliceEntry *a, const SliceEntry *b) {
        return slice_equal(a->wish, b->wish) && grants_equal(a->grants, b->grants);
}

SliceEntry *slice_entry_as_it_was(const SliceEntry *entry) {
        SliceEntry *was = slice_entry_copy(entry);

        if (was->had) {
                slice_free(was->wish);
                was->wish = g_steal_pointer(&was->had);
        }
        return was;
}

void slice_entry_free(SliceEntry *entry) {
        if (!entry)
                return;

        g_free(entry->domain_uuid);
        g_free(entry->domain_name);
        g_free(entry->holder);
        slice_free(entry->wish);
        slice_free(entry->had);
        g_ptr_array_unref(entry->grants);
        g_free(entry);
}
