/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/switch-more.h"

#include <string.h>

#include "xml/element.h"
#include "xml/reader.h"

/* As it must stand in XML so that a parser gives it back byte for byte. */
static void append_escaped(GString *text, const char *value) {
        for (const char *p = value; *p; p++) {
                if (strchr("&<>'\"\t\n\r", *p))
                        g_string_append_printf(text, "&#%d;", *p);
                else
                        g_string_append_c(text, *p);
        }
}

/* A prefix that nobody has declared is part of the name, and could not be read again. */
static bool is_plain(const xmlChar *name) {
        return !strchr((const char *)name, ':');
}

static void append_attribute(GString *text, const xmlAttr *attribute) {
        const char *name = (const char *)attribute->name;
        g_autofree char *value = xml_prop(attribute->parent, name);

        g_string_append_printf(text, " %s='", name);
        append_escaped(text, value);
        g_string_append_c(text, '\'');
}

static void append_attributes(GString *text, const xmlNode *element) {
        for (const xmlAttr *a = element->properties; a; a = a->next)
                if (!a->ns && is_plain(a->name))
                        append_attribute(text, a);
}

/* Ours, or text. */
static bool is_kept(const xmlNode *node, const char *ours) {
        return node->type == XML_TEXT_NODE ||
               (node->type == XML_ELEMENT_NODE && g_strcmp0(element_uri(node), ours) == 0 &&
                is_plain(node->name));
}

/* The first child, or the next node after it, that is kept. */
static const xmlNode *next_kept(const xmlNode *node, const char *ours) {
        while (node && !is_kept(node, ours))
                node = node->next;
        return node;
}

static void append_start(GString *text, const xmlNode *element, const xmlNode *child) {
        g_string_append_printf(text, "<%c%s", SWITCH_MORE_PREFIX, (const char *)element->name);
        append_attributes(text, element);
        g_string_append(text, child ? ">" : "/>");
}

static void append_end(GString *text, const xmlNode *element) {
        g_string_append_printf(text, "</%c%s>", SWITCH_MORE_PREFIX, (const char *)element->name);
}

/* Not by recursion: others choose the depth. */
static void append_element(GString *text, const xmlNode *element) {
        const char *ours = element_uri(element);
        const xmlNode *node = element;

        for (;;) {
                const xmlNode *next = NULL;

                if (node->type == XML_ELEMENT_NODE) {
                        next = next_kept(node->children, ours);
                        append_start(text, node, next);
                } else {
                        append_escaped(text, (const char *)node->content);
                }

                while (!next && node != element) {
                        next = next_kept(node->next, ours);
                        if (!next) {
                                node = node->parent;
                                append_end(text, node);
                        }
                }
                if (!next)
                        return;
                node = next;
        }
}

static bool take(MoreReader *reader, const xmlNode *element, size_t size, GError **error) {
        if (size > reader->left)
                return xml_fail(element, error,
                                "more than %u bytes of a newer version that this host does not "
                                "know: update virt-ferry on it",
                                SWITCH_MORE_MAX);

        reader->left -= size;
        return true;
}

bool more_read_attributes(MoreReader *reader, const xmlNode *element, const char *const *known,
                          SwitchMore *more, GError **error) {
        g_autoptr(GString) text = g_string_new(NULL);
        const xmlAttr *attribute = NULL;

        if (!reader->newer)
                return element_check_attributes(element, known, error);

        do {
                if (!element_next_unknown(element, known, attribute, &attribute, error))
                        return false;
                if (attribute && is_plain(attribute->name))
                        append_attribute(text, attribute);
        } while (attribute);

        if (!take(reader, element, text->len, error))
                return false;
        if (text->len > 0)
                more->attributes = g_string_free(g_steal_pointer(&text), FALSE);
        return true;
}

bool more_read_element(MoreReader *reader, const xmlNode *element, const char *known,
                       SwitchMore *more, GError **error) {
        g_autoptr(GString) text = g_string_new(more->elements);
        size_t before = text->len;

        if (!reader->newer)
                return element_fail_child(element, known, error);
        if (!is_plain(element->name))
                return true;

        append_element(text, element);
        if (!take(reader, element, text->len - before, error))
                return false;

        g_free(more->elements);
        more->elements = g_string_free(g_steal_pointer(&text), FALSE);
        return true;
}

bool more_read_leaf(MoreReader *reader, const xmlNode *element, const char *const *known,
                    SwitchMore *more, GError **error) {
        xmlNode *child = NULL;

        if (!more_read_attributes(reader, element, known, more, error) ||
            !element_check_no_text(element, error))
                return false;

        do {
                if (!element_next_child(element, &child, error) ||
                    (child && !more_read_element(reader, child, "attributes", more, error)))
                        return false;
        } while (child);
        return true;
}

char *more_elements(const SwitchMore *more, const char *prefix) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (const char *p = more->elements; p && *p; p++) {
                if (*p == SWITCH_MORE_PREFIX)
                        g_string_append(text, prefix);
                else
                        g_string_append_c(text, *p);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}
