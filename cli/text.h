/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Figures in the units of people. All strings are new. */

#include <glib.h>
#include <stdint.h>

char *text_bytes(uint64_t bytes);       /* "512 B", "73.2 MiB" */
char *text_duration(uint64_t usec);     /* "525ms", "42.1s", "2min 5s", "3d 4h" */
char *text_time(int64_t realtime_usec); /* local: "2026-11-20 10:00:05"; "" for 0 */
/* What came from another host or a guest may hold anything: no control characters. */
char *text_clean(const char *text);
/* Columns of a terminal. */
unsigned text_width(const char *text);
