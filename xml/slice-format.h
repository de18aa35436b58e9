/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of xml/slice*.c: the elements of a slice as a table, in the order in which they are
 * written; to each its attributes, and what their values mean together.
 */

#include "xml/slice-field.h"

typedef struct SliceElement SliceElement;
struct SliceElement {
        const char *name;
        const SliceField *fields;
        /* `seen` has what must not come twice, of the objects before this one. NULL: no rule. */
        bool (*check)(const void *object, GHashTable *seen, GError **error);
        /* Of an element that comes any number of times: an array of the slice, and its objects.
         * Else all 0, and the object is the slice. */
        size_t list, size;
        unsigned max;
};

extern const SliceElement slice_elements[]; /* ends with a name that is NULL */
extern const SliceField slice_fields[];     /* of the <slice> itself, but for its version */

/* Of an element that comes any number of times. */
GPtrArray *slice_element_list(const SliceElement *element, const Slice *slice);
/* How many there are; what comes once, and says nothing, is not there. */
unsigned slice_element_count(const SliceElement *element, const Slice *slice);
const void *slice_element_object(const SliceElement *element, const Slice *slice, unsigned i);
