/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/element.h"
#include "xml/excerpt.h"
#include "xml/from-node.h"
#include "xml/reader.h"
#include "xml/slice-format.h"
#include "xml/slice-rule.h"

typedef struct SliceReader {
        Slice *slice;
        GHashTable *seen;
        unsigned once; /* a bit for each element that has come, by its place in slice_elements[] */
} SliceReader;

static bool say_line(const xmlNode *element, GError **error) {
        g_prefix_error(error, "line %u: ", xml_line(element));
        return false;
}

static bool read_object(const SliceReader *reader, const SliceElement *element, const xmlNode *node,
                        void *object, GError **error) {
        g_autofree const char **names = slice_fields_names(element->fields, NULL);

        if (!element_check_leaf(node, names, error) ||
            !slice_fields_read(element->fields, node, object, error))
                return false;

        return !element->check || element->check(object, reader->seen, error) ||
               say_line(node, error);
}

static bool read_one_of_many(const SliceReader *reader, const SliceElement *element,
                             const xmlNode *node, GError **error) {
        GPtrArray *list = slice_element_list(element, reader->slice);
        g_autofree char *tag = xml_tag(node);
        void *object;

        if (list->len >= element->max)
                return xml_fail(node, error, "more than %u %s", element->max, tag);

        object = g_malloc0(element->size);
        g_ptr_array_add(list, object);
        return read_object(reader, element, node, object, error);
}

static bool read_once(SliceReader *reader, const SliceElement *element, const xmlNode *node,
                      GError **error) {
        unsigned bit = 1u << (element - slice_elements);

        if (reader->once & bit) {
                g_autofree char *tag = xml_tag(node), *parent = xml_tag(node->parent);

                return xml_fail(node, error, "a second %s in %s: remove one", tag, parent);
        }

        reader->once |= bit;
        return read_object(reader, element, node, reader->slice, error);
}

/* "cores, memory and allow" */
static char *known_elements(void) {
        g_autoptr(GString) words = g_string_new(NULL);

        for (const SliceElement *element = slice_elements; element->name; element++)
                g_string_append_printf(words, "%s%s",
                                       element == slice_elements ? ""
                                       : element[1].name         ? ", "
                                                                 : " and ",
                                       element->name);
        return g_string_free(g_steal_pointer(&words), FALSE);
}

static bool read_child(SliceReader *reader, const xmlNode *node, GError **error) {
        g_autofree char *known = NULL;

        for (const SliceElement *element = slice_elements; element->name; element++) {
                if (!xml_is(node, element_uri(node), element->name))
                        continue;

                return element->size > 0 ? read_one_of_many(reader, element, node, error)
                                         : read_once(reader, element, node, error);
        }

        known = known_elements();
        return element_fail_child(node, known, error);
}

static bool read_children(SliceReader *reader, const xmlNode *element, GError **error) {
        xmlNode *child = NULL;

        do {
                if (!element_next_child(element, &child, error) ||
                    (child && !read_child(reader, child, error)))
                        return false;
        } while (child);

        return slice_rule_all(reader->slice, error) || say_line(element, error);
}

static bool check_version(const xmlNode *element, GError **error) {
        g_autofree char *version = xml_prop(element, "version"), *shown = NULL;

        if (!xml_require(element, "version", error))
                return false;
        if (g_str_equal(version, SLICE_VERSION))
                return true;

        shown = excerpt(version);
        return xml_fail(element, error,
                        "version '%s' of a hardware slice is not known here, only '" SLICE_VERSION
                        "': update virt-ferry on this host",
                        shown);
}

Slice *slice_from_node(const xmlNode *element, GError **error) {
        g_autofree const char **names = slice_fields_names(slice_fields, "version");
        g_autoptr(GHashTable) seen = slice_seen_new();
        g_autoptr(Slice) slice = slice_new();
        SliceReader reader = { slice, seen, 0 };

        if (!check_version(element, error) || !element_check_attributes(element, names, error) ||
            !element_check_no_text(element, error) ||
            !slice_fields_read(slice_fields, element, slice, error) ||
            !read_children(&reader, element, error))
                return NULL;

        return g_steal_pointer(&slice);
}

Slice *slice_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, SLICE_XML_MAX, error);
        g_autofree char *tag = NULL;
        xmlNode *root;

        if (!doc)
                return NULL;

        root = xmlDocGetRootElement(doc);
        if (xml_is(root, METADATA_URI, "slice") || xml_is(root, NULL, "slice"))
                return slice_from_node(root, error);

        tag = xml_tag(root);
        xml_fail(root, error, "%s is not <%s:slice> of namespace %s", tag, METADATA_PREFIX,
                 METADATA_URI);
        return NULL;
}
