/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/slice-amount.h"

#include <string.h>

#include "cli/text.h"

typedef enum AmountUnit {
        UNIT_NONE,
        UNIT_BYTES, /* one has to be written, or a 4 would be four bytes */
        UNIT_MBIT,
} AmountUnit;

static const struct {
        const char *name;
        AmountUnit unit;
        guint64 factor;
} suffixes[] = {
        { "", UNIT_NONE, 1 },           { "B", UNIT_BYTES, 1 },
        { "KiB", UNIT_BYTES, 1 << 10 }, { "MiB", UNIT_BYTES, 1 << 20 },
        { "GiB", UNIT_BYTES, 1 << 30 }, { "TiB", UNIT_BYTES, G_GUINT64_CONSTANT(1) << 40 },
        { "", UNIT_MBIT, 1 },           { "Mbit", UNIT_MBIT, 1 },
        { "Gbit", UNIT_MBIT, 1000 },
};

static const char *const examples[] = {
        [UNIT_NONE] = "a number, as in 4",
        [UNIT_BYTES] = "a number and a unit, as in 512MiB or 4GiB",
        [UNIT_MBIT] = "Mbit/s, as in 500, 500Mbit or 2Gbit",
};

static AmountUnit unit_of(const char *kind) {
        if (strcmp(kind, "bandwidth") == 0)
                return UNIT_MBIT;
        return strcmp(kind, "memory") == 0 || strcmp(kind, "offload-memory") == 0 ? UNIT_BYTES
                                                                                  : UNIT_NONE;
}

/* 0: there is no such suffix. */
static guint64 find_factor(AmountUnit unit, const char *suffix) {
        for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
                if (suffixes[i].unit == unit && strcmp(suffixes[i].name, suffix) == 0)
                        return suffixes[i].factor;
        return 0;
}

bool slice_amount_parse(const char *kind, const char *text, guint64 *ret_amount, char **ret_wrong) {
        AmountUnit unit = unit_of(kind);
        size_t digits = strspn(text, "0123456789");
        g_autofree char *number = g_strndup(text, digits);
        guint64 factor = find_factor(unit, text + digits), value;

        if (factor > 0 && g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64, &value, NULL) &&
            g_uint64_checked_mul(ret_amount, value, factor))
                return true;

        *ret_wrong = g_strdup_printf("the amount of %s must be %s, not '%s'", kind, examples[unit],
                                     text);
        return false;
}

char *slice_amount_describe(const char *kind, guint64 amount) {
        switch (unit_of(kind)) {
        case UNIT_BYTES:
                return text_bytes(amount);
        case UNIT_MBIT:
                return g_strdup_printf("%" G_GUINT64_FORMAT " Mbit/s", amount);
        case UNIT_NONE:
                return g_strdup_printf("%" G_GUINT64_FORMAT, amount);
        }
        g_assert_not_reached();
}

static bool is_of(const char *resource, const char *kind) {
        size_t length = strlen(kind);

        return strncmp(resource, kind, length) == 0 && resource[length] == ':';
}

char *slice_amount_of_resource(const char *resource, guint64 amount) {
        g_autofree char *bytes = text_bytes(amount);

        if (is_of(resource, "core"))
                return g_strdup_printf("%g CPU%s", (double)amount / 1000,
                                       amount == 1000 ? "" : "s");
        if (is_of(resource, "memory") || is_of(resource, "cxl"))
                return g_steal_pointer(&bytes);
        if (is_of(resource, "link"))
                return g_strconcat(bytes, "/s", NULL);
        return g_strdup_printf("%" G_GUINT64_FORMAT "%s", amount,
                               is_of(resource, "pf") ? " Mbit/s" : "");
}
