/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/element.h"

#include "xml/excerpt.h"
#include "xml/metadata.h"
#include "xml/reader.h"

static const char *uri_of(const xmlNs *ns) {
        return ns ? (const char *)ns->href : NULL;
}

const char *element_uri(const xmlNode *element) {
        return uri_of(element->ns);
}

static bool fail_prefix(const xmlNode *element, const xmlAttr *attribute, GError **error) {
        g_autofree char *shown = excerpt((const char *)attribute->name), *tag = xml_tag(element);

        return xml_fail(element, error, "attribute '%s' of %s has a prefix: write it without",
                        shown, tag);
}

bool element_next_unknown(const xmlNode *element, const char *const *known, const xmlAttr *after,
                          const xmlAttr **ret_attribute, GError **error) {
        const xmlAttr *attribute = after ? after->next : element->properties;

        for (; attribute; attribute = attribute->next) {
                const char *uri = uri_of(attribute->ns);

                if (uri && g_str_equal(uri, METADATA_URI))
                        return fail_prefix(element, attribute, error);
                if (!uri && !g_strv_contains(known, (const char *)attribute->name))
                        break;
        }

        *ret_attribute = attribute;
        return true;
}

bool element_fail_attribute(const xmlNode *element, const xmlAttr *attribute,
                            const char *const *known, GError **error) {
        g_autofree char *shown = excerpt((const char *)attribute->name), *tag = xml_tag(element);
        g_autofree char *words = g_strjoinv(", ", (char **)known);

        return xml_fail(element, error, "%s has no attribute '%s', only %s", tag, shown, words);
}

bool element_check_attributes(const xmlNode *element, const char *const *known, GError **error) {
        const xmlAttr *attribute;

        return element_next_unknown(element, known, NULL, &attribute, error) &&
               (!attribute || element_fail_attribute(element, attribute, known, error));
}

bool element_check_no_text(const xmlNode *element, GError **error) {
        for (const xmlNode *child = element->children; child; child = child->next) {
                g_autofree char *shown = NULL, *tag = NULL;

                if (child->type != XML_TEXT_NODE || xmlIsBlankNode(child))
                        continue;

                tag = xml_tag(element);
                shown = excerpt((const char *)child->content);
                return xml_fail(element, error, "%s takes no text, but has '%s'", tag,
                                g_strstrip(shown));
        }

        return true;
}

/* An element in no namespace, inside ours, is ours with its prefix forgotten. */
static bool check_namespace(const xmlNode *child, const char *ours, GError **error) {
        const char *uri = element_uri(child);
        g_autofree char *tag = NULL;

        if (g_strcmp0(uri, ours) == 0 || (uri && !g_str_equal(uri, METADATA_URI)))
                return true;

        tag = xml_tag(child);
        return xml_fail(child, error, "%s is not in the namespace of the element around it: %s",
                        tag,
                        uri ? "write all with the prefix, or none"
                            : "write it with the prefix '" METADATA_PREFIX ":'");
}

bool element_next_child(const xmlNode *element, xmlNode **ret_child, GError **error) {
        xmlNode *child = *ret_child ? xmlNextElementSibling(*ret_child)
                                    : xmlFirstElementChild((xmlNode *)element);
        const char *ours = element_uri(element);

        for (; child; child = xmlNextElementSibling(child)) {
                if (!check_namespace(child, ours, error))
                        return false;
                if (g_strcmp0(element_uri(child), ours) == 0)
                        break;
        }

        *ret_child = child;
        return true;
}

bool element_fail_child(const xmlNode *child, const char *known, GError **error) {
        g_autofree char *tag = xml_tag(child), *parent = xml_tag(child->parent);

        return xml_fail(child, error, "%s has no element %s, only %s", parent, tag, known);
}

bool element_check_leaf(const xmlNode *element, const char *const *attributes, GError **error) {
        xmlNode *child = NULL;

        if (!element_check_attributes(element, attributes, error) ||
            !element_check_no_text(element, error) || !element_next_child(element, &child, error))
                return false;

        return !child || element_fail_child(child, "attributes", error);
}
