/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/sysfs-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/facts/fd.h"
#include "daemon/facts/sysfs-at.h"

void sysfs_dir_done(SysfsDir *dir) {
        if (dir->fd >= 0)
                fd_close(dir->fd);
        dir->fd = -1;
}

int sysfs_dir_open(const Sysfs *sysfs, SysfsDir *ret_dir, const char *format, ...) {
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(ret_dir->path, sizeof(ret_dir->path), format, arguments);
        va_end(arguments);
        if (n < 0 || (size_t)n >= sizeof(ret_dir->path))
                return -ENAMETOOLONG;

        ret_dir->sysfs = sysfs;
        ret_dir->fd = openat(sysfs_root_fd(sysfs), ret_dir->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (ret_dir->fd < 0)
                return errno == ENOENT ? -ENODEV : -errno;
        return 0;
}

bool sysfs_dir_has(const SysfsDir *dir, const char *name) {
        return faccessat(dir->fd, name, F_OK, 0) == 0;
}

int sysfs_dir_read(const SysfsDir *dir, const char *name, char ret_text[SYSFS_VALUE_MAX]) {
        return sysfs_read_at(dir->fd, name, ret_text);
}

int sysfs_dir_read_string(const SysfsDir *dir, const char *name, char **ret_value) {
        char text[SYSFS_VALUE_MAX];
        int r;

        r = sysfs_read_at(dir->fd, name, text);
        if (r < 0)
                return r;

        *ret_value = g_strndup(text, r);
        return 0;
}

int sysfs_dir_read_int(const SysfsDir *dir, const char *name, int *ret_value) {
        char text[SYSFS_VALUE_MAX];
        int r;

        r = sysfs_read_at(dir->fd, name, text);
        return r < 0 ? r : sysfs_parse_int(text, ret_value);
}

int sysfs_dir_read_link(const SysfsDir *dir, const char *name, char ret_name[NAME_MAX + 1]) {
        return sysfs_read_link_at(dir->fd, name, ret_name);
}

int sysfs_dir_list(const SysfsDir *dir, const char *name, GPtrArray **ret_names) {
        return sysfs_list_at(dir->fd, name, ret_names);
}

int sysfs_dir_write(const SysfsDir *dir, const char *name, const char *value) {
        g_autofree char *path = NULL;
        const SysfsOps *ops;
        void *userdata;

        ops = sysfs_ops(dir->sysfs, &userdata);
        if (!ops->write)
                return sysfs_write_at(dir->fd, name, value);

        path = g_build_filename(dir->path, name, NULL);
        return ops->write(userdata, path, value);
}
