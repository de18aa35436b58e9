/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of xml/slice*.c: the attributes of an element as a table, from which they are read,
 * written, checked and compared, so that none of these forgets one.
 */

#include "xml/document.h"
#include "xml/slice.h"

typedef enum SliceFieldType {
        SLICE_FIELD_END,
        SLICE_FIELD_NAME,     /* char *, NULL none; as xml_name_is_valid() has it */
        SLICE_FIELD_DEVICE,   /* the same; a PCI address is read in lower case */
        SLICE_FIELD_WORD,     /* an enum: 0 without a word */
        SLICE_FIELD_FLAG,     /* bool: "yes" or "no" */
        SLICE_FIELD_NUMBER,   /* unsigned, or int where `absent` is -1 */
        SLICE_FIELD_NUMBER64, /* uint64_t */
        SLICE_FIELD_SIZE,     /* uint64_t, bytes; with it comes an attribute 'unit' */
        SLICE_FIELD_RANGE,    /* two unsigned behind each other: "1-8" */
        SLICE_FIELD_PRESENT,  /* bool, without attribute: that the element is there */
} SliceFieldType;

typedef struct SliceField {
        SliceFieldType type;
        const char *name;
        size_t offset;
        bool required;
        unsigned absent;               /* the number that stands for no word */
        uint64_t min, max;             /* of numbers, and of the second of a range */
        const char *(*to_string)(int); /* of a word */
} SliceField;

/* Of a range; takes `max`. */
#define SLICE_RANGE_RULE \
        "two numbers like 1-8, the second not below the first and 1 to %" G_GUINT64_FORMAT

/* For all: a table ends with SLICE_FIELD_END; `object` is what the offsets are of. */
bool slice_field_is_absent(const SliceField *field, const void *object);
bool slice_fields_equal(const SliceField *fields, const void *a, const void *b);
/* "attribute 'share' must be 1 to 1000, not '0'" */
bool slice_fields_check(const SliceField *fields, const void *object, GError **error);
/* Gives an object that was copied as bytes its own strings. */
void slice_fields_copy_names(const SliceField *fields, void *object);

/* Their names, and before them `first` where it is not NULL; ends with NULL. Free the array. */
const char **slice_fields_names(const SliceField *fields, const char *first);
bool slice_fields_read(const SliceField *fields, const xmlNode *element, void *object,
                       GError **error);
void slice_fields_write(GString *xml, const SliceField *fields, const void *object);

/* What an attribute is stored in. */
uint64_t slice_field_number(const SliceField *field, const void *object);
