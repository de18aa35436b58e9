/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Objects below a prefix of names.h, by their id: escaped as sd_bus_path_encode(3) does it. */

#include <glib.h>

char *bus_path_encode(const char *prefix, const char *id);
/* The id of an object below the prefix; NULL for another path. */
char *bus_path_decode(const char *prefix, const char *path);
