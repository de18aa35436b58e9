/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/openmetrics.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

struct Openmetrics {
        GString *text;
        /* the family, whose head is written before its first sample */
        char *name, *unit, *help;
        OpenmetricsType type;
        bool begun;
};

static const char *const types[] = {
        [OPENMETRICS_COUNTER] = "counter",
        [OPENMETRICS_GAUGE] = "gauge",
        [OPENMETRICS_SUMMARY] = "summary",
};
G_STATIC_ASSERT(G_N_ELEMENTS(types) == _OPENMETRICS_TYPE_MAX);

const char *openmetrics_type_to_string(OpenmetricsType type) {
        return type >= 0 && type < _OPENMETRICS_TYPE_MAX ? types[type] : NULL;
}

OpenmetricsType openmetrics_type_from_string(const char *text) {
        for (int i = 0; i < _OPENMETRICS_TYPE_MAX; i++)
                if (g_strcmp0(types[i], text) == 0)
                        return (OpenmetricsType)i;
        return _OPENMETRICS_TYPE_INVALID;
}

/* Text --------------------------------------------------------------------------- */

static void append_escaped(GString *text, const char *value) {
        for (; *value; value++)
                if (*value == '\n')
                        g_string_append(text, "\\n");
                else if (*value == '\\' || *value == '"')
                        g_string_append_printf(text, "\\%c", *value);
                else
                        g_string_append_c(text, *value);
}

/* Not in the middle of a character. */
static char *cut(const char *value) {
        char *whole = g_utf8_make_valid(value, -1), *end;

        if (strlen(whole) > OPENMETRICS_LABEL_MAX) {
                end = g_utf8_find_prev_char(whole, whole + OPENMETRICS_LABEL_MAX + 1);
                *end = '\0';
        }
        return whole;
}

char *openmetrics_labels(const char *name, ...) {
        GString *text = g_string_new("{");
        va_list arguments;

        va_start(arguments, name);
        for (; name; name = va_arg(arguments, const char *)) {
                g_autofree char *value = cut(va_arg(arguments, const char *));

                g_string_append_printf(text, "%s%s=\"", text->len > 1 ? "," : "", name);
                append_escaped(text, value);
                g_string_append_c(text, '"');
        }
        va_end(arguments);

        g_string_append_c(text, '}');
        return g_string_free(text, false);
}

/* A page may have 100,000 of them, and the daemon does nothing else meanwhile: no printf. */
static void append_integer(GString *text, uint64_t value) {
        char digits[20], *first = digits + sizeof(digits);

        do
                *--first = (char)('0' + value % 10);
        while ((value /= 10) > 0);
        g_string_append_len(text, first, digits + sizeof(digits) - first);
}

/* "12.5" of 12500 thousandths. */
static void append_number(GString *text, uint64_t value, uint64_t scale) {
        uint64_t rest = value % scale;

        append_integer(text, value / scale);
        if (rest > 0)
                g_string_append_c(text, '.');
        for (; rest > 0; rest %= scale) {
                scale /= 10;
                g_string_append_c(text, (char)('0' + rest / scale));
        }
}

/* Samples ------------------------------------------------------------------------ */

static void begin_family(Openmetrics *page) {
        if (page->begun)
                return;

        page->begun = true;
        g_string_append_printf(page->text, "# TYPE %s %s\n", page->name, types[page->type]);
        if (page->unit)
                g_string_append_printf(page->text, "# UNIT %s %s\n", page->name, page->unit);
        g_string_append_printf(page->text, "# HELP %s ", page->name);
        append_escaped(page->text, page->help);
        g_string_append_c(page->text, '\n');
}

static void add(Openmetrics *page, const char *suffix, const char *labels, uint64_t value,
                uint64_t scale) {
        begin_family(page);
        g_string_append(page->text, page->name);
        g_string_append(page->text, suffix);
        g_string_append(page->text, labels);
        g_string_append_c(page->text, ' ');
        append_number(page->text, value, scale);
        g_string_append_c(page->text, '\n');
}

static void forget_family(Openmetrics *page) {
        g_clear_pointer(&page->name, g_free);
        g_clear_pointer(&page->unit, g_free);
        g_clear_pointer(&page->help, g_free);
        page->begun = false;
}

void openmetrics_family(Openmetrics *page, const char *name, OpenmetricsType type, const char *unit,
                        const char *help) {
        g_assert(!unit || g_str_has_suffix(name, unit));

        forget_family(page);
        page->name = g_strdup(name);
        page->unit = g_strdup(unit);
        page->help = g_strdup(help);
        page->type = type;
}

void openmetrics_add(Openmetrics *page, const char *labels, uint64_t value, uint64_t scale) {
        g_assert(page->type != OPENMETRICS_SUMMARY);
        add(page, page->type == OPENMETRICS_COUNTER ? "_total" : "", labels, value, scale);
}

void openmetrics_add_summary(Openmetrics *page, const char *labels, uint64_t count, uint64_t sum,
                             uint64_t scale) {
        g_assert(page->type == OPENMETRICS_SUMMARY);
        add(page, "_count", labels, count, 1);
        add(page, "_sum", labels, sum, scale);
}

/* -------------------------------------------------------------------------------- */

Openmetrics *openmetrics_new(void) {
        Openmetrics *page = g_new0(Openmetrics, 1);

        page->text = g_string_new(NULL);
        return page;
}

void openmetrics_free(Openmetrics *page) {
        if (!page)
                return;

        forget_family(page);
        if (page->text)
                (void)g_string_free(page->text, true);
        g_free(page);
}

GBytes *openmetrics_end(Openmetrics *taken) {
        GBytes *bytes;

        g_string_append(taken->text, "# EOF\n");
        bytes = g_string_free_to_bytes(g_steal_pointer(&taken->text));
        openmetrics_free(taken);
        return bytes;
}
