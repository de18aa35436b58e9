/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of sysfs held open, as a rule a device's.
 *
 * What is read and written through it belongs to the device that was there when
 * it was opened. When that device goes, everything fails, even when another has
 * come under the same name: a check and the write after it meet the same
 * device. And one walk of the path serves all its attributes.
 * Lives on the stack: g_auto(SysfsDir) dir = SYSFS_DIR_NONE.
 */

#include "daemon/facts/sysfs.h"
#include <limits.h>

#define SYSFS_PATH_MAX 640 /* two names of NAME_MAX and the words between them */

typedef struct SysfsDir {
        const Sysfs *sysfs;
        int fd;
        char path[SYSFS_PATH_MAX];
} SysfsDir;

#define SYSFS_DIR_NONE \
        { .fd = -1 }

void sysfs_dir_done(SysfsDir *dir);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SysfsDir, sysfs_dir_done)

/* The caller has checked the words from outside that go into the path. -ENODEV: nothing there. */
int sysfs_dir_open(const Sysfs *sysfs, SysfsDir *ret_dir, const char *format, ...)
        G_GNUC_PRINTF(3, 4);

bool sysfs_dir_has(const SysfsDir *dir, const char *name);
/* NUL-terminated and without the last newline. Returns the length. */
int sysfs_dir_read(const SysfsDir *dir, const char *name, char ret_text[SYSFS_VALUE_MAX]);
int sysfs_dir_read_string(const SysfsDir *dir, const char *name, char **ret_value);
int sysfs_dir_read_int(const SysfsDir *dir, const char *name, int *ret_value);
/* Last part of a link's target, the name of what it points to. */
int sysfs_dir_read_link(const SysfsDir *dir, const char *name, char ret_name[NAME_MAX + 1]);
int sysfs_dir_list(const SysfsDir *dir, const char *name, GPtrArray **ret_names);
int sysfs_dir_write(const SysfsDir *dir, const char *name, const char *value);
