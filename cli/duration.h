/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lengths of time as people write them: a number and min, h, d or w ("90min", "2w"). */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* `ret_seconds` is `least` to `most`. */
bool duration_from_text(const char *text, uint64_t least, uint64_t most, uint64_t *ret_seconds);
