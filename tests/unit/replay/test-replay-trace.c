/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay-trace.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdbool.h>
#include <unistd.h>

#define HEADER "timestamp,guest,metric,value\n"

static ReplayTrace *read_text(const char *text, gssize size, GError **error) {
        g_autofree char *path = NULL;
        ReplayTrace *trace;
        int fd = g_file_open_tmp("trace-XXXXXX", &path, NULL);

        g_assert_cmpint(fd, >=, 0);
        (void)close(fd);
        g_assert_true(g_file_set_contents(path, text, size, NULL));
        trace = replay_trace_read(path, error);
        g_assert_cmpint(g_unlink(path), ==, 0);
        return trace;
}

/* What is said after the name of the file. */
static void assert_refused(const char *text, const char *why) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ReplayTrace) trace = read_text(text, -1, &error);

        g_assert_null(trace);
        g_assert_nonnull(error);
        if (!g_str_has_suffix(error->message, why))
                g_error("'%s' does not end with '%s'", error->message, why);
        g_assert_null(strchr(error->message, '\n'));
}

/* Rows of one guest and way, for `n` steps from `begin`; from the last to the first. */
static void add_rows(GString *text, const char *guest, const char *metric, int64_t begin,
                     unsigned n) {
        for (unsigned i = n; i-- > 0;)
                g_string_append_printf(text, "%" G_GINT64_FORMAT ",%s,%s,%u\n",
                                       begin + (int64_t)i * REPLAY_STEP, guest, metric, i);
}

static void test_rows_may_come_in_any_order(void) {
        g_autoptr(GString) text = g_string_new(HEADER);
        g_autoptr(GError) error = NULL;
        g_autoptr(ReplayTrace) trace = NULL;
        const ReplayGuest *guest;

        add_rows(text, "g2", "tx", 7200, 24);
        add_rows(text, "g1", "receive-bytes", 7200, 24);
        add_rows(text, "g2", "rx", 7200, 24);
        add_rows(text, "g1", "transmit-bytes", 7200, 24);
        trace = read_text(text->str, -1, &error);
        g_assert_no_error(error);
        g_assert_cmpint(trace->begin, ==, 7200);
        g_assert_cmpuint(trace->n_hours, ==, 2);
        g_assert_cmpuint(trace->guests->len, ==, 2);
        guest = trace->guests->pdata[0];
        g_assert_cmpstr(guest->name, ==, "g1");
        for (int way = 0; way < _REPLAY_WAY_MAX; way++)
                for (unsigned i = 0; i < 24; i++)
                        g_assert_cmpfloat(guest->values[way][i], ==, i);
}

static void test_what_no_row_tells_is_missing(void) {
        g_autoptr(GString) text = g_string_new(HEADER);
        g_autoptr(GError) error = NULL;
        g_autoptr(ReplayTrace) trace = NULL;
        const ReplayGuest *guest;

        add_rows(text, "g1", "rx", 3600 + 4 * REPLAY_STEP, 8);
        g_string_append(text, "7200,g1,rx,nan\r\n7500,g1,rx,\n7800,g1,rx,5\n10500,g1,rx,7\n");
        trace = read_text(text->str, -1, &error);
        g_assert_no_error(error);
        g_assert_cmpint(trace->begin, ==, 3600);
        g_assert_cmpuint(trace->n_hours, ==, 2);
        guest = trace->guests->pdata[0];
        g_assert_true(isnan(guest->values[REPLAY_RECEIVE][3]));
        g_assert_cmpfloat(guest->values[REPLAY_RECEIVE][4], ==, 0);
        g_assert_true(isnan(guest->values[REPLAY_RECEIVE][12]));
        g_assert_true(isnan(guest->values[REPLAY_RECEIVE][13]));
        g_assert_cmpfloat(guest->values[REPLAY_RECEIVE][14], ==, 5);
        g_assert_true(isnan(guest->values[REPLAY_TRANSMIT][4]));
}

static void test_several_of_a_step_are_averaged(void) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ReplayTrace) trace = read_text(
                HEADER "3600,g1,rx,1\n3660,g1,rx,2\n3720,g1,rx,nan\n3899,g1,rx,6\n"
                       "7199,g1,cpu,6\n7199,g1,tx,6\n",
                -1, &error);
        const ReplayGuest *guest;

        g_assert_no_error(error);
        guest = trace->guests->pdata[0];
        g_assert_cmpfloat_with_epsilon(guest->values[REPLAY_RECEIVE][0], 3, 1e-5);
        g_assert_cmpfloat(guest->values[REPLAY_TRANSMIT][11], ==, 6);
}

static void test_what_is_wrong_is_said_with_its_line(void) {
        assert_refused("", "line 1: the first line must be 'timestamp,guest,metric,value', not ''");
        assert_refused("time,value\n", "line 1: the first line must be "
                                       "'timestamp,guest,metric,value', not 'time,value'");
        assert_refused(HEADER "3600,g1,rx,1\n3600,g1,rx\n",
                       "line 3: a row must be TIME,GUEST,METRIC,VALUE, not '3600'");
        assert_refused(HEADER "\n", "line 2: a row must be TIME,GUEST,METRIC,VALUE, not ''");
        assert_refused(HEADER "today,g1,rx,1\n",
                       "line 2: the time must be whole seconds since 1970, not 'today'");
        assert_refused(HEADER "-3600,g1,rx,1\n",
                       "line 2: the time must be whole seconds since 1970, not '-3600'");
        assert_refused(HEADER "3600,g1,rxx,1\n",
                       "line 2: the metric must be rx, tx or one that telemetry has, not 'rxx'");
        assert_refused(HEADER "3600,g1,rx,much\n",
                       "line 2: the value must be bytes a second, or nan, not 'much'");
        assert_refused(HEADER "3600,g1,rx,-1\n",
                       "line 2: the value must be bytes a second, or nan, not '-1'");
        assert_refused(HEADER "3600,g1,rx,inf\n",
                       "line 2: the value must be bytes a second, or nan, not 'inf'");
        assert_refused(HEADER "3600,,rx,1\n",
                       "line 2: a guest must have a name of 1 to 255 bytes, not ''");
        assert_refused(HEADER "3600,g\xff,rx,1\n",
                       "line 2: a guest must have a name of 1 to 255 bytes, not 'g\xef\xbf\xbd'");
}

static void test_a_line_has_an_end(void) {
        g_autoptr(GString) text = g_string_new(HEADER);

        for (int i = 0; i < 600; i++)
                g_string_append_c(text, 'x');
        g_string_append(text, "\n");
        assert_refused(text->str, "line 2: a line must be a text of at most 500 bytes");
}

static void test_a_trace_has_an_hour_and_an_end(void) {
        static const char why[] = "The trace has no whole hour of rx and tx, or is too long: at "
                                  "most 400 days, and 100000000 values of all guests and steps";

        assert_refused(HEADER, why);
        assert_refused(HEADER "3600,g1,rx,1\n", why);
        assert_refused(HEADER "3600,g1,cpu,1\n7199,g1,cpu,1\n", why);
        assert_refused(HEADER "3600,g1,rx,1\n1099511627000,g1,rx,1\n", why);
}

static void test_a_file_that_is_not_there(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(replay_trace_read("no/such/trace", &error));
        g_assert_cmpstr(error->message, ==,
                        "no/such/trace: The trace cannot be read: No such file or directory");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/replay-trace/rows may come in any order",
                        test_rows_may_come_in_any_order);
        g_test_add_func("/replay-trace/what no row tells is missing",
                        test_what_no_row_tells_is_missing);
        g_test_add_func("/replay-trace/several of a step are averaged",
                        test_several_of_a_step_are_averaged);
        g_test_add_func("/replay-trace/what is wrong is said with its line",
                        test_what_is_wrong_is_said_with_its_line);
        g_test_add_func("/replay-trace/a line has an end", test_a_line_has_an_end);
        g_test_add_func("/replay-trace/a trace has an hour and an end",
                        test_a_trace_has_an_hour_and_an_end);
        g_test_add_func("/replay-trace/a file that is not there", test_a_file_that_is_not_there);
        return g_test_run();
}
