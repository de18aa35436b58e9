/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "daemon/replay/replay-trace.h"
#include "tests/fuzz/fuzz.h"

/* A trace as it may come from anywhere: either all of it is sound, or one line says what is wrong.
 */

static void assert_sound(const ReplayTrace *trace) {
        g_assert_cmpuint(trace->n_hours, >, 0);
        g_assert_cmpuint(trace->guests->len, >, 0);
        g_assert_cmpint(trace->begin % 3600, ==, 0);
        for (guint g = 0; g < trace->guests->len; g++) {
                const ReplayGuest *guest = trace->guests->pdata[g];

                g_assert_true(g_utf8_validate(guest->name, -1, NULL));
                for (unsigned i = 0; i < trace->n_hours * REPLAY_HOUR; i++)
                        for (int way = 0; way < _REPLAY_WAY_MAX; way++)
                                g_assert_true(isnan(guest->values[way][i]) ||
                                              (guest->values[way][i] >= 0 &&
                                               isfinite(guest->values[way][i])));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *copy = g_memdup2(data, size);
        g_autoptr(ReplayTrace) trace = NULL;
        g_autoptr(GError) error = NULL;
        FILE *file;

        if (size == 0)
                return 0;
        file = fmemopen(copy, size, "r");
        g_assert_nonnull(file);
        trace = replay_trace_read_stream(file, "trace", &error);
        (void)fclose(file);
        if (trace) {
                assert_sound(trace);
                return 0;
        }

        g_assert_nonnull(error);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_null(strchr(error->message, '\n'));
        return 0;
}
