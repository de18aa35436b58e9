/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/excerpt.h"
#include "xml/pci-address.h"
#include "xml/reader.h"
#include "xml/slice-field.h"

#define UNIT "unit"

/* As libvirt writes memory, but for its powers of 10. */
static const struct {
        const char *name;
        unsigned shift;
} units[] = { { "B", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 } };

static const char *unit_word(int unit) {
        return unit >= 0 && unit < (int)G_N_ELEMENTS(units) ? units[unit].name : NULL;
}

const char **slice_fields_names(const SliceField *fields, const char *first) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        if (first)
                g_ptr_array_add(names, (char *)first);
        for (; fields->type != SLICE_FIELD_END; fields++) {
                if (fields->name)
                        g_ptr_array_add(names, (char *)fields->name);
                if (fields->type == SLICE_FIELD_SIZE)
                        g_ptr_array_add(names, (char *)UNIT);
        }
        g_ptr_array_add(names, NULL);
        return (const char **)g_ptr_array_steal(names, NULL);
}

static bool read_device(const SliceField *field, const xmlNode *element, char **ret_name,
                        GError **error) {
        if (!xml_prop_name(element, field->name, ret_name, error))
                return false;

        if (*ret_name && pci_address_is_valid(*ret_name)) {
                char *lower = g_ascii_strdown(*ret_name, -1);

                g_free(*ret_name);
                *ret_name = lower;
        }
        return true;
}

static bool read_size(const SliceField *field, const xmlNode *element, uint64_t *ret_bytes,
                      GError **error) {
        int unit = 1; /* KiB, as in libvirt */
        uint64_t size = 0;

        if (!xml_prop_enum(element, UNIT, unit_word, &unit, error) ||
            !xml_prop_uint64(element, field->name, 1, field->max >> units[unit].shift, &size,
                             error))
                return false;

        *ret_bytes = size << units[unit].shift;
        return true;
}

static bool parse_number(const char *text, uint64_t max, unsigned *ret_number) {
        uint64_t number;

        if ((text[0] == '0' && text[1]) ||
            !g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
                return false;

        *ret_number = (unsigned)number;
        return true;
}

static bool parse_range(const char *text, uint64_t max, unsigned *ret_range) {
        const char *dash = strchr(text, '-');
        g_autofree char *low = dash ? g_strndup(text, (gsize)(dash - text)) : NULL;
        unsigned range[2];

        if (!dash || !parse_number(low, max, &range[0]) ||
            !parse_number(dash + 1, max, &range[1]) || range[0] > range[1] || range[1] == 0)
                return false;

        memcpy(ret_range, range, sizeof(range));
        return true;
}

static bool read_range(const SliceField *field, const xmlNode *element, unsigned *ret_range,
                       GError **error) {
        g_autofree char *value = xml_prop(element, field->name), *shown = NULL;

        if (!value || parse_range(value, field->max, ret_range))
                return true;

        shown = excerpt(value);
        return xml_fail(element, error, "attribute '%s' must be " SLICE_RANGE_RULE ", not '%s'",
                        field->name, field->max, shown);
}

static bool read_number(const SliceField *field, const xmlNode *element, void *object,
                        GError **error) {
        uint64_t number = slice_field_number(field, object);

        if (!xml_prop_uint64(element, field->name, field->min, field->max, &number, error))
                return false;

        if (field->type == SLICE_FIELD_NUMBER)
                G_STRUCT_MEMBER(unsigned, object, field->offset) = (unsigned)number;
        else
                G_STRUCT_MEMBER(uint64_t, object, field->offset) = number;
        return true;
}

static bool read_field(const SliceField *field, const xmlNode *element, void *object,
                       GError **error) {
        void *member = G_STRUCT_MEMBER_P(object, field->offset);

        switch (field->type) {
        case SLICE_FIELD_END:
                return true;
        case SLICE_FIELD_NAME:
                return xml_prop_name(element, field->name, member, error);
        case SLICE_FIELD_DEVICE:
                return read_device(field, element, member, error);
        case SLICE_FIELD_WORD:
                return xml_prop_enum(element, field->name, field->to_string, member, error);
        case SLICE_FIELD_FLAG:
                return xml_prop_bool(element, field->name, member, error);
        case SLICE_FIELD_NUMBER:
        case SLICE_FIELD_NUMBER64:
                return read_number(field, element, object, error);
        case SLICE_FIELD_SIZE:
                return read_size(field, element, member, error);
        case SLICE_FIELD_RANGE:
                return read_range(field, element, member, error);
        case SLICE_FIELD_PRESENT:
                *(bool *)member = true;
                return true;
        }
        g_assert_not_reached();
}

bool slice_fields_read(const SliceField *fields, const xmlNode *element, void *object,
                       GError **error) {
        for (; fields->type != SLICE_FIELD_END; fields++) {
                if (fields->required && fields->name && !xml_require(element, fields->name, error))
                        return false;
                if (!read_field(fields, element, object, error))
                        return false;
        }
        return true;
}

/* In the largest unit that says it without a fraction. */
static void write_size(GString *xml, const char *name, uint64_t bytes) {
        size_t unit = G_N_ELEMENTS(units) - 1;

        while (bytes & ((UINT64_C(1) << units[unit].shift) - 1))
                unit--;
        g_string_append_printf(xml, " %s='%" G_GUINT64_FORMAT "' " UNIT "='%s'", name,
                               bytes >> units[unit].shift, units[unit].name);
}

static void write_field(GString *xml, const SliceField *field, const void *object) {
        const void *member = G_STRUCT_MEMBER_P(object, field->offset);

        switch (field->type) {
        case SLICE_FIELD_NAME:
        case SLICE_FIELD_DEVICE:
                g_string_append_printf(xml, " %s='%s'", field->name, *(char *const *)member);
                break;
        case SLICE_FIELD_WORD:
                g_string_append_printf(xml, " %s='%s'", field->name,
                                       field->to_string(*(const int *)member));
                break;
        case SLICE_FIELD_FLAG:
                g_string_append_printf(xml, " %s='yes'", field->name);
                break;
        case SLICE_FIELD_NUMBER:
        case SLICE_FIELD_NUMBER64:
                g_string_append_printf(xml, " %s='%" G_GUINT64_FORMAT "'", field->name,
                                       slice_field_number(field, object));
                break;
        case SLICE_FIELD_SIZE:
                write_size(xml, field->name, *(const uint64_t *)member);
                break;
        case SLICE_FIELD_RANGE:
                g_string_append_printf(xml, " %s='%u-%u'", field->name,
                                       ((const unsigned *)member)[0],
                                       ((const unsigned *)member)[1]);
                break;
        case SLICE_FIELD_END:
        case SLICE_FIELD_PRESENT:
                break;
        }
}

void slice_fields_write(GString *xml, const SliceField *fields, const void *object) {
        for (; fields->type != SLICE_FIELD_END; fields++)
                if (!slice_field_is_absent(fields, object))
                        write_field(xml, fields, object);
}
