/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/number-set.h"

static void put(NumberSet *set, unsigned number, bool in) {
        uint64_t bit = UINT64_C(1) << (number % 64);

        if (in)
                set->bits[number / 64] |= bit;
        else
                set->bits[number / 64] &= ~bit;
}

NumberSet number_set_of(unsigned number) {
        NumberSet set = { 0 };

        g_assert(number < NUMBER_SET_MAX);
        put(&set, number, true);
        return set;
}

bool number_set_has(const NumberSet *set, unsigned number) {
        return number < NUMBER_SET_MAX && (set->bits[number / 64] >> (number % 64)) & 1;
}

static bool read_number(const char **text, unsigned *ret_number) {
        unsigned number = 0;

        if (!g_ascii_isdigit(**text))
                return false;

        for (; g_ascii_isdigit(**text); (*text)++) {
                number = number * 10 + (unsigned)(**text - '0');
                if (number >= NUMBER_SET_MAX)
                        return false;
        }
        *ret_number = number;
        return true;
}

/* One of "3", "0-3", "^2". */
static bool read_range(const char **text, NumberSet *set) {
        bool out = **text == '^';
        unsigned first, last;

        if (out)
                (*text)++;
        if (!read_number(text, &first))
                return false;

        last = first;
        if (**text == '-' && !out) {
                (*text)++;
                if (!read_number(text, &last) || last < first)
                        return false;
        }
        for (unsigned i = first; i <= last; i++)
                put(set, i, !out);
        return true;
}

static void skip_blanks(const char **text) {
        while (g_ascii_isspace(**text))
                (*text)++;
}

bool number_set_from_text(const char *text, NumberSet *ret_set) {
        NumberSet set = { 0 };

        skip_blanks(&text);
        while (*text) {
                if (!read_range(&text, &set))
                        return false;

                skip_blanks(&text);
                if (!*text)
                        break;
                if (*text++ != ',')
                        return false;

                skip_blanks(&text);
                if (!*text) /* a comma promises more */
                        return false;
        }

        *ret_set = set;
        return true;
}

char *number_set_to_text(const NumberSet *set) {
        GString *text = g_string_new(NULL);

        for (unsigned first = 0; first < NUMBER_SET_MAX; first++) {
                unsigned last = first;

                if (!number_set_has(set, first))
                        continue;

                while (number_set_has(set, last + 1))
                        last++;
                g_string_append_printf(text, "%s%u", text->len > 0 ? "," : "", first);
                if (last > first)
                        g_string_append_printf(text, "-%u", last);
                first = last;
        }
        return g_string_free(text, FALSE);
}

unsigned number_set_count(const NumberSet *set) {
        unsigned n = 0;

        for (unsigned i = 0; i < NUMBER_SET_MAX; i++)
                n += number_set_has(set, i);
        return n;
}

unsigned number_set_next(const NumberSet *set, unsigned from) {
        while (from < NUMBER_SET_MAX && !number_set_has(set, from))
                from++;
        return from;
}

void number_set_add(NumberSet *set, const NumberSet *other) {
        for (unsigned i = 0; i < G_N_ELEMENTS(set->bits); i++)
                set->bits[i] |= other->bits[i];
}

NumberSet number_set_without(const NumberSet *set, const NumberSet *other) {
        NumberSet rest;

        for (unsigned i = 0; i < G_N_ELEMENTS(rest.bits); i++)
                rest.bits[i] = set->bits[i] & ~other->bits[i];
        return rest;
}
