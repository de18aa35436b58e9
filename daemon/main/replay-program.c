/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/replay-program.h"

#include <stdio.h>

#include "daemon/replay/replay-report.h"

#define SLOTS_MAX 4096
#define TRAIN_MAX 365

static bool check(const ReplayOptions *options, GError **error) {
        if (options->slots < 1 || options->slots > SLOTS_MAX) {
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--replay needs --slots, the seats of the offload device: 1 to %d",
                            SLOTS_MAX);
                return false;
        }
        if (options->train == 0 || options->train > TRAIN_MAX) {
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--train must be 1 to %d days, not %d", TRAIN_MAX, options->train);
                return false;
        }
        return true;
}

static bool print(const char *text, GError **error) {
        if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
                return true;

        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "Standard output cannot be written to");
        return false;
}

bool replay_program_run(const ReplayOptions *options, GError **error) {
        g_autoptr(ReplayTrace) trace = NULL;
        g_autoptr(ReplayResult) result = NULL;
        g_autofree char *text = NULL, *svg = NULL;

        if (!check(options, error))
                return false;
        trace = replay_trace_read(options->trace, error);
        if (!trace)
                return false;

        result = replay_run(
                trace, (unsigned)options->slots,
                options->train < 0 ? replay_train_days(trace) : (unsigned)options->train, error);
        if (!result)
                return false;

        text = options->json ? replay_to_json(result) : replay_to_text(result);
        svg = replay_to_svg(result);
        return print(text, error) &&
               (!options->svg || g_file_set_contents(options->svg, svg, -1, error));
}
