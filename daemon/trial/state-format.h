/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bytes of a StateDocument: what its writer and its reader share. Nobody else includes this. */

#include <stddef.h>
#include <stdint.h>

#define STATE_FORMAT_MAGIC      "\x89VFS\r\n\x1a\n"
#define STATE_FORMAT_MAGIC_SIZE ((size_t)8)
#define STATE_FORMAT_HEAD       (STATE_FORMAT_MAGIC_SIZE + 8) /* with version and number */
#define STATE_FORMAT_NAME       ((size_t)4)
#define STATE_FORMAT_SUM        ((size_t)32)
#define STATE_FORMAT_TEXT_MAX   255
#define STATE_FORMAT_IDS        5
#define STATE_FORMAT_REST       ((size_t)64 * 1024) /* for all but the state */

#define STATE_SECTION_DRIVER    "DRIV"
#define STATE_SECTION_VERSION   "VERS"
#define STATE_SECTION_IDS       "IDS "
#define STATE_SECTION_TYPE      "TYPE"
#define STATE_SECTION_STATE     "STAT"

void state_format_checksum(const void *data, size_t size, uint8_t ret_sum[STATE_FORMAT_SUM]);
