/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/duration.h"

#include <string.h>

#define DIGITS "0123456789"

static uint64_t unit_seconds(const char *unit) {
        static const struct {
                const char *name;
                uint64_t seconds;
        } units[] = { { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } };

        for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
                if (g_str_equal(units[i].name, unit))
                        return units[i].seconds;
        return 0;
}

bool duration_from_text(const char *text, uint64_t least, uint64_t most, uint64_t *ret_seconds) {
        size_t digits = strspn(text, DIGITS);
        g_autofree char *number = g_strndup(text, digits);
        uint64_t unit = unit_seconds(text + digits);
        guint64 count;

        if (unit == 0 || !g_ascii_string_to_unsigned(number, 10, 1 + (least - 1) / unit,
                                                     most / unit, &count, NULL))
                return false;

        *ret_seconds = count * unit;
        return true;
}
