/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside the xml ring: what a newer minor version of a SwitchState has and
 * nobody here knows, kept as text to be handed on.
 *
 * Elements and attributes of other namespaces inside of it are other people's
 * and are left out, as everywhere.
 */

#include "xml/document.h"
#include "xml/switch-state.h"

typedef struct MoreReader {
        bool newer;  /* what is not known is kept, else refused */
        size_t left; /* bytes that may still be kept */
} MoreReader;

/* Keeps, or refuses, all attributes that are not in `known`. */
bool more_read_attributes(MoreReader *reader, const xmlNode *element, const char *const *known,
                          SwitchMore *more, GError **error);
/* Keeps, or refuses, the element; `known` in words for the refusal. */
bool more_read_element(MoreReader *reader, const xmlNode *element, const char *known,
                       SwitchMore *more, GError **error);
/* For an element that has no children of ours in this version. */
bool more_read_leaf(MoreReader *reader, const xmlNode *element, const char *const *known,
                    SwitchMore *more, GError **error);

/* The kept elements with this prefix ("ferry:" or ""). Free it. */
char *more_elements(const SwitchMore *more, const char *prefix);
