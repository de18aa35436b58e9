/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a person hands over in a file. */

#include <glib.h>

/* Its text; "-" is standard input. Longer than `max` bytes, or no UTF-8: "PATH is not WHAT: ...".
 */
char *text_file_read(const char *path, size_t max, const char *what, GError **error);
