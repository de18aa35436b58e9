/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* virtferryd --replay: what the policy would have made of recorded traffic. */

#include <glib.h>
#include <stdbool.h>

typedef struct ReplayOptions {
        char *trace; /* a file, or "-" */
        int slots;
        int train;     /* days; negative: nobody says */
        gboolean json; /* on standard output, instead of a table */
        char *svg;     /* a file, too; NULL: none */
} ReplayOptions;

bool replay_program_run(const ReplayOptions *options, GError **error);
