/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/size.h"

#include "xml/reader.h"

static const struct {
        const char *name;
        uint64_t bytes;
} units[] = {
        { "b", 1 },
        { "bytes", 1 },
        { "KB", 1000 },
        { "k", 1 << 10 },
        { "KiB", 1 << 10 },
        { "MB", 1000 * 1000 },
        { "M", 1 << 20 },
        { "MiB", 1 << 20 },
        { "GB", 1000 * 1000 * 1000 },
        { "G", 1 << 30 },
        { "GiB", 1 << 30 },
        { "TB", UINT64_C(1000) * 1000 * 1000 * 1000 },
        { "T", UINT64_C(1) << 40 },
        { "TiB", UINT64_C(1) << 40 },
};

uint64_t xml_size_from_text(const char *number, const char *unit) {
        guint64 value;

        if (!g_ascii_string_to_unsigned(number ?: "", 10, 0, G_MAXUINT64, &value, NULL))
                return 0;

        for (guint i = 0; i < G_N_ELEMENTS(units); i++)
                if (g_ascii_strcasecmp(unit ?: "KiB", units[i].name) == 0)
                        return value > G_MAXUINT64 / units[i].bytes ? 0 : value * units[i].bytes;
        return 0;
}

char *xml_content_of(const xmlNode *element) {
        const xmlNode *text = element ? element->children : NULL;

        if (!text || text->type != XML_TEXT_NODE || !text->content)
                return NULL;
        return g_strstrip(g_strndup((const char *)text->content, XML_TEXT_LENGTH_MAX));
}

uint64_t xml_size_of(const xmlNode *element) {
        g_autofree char *number = xml_content_of(element);
        g_autofree char *unit = element ? xml_prop(element, "unit") : NULL;

        return xml_size_from_text(number, unit);
}

uint64_t xml_size_of_prop(const xmlNode *element, const char *name) {
        g_autofree char *number = xml_prop(element, name), *unit = xml_prop(element, "unit");

        return xml_size_from_text(number, unit);
}
