/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Typed readers for the attributes and children of an element.
 *
 * An attribute that is absent leaves the output as it was; xml_require() asks
 * for it. All return false with FERRY_ERROR_INVALID_XML, in words such as
 * "line 2: attribute 'count' must be 1 to 64, not '0'".
 *
 * Attributes are those without a namespace. Nothing here recurses.
 */

#include <stdint.h>

#include "xml/document.h"

#define XML_NAME_LENGTH_MAX 128
#define XML_TEXT_LENGTH_MAX 255

/* "line N: ..."; always false. */
bool xml_fail(const xmlNode *element, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same name and namespace; `uri` NULL for none. */
bool xml_is(const xmlNode *element, const char *uri, const char *name);
/* The one child of this name without namespace, NULL where there is none; false when there are
 * more. */
bool xml_child(const xmlNode *element, const char *name, xmlNode **ret_child, GError **error);
/* The same, and "<source> needs an <address>" when it is not there. */
bool xml_require_child(const xmlNode *element, const char *name, xmlNode **ret_child,
                       GError **error);
/* For what libvirt has written, whose order and number of children are right: the first child of
 * this name without namespace, NULL where there is none or no element; and the next one of the same
 * name beside it. */
xmlNode *xml_first_child(const xmlNode *element, const char *name);
xmlNode *xml_next_same(const xmlNode *element);
/* As it stands in XML: "<ferry:need>". Free it. */
char *xml_tag(const xmlNode *element);

/* The raw value, NULL without the attribute. Free it. */
char *xml_prop(const xmlNode *element, const char *name);
/* The same of the first child of this name: "mac", "address". */
char *xml_child_prop(const xmlNode *element, const char *child, const char *name);
bool xml_prop_is(const xmlNode *element, const char *name, const char *value);
bool xml_require(const xmlNode *element, const char *name, GError **error);

/* A word that may become a file name: letters, digits and . _ + : -, not starting with a mark. */
bool xml_name_is_valid(const char *text);
bool xml_prop_name(const xmlNode *element, const char *name, char **ret_value, GError **error);
/* One line of at most XML_TEXT_LENGTH_MAX characters, not empty. */
bool xml_text_is_valid(const char *text);
bool xml_prop_text(const xmlNode *element, const char *name, char **ret_value, GError **error);
/* "0000:3b:00.2" and a uuid; given in lower case. */
bool xml_prop_pci_address(const xmlNode *element, const char *name, char **ret_value,
                          GError **error);
bool xml_prop_uuid(const xmlNode *element, const char *name, char **ret_value, GError **error);

/* Decimal, without sign or leading zeros. */
bool xml_prop_uint64(const xmlNode *element, const char *name, uint64_t min, uint64_t max,
                     uint64_t *ret_value, GError **error);
bool xml_prop_uint(const xmlNode *element, const char *name, unsigned min, unsigned max,
                   unsigned *ret_value, GError **error);
/* "0x15b3": `digits` hex digits or fewer after the 0x. */
bool xml_prop_hex(const xmlNode *element, const char *name, unsigned digits, int *ret_value,
                  GError **error);
/* As libvirt reads numbers: 0x is hexadecimal, a leading 0 octal, all else decimal. */
bool xml_prop_number(const xmlNode *element, const char *name, uint32_t max, uint32_t *ret_value,
                     GError **error);
/* "yes" or "no". */
bool xml_prop_bool(const xmlNode *element, const char *name, bool *ret_value, GError **error);
/* One of to_string(0), to_string(1), ... up to the first NULL; the message names them all. */
bool xml_prop_enum(const xmlNode *element, const char *name, const char *(*to_string)(int),
                   int *ret_value, GError **error);
