/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What sysfs.c and sysfs-dir.c share: files relative to a directory fd, and
 * numbers as the kernel writes them. Nobody else includes this. */

#include "daemon/facts/sysfs.h"
#include <limits.h>

/* Returns the length; NUL-terminated and without the last newline. */
int sysfs_read_at(int dir_fd, const char *path, char ret_text[SYSFS_VALUE_MAX]);
int sysfs_read_target_at(int dir_fd, const char *path, char ret_target[PATH_MAX]);
int sysfs_read_link_at(int dir_fd, const char *path, char ret_name[NAME_MAX + 1]);
int sysfs_list_at(int dir_fd, const char *path, GPtrArray **ret_names);
int sysfs_write_at(int dir_fd, const char *path, const char *value);

/* The whole text is the number: -EBADMSG for blanks, signs where none belong, and overflow. */
int sysfs_parse_u64(const char *text, uint64_t *ret_value);
int sysfs_parse_int(const char *text, int *ret_value);
int sysfs_parse_hex(const char *text, int *ret_value);
