/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/sysfs-at.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/facts/fd.h"

/* Reads until the end, since a file of procfs may come in pieces. */
static ssize_t read_whole(int fd, char *buffer, size_t size) {
        size_t length = 0;

        while (length < size) {
                ssize_t n = read(fd, buffer + length, size - length);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return length;
                length += n;
        }
        return -EFBIG;
}

int sysfs_read_at(int dir_fd, const char *path, char ret_text[SYSFS_VALUE_MAX]) {
        g_auto(Fd) fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        ssize_t length;

        if (fd < 0)
                return -errno;

        length = read_whole(fd, ret_text, SYSFS_VALUE_MAX);
        if (length < 0)
                return length;

        if (length > 0 && ret_text[length - 1] == '\n')
                length--;
        ret_text[length] = '\0';

        /* These texts end in messages on the bus, which must be UTF-8 and know no NUL. */
        return g_utf8_validate(ret_text, length, NULL) ? length : -EBADMSG;
}

int sysfs_read_target_at(int dir_fd, const char *path, char ret_target[PATH_MAX]) {
        ssize_t length = readlinkat(dir_fd, path, ret_target, PATH_MAX);

        if (length < 0)
                return -errno;
        if (length == PATH_MAX)
                return -EFBIG;

        ret_target[length] = '\0';
        return 0;
}

int sysfs_read_link_at(int dir_fd, const char *path, char ret_name[NAME_MAX + 1]) {
        const char *slash, *name;
        char target[PATH_MAX];
        int r;

        r = sysfs_read_target_at(dir_fd, path, target);
        if (r < 0)
                return r;

        slash = strrchr(target, '/');
        name = slash ? slash + 1 : target;
        if (!sysfs_name_is_valid(name))
                return -EBADMSG;

        g_strlcpy(ret_name, name, NAME_MAX + 1);
        return 0;
}

static int compare_names(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(DIR *directory, GPtrArray *names) {
        const struct dirent *entry;

        for (;;) {
                errno = 0;
                entry = readdir(directory);
                if (!entry)
                        return -errno;

                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        g_ptr_array_add(names, g_strdup(entry->d_name));
        }
}

int sysfs_list_at(int dir_fd, const char *path, GPtrArray **ret_names) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_auto(Fd) fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory;
        int r;

        if (fd < 0 && errno != ENOENT)
                return -errno;

        if (fd >= 0) {
                directory = fdopendir(fd);
                if (!directory)
                        return -errno;

                fd = -1; /* closedir() closes it */
                r = read_names(directory, names);
                (void)closedir(directory);
                if (r < 0)
                        return r;
        }

        g_ptr_array_sort(names, compare_names);
        *ret_names = g_steal_pointer(&names);
        return 0;
}

int sysfs_write_at(int dir_fd, const char *path, const char *value) {
        g_auto(Fd) fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        ssize_t n;

        if (fd < 0)
                return -errno;

        /* One write: the kernel takes each as a whole value. */
        n = write(fd, value, strlen(value));
        if (n < 0)
                return -errno;

        return (size_t)n == strlen(value) ? 0 : -EIO;
}

static int parse_number(const char *text, unsigned base, uint64_t *ret_value) {
        char *end;
        uint64_t value;

        /* strtoull() would take blanks and a sign. */
        if (!g_ascii_isxdigit(*text))
                return -EBADMSG;

        errno = 0;
        value = g_ascii_strtoull(text, &end, base);
        if (errno != 0 || end == text || *end != '\0')
                return -EBADMSG;

        *ret_value = value;
        return 0;
}

int sysfs_parse_u64(const char *text, uint64_t *ret_value) {
        if (g_str_has_prefix(text, "0x"))
                return parse_number(text + 2, 16, ret_value);

        return parse_number(text, 10, ret_value);
}

int sysfs_parse_int(const char *text, int *ret_value) {
        bool negative = *text == '-';
        uint64_t value;
        int r;

        r = sysfs_parse_u64(text + negative, &value);
        if (r < 0)
                return r;
        if (value > INT_MAX)
                return -EBADMSG;

        *ret_value = negative ? -(int)value : (int)value;
        return 0;
}

int sysfs_parse_hex(const char *text, int *ret_value) {
        uint64_t value;
        int r;

        r = parse_number(g_str_has_prefix(text, "0x") ? text + 2 : text, 16, &value);
        if (r < 0)
                return r;
        if (value > INT_MAX)
                return -EBADMSG;

        *ret_value = value;
        return 0;
}
