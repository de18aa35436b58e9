/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config-directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/core/config-reader.h"
#include "daemon/facts/fd.h"

typedef struct Load {
        int root_fd;
        ConfigTake take;
        void *userdata;
        GPtrArray *problems;
} Load;

/* Notes in `found` which directory has the file of each name. 0 or negative errno. */
static int find_files(GTree *found, int root_fd, const char *directory) {
        int fd = openat(root_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *entry;
        DIR *stream;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        stream = fdopendir(fd);
        if (!stream) {
                fd_close(fd);
                return -errno;
        }
        while ((entry = readdir(stream)))
                if (g_str_has_suffix(entry->d_name, ".conf"))
                        g_tree_replace(found, g_strdup(entry->d_name), (gpointer)directory);
        (void)closedir(stream);
        return 0;
}

static void find_all(GTree *found, const Load *load, const char *const *directories) {
        for (; *directories; directories++) {
                int r = find_files(found, load->root_fd, *directories);

                if (r < 0)
                        g_ptr_array_add(load->problems,
                                        g_strdup_printf("/%s: The directory cannot be read: %s",
                                                        *directories, g_strerror(-r)));
        }
}

static void load_file(const Load *load, const char *directory, const char *name) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *shown = g_strconcat("/", path, NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        if (!config_read_file(load->root_fd, path, shown, &text, &error) ||
            (text && !load->take(load->userdata, text, shown, &error)))
                g_ptr_array_add(load->problems, g_strdup(error->message));
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer unused) {
        return strcmp(a, b);
}

void config_directories_load(int root_fd, const char *const *directories, const char *first,
                             ConfigTake take, void *userdata, GPtrArray *problems) {
        g_autoptr(GTree) found = g_tree_new_full(compare_names, NULL, g_free, NULL);
        const Load load = { root_fd, take, userdata, problems };
        const char *directory;

        find_all(found, &load, directories);

        directory = first ? g_tree_lookup(found, first) : NULL;
        if (directory)
                load_file(&load, directory, first);

        for (GTreeNode *node = g_tree_node_first(found); node; node = g_tree_node_next(node))
                if (g_strcmp0(g_tree_node_key(node), first) != 0)
                        load_file(&load, g_tree_node_value(node), g_tree_node_key(node));
}
