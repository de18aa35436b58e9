/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Versions as programs and devices write them: numbers with dots between them,
 * and behind those whatever they like ("22.39.1002 (MT_0000000436)",
 * "6.12.57+deb13-amd64"). Which of two is older is asked of the numbers alone.
 */

#include <stdbool.h>
#include <stdint.h>

#define VERSION_NUMBERS 4

typedef struct Version {
        uint32_t numbers[VERSION_NUMBERS]; /* 0 where there is none */
} Version;

#define VERSION_STRING_MAX (VERSION_NUMBERS * 11)

/* At least two numbers, or it is no version: a srcversion, the hash of a module's source, may begin
 * with digits too. What is behind the fourth number counts for nothing. -EINVAL for what is none,
 * NULL included. */
int version_from_text(const char *text, Version *ret_version);
/* The same, and nothing behind the numbers: for what an operator writes. */
int version_from_string(const char *text, Version *ret_version);
/* As libvirt counts: 9000002 is 9.0.2. */
Version version_from_number(unsigned long number);
/* Below, above or equal 0, as strcmp(3). */
int version_compare(const Version *a, const Version *b);
bool version_is_set(const Version *version); /* not all 0 */
/* At least two numbers, without zeros at the end: "8.1", "6.12.57". */
const char *version_to_string(const Version *version, char ret_text[VERSION_STRING_MAX]);
