/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files, links and directories below one directory fd. For fake-root only; all failures abort. */

#include <glib.h>
#include <stdbool.h>

void tree_mkdir(int fd, const char *path); /* with its parents */
/* A new file with its directories: what was there is replaced, not written into, since other
 * devices may share it by a hard link. */
void tree_put(int fd, const char *path, const char *data, gssize size);
void tree_printf(int fd, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* A link to another path of the same tree; relative, as those of sysfs are. */
void tree_link(int fd, const char *path, const char *target);
/* Nothing there: nothing done. */
void tree_remove(int fd, const char *path);
bool tree_has(int fd, const char *path);
char *tree_dump(int fd);
