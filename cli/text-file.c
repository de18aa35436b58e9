/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text-file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB (1024u * 1024)

static void set_too_much(const char *name, size_t max, const char *what, GError **error) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s is not %s: it must be UTF-8 text of at most %zu %s", name, what,
                    max / (max >= MIB ? MIB : 1024), max >= MIB ? "MiB" : "KiB");
}

/* Reads up to one byte more than allowed, which tells that it is too much. */
static char *read_all(FILE *file, const char *name, size_t max, const char *what, GError **error) {
        g_autofree char *text = g_malloc0(max + 2);
        size_t size = fread(text, 1, max + 1, file);

        if (ferror(file))
                g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                            "%s cannot be read: %s", name, g_strerror(errno));
        else if (size > max || !g_utf8_validate(text, (gssize)size, NULL))
                set_too_much(name, max, what, error);
        else
                return g_steal_pointer(&text);
        return NULL;
}

char *text_file_read(const char *path, size_t max, const char *what, GError **error) {
        FILE *file;
        char *text;

        if (strcmp(path, "-") == 0)
                return read_all(stdin, "standard input", max, what, error);

        file = fopen(path, "re");
        if (!file) {
                g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                            "%s cannot be read: %s", path, g_strerror(errno));
                return NULL;
        }

        text = read_all(file, path, max, what, error);
        (void)fclose(file);
        return text;
}
