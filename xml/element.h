/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside the xml ring: the rules that every element of our namespace keeps.
 *
 * Ours is what has the namespace of the element around it, which is
 * METADATA_URI or none. Elements and attributes of other namespaces are other
 * people's and are passed over. All false with FERRY_ERROR_INVALID_XML.
 */

#include "xml/document.h"

const char *element_uri(const xmlNode *element); /* NULL without */

/* Nothing but the known attributes; `known` ends with NULL. */
bool element_check_attributes(const xmlNode *element, const char *const *known, GError **error);
/* Our next attribute that is not known, NULL at the end; `after` NULL: the first. False for one of
 * our namespace that is written with a prefix. */
bool element_next_unknown(const xmlNode *element, const char *const *known, const xmlAttr *after,
                          const xmlAttr **ret_attribute, GError **error);
bool element_fail_attribute(const xmlNode *element, const xmlAttr *attribute,
                            const char *const *known, GError **error);

bool element_check_no_text(const xmlNode *element, GError **error);
/* Gives our children one by one; *ret_child is NULL before the first and at the end. */
bool element_next_child(const xmlNode *element, xmlNode **ret_child, GError **error);
/* "<ferry:need> has no element <ferry:seen>, only KNOWN"; always false. */
bool element_fail_child(const xmlNode *child, const char *known, GError **error);
/* For elements without children of ours. */
bool element_check_leaf(const xmlNode *element, const char *const *attributes, GError **error);
