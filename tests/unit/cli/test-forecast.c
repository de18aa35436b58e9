/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/demand.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/cli/fixture.h"
#include "tests/unit/core/made-up-series.h"

/* `virt-ferry forecast --csv`, which asks no daemon. */

static const MadeUpSeries series = { .level = 40, .daily = 20, .noise = 3, .seed = 8 };

typedef struct Fixture {
        char *folder, *path;
        MockDaemon *mock;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "series.csv", NULL);
        f->mock = cli_mock_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        cli_check_calls(f->mock, "");
        mock_daemon_free(f->mock);
        g_free(f->path);
        temp_folder_remove(f->folder);
}

static void write_file(Fixture *f, const char *text) {
        g_assert_true(g_file_set_contents(f->path, text, -1, NULL));
}

static void add_row(GString *text, unsigned i, double value) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append_printf(text, "%" G_GINT64_FORMAT ",%s\n",
                               MADE_UP_BEGIN + (int64_t)i * MADE_UP_STEP,
                               g_ascii_dtostr(number, sizeof(number), value));
}

/* `n` rows; those from `garbled` on are not as they should be. */
static void write_series(Fixture *f, unsigned n, unsigned garbled) {
        g_autoptr(GString) text = g_string_new("timestamp,value\n");

        for (unsigned i = 0; i < n; i++)
                add_row(text, i,
                        i < garbled ? made_up_series_value(&series, i)
                                    : 1e6 * made_up_chance(9, i) - 1e5);
        write_file(f, text->str);
}

static Program *run(Fixture *f, const char *options) {
        g_autofree char *command = g_strdup_printf("forecast --csv %s%s%s", f->path,
                                                   *options ? " " : "", options);

        return cli_run(f->mock, command);
}

static void check_golden(Fixture *f, const char *options, const char *golden) {
        g_autoptr(Program) program = run(f, options);

        g_assert_cmpstr(program->err->str, ==, "");
        cli_check_golden(golden, program->out->str);
        g_assert_cmpint(program->status, ==, 0);
}

/* Of what never changes no rounding is to be seen. */
static void test_golden(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) text = g_string_new("timestamp,value\r\n");

        for (unsigned i = 0; i < 300; i++)
                g_string_append_printf(text, "%" G_GINT64_FORMAT ",%s\r\n",
                                       MADE_UP_BEGIN + (int64_t)i * MADE_UP_STEP,
                                       i == 3 ? "nan" : "2.5");
        write_file(f, text->str);
        check_golden(f, "--horizon 2 --origin 296 --stride 4 --count 2", "forecast.csv");
        check_golden(f, "--horizon 2 --origin 296 --stride 4 --count 2 --no-legend",
                     "forecast-no-legend.csv");
        check_golden(f, "--horizon 2 --json", "forecast.json");
}

static void add_expected(GString *text, const Demand *demand, unsigned origin, unsigned horizon) {
        DemandBand bands[MADE_UP_DAY];
        char a[G_ASCII_DTOSTR_BUF_SIZE], b[sizeof(a)], c[sizeof(a)];

        g_assert_true(demand_forecast(demand, horizon, bands));
        for (unsigned i = 0; i < horizon; i++)
                g_string_append_printf(text, "%u,%u,%s,%s,%s\n", origin, i + 1,
                                       g_ascii_formatd(a, sizeof(a), "%.9g", bands[i].p50),
                                       g_ascii_formatd(b, sizeof(b), "%.9g", bands[i].p95),
                                       g_ascii_formatd(c, sizeof(c), "%.9g", bands[i].p99));
}

static void test_it_is_what_the_daemon_would_say(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) expected = g_string_new("origin,h,p50,p95,p99\n");
        g_autoptr(Demand) demand = demand_new(MADE_UP_STEP);
        g_autoptr(Program) program = NULL;

        write_series(f, 1000, 1000);
        for (unsigned i = 0; i < 900; i++) {
                if (i == 600 || i == 750)
                        add_expected(expected, demand, i, 12);
                g_assert_true(demand_update(demand, MADE_UP_BEGIN + (int64_t)i * MADE_UP_STEP,
                                            made_up_series_value(&series, i)));
        }
        add_expected(expected, demand, 900, 12);
        program = run(f, "--origin 600 --stride 150 --count 3 --horizon 12");
        cli_check(program, 0, expected->str, "");
}

static void test_the_future_is_not_looked_at(Fixture *f, gconstpointer unused) {
        static const char *const options = "--origin 600 --stride 12 --count 2";
        g_autoptr(Program) known = NULL, garbled = NULL;

        write_series(f, 1000, 1000);
        known = run(f, options);
        write_series(f, 900, 612);
        garbled = run(f, options);
        cli_check(garbled, 0, known->out->str, "");
}

static void test_a_day_ahead_of_all_is_what_is_not_said(Fixture *f, gconstpointer unused) {
        g_autoptr(Program) program = NULL;
        g_auto(GStrv) lines = NULL;

        write_series(f, 600, 600);
        program = run(f, "");
        lines = g_strsplit(program->out->str, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 1 + MADE_UP_DAY + 1);
        g_assert_true(g_str_has_prefix(lines[1], "600,1,"));
        g_assert_true(g_str_has_prefix(lines[MADE_UP_DAY], "600,288,"));
}

static void test_standard_input_will_do(Fixture *f, gconstpointer unused) {
        g_autoptr(Program) program = cli_run(f->mock, "forecast --csv -");

        cli_check(program, 1, "",
                  "virt-ferry: standard input: line 1: the first line must be 'timestamp,value', "
                  "not '"
                  "<domain type='kvm'><name>db1</name></dom"
                  "'\n");
}

static void test_what_is_wrong_is_said_with_its_line(Fixture *f, gconstpointer unused) {
        static const struct {
                const char *text, *words;
        } table[] = {
                { "", "line 1: the first line must be 'timestamp,value', not ''" },
                { "timestamp;value\n",
                  "line 1: the first line must be 'timestamp,value', not 'timestamp;value'" },
                { "timestamp,value\n", "line 2: a series must have two rows at least" },
                { "timestamp,value\n300,1\n", "line 3: a series must have two rows at least" },
                { "timestamp,value\n300\n", "line 2: a row must be TIME,VALUE, not '300'" },
                { "timestamp,value\n300,1\n\n600,2\n", "line 3: a row must be TIME,VALUE, not ''" },
                { "timestamp,value\n-300,1\n",
                  "line 2: the time must be whole seconds since 1970, not '-300'" },
                { "timestamp,value\n99999999999999999999,1\n",
                  "line 2: the time must be whole seconds since 1970, not "
                  "'99999999999999999999'" },
                { "timestamp,value\n300,\n", "line 2: the value must be a number or nan, not ''" },
                { "timestamp,value\n300,1\n600,1.5x\n",
                  "line 3: the value must be a number or nan, not '1.5x'" },
                { "timestamp,value\n300,inf\n",
                  "line 2: the value must be a number or nan, not 'inf'" },
                { "timestamp,value\n300,\033[31m\n",
                  "line 2: the value must be a number or nan, not ' [31m'" },
                { "timestamp,value\n300,1\n307,1\n",
                  "line 3: a step must be 60 to 3600 seconds and divide the hour, not 7" },
                { "timestamp,value\n300,1\n0,1\n",
                  "line 3: a step must be 60 to 3600 seconds and divide the hour, not -300" },
                { "timestamp,value\n300,1\n600,1\n1200,1\n",
                  "line 4: the time must be 900 after steps of 300 seconds, not 1200" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *err = g_strdup_printf("virt-ferry: %s: %s\n", f->path,
                                                       table[i].words);
                g_autoptr(Program) program = NULL;

                write_file(f, table[i].text);
                program = run(f, "");
                cli_check(program, 1, "", err);
        }
}

static void check_refused(Fixture *f, const char *options, const char *words) {
        g_autofree char *err = g_strdup_printf("virt-ferry: %s: %s\n", f->path, words);
        g_autoptr(Program) program = run(f, options);

        g_assert_cmpstr(program->err->str, ==, err);
        g_assert_cmpint(program->status, ==, 1);
}

static void test_what_does_not_fit_the_series_is_refused(Fixture *f, gconstpointer unused) {
        write_series(f, 100, 100);
        check_refused(f, "--horizon 289",
                      "the horizon of a day's rows must be 288 at most, not 289");
        check_refused(f, "--origin 101",
                      "the last origin, by the number of rows, must be 100 at most, not 101");
        check_refused(f, "--origin 50 --stride 10 --count 7",
                      "the last origin, by the number of rows, must be 100 at most, not 110");
        write_file(f, "timestamp,value\n300,nan\n600,nan\n900,1\n");
        check_refused(f, "--origin 2", "no value is known before origin 2: begin with a later one");
}

static void test_usage(Fixture *f, gconstpointer unused) {
        cli_check_usage(f->mock, "forecast", "'forecast' needs DOMAIN, or --csv");
        cli_check_usage(f->mock, "forecast --csv x db1", "'forecast --csv' takes no DOMAIN");
        cli_check_usage(f->mock, "devices --csv x", "'devices' takes no --csv");
        cli_check_usage(f->mock, "forecast --csv x --horizon 0",
                        "--horizon must be a number from 1 to 1440, not '0'");
}

#define ADD(name, function) \
        g_test_add("/forecast/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char *argv[]) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();

        ADD("golden", test_golden);
        ADD("it is what the daemon would say", test_it_is_what_the_daemon_would_say);
        ADD("the future is not looked at", test_the_future_is_not_looked_at);
        ADD("a day ahead of all is what is not said", test_a_day_ahead_of_all_is_what_is_not_said);
        ADD("standard input will do", test_standard_input_will_do);
        ADD("what is wrong is said with its line", test_what_is_wrong_is_said_with_its_line);
        ADD("what does not fit the series is refused",
            test_what_does_not_fit_the_series_is_refused);
        ADD("usage", test_usage);

        r = g_test_run();
        cli_test_done();
        return r;
}
