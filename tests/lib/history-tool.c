/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gives a guest, or a device, the history of a week that it never had, in the store of a daemon
 * that does not run.
 *
 *   history-tool DATABASE UUID NAME soon    a guest: four hours of traffic each day, that begin in
 *                                           10 minutes
 *   history-tool DATABASE UUID NAME over    the same, that were over 40 minutes ago
 *   history-tool DATABASE UUID NAME hot     a guest: two fifths of a CPU, all the time
 *   history-tool DATABASE UUID NAME cool    a guest: a fiftieth
 *   history-tool DATABASE ID NAME busy      a device: at work all the time
 */

#include <stdio.h>
#include <string.h>

#include "tests/lib/made-history.h"

#define LOW  (10 * 1000)
#define HIGH (1000 * 1000)

static void make_traffic(MadeHistory *history, int64_t begins) {
        history->kind = SUBJECT_GUEST;
        history->metrics[0] = METRIC_RECEIVE_BYTES;
        history->metrics[1] = METRIC_TRANSMIT_BYTES;
        history->n_metrics = 2;
        history->low = LOW;
        history->high = HIGH;
        history->begins = begins;
        history->lasts = 4 * G_TIME_SPAN_HOUR;
}

static void make_work(MadeHistory *history, SubjectKind kind, Metric metric, double work) {
        history->kind = kind;
        history->metrics[0] = metric;
        history->n_metrics = 1;
        history->low = history->high = work;
}

static bool make(MadeHistory *history, const char *word) {
        if (strcmp(word, "soon") == 0)
                make_traffic(history, 10 * G_TIME_SPAN_MINUTE);
        else if (strcmp(word, "over") == 0)
                make_traffic(history, -4 * G_TIME_SPAN_HOUR - 40 * G_TIME_SPAN_MINUTE);
        else if (strcmp(word, "busy") == 0)
                make_work(history, SUBJECT_VF, METRIC_BUSY, 1);
        else if (strcmp(word, "hot") == 0)
                make_work(history, SUBJECT_GUEST, METRIC_CPU, 0.4);
        else if (strcmp(word, "cool") == 0)
                make_work(history, SUBJECT_GUEST, METRIC_CPU, 0.02);
        else
                return false;
        return true;
}

int main(int argc, char **argv) {
        MadeHistory history = { .days = 7 };
        g_autoptr(GError) error = NULL;
        g_autoptr(Store) store = NULL;

        if (argc != 5 || !make(&history, argv[4])) {
                fprintf(stderr, "usage: history-tool DATABASE ID NAME soon|over|hot|cool|busy\n");
                return 2;
        }

        history.id = argv[2];
        history.name = argv[3];
        store = store_open(argv[1], &error);
        if (store && made_history_put(&history, store, g_get_real_time(), &error))
                return 0;

        fprintf(stderr, "history-tool: %s\n", error->message);
        return 1;
}
