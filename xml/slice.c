/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/slice.h"

#include "xml/ferry-error.h"
#include "xml/slice-format.h"
#include "xml/slice-rule.h"

static const char *const priority_names[] = {
        [SLICE_GUARANTEED] = "guaranteed",
        [SLICE_BURSTABLE] = "burstable",
        [SLICE_BEST_EFFORT] = "best-effort",
};
G_STATIC_ASSERT(G_N_ELEMENTS(priority_names) == _SLICE_PRIORITY_MAX);

const char *slice_priority_to_string(SlicePriority priority) {
        if (priority < 0 || priority >= _SLICE_PRIORITY_MAX)
                return NULL;

        return priority_names[priority];
}

SlicePriority slice_priority_from_string(const char *text) {
        for (int i = 0; i < _SLICE_PRIORITY_MAX; i++)
                if (g_strcmp0(priority_names[i], text) == 0)
                        return (SlicePriority)i;

        return _SLICE_PRIORITY_INVALID;
}

static const char *const together_names[] = {
        [SLICE_TOGETHER_ANY] = "any",
        [SLICE_TOGETHER_NODE] = "node",
        [SLICE_TOGETHER_ROOT_PORT] = "root-port",
};
G_STATIC_ASSERT(G_N_ELEMENTS(together_names) == _SLICE_TOGETHER_MAX);

const char *slice_together_to_string(SliceTogether together) {
        if (together < 0 || together >= _SLICE_TOGETHER_MAX)
                return NULL;

        return together_names[together];
}

SliceTogether slice_together_from_string(const char *text) {
        for (int i = 0; i < _SLICE_TOGETHER_MAX; i++)
                if (g_strcmp0(together_names[i], text) == 0)
                        return (SliceTogether)i;

        return _SLICE_TOGETHER_INVALID;
}

static const char *const tier_names[] = {
        [SLICE_TIER_ANY] = "any",
        [SLICE_TIER_LOCAL] = "local",
        [SLICE_TIER_CXL] = "cxl",
};
G_STATIC_ASSERT(G_N_ELEMENTS(tier_names) == _SLICE_TIER_MAX);

const char *slice_tier_to_string(SliceTier tier) {
        if (tier < 0 || tier >= _SLICE_TIER_MAX)
                return NULL;

        return tier_names[tier];
}

SliceTier slice_tier_from_string(const char *text) {
        for (int i = 0; i < _SLICE_TIER_MAX; i++)
                if (g_strcmp0(tier_names[i], text) == 0)
                        return (SliceTier)i;

        return _SLICE_TIER_INVALID;
}

SliceFunction *slice_function_new(const char *name) {
        SliceFunction *function = g_new0(SliceFunction, 1);

        function->name = g_strdup(name);
        return function;
}

void slice_function_free(SliceFunction *function) {
        if (!function)
                return;

        g_free(function->name);
        g_free(function->class_name);
        g_free(function->type);
        g_free(function->pool);
        g_free(function->parent);
        g_free(function);
}

SliceOffload *slice_offload_new(const char *name) {
        SliceOffload *offload = g_new0(SliceOffload, 1);

        offload->name = g_strdup(name);
        return offload;
}

void slice_offload_free(SliceOffload *offload) {
        if (!offload)
                return;

        g_free(offload->name);
        g_free(offload->pool);
        g_free(offload);
}

SliceKey *slice_key_new(const char *kind, unsigned count) {
        SliceKey *key = g_new0(SliceKey, 1);

        key->kind = g_strdup(kind);
        key->count = count;
        return key;
}

void slice_key_free(SliceKey *key) {
        if (!key)
                return;

        g_free(key->kind);
        g_free(key);
}

static void make_lists(Slice *slice) {
        slice->functions = g_ptr_array_new_with_free_func((GDestroyNotify)slice_function_free);
        slice->offloads = g_ptr_array_new_with_free_func((GDestroyNotify)slice_offload_free);
        slice->keys = g_ptr_array_new_with_free_func((GDestroyNotify)slice_key_free);
}

Slice *slice_new(void) {
        Slice *slice = g_new0(Slice, 1);

        slice->cores.share = SLICE_SHARE_FULL;
        slice->cores.node = -1;
        slice->memory.node = -1;
        make_lists(slice);
        return slice;
}

static void copy_list(const SliceElement *element, Slice *copy, const Slice *slice) {
        for (unsigned i = 0; i < slice_element_count(element, slice); i++) {
                void *object = g_memdup2(slice_element_object(element, slice, i), element->size);

                slice_fields_copy_names(element->fields, object);
                g_ptr_array_add(slice_element_list(element, copy), object);
        }
}

Slice *slice_copy(const Slice *slice) {
        Slice *copy;

        if (!slice)
                return NULL;

        copy = g_memdup2(slice, sizeof(*slice));
        slice_fields_copy_names(slice_fields, copy);
        make_lists(copy);
        for (const SliceElement *element = slice_elements; element->name; element++)
                if (element->size > 0)
                        copy_list(element, copy, slice);
        return copy;
}

void slice_free(Slice *slice) {
        if (!slice)
                return;

        g_free(slice->apart);
        g_ptr_array_unref(slice->functions);
        g_ptr_array_unref(slice->offloads);
        g_ptr_array_unref(slice->keys);
        g_free(slice);
}

static bool element_equal(const SliceElement *element, const Slice *a, const Slice *b) {
        unsigned n = slice_element_count(element, a);

        if (n != slice_element_count(element, b))
                return false;

        for (unsigned i = 0; i < n; i++)
                if (!slice_fields_equal(element->fields, slice_element_object(element, a, i),
                                        slice_element_object(element, b, i)))
                        return false;
        return true;
}

bool slice_equal(const Slice *a, const Slice *b) {
        if (!a || !b)
                return a == b;
        if (!slice_fields_equal(slice_fields, a, b))
                return false;

        for (const SliceElement *element = slice_elements; element->name; element++)
                if (!element_equal(element, a, b))
                        return false;
        return true;
}

SliceFunction *slice_find_function(const Slice *slice, const char *name) {
        for (guint i = 0; i < slice->functions->len; i++) {
                SliceFunction *function = slice->functions->pdata[i];

                if (g_strcmp0(function->name, name) == 0)
                        return function;
        }
        return NULL;
}

SliceOffload *slice_find_offload(const Slice *slice, const char *name) {
        for (guint i = 0; i < slice->offloads->len; i++) {
                SliceOffload *offload = slice->offloads->pdata[i];

                if (g_strcmp0(offload->name, name) == 0)
                        return offload;
        }
        return NULL;
}
