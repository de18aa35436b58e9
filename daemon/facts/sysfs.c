/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/facts/fd.h"
#include "daemon/facts/sysfs-at.h"

struct Sysfs {
        int root_fd;
        SysfsOps ops;
        void *userdata;
};

Sysfs *sysfs_new(int root_fd, const SysfsOps *ops, void *userdata) {
        Sysfs *sysfs = g_new0(Sysfs, 1);

        sysfs->root_fd = root_fd;
        sysfs->userdata = userdata;
        if (ops)
                sysfs->ops = *ops;
        return sysfs;
}

Sysfs *sysfs_open(const char *root) {
        int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? NULL : sysfs_new(fd, NULL, NULL);
}

void sysfs_free(Sysfs *sysfs) {
        if (!sysfs)
                return;

        fd_close(sysfs->root_fd);
        g_free(sysfs);
}

int sysfs_root_fd(const Sysfs *sysfs) {
        return sysfs->root_fd;
}

const SysfsOps *sysfs_ops(const Sysfs *sysfs, void **ret_userdata) {
        *ret_userdata = sysfs->userdata;
        return &sysfs->ops;
}

bool sysfs_name_is_valid(const char *name) {
        if (*name == '\0' || strlen(name) > NAME_MAX)
                return false;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return false;

        for (; *name != '\0'; name++)
                if ((unsigned char)*name <= ' ' || *name == 0x7f || *name == '/')
                        return false;
        return true;
}

/* The last line of defence: whoever made the path has checked its words already. */
static bool path_is_valid(const char *path) {
        static const char *const tops[] = { "sys/", "proc/", "dev/", "boot/", "lib/" };
        bool below = false;

        for (size_t i = 0; i < G_N_ELEMENTS(tops); i++)
                below = below || g_str_has_prefix(path, tops[i]);

        return below && !strstr(path, "/../") && !g_str_has_suffix(path, "/..");
}

int sysfs_read_string(const Sysfs *sysfs, const char *path, char **ret_value) {
        char text[SYSFS_VALUE_MAX];
        int r;

        if (!path_is_valid(path))
                return -EINVAL;

        r = sysfs_read_at(sysfs->root_fd, path, text);
        if (r < 0)
                return r;

        *ret_value = g_strndup(text, r);
        return 0;
}

int sysfs_read_u64(const Sysfs *sysfs, const char *path, uint64_t *ret_value) {
        char text[SYSFS_VALUE_MAX];
        int r;

        if (!path_is_valid(path))
                return -EINVAL;

        r = sysfs_read_at(sysfs->root_fd, path, text);
        return r < 0 ? r : sysfs_parse_u64(text, ret_value);
}

int sysfs_read_int(const Sysfs *sysfs, const char *path, int *ret_value) {
        char text[SYSFS_VALUE_MAX];
        int r;

        if (!path_is_valid(path))
                return -EINVAL;

        r = sysfs_read_at(sysfs->root_fd, path, text);
        return r < 0 ? r : sysfs_parse_int(text, ret_value);
}

int sysfs_read_hex(const Sysfs *sysfs, const char *path, int *ret_value) {
        char text[SYSFS_VALUE_MAX];
        int r;

        if (!path_is_valid(path))
                return -EINVAL;

        r = sysfs_read_at(sysfs->root_fd, path, text);
        return r < 0 ? r : sysfs_parse_hex(text, ret_value);
}

int sysfs_read_link(const Sysfs *sysfs, const char *path, char **ret_target) {
        char target[PATH_MAX];
        int r;

        if (!path_is_valid(path))
                return -EINVAL;

        r = sysfs_read_target_at(sysfs->root_fd, path, target);
        if (r < 0)
                return r;

        *ret_target = g_strdup(target);
        return 0;
}

int sysfs_read_link_name(const Sysfs *sysfs, const char *path, char **ret_name) {
        char name[NAME_MAX + 1];
        int r;

        if (!path_is_valid(path))
                return -EINVAL;

        r = sysfs_read_link_at(sysfs->root_fd, path, name);
        if (r < 0)
                return r;

        *ret_name = g_strdup(name);
        return 0;
}

bool sysfs_exists(const Sysfs *sysfs, const char *path) {
        return path_is_valid(path) && faccessat(sysfs->root_fd, path, F_OK, 0) == 0;
}

int sysfs_list(const Sysfs *sysfs, const char *path, GPtrArray **ret_names) {
        return path_is_valid(path) ? sysfs_list_at(sysfs->root_fd, path, ret_names) : -EINVAL;
}

int sysfs_write(const Sysfs *sysfs, const char *path, const char *value) {
        if (!path_is_valid(path))
                return -EINVAL;

        if (sysfs->ops.write)
                return sysfs->ops.write(sysfs->userdata, path, value);

        return sysfs_write_at(sysfs->root_fd, path, value);
}

int sysfs_make_directory(const Sysfs *sysfs, const char *path) {
        if (!path_is_valid(path))
                return -EINVAL;

        if (sysfs->ops.make_directory)
                return sysfs->ops.make_directory(sysfs->userdata, path);

        return mkdirat(sysfs->root_fd, path, 0755) < 0 ? -errno : 0;
}

int sysfs_remove_directory(const Sysfs *sysfs, const char *path) {
        if (!path_is_valid(path))
                return -EINVAL;

        if (sysfs->ops.remove_directory)
                return sysfs->ops.remove_directory(sysfs->userdata, path);

        return unlinkat(sysfs->root_fd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int sysfs_open_device(const Sysfs *sysfs, const char *path) {
        int fd;

        if (!path_is_valid(path))
                return -EINVAL;

        if (sysfs->ops.open_device)
                return sysfs->ops.open_device(sysfs->userdata, path);

        fd = openat(sysfs->root_fd, path, O_RDWR | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : fd;
}

int sysfs_ioctl(const Sysfs *sysfs, int fd, unsigned long request, void *argument) {
        int r;

        if (sysfs->ops.ioctl)
                return sysfs->ops.ioctl(sysfs->userdata, fd, request, argument);

        r = ioctl(fd, request, argument);
        return r < 0 ? -errno : r;
}
