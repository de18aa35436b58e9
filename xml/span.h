/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where elements stand in a text that is well-formed (xml/document.h has parsed
 * it): for what is put between the tags of others, and all else is kept. Inside
 * the xml ring.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct XmlSpan {
        size_t start, end;             /* of the whole element, both tags included */
        size_t inner_start, inner_end; /* what is between them; of <x/> both are `end` */
} XmlSpan;

/* The root. */
XmlSpan xml_span_root(const char *xml, size_t size);
/* The first child of this name without a prefix that begins at `from` or behind it, which is
 * `parent`'s inner_start or the end of another child. False: there is none. */
bool xml_span_child(const char *xml, const XmlSpan *parent, size_t from, const char *name,
                    XmlSpan *ret_child);
