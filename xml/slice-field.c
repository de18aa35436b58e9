/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/slice-field.h"

#include "xml/excerpt.h"
#include "xml/ferry-error.h"
#include "xml/reader.h"

static char *name_of(const SliceField *field, const void *object) {
        return G_STRUCT_MEMBER(char *, object, field->offset);
}

uint64_t slice_field_number(const SliceField *field, const void *object) {
        return field->type == SLICE_FIELD_NUMBER ? G_STRUCT_MEMBER(unsigned, object, field->offset)
                                                 : G_STRUCT_MEMBER(uint64_t, object, field->offset);
}

static const unsigned *range_of(const SliceField *field, const void *object) {
        return &G_STRUCT_MEMBER(unsigned, object, field->offset);
}

bool slice_field_is_absent(const SliceField *field, const void *object) {
        switch (field->type) {
        case SLICE_FIELD_END:
                return true;
        case SLICE_FIELD_NAME:
        case SLICE_FIELD_DEVICE:
                return !name_of(field, object);
        case SLICE_FIELD_WORD:
                return G_STRUCT_MEMBER(int, object, field->offset) == 0;
        case SLICE_FIELD_FLAG:
        case SLICE_FIELD_PRESENT:
                return !G_STRUCT_MEMBER(bool, object, field->offset);
        case SLICE_FIELD_NUMBER:
        case SLICE_FIELD_NUMBER64:
        case SLICE_FIELD_SIZE:
                return slice_field_number(field, object) == field->absent;
        case SLICE_FIELD_RANGE:
                return range_of(field, object)[0] == 0 && range_of(field, object)[1] == 0;
        }
        g_assert_not_reached();
}

static bool field_equal(const SliceField *field, const void *a, const void *b) {
        switch (field->type) {
        case SLICE_FIELD_END:
                return true;
        case SLICE_FIELD_NAME:
        case SLICE_FIELD_DEVICE:
                return g_strcmp0(name_of(field, a), name_of(field, b)) == 0;
        case SLICE_FIELD_WORD:
                return G_STRUCT_MEMBER(int, a, field->offset) ==
                       G_STRUCT_MEMBER(int, b, field->offset);
        case SLICE_FIELD_FLAG:
        case SLICE_FIELD_PRESENT:
                return G_STRUCT_MEMBER(bool, a, field->offset) ==
                       G_STRUCT_MEMBER(bool, b, field->offset);
        case SLICE_FIELD_NUMBER:
        case SLICE_FIELD_NUMBER64:
        case SLICE_FIELD_SIZE:
                return slice_field_number(field, a) == slice_field_number(field, b);
        case SLICE_FIELD_RANGE:
                return range_of(field, a)[0] == range_of(field, b)[0] &&
                       range_of(field, a)[1] == range_of(field, b)[1];
        }
        g_assert_not_reached();
}

bool slice_fields_equal(const SliceField *fields, const void *a, const void *b) {
        for (; fields->type != SLICE_FIELD_END; fields++)
                if (!field_equal(fields, a, b))
                        return false;
        return true;
}

static bool check_name(const SliceField *field, const void *object, GError **error) {
        g_autofree char *shown = NULL;

        if (xml_name_is_valid(name_of(field, object)))
                return true;

        shown = excerpt(name_of(field, object));
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                    "attribute '%s' must be letters, digits and . _ + : -, at most %d of them and "
                    "a letter, digit or _ first, not '%s'",
                    field->name, XML_NAME_LENGTH_MAX, shown);
        return false;
}

static bool check_number(const SliceField *field, uint64_t number, GError **error) {
        if (number >= field->min && number <= field->max)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                    "attribute '%s' must be %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                    ", not '%" G_GUINT64_FORMAT "'",
                    field->name, field->min, field->max, number);
        return false;
}

static bool check_range(const SliceField *field, const unsigned *range, GError **error) {
        if (range[0] <= range[1] && range[1] <= field->max)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                    "attribute '%s' must be " SLICE_RANGE_RULE ", not '%u-%u'", field->name,
                    field->max, range[0], range[1]);
        return false;
}

static bool check_word(const SliceField *field, int word, GError **error) {
        if (field->to_string(word))
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                    "attribute '%s' has no word for %d", field->name, word);
        return false;
}

static bool check_field(const SliceField *field, const void *object, GError **error) {
        switch (field->type) {
        case SLICE_FIELD_NAME:
        case SLICE_FIELD_DEVICE:
                return check_name(field, object, error);
        case SLICE_FIELD_WORD:
                return check_word(field, G_STRUCT_MEMBER(int, object, field->offset), error);
        case SLICE_FIELD_NUMBER:
        case SLICE_FIELD_NUMBER64:
        case SLICE_FIELD_SIZE:
                return check_number(field, slice_field_number(field, object), error);
        case SLICE_FIELD_RANGE:
                return check_range(field, range_of(field, object), error);
        case SLICE_FIELD_END:
        case SLICE_FIELD_FLAG:
        case SLICE_FIELD_PRESENT:
                return true;
        }
        g_assert_not_reached();
}

bool slice_fields_check(const SliceField *fields, const void *object, GError **error) {
        for (; fields->type != SLICE_FIELD_END; fields++) {
                bool absent = slice_field_is_absent(fields, object);

                if (absent && fields->required) {
                        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                                    "an attribute '%s' is needed", fields->name);
                        return false;
                }
                if (!absent && !check_field(fields, object, error))
                        return false;
        }
        return true;
}

void slice_fields_copy_names(const SliceField *fields, void *object) {
        for (; fields->type != SLICE_FIELD_END; fields++)
                if (fields->type == SLICE_FIELD_NAME || fields->type == SLICE_FIELD_DEVICE)
                        G_STRUCT_MEMBER(char *, object,
                                        fields->offset) = g_strdup(name_of(fields, object));
}
