/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/edit.h"

#include "xml/reader.h"

typedef struct Edit {
        size_t start, end;
        guint number; /* in the order in which they came */
        char *text;
} Edit;

static void edit_clear(void *edit) {
        g_free(((Edit *)edit)->text);
}

Edits *edits_new(const char *xml, size_t size) {
        Edits *edits = g_new0(Edits, 1);

        edits->xml = xml;
        edits->size = size;
        edits->list = g_array_new(FALSE, FALSE, sizeof(Edit));
        g_array_set_clear_func(edits->list, edit_clear);
        return edits;
}

void edits_free(Edits *edits) {
        if (!edits)
                return;

        g_array_unref(edits->list);
        g_free(edits);
}

void edits_replace(Edits *edits, size_t start, size_t end, const char *text) {
        Edit edit = { start, end, edits->list->len, g_strdup(text) };

        g_array_append_val(edits->list, edit);
}

bool edits_find_value(const Edits *edits, const xmlNode *element, const char *name,
                      size_t *ret_start, size_t *ret_end, GError **error) {
        const xmlAttr *attr = xmlHasNsProp((xmlNode *)element, (const xmlChar *)name, NULL);

        if (attr && xml_value_position(attr, edits->xml, edits->size, ret_start, ret_end))
                return true;

        return xml_fail(element, error,
                        "attribute '%s' cannot be rewritten: write its value without '&'", name);
}

bool edits_replace_value(Edits *edits, const xmlNode *element, const char *name, const char *value,
                         GError **error) {
        size_t start, end;

        if (!edits_find_value(edits, element, name, &start, &end, error))
                return false;

        edits_replace(edits, start, end, value);
        return true;
}

static int compare(const void *a, const void *b) {
        const Edit *first = a, *second = b;

        if (first->start != second->start)
                return first->start < second->start ? -1 : 1;
        return first->number < second->number ? -1 : 1;
}

char *edits_apply(Edits *edits) {
        g_autoptr(GString) text = g_string_sized_new(edits->size + 256);
        size_t kept = 0;

        g_array_sort(edits->list, compare);
        for (guint i = 0; i < edits->list->len; i++) {
                const Edit *edit = &g_array_index(edits->list, Edit, i);

                g_string_append_len(text, edits->xml + kept, (gssize)(edit->start - kept));
                g_string_append(text, edit->text);
                kept = edit->end;
        }
        g_string_append_len(text, edits->xml + kept, (gssize)(edits->size - kept));
        return g_string_free(g_steal_pointer(&text), FALSE);
}
