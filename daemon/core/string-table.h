/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words of an enum: an array of strings, as long as the enum has values. Used inside
 * x_to_string() and x_from_string() only. */

#include <errno.h>
#include <glib.h>

/* NULL for a value out of range. */
static inline const char *string_table_word(const char *const *words, int n_words, int value) {
        return value >= 0 && value < n_words ? words[value] : NULL;
}

/* -EINVAL for a word that is not in it, NULL included. */
static inline int string_table_value(const char *const *words, int n_words, const char *word) {
        for (int i = 0; i < n_words; i++)
                if (g_strcmp0(words[i], word) == 0)
                        return i;

        return -EINVAL;
}
