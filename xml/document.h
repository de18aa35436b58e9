/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A tree of XML that was limited before it was parsed.
 *
 * The text may come from an enemy. Refused in one sentence (FERRY_ERROR_INVALID_XML,
 * "line 3: ..."): what is too big, too deep, not UTF-8, not well-formed, or has
 * a DOCTYPE, and with it every entity and every other file. Comments and
 * processing instructions are read and not kept.
 *
 * Inside the xml ring, and for other readers of our own XML files.
 */

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

/* A domain has some thousand tags and attributes and a handful of namespaces. With the size of the
 * text these bound the memory of the tree (some 30 MB for 4 MB of text), and libxml2's time: it
 * looks for an attribute's doubles, and for the namespace of a prefix, one by one. */
#define XML_TAGS_MAX           50000
#define XML_ATTRIBUTES_MAX     20000
#define XML_TAG_ATTRIBUTES_MAX 1000
#define XML_NAMESPACES_MAX     100 /* declared at one place */
#define XML_DEPTH_MAX          200

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

xmlDoc *xml_document_parse(const char *xml, size_t size, size_t size_max, GError **error);

/* The line where an element's start tag ends. */
unsigned xml_line(const xmlNode *element);

/* Where an attribute's value stands in the text that the document was made of, quotes not
 * included. False where the text is not the value itself (a character reference, a line break):
 * such a value cannot be replaced in place. */
bool xml_value_position(const xmlAttr *attribute, const char *xml, size_t size, size_t *ret_start,
                        size_t *ret_end);
