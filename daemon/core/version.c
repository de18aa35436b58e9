/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/version.h"

#include <errno.h>
#include <glib.h>

/* Returns what is behind the number, NULL when there is none that fits. */
static const char *read_number(const char *text, uint32_t *ret_number) {
        guint64 number;
        char *end;

        if (!g_ascii_isdigit(*text))
                return NULL;

        number = g_ascii_strtoull(text, &end, 10);
        if (number > G_MAXUINT32)
                return NULL;

        *ret_number = (uint32_t)number;
        return end;
}

static bool has_next(const char *text) {
        return text[0] == '.' && g_ascii_isdigit(text[1]);
}

static const char *read_version(const char *text, Version *ret_version) {
        Version version = { 0 };

        text = read_number(text, &version.numbers[0]);
        if (!text || !has_next(text))
                return NULL;

        for (unsigned i = 1; i < VERSION_NUMBERS && text && has_next(text); i++)
                text = read_number(text + 1, &version.numbers[i]);
        if (text)
                *ret_version = version;
        return text;
}

int version_from_text(const char *text, Version *ret_version) {
        return text && read_version(text, ret_version) ? 0 : -EINVAL;
}

int version_from_string(const char *text, Version *ret_version) {
        const char *end = text ? read_version(text, ret_version) : NULL;

        return end && *end == '\0' ? 0 : -EINVAL;
}

Version version_from_number(unsigned long number) {
        return (Version){ { number / 1000000, number / 1000 % 1000, number % 1000 } };
}

int version_compare(const Version *a, const Version *b) {
        for (unsigned i = 0; i < VERSION_NUMBERS; i++)
                if (a->numbers[i] != b->numbers[i])
                        return a->numbers[i] < b->numbers[i] ? -1 : 1;
        return 0;
}

bool version_is_set(const Version *version) {
        static const Version none;

        return version_compare(version, &none) != 0;
}

const char *version_to_string(const Version *version, char ret_text[VERSION_STRING_MAX]) {
        unsigned last = VERSION_NUMBERS - 1;
        int length;

        while (last > 1 && version->numbers[last] == 0)
                last--;

        length = g_snprintf(ret_text, VERSION_STRING_MAX, "%u", version->numbers[0]);
        for (unsigned i = 1; i <= last; i++)
                length += g_snprintf(ret_text + length, VERSION_STRING_MAX - length, ".%u",
                                     version->numbers[i]);
        return ret_text;
}
