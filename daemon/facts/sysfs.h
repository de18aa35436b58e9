/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading and writing of kernel files below one root.
 *
 * A Sysfs is a directory fd of the root ("/" in the daemon, a made-up tree in
 * tests) and a table of what has an effect or is no file. Paths are relative to
 * the root, begin with "sys/", "proc/", "dev/", "boot/" or "lib/" and have no
 * "..": -EINVAL otherwise. Every write of the daemon to the kernel goes through
 * sysfs_write() or sysfs_dir_write(), so a test can model the kernel's reaction
 * and let the n-th write fail.
 *
 * All functions: 0 or negative errno, silent. -EBADMSG: the file does not hold
 * what it must hold; -EFBIG: it is longer than SYSFS_VALUE_MAX. One thread. May
 * be used by every ring but hooks/; may not use sd-bus or libvirt.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Sysfs Sysfs;

/* Called instead of the kernel; a member that is NULL is the kernel itself. */
typedef struct SysfsOps {
        int (*write)(void *userdata, const char *path, const char *value);
        int (*make_directory)(void *userdata, const char *path);
        int (*remove_directory)(void *userdata, const char *path);
        int (*open_device)(void *userdata, const char *path); /* fd of a node below dev/ */
        int (*ioctl)(void *userdata, int fd, unsigned long request, void *argument);
        /* Addresses of a netdev as text, those of link scope left out. */
        int (*list_addresses)(void *userdata, const char *netdev, GPtrArray **ret_addresses);
        /* What netdev_read_firmware() asks of a netdev's driver. */
        int (*get_firmware)(void *userdata, const char *netdev, char **ret_firmware);
} SysfsOps;

/* Takes the fd, borrows the table. `ops` NULL: the kernel itself. */
Sysfs *sysfs_new(int root_fd, const SysfsOps *ops, void *userdata);
Sysfs *sysfs_open(const char *root); /* real root by name; NULL and errno */
void sysfs_free(Sysfs *sysfs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sysfs, sysfs_free)

int sysfs_root_fd(const Sysfs *sysfs);
const SysfsOps *sysfs_ops(const Sysfs *sysfs, void **ret_userdata);

#define SYSFS_VALUE_MAX 4096 /* a sysfs attribute is one page at most */

/* Whether a word from outside may become a part of a path: no "/", "..", blank or control byte. */
bool sysfs_name_is_valid(const char *name);

int sysfs_read_string(const Sysfs *sysfs, const char *path,
                      char **ret_value); /* last newline cut */
int sysfs_read_u64(const Sysfs *sysfs, const char *path, uint64_t *ret_value); /* decimal or 0x */
int sysfs_read_int(const Sysfs *sysfs, const char *path, int *ret_value);
int sysfs_read_hex(const Sysfs *sysfs, const char *path, int *ret_value); /* 0xNNNN ids */
int sysfs_read_link(const Sysfs *sysfs, const char *path, char **ret_target);
int sysfs_read_link_name(const Sysfs *sysfs, const char *path, char **ret_name); /* last part */
bool sysfs_exists(const Sysfs *sysfs, const char *path);
/* Names in a directory, sorted, without "." and ".."; an empty array for -ENOENT. */
int sysfs_list(const Sysfs *sysfs, const char *path, GPtrArray **ret_names);
int sysfs_write(const Sysfs *sysfs, const char *path, const char *value);
/* Where a directory is a thing of the kernel's: it comes with its files, and goes with them. */
int sysfs_make_directory(const Sysfs *sysfs, const char *path);
int sysfs_remove_directory(const Sysfs *sysfs, const char *path);

int sysfs_open_device(const Sysfs *sysfs, const char *path); /* fd, O_RDWR and O_CLOEXEC */
int sysfs_ioctl(const Sysfs *sysfs, int fd, unsigned long request, void *argument);
