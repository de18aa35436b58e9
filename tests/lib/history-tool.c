/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gives a guest the history of a week that it never had, in the store of a daemon that does not
 * run: the same four hours of traffic each day.
 *
 *   history-tool DATABASE UUID NAME soon    they begin in 10 minutes
 *   history-tool DATABASE UUID NAME over    they were over 40 minutes ago
 */

#include <stdio.h>
#include <string.h>

#include "tests/lib/made-history.h"

#define LOW  (10 * 1000)
#define HIGH (1000 * 1000)

static bool find_begin(const char *word, int64_t *ret_begins) {
        if (strcmp(word, "soon") == 0)
                *ret_begins = 10 * G_TIME_SPAN_MINUTE;
        else if (strcmp(word, "over") == 0)
                *ret_begins = -4 * G_TIME_SPAN_HOUR - 40 * G_TIME_SPAN_MINUTE;
        else
                return false;
        return true;
}

int main(int argc, char **argv) {
        MadeHistory history = {
                .days = 7, .low = LOW, .high = HIGH, .lasts = 4 * G_TIME_SPAN_HOUR
        };
        g_autoptr(GError) error = NULL;
        g_autoptr(Store) store = NULL;

        if (argc != 5 || !find_begin(argv[4], &history.begins)) {
                fprintf(stderr, "usage: history-tool DATABASE UUID NAME soon|over\n");
                return 2;
        }

        history.uuid = argv[2];
        history.name = argv[3];
        store = store_open(argv[1], &error);
        if (store && made_history_put(&history, store, g_get_real_time(), &error))
                return 0;

        fprintf(stderr, "history-tool: %s\n", error->message);
        return 1;
}
