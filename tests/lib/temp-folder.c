/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/temp-folder.h"

#include <glib/gstdio.h>

char *temp_folder_new(void) {
        g_autoptr(GError) error = NULL;
        char *folder = g_dir_make_tmp("ferry-XXXXXX", &error);

        g_assert_no_error(error);
        return folder;
}

void temp_folder_remove(char *folder) {
        g_autoptr(GDir) names = g_dir_open(folder, 0, NULL);
        const char *name;

        g_assert_nonnull(names);
        while ((name = g_dir_read_name(names))) {
                g_autofree char *path = g_build_filename(folder, name, NULL);

                g_assert_cmpint(g_unlink(path), ==, 0);
        }
        g_assert_cmpint(g_rmdir(folder), ==, 0);
        g_free(folder);
}
