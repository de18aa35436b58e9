/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Changes of a text, collected and then made at once: every byte that none of
 * them names is kept. Inside the xml ring.
 */

#include "xml/document.h"

typedef struct Edits {
        const char *xml; /* borrowed */
        size_t size;
        GArray *list;
} Edits;

Edits *edits_new(const char *xml, size_t size);
void edits_free(Edits *edits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Edits, edits_free)

/* Bytes `start` to `end` give way to `text`; with an empty range it is put there. Ranges do not
 * overlap; of several at one place the first comes first. */
void edits_replace(Edits *edits, size_t start, size_t end, const char *text);
/* Where the value of an attribute stands, without its quotes. FERRY_ERROR_INVALID_XML for one that
 * stands behind a character reference. */
bool edits_find_value(const Edits *edits, const xmlNode *element, const char *name,
                      size_t *ret_start, size_t *ret_end, GError **error);
/* The same for the value of an attribute. */
bool edits_replace_value(Edits *edits, const xmlNode *element, const char *name, const char *value,
                         GError **error);
/* The text with all of them made. Free it. */
char *edits_apply(Edits *edits);
