/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/from-node.h"
#include "xml/slice-format.h"

static void write_elements(GString *xml, const SliceElement *element, const Slice *slice,
                           const char *prefix, int indent) {
        for (unsigned i = 0; i < slice_element_count(element, slice); i++) {
                g_string_append_printf(xml, "%*s<%s%s", indent, "", prefix, element->name);
                slice_fields_write(xml, element->fields, slice_element_object(element, slice, i));
                g_string_append(xml, "/>\n");
        }
}

static void write_slice(GString *xml, const Slice *slice, const char *prefix, const char *namespace,
                        int indent) {
        g_string_append_printf(xml, "%*s<%sslice%s version='" SLICE_VERSION "'", indent, "", prefix,
                               namespace);
        slice_fields_write(xml, slice_fields, slice);
        g_string_append(xml, ">\n");
        for (const SliceElement *element = slice_elements; element->name; element++)
                write_elements(xml, element, slice, prefix, indent + 2);
        g_string_append_printf(xml, "%*s</%sslice>\n", indent, "", prefix);
}

void slice_write(GString *xml, const Slice *slice, const char *prefix, int indent) {
        write_slice(xml, slice, prefix, "", indent);
}

char *slice_to_xml(const Slice *slice) {
        g_autoptr(GString) xml = g_string_new(NULL);

        write_slice(xml, slice, METADATA_PREFIX ":",
                    " xmlns:" METADATA_PREFIX "='" METADATA_URI "'", 0);
        return g_string_free(g_steal_pointer(&xml), FALSE);
}
