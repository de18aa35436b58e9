/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A fuzz target: aborts when a property does not hold, for any input whatever.
 *
 * libFuzzer calls it (meson -Dfuzzers=true, with clang), and runner.c with each
 * file of its corpus, as an ordinary test. */

#include <glib.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A refusal is one line of text with the code that the header promises. */
static inline void assert_refusal(const GError *error, GQuark domain, int code) {
        g_assert_error(error, domain, code);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_false(strpbrk(error->message, "\r\n") != NULL);
        g_assert_cmpuint(strlen(error->message), <, 1024);
}
