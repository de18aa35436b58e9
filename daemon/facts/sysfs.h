/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading and writing of kernel files below one root.
 *
 * A Sysfs is a directory fd of the root ("/" in the daemon, a made-up tree in
 * tests) and the one function that writes. Paths are relative to the root and
 * begin with "sys/", "proc/", "dev/" or "lib/". Every write of the daemon to
 * the kernel goes through sysfs_write(), so a test can model the kernel's
 * reaction and let the n-th write fail. All functions: 0 or negative errno,
 * silent. May be used by every ring but hooks/; may not use sd-bus or libvirt.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Sysfs Sysfs;

/* Called instead of the kernel: 0 or negative errno. */
typedef int (*SysfsWrite)(void *userdata, const char *path, const char *value);

/* Takes the fd. `write` NULL: the kernel itself. */
Sysfs *sysfs_new(int root_fd, SysfsWrite write, void *userdata);
Sysfs *sysfs_open(const char *root); /* real root by name; NULL and errno */
void sysfs_free(Sysfs *sysfs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sysfs, sysfs_free)

int sysfs_root_fd(const Sysfs *sysfs);

#define SYSFS_VALUE_MAX 4096 /* a sysfs attribute is one page at most */

int sysfs_read_string(const Sysfs *sysfs, const char *path, char **ret_value); /* last newline cut */
int sysfs_read_u64(const Sysfs *sysfs, const char *path, uint64_t *ret_value); /* decimal or 0x */
int sysfs_read_int(const Sysfs *sysfs, const char *path, int *ret_value);
int sysfs_read_hex(const Sysfs *sysfs, const char *path, int *ret_value);      /* 0xNNNN ids */
int sysfs_read_link_name(const Sysfs *sysfs, const char *path, char **ret_name); /* last part */
bool sysfs_exists(const Sysfs *sysfs, const char *path);
/* Names in a directory, sorted, without "." and ".."; an empty array for -ENOENT. */
int sysfs_list(const Sysfs *sysfs, const char *path, GPtrArray **ret_names);
int sysfs_write(Sysfs *sysfs, const char *path, const char *value);
