/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/sentence.h"

#include <stdarg.h>
#include <string.h>

#define NAMES_MAX 3

static char *write_once(SentenceWriter writer, const void *subject, bool detailed) {
        g_autoptr(GString) text = g_string_new(NULL);
        Sentence sentence = { text, detailed };

        writer(&sentence, subject);
        /* A word may have been cut in the middle of a character. */
        return g_utf8_make_valid(text->str, (gssize)text->len);
}

char *sentence_write(SentenceWriter writer, const void *subject) {
        g_autofree char *text = write_once(writer, subject, true);

        if (strlen(text) <= SENTENCE_MAX)
                return g_steal_pointer(&text);
        return write_once(writer, subject, false);
}

void sentence_add(Sentence *sentence, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        g_string_append_vprintf(sentence->text, format, arguments);
        va_end(arguments);
}

void sentence_add_names(Sentence *sentence, const GPtrArray *names) {
        guint shown = names->len > NAMES_MAX ? NAMES_MAX - 1 : names->len;

        for (guint i = 0; i < shown; i++) {
                if (i > 0)
                        sentence_add(sentence, "%s", i + 1 == names->len ? " and " : ", ");
                sentence_add(sentence, SENTENCE_WORD, (const char *)names->pdata[i]);
        }
        if (shown < names->len)
                sentence_add(sentence, " and %u more", names->len - shown);
}

void sentence_collect(GPtrArray *names, char *name) {
        if (name && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
                g_ptr_array_add(names, name);
        else
                g_free(name);
}
