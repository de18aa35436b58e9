/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Directories of key files, "*.conf", as packages and operators lay them down. For compat.c and
 * offload-pool.c.
 */

#include <glib.h>
#include <stdbool.h>

/* `file` is what to call it before people: "/etc/virtferry/pools.d/dpu.conf". */
typedef bool (*ConfigTake)(void *userdata, const char *text, const char *file, GError **error);

/* Gives `take` the text of each file, in the order of their names, the one called `first` (NULL:
 * none) before all others; of two with one name that of the later directory. `directories` are
 * relative to `root_fd` and end with NULL; none of them need be there. What cannot be read, and
 * what `take` refuses, is a sentence more in `problems`, and the next file has its turn. */
void config_directories_load(int root_fd, const char *const *directories, const char *first,
                             ConfigTake take, void *userdata, GPtrArray *problems);
