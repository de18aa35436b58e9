/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/value.h"

#include <errno.h>
#include <string.h>

static int read_basic(sd_bus_message *m, char type, GVariant **ret_value) {
        union {
                uint8_t y;
                int b; /* sd-bus gives a boolean the size of an int */
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
        } value;
        int r;

        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;

        switch (type) {
        case SD_BUS_TYPE_BYTE:
                *ret_value = g_variant_new_byte(value.y);
                return 1;
        case SD_BUS_TYPE_BOOLEAN:
                *ret_value = g_variant_new_boolean(value.b);
                return 1;
        case SD_BUS_TYPE_INT16:
                *ret_value = g_variant_new_int16(value.n);
                return 1;
        case SD_BUS_TYPE_UINT16:
                *ret_value = g_variant_new_uint16(value.q);
                return 1;
        case SD_BUS_TYPE_INT32:
                *ret_value = g_variant_new_int32(value.i);
                return 1;
        case SD_BUS_TYPE_UINT32:
                *ret_value = g_variant_new_uint32(value.u);
                return 1;
        case SD_BUS_TYPE_INT64:
                *ret_value = g_variant_new_int64(value.x);
                return 1;
        case SD_BUS_TYPE_UINT64:
                *ret_value = g_variant_new_uint64(value.t);
                return 1;
        case SD_BUS_TYPE_DOUBLE:
                *ret_value = g_variant_new_double(value.d);
                return 1;
        case SD_BUS_TYPE_STRING:
                *ret_value = g_variant_new_string(value.s);
                return 1;
        case SD_BUS_TYPE_OBJECT_PATH:
                *ret_value = g_variant_new_object_path(value.s);
                return 1;
        case SD_BUS_TYPE_SIGNATURE:
                *ret_value = g_variant_new_signature(value.s);
                return 1;
        default: /* a file descriptor: not in this API */
                return -EOPNOTSUPP;
        }
}

static GVariantType *container_type(char type, const char *contents) {
        g_autofree char *text = NULL;

        switch (type) {
        case SD_BUS_TYPE_ARRAY:
                text = g_strdup_printf("a%s", contents);
                break;
        case SD_BUS_TYPE_STRUCT:
                text = g_strdup_printf("(%s)", contents);
                break;
        case SD_BUS_TYPE_DICT_ENTRY:
                text = g_strdup_printf("{%s}", contents);
                break;
        default:
                text = g_strdup("v");
                break;
        }
        return g_variant_type_new(text);
}

/* Reads values to the end of the container that was entered. */
static int read_into(sd_bus_message *m, const GVariantType *type, GVariant **ret_value) {
        GVariantBuilder builder;
        GVariant *value;
        int r;

        g_variant_builder_init(&builder, type);
        while ((r = value_read(m, &value)) > 0)
                g_variant_builder_add_value(&builder, value);
        if (r < 0) {
                g_variant_builder_clear(&builder);
                return r;
        }

        *ret_value = g_variant_builder_end(&builder);
        return 1;
}

/* At once, since a document has millions of them. */
static int read_bytes(sd_bus_message *m, GVariant **ret_value) {
        const void *data;
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, SD_BUS_TYPE_BYTE, &data, &size);
        if (r < 0)
                return r;

        *ret_value = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, size, 1);
        return 1;
}

static int read_container(sd_bus_message *m, char type, const char *contents,
                          GVariant **ret_value) {
        g_autoptr(GVariantType) variant_type = container_type(type, contents);
        g_autoptr(GVariant) value = NULL;
        int r;

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;

        r = read_into(m, variant_type, &value);
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        *ret_value = g_steal_pointer(&value);
        return 1;
}

int value_read(sd_bus_message *m, GVariant **ret_value) {
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r;

        if (type == SD_BUS_TYPE_ARRAY && strcmp(contents, "y") == 0)
                return read_bytes(m, ret_value);
        return contents ? read_container(m, type, contents, ret_value)
                        : read_basic(m, type, ret_value);
}

int value_read_rest(sd_bus_message *m, GVariant **ret_tuple) {
        GVariant *value;
        int r;

        r = read_into(m, G_VARIANT_TYPE_TUPLE, &value);
        if (r < 0)
                return r;

        *ret_tuple = g_variant_ref_sink(value);
        return 0;
}

/* Writing ------------------------------------------------------------------------- */

static int append_basic(sd_bus_message *m, GVariant *value) {
        switch (g_variant_classify(value)) {
        case G_VARIANT_CLASS_BOOLEAN:
                return sd_bus_message_append(m, "b", g_variant_get_boolean(value));
        case G_VARIANT_CLASS_UINT32:
                return sd_bus_message_append(m, "u", g_variant_get_uint32(value));
        case G_VARIANT_CLASS_INT64:
                return sd_bus_message_append(m, "x", g_variant_get_int64(value));
        case G_VARIANT_CLASS_UINT64:
                return sd_bus_message_append(m, "t", g_variant_get_uint64(value));
        case G_VARIANT_CLASS_STRING:
                return sd_bus_message_append(m, "s", g_variant_get_string(value, NULL));
        default: /* what no method of this API takes */
                return -EOPNOTSUPP;
        }
}

static int append_container(sd_bus_message *m, char type, const char *contents, GVariant *value) {
        int r;

        r = sd_bus_message_open_container(m, type, contents);
        if (r < 0)
                return r;

        r = value_append_members(m, value);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_bytes(sd_bus_message *m, GVariant *value) {
        gsize size;
        const void *data = g_variant_get_fixed_array(value, &size, 1);

        return sd_bus_message_append_array(m, SD_BUS_TYPE_BYTE, data, size);
}

int value_append(sd_bus_message *m, GVariant *value) {
        const char *type = g_variant_get_type_string(value);
        g_autofree char *contents = NULL;

        switch (g_variant_classify(value)) {
        case G_VARIANT_CLASS_VARIANT: {
                g_autoptr(GVariant) inner = g_variant_get_variant(value);

                return append_container(m, 'v', g_variant_get_type_string(inner), value);
        }
        case G_VARIANT_CLASS_ARRAY:
                if (g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING))
                        return append_bytes(m, value);
                return append_container(m, 'a', type + 1, value);
        case G_VARIANT_CLASS_TUPLE:
                contents = g_strndup(type + 1, strlen(type) - 2);
                return append_container(m, 'r', contents, value);
        case G_VARIANT_CLASS_DICT_ENTRY:
                contents = g_strndup(type + 1, strlen(type) - 2);
                return append_container(m, 'e', contents, value);
        default:
                return append_basic(m, value);
        }
}

int value_append_members(sd_bus_message *m, GVariant *tuple) {
        int r = 0;

        for (gsize i = 0; r >= 0 && i < g_variant_n_children(tuple); i++) {
                g_autoptr(GVariant) member = g_variant_get_child_value(tuple, i);

                r = value_append(m, member);
        }
        return r;
}
