/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool ok, const char *what, const char *path) {
        if (!ok)
                g_error("cannot %s %s: %s", what, path, g_strerror(errno));
}

bool tree_has(int fd, const char *path) {
        return faccessat(fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void tree_mkdir(int fd, const char *path) {
        g_autofree char *parent = NULL;

        if (mkdirat(fd, path, 0755) == 0 || errno == EEXIST)
                return;

        must(errno == ENOENT, "make directory", path);
        parent = g_path_get_dirname(path);
        tree_mkdir(fd, parent);
        must(mkdirat(fd, path, 0755) == 0, "make directory", path);
}

static void make_room(int fd, const char *path) {
        g_autofree char *parent = NULL;

        if (unlinkat(fd, path, 0) == 0)
                return;

        must(errno == ENOENT, "replace", path);
        parent = g_path_get_dirname(path);
        if (!tree_has(fd, parent))
                tree_mkdir(fd, parent);
}

void tree_put(int fd, const char *path, const char *data, gssize size) {
        size_t length = size < 0 ? strlen(data) : (size_t)size;
        int file;

        make_room(fd, path);
        file = openat(fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        must(file >= 0, "make", path);
        must(write(file, data, length) == (ssize_t)length, "write", path);
        must(close(file) == 0, "close", path);
}

void tree_printf(int fd, const char *path, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        tree_put(fd, path, text, -1);
}

void tree_link(int fd, const char *path, const char *target) {
        g_autoptr(GString) relative = g_string_new(NULL);

        for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/'))
                g_string_append(relative, "../");
        g_string_append(relative, target);

        make_room(fd, path);
        must(symlinkat(relative->str, fd, path) == 0, "link", path);
}

static int compare_names(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that dumps are the same for the same tree. Takes the fd. */
static GPtrArray *list(int directory) {
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
        DIR *stream = fdopendir(directory);
        const struct dirent *entry;

        must(stream, "list", "a directory");
        while ((entry = readdir(stream)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        g_ptr_array_add(names, g_strdup(entry->d_name));

        closedir(stream);
        g_ptr_array_sort(names, compare_names);
        return names;
}

void tree_remove(int fd, const char *path) {
        int directory;

        if (unlinkat(fd, path, 0) == 0 || errno == ENOENT)
                return;

        must(errno == EISDIR, "remove", path);
        directory = openat(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        must(directory >= 0, "open", path);

        g_autoptr(GPtrArray) names = list(fcntl(directory, F_DUPFD_CLOEXEC, 0));
        for (guint i = 0; i < names->len; i++)
                tree_remove(directory, names->pdata[i]);

        close(directory);
        must(unlinkat(fd, path, AT_REMOVEDIR) == 0, "remove", path);
}

static void dump_link(int fd, const char *name, const char *path, GString *text) {
        char target[PATH_MAX];
        ssize_t length = readlinkat(fd, name, target, sizeof(target) - 1);

        must(length >= 0, "read link", path);
        target[length] = '\0';
        g_string_append_printf(text, "%s -> %s\n", path, target);
}

static void dump_file(int fd, const char *name, const char *path, GString *text) {
        int file = openat(fd, name, O_RDONLY | O_CLOEXEC);
        char buffer[4096];
        ssize_t n;

        must(file >= 0, "open", path);
        g_string_append_printf(text, "%s: ", path);
        while ((n = read(file, buffer, sizeof(buffer))) > 0) {
                for (ssize_t i = 0; i < n; i++)
                        if (g_ascii_isprint(buffer[i]) && buffer[i] != '\\')
                                g_string_append_c(text, buffer[i]);
                        else
                                g_string_append_printf(text, "\\%02x", (unsigned char)buffer[i]);
        }
        must(n == 0, "read", path);
        close(file);
        g_string_append_c(text, '\n');
}

static void dump_directory(int directory, const char *prefix, GString *text) {
        g_autoptr(GPtrArray) names = list(fcntl(directory, F_DUPFD_CLOEXEC, 0));

        for (guint i = 0; i < names->len; i++) {
                const char *name = names->pdata[i];
                g_autofree char *path = g_strconcat(prefix, name, NULL);
                struct stat st;

                must(fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0, "look at", path);
                if (S_ISLNK(st.st_mode))
                        dump_link(directory, name, path, text);
                else if (S_ISREG(st.st_mode))
                        dump_file(directory, name, path, text);
                else {
                        g_autofree char *below = g_strconcat(path, "/", NULL);
                        int child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                        must(child >= 0, "open", path);
                        g_string_append_printf(text, "%s\n", below);
                        dump_directory(child, below, text);
                        close(child);
                }
        }
}

char *tree_dump(int fd) {
        GString *text = g_string_new(NULL);
        int directory = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        must(directory >= 0, "open", "the root");
        dump_directory(directory, "", text);
        close(directory);
        return g_string_free(text, FALSE);
}
