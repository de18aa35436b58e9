/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gives a fuzz target each file of the directories named as arguments, in order of their names. */

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_files(GPtrArray *paths, const char *directory) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
        const char *name;

        g_assert_no_error(error);
        while ((name = g_dir_read_name(dir)))
                g_ptr_array_add(paths, g_build_filename(directory, name, NULL));
}

static void run(const char *path) {
        g_autoptr(GError) error = NULL;
        g_autofree char *data = NULL;
        size_t size;

        g_file_get_contents(path, &data, &size, &error);
        g_assert_no_error(error);
        (void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
}

int main(int argc, char **argv) {
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

        for (int i = 1; i < argc; i++)
                add_files(paths, argv[i]);
        g_ptr_array_sort(paths, compare_names);

        printf("1..%u\n", paths->len);
        for (unsigned i = 0; i < paths->len; i++) {
                g_autofree char *name = g_path_get_basename(paths->pdata[i]);

                fflush(stdout); /* an abort leaves the number of the file before it */
                run(paths->pdata[i]);
                printf("ok %u - %s\n", i + 1, name);
        }

        return paths->len > 0 ? 0 : 1;
}
