/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/openmetrics.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/openmetrics-check.h"

static GBytes *bytes_of(const char *text) {
        return g_bytes_new(text, strlen(text));
}

static void assert_page(GBytes *page, const char *expected) {
        g_autofree char *trouble = openmetrics_check(page);
        g_autofree char *text = NULL;
        size_t size;
        const char *data = g_bytes_get_data(page, &size);

        text = g_strndup(data, size);
        g_assert_cmpstr(text, ==, expected);
        g_assert_cmpstr(trouble, ==, NULL);
}

static GBytes *make_page(void) {
        Openmetrics *page = openmetrics_new();
        g_autofree char *g1 = openmetrics_labels("uuid", "1-2", "domain", "g1", NULL);

        openmetrics_family(page, "ferry_cpu_seconds", OPENMETRICS_COUNTER, "seconds", "CPU time");
        openmetrics_add(page, g1, 12500000000, 1000000000);
        openmetrics_add(page, "{uuid=\"3\"}", 1, 1000000000);
        openmetrics_family(page, "ferry_nobody", OPENMETRICS_GAUGE, NULL, "Not there");
        openmetrics_family(page, "ferry_moves", OPENMETRICS_GAUGE, NULL, "Said \"now\"");
        openmetrics_add(page, "", 0, 1);
        openmetrics_family(page, "ferry_round_seconds", OPENMETRICS_SUMMARY, "seconds", "A round");
        openmetrics_add_summary(page, "", 3, 1002000, 1000000);
        return openmetrics_end(page);
}

static void test_a_page_is_what_readers_expect(void) {
        g_autoptr(GBytes) page = make_page();

        assert_page(page, "# TYPE ferry_cpu_seconds counter\n"
                          "# UNIT ferry_cpu_seconds seconds\n"
                          "# HELP ferry_cpu_seconds CPU time\n"
                          "ferry_cpu_seconds_total{uuid=\"1-2\",domain=\"g1\"} 12.5\n"
                          "ferry_cpu_seconds_total{uuid=\"3\"} 0.000000001\n"
                          "# TYPE ferry_moves gauge\n"
                          "# HELP ferry_moves Said \\\"now\\\"\n"
                          "ferry_moves 0\n"
                          "# TYPE ferry_round_seconds summary\n"
                          "# UNIT ferry_round_seconds seconds\n"
                          "# HELP ferry_round_seconds A round\n"
                          "ferry_round_seconds_count 3\n"
                          "ferry_round_seconds_sum 1.002\n"
                          "# EOF\n");
}

static void test_a_page_without_metrics_has_its_end(void) {
        g_autoptr(GBytes) page = openmetrics_end(openmetrics_new());

        assert_page(page, "# EOF\n");
}

static void test_big_numbers_are_exact(void) {
        Openmetrics *page = openmetrics_new();
        g_autoptr(GBytes) bytes = NULL;

        openmetrics_family(page, "n", OPENMETRICS_COUNTER, NULL, "N");
        openmetrics_add(page, "", G_MAXUINT64, 1);
        openmetrics_add(page, "{a=\"b\"}", G_MAXUINT64, 1000000);
        bytes = openmetrics_end(page);
        assert_page(bytes, "# TYPE n counter\n"
                           "# HELP n N\n"
                           "n_total 18446744073709551615\n"
                           "n_total{a=\"b\"} 18446744073709.551615\n"
                           "# EOF\n");
}

static void assert_label(const char *value, const char *expected) {
        g_autofree char *labels = openmetrics_labels("a", value, NULL);
        g_autofree char *whole = g_strdup_printf("{a=\"%s\"}", expected);

        g_assert_cmpstr(labels, ==, whole);
}

static void test_labels_are_escaped(void) {
        assert_label("a\"b\\c\nd", "a\\\"b\\\\c\\nd");
        assert_label("Gäste", "Gäste");
        assert_label("", "");
        assert_label("\xff", "\xef\xbf\xbd");
        assert_label("}, =", "}, =");
}

/* A character that has two bytes is not cut in halves. */
static void test_a_long_label_is_cut(void) {
        g_autofree char *most = g_strnfill(OPENMETRICS_LABEL_MAX, 'x');
        g_autofree char *more = g_strconcat(most, "x", NULL);
        g_autofree char *almost = g_strndup(most, OPENMETRICS_LABEL_MAX - 1);
        g_autofree char *umlaut = g_strconcat(almost, "ä", NULL);

        assert_label(most, most);
        assert_label(more, most);
        assert_label(umlaut, almost);
}

/* The judge -------------------------------------------------------------------------- */

static void test_the_judge_finds_what_is_wrong(void) {
#define HEAD "# TYPE a counter\n# HELP a A\n"
        static const char *const wrong[] = {
                "",
                "# EOF",
                "# EOF\n\n",
                "# EOF\n# EOF\n",
                "\n# EOF\n",
                "# comment\n# EOF\n",
                "a_total 1\n# EOF\n",
                HEAD "a_total 1\n",
                HEAD "a 1\n# EOF\n",
                HEAD "a_total  1\n# EOF\n",
                HEAD "a_total 1 \n# EOF\n",
                HEAD "a_total -1\n# EOF\n",
                HEAD "a_total nan\n# EOF\n",
                HEAD "a_total 1,5\n# EOF\n",
                HEAD "a_total 1\r\n# EOF\n",
                HEAD "a_total 1\na_total 2\n# EOF\n",
                HEAD "a_total{b=\"\xff\"} 1\n# EOF\n",
                HEAD "a_total{b=\"\"\"} 1\n# EOF\n",
                HEAD "a_total{b=\"\\\"} 1\n# EOF\n",
                HEAD "a_total{b=\"\\t\"} 1\n# EOF\n",
                HEAD "a_total{b=\"1\",b=\"2\"} 1\n# EOF\n",
                HEAD "a_total{b=\"1\",} 1\n# EOF\n",
                HEAD "a_total{__b=\"1\"} 1\n# EOF\n",
                HEAD "a_total{2=\"1\"} 1\n# EOF\n",
                HEAD "a_total 1\n" HEAD "# EOF\n",
                HEAD "a_total 1\n# TYPE b gauge\nb 1\na_total{c=\"\"} 1\n# EOF\n",
                HEAD "# UNIT a seconds\na_total 1\n# EOF\n",
                "# HELP a A\n# TYPE a gauge\na 1\n# EOF\n",
                "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
                "# TYPE a thing\na 1\n# EOF\n",
                "# TYPE a_total gauge\na_total 1\n" HEAD "a_total 1\n# EOF\n",
                "# TYPE a summary\na_count 1\n# EOF\n",
                "# TYPE a summary\na_sum 1\na_count 1\n# EOF\n",
                "# TYPE a summary\na_count 1.5\na_sum 1\n# EOF\n",
                "# TYPE a summary\na_count{b=\"1\"} 1\na_sum{b=\"2\"} 1\n# EOF\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                g_autoptr(GBytes) page = bytes_of(wrong[i]);
                g_autofree char *trouble = openmetrics_check(page);

                g_test_message("%zu: %s", i, trouble);
                g_assert_nonnull(trouble);
        }
}

/* Prometheus' own parser, where the distribution's Python has it. */
static void test_another_parser_reads_the_page(void) {
        static const char program[] =
                "import sys\n"
                "from prometheus_client.openmetrics.parser import text_string_to_metric_families\n"
                "for f in text_string_to_metric_families(sys.argv[1]):\n"
                "    for s in f.samples: print(s.name, f.type, f.unit, sorted(s.labels.items()), "
                "float(s.value))\n";
        g_autoptr(GBytes) page = make_page();
        size_t size;
        const char *data = g_bytes_get_data(page, &size);
        g_autofree char *text = g_strndup(data, size), *out = NULL, *err = NULL;
        const char *const argv[] = { "/usr/bin/python3", "-c", program, text, NULL };
        int status;

        if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
                          &status, NULL) ||
            strstr(err, "No module named")) {
                g_test_skip("python3-prometheus-client is not installed");
                return;
        }

        g_assert_cmpstr(err, ==, "");
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpstr(out, ==,
                        "ferry_cpu_seconds_total counter seconds "
                        "[('domain', 'g1'), ('uuid', '1-2')] 12.5\n"
                        "ferry_cpu_seconds_total counter seconds [('uuid', '3')] 1e-09\n"
                        "ferry_moves gauge  [] 0.0\n"
                        "ferry_round_seconds_count summary seconds [] 3.0\n"
                        "ferry_round_seconds_sum summary seconds [] 1.002\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/openmetrics/a page is what readers expect",
                        test_a_page_is_what_readers_expect);
        g_test_add_func("/openmetrics/a page without metrics has its end",
                        test_a_page_without_metrics_has_its_end);
        g_test_add_func("/openmetrics/big numbers are exact", test_big_numbers_are_exact);
        g_test_add_func("/openmetrics/labels are escaped", test_labels_are_escaped);
        g_test_add_func("/openmetrics/a long label is cut", test_a_long_label_is_cut);
        g_test_add_func("/openmetrics/the judge finds what is wrong",
                        test_the_judge_finds_what_is_wrong);
        g_test_add_func("/openmetrics/another parser reads the page",
                        test_another_parser_reads_the_page);
        return g_test_run();
}
