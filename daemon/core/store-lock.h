/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one daemon of a database: a lock on a file beside it, which the kernel drops with the
 * process. Not on the database itself, which a person may read with sqlite3 meanwhile, and which is
 * moved away when it is damaged.
 */

#include <glib.h>
#include <stdbool.h>

/* An fd that holds the lock until it is closed. Errors are FERRY_ERROR_STORE. */
bool store_lock(const char *database, int *ret_fd, GError **error);
