/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/history-svg.h"

#include <libxml/parser.h>
#include <math.h>
#include <string.h>

#include "tests/unit/cli/fixture.h"

#define NOW  INT64_C(1800000000000000) /* 2027-01-15 08:00 UTC */
#define STEP (5 * G_TIME_SPAN_MINUTE)
#define PAST 72 /* slots, of six hours */

static const MetricFacts cpu = { "cpu", "counter", "seconds" };
static const MetricFacts memory = { "resident", "gauge", "bytes" };
static const HistorySpan span = { NOW - PAST * STEP, NOW, NOW + PAST *STEP };

/* With a gap of an hour in the middle. */
static GArray *points(double scale) {
        GArray *points = g_array_new(false, false, sizeof(HistoryPoint));

        for (int i = 0; i < PAST; i++) {
                double value = scale * (1.2 + sin(i / 9.0));
                HistoryPoint point = { span.from + i * STEP, value * 0.5, value, value * 1.5 };

                if (i < 30 || i >= 42)
                        g_array_append_val(points, point);
        }
        return points;
}

static DemandForecast forecast(void) {
        DemandForecast forecast = { .start = NOW, .step = STEP, .n = PAST };

        forecast.bands = g_new0(DemandBand, PAST);
        for (int i = 0; i < PAST; i++)
                forecast.bands[i] = (DemandBand){ .p50 = 1, .p95 = 1.5 + i * 0.01, .p99 = 9 };
        return forecast;
}

static HistoryChart chart_of(const MetricFacts *facts, const GArray *points,
                             const DemandForecast *forecast) {
        return (HistoryChart){
                .facts = *facts,
                .points = (const HistoryPoint *)points->data,
                .n_points = points->len,
                .step = STEP,
                .forecast = forecast,
        };
}

static char *draw(const char *title, const HistoryChart *chart, const HistoryChart *other) {
        g_autoptr(GPtrArray) charts = g_ptr_array_new();

        if (chart)
                g_ptr_array_add(charts, (void *)chart);
        if (other)
                g_ptr_array_add(charts, (void *)other);
        return history_svg(title, &span, charts);
}

static void assert_is_xml(const char *svg) {
        xmlDoc *document = xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET);

        g_assert_nonnull(document);
        g_assert_cmpstr((const char *)xmlDocGetRootElement(document)->name, ==, "svg");
        xmlFreeDoc(document);
}

static guint count(const char *text, const char *part) {
        guint n = 0;

        for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
                n++;
        return n;
}

static void test_what_was_and_what_will_be(void) {
        g_autoptr(GArray) some = points(1), bytes = points(3e9);
        g_auto(DemandForecast) ahead = forecast();
        HistoryChart one = chart_of(&cpu, some, &ahead), other = chart_of(&memory, bytes, NULL);
        g_autofree char *svg = draw("db1", &one, &other);

        assert_is_xml(svg);
        cli_check_golden("history.svg", svg);
}

/* A line and a band for each of two runs, and of the forecast. */
static void test_a_gap_is_a_gap(void) {
        g_autoptr(GArray) some = points(1);
        g_auto(DemandForecast) ahead = forecast();
        HistoryChart one = chart_of(&cpu, some, &ahead), without = chart_of(&cpu, some, NULL);
        g_autofree char *svg = draw("db1", &one, NULL), *other = draw("db1", &without, NULL);

        g_assert_cmpuint(count(svg, "<path"), ==, 6);
        g_assert_cmpuint(count(other, "<path"), ==, 4);
}

static void test_nothing_is_a_drawing_too(void) {
        g_autoptr(GArray) none = g_array_new(false, false, sizeof(HistoryPoint));
        HistoryChart empty = chart_of(&cpu, none, NULL);
        g_autofree char *svg = draw("db1", &empty, NULL), *bare = draw("db1", NULL, NULL);

        empty.step = 0;
        assert_is_xml(svg);
        assert_is_xml(bare);
}

static void test_a_name_is_no_markup(void) {
        g_autoptr(GArray) some = points(1);
        HistoryChart one = chart_of(&cpu, some, NULL);
        g_autofree char *svg = draw("a<b>&\"\x01\xff", &one, NULL);

        assert_is_xml(svg);
        g_assert_nonnull(strstr(svg, "a&lt;b&gt;&amp;&quot;"));
}

/* 2160 slots are no more than there is room for. */
static void test_what_is_long_is_joined(void) {
        g_autoptr(GArray) many = g_array_new(false, false, sizeof(HistoryPoint));
        HistoryChart one;
        g_autofree char *svg = NULL;

        for (int i = 0; i < 2160; i++) {
                HistoryPoint point = { span.from + (int64_t)i * 10 * G_USEC_PER_SEC, 1, 2, 3 };

                g_array_append_val(many, point);
        }
        one = chart_of(&cpu, many, NULL);
        one.step = 10 * G_USEC_PER_SEC;
        svg = draw("db1", &one, NULL);
        g_assert_cmpuint(count(svg, "<path"), ==, 2);
        g_assert_cmpuint(strlen(svg), <, 30000);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_setenv("TZ", "UTC", true);
        cli_expires = (char *)"never"; /* golden files may have it */
        g_test_add_func("/history-svg/what was and what will be", test_what_was_and_what_will_be);
        g_test_add_func("/history-svg/a gap is a gap", test_a_gap_is_a_gap);
        g_test_add_func("/history-svg/nothing is a drawing, too", test_nothing_is_a_drawing_too);
        g_test_add_func("/history-svg/a name is no markup", test_a_name_is_no_markup);
        g_test_add_func("/history-svg/what is long is joined", test_what_is_long_is_joined);
        return g_test_run();
}
