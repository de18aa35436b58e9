/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/excerpt.h"

#include <glib.h>
#include <string.h>

#define EXCERPT_MAX 100 /* characters */

char *excerpt(const char *text) {
        g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, 6 * EXCERPT_MAX));
        g_autoptr(GString) line = g_string_new(NULL);
        const char *p = valid;

        for (int n = 0; *p && n < EXCERPT_MAX; n++, p = g_utf8_next_char(p)) {
                gunichar character = g_utf8_get_char(p);

                g_string_append_unichar(line, g_unichar_iscntrl(character) ? ' ' : character);
        }

        if (*p)
                g_string_append(line, "...");
        return g_string_free(g_steal_pointer(&line), FALSE);
}
