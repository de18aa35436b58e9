/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/excerpt.h"
#include "xml/ferry-error.h"
#include "xml/slice-format.h"
#include "xml/slice-rule.h"

/* "<function> 'nic': ", "<cores>: " */
static void say_where(GError **error, const SliceElement *element, const void *object) {
        /* the first member of all that come several times is their name */
        const char *name = element->size > 0 ? *(char *const *)object : NULL;
        g_autofree char *shown = name ? excerpt(name) : NULL;

        if (shown)
                g_prefix_error(error, "<%s> '%s': ", element->name, shown);
        else
                g_prefix_error(error, "<%s>: ", element->name);
}

static bool check_object(const SliceElement *element, const void *object, GHashTable *seen,
                         GError **error) {
        if (slice_fields_check(element->fields, object, error) &&
            (!element->check || element->check(object, seen, error)))
                return true;

        say_where(error, element, object);
        return false;
}

static bool check_element(const SliceElement *element, const Slice *slice, GHashTable *seen,
                          GError **error) {
        unsigned n = slice_element_count(element, slice);

        if (element->size > 0 && n > element->max) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML, "more than %u <%s>",
                            element->max, element->name);
                return false;
        }

        for (unsigned i = 0; i < n; i++)
                if (!check_object(element, slice_element_object(element, slice, i), seen, error))
                        return false;
        return true;
}

bool slice_check(const Slice *slice, GError **error) {
        g_autoptr(GHashTable) seen = slice_seen_new();

        if (!slice_fields_check(slice_fields, slice, error)) {
                g_prefix_error(error, "<slice>: ");
                return false;
        }

        for (const SliceElement *element = slice_elements; element->name; element++)
                if (!check_element(element, slice, seen, error))
                        return false;
        return slice_rule_all(slice, error);
}
