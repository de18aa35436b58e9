/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/sparkline.h"

#include <math.h>
#include <stdbool.h>

static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

char *sparkline(const double *values, guint n) {
        return sparkline_to(values, n, 0);
}

char *sparkline_to(const double *values, guint n, double most) {
        g_autoptr(GString) text = g_string_new(NULL);
        double low = 0, high = most;

        for (guint i = 0; i < n; i++) {
                low = fmin(low, values[i]); /* of a number and NAN it is the number */
                high = fmax(high, values[i]);
        }

        for (guint i = 0; i < n; i++) {
                double part = high > low ? (values[i] - low) / (high - low) : 0;
                long bar = isnan(part) ? 0 : lround(part * (G_N_ELEMENTS(bars) - 1));

                g_string_append(text, isnan(values[i]) ? " " : bars[bar]);
        }
        return g_string_free(g_steal_pointer(&text), false);
}
