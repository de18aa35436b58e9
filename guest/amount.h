/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* "4", "512MiB": how much of a kind, as it is typed and shown. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AMOUNT_TEXT_MAX 40u

/* Whether it is counted in bytes. */
bool amount_is_memory(const char *kind);
/* A number; of memory with B, KiB, MiB, GiB or TiB behind it, which it must have. */
bool amount_from_text(const char *kind, const char *text, uint64_t *ret_amount);
/* In the largest unit in which it is a whole number. */
void amount_to_text(const char *kind, uint64_t amount, char text[AMOUNT_TEXT_MAX]);
