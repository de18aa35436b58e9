/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/history-svg.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/text.h"

/* In pixels. */
#define WIDTH  960
#define LEFT   90  /* of the plot: labels stand there */
#define RIGHT  940 /* end of the plot */
#define TITLE  40  /* above the first chart */
#define HEIGHT 220 /* of a chart with its labels */
#define TOP    30  /* of the plot in a chart, below its name */
#define PLOT   150 /* height of the plot */
#define POINT  2   /* points are joined until one is as wide as this */

#define TICKS  8 /* at most, of times */
#define LINES  5 /* at most, of values */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR   G_TIME_SPAN_HOUR
#define DAY    G_TIME_SPAN_DAY

static const char head[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" height=\"%d\""
        " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<title>%s</title>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
        "<text x=\"%d\" y=\"24\" font-size=\"16\" fill=\"#1a1a1a\">%s</text>\n";

/* What colour, and what it is, in the order of the legend. */
static const struct Mark {
        const char *fill, *words;
} marks[] = {
        { "#1f5fa8", "mean" },
        { "#bcd3ee", "minimum to maximum" },
        { "#b3541e", "forecast: median" },
        { "#f2d3bd", "median to p95" },
};
enum {
        MARK_MEAN,
        MARK_RANGE,
        MARK_MEDIAN,
        MARK_BAND
};

/* A chart as it is drawn. */
typedef struct Frame {
        GString *svg;
        const HistorySpan *span;
        const HistoryChart *chart;
        double top;   /* of the plot */
        double most;  /* value at the top; the bottom is 0 */
        double scale; /* of values between lines */
} Frame;

/* Where things are ------------------------------------------------------------------ */

static double x_of(const Frame *frame, int64_t time) {
        const HistorySpan *span = frame->span;
        double part = (double)(time - span->from) / (double)(span->to - span->from);

        return LEFT + CLAMP(part, 0, 1) * (RIGHT - LEFT);
}

static double y_of(const Frame *frame, double value) {
        return frame->top + PLOT - CLAMP(value / frame->most, 0, 1) * PLOT;
}

/* The same in any locale. */
static void add_number(GString *svg, const char *before, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append_printf(svg, "%s%s", before,
                               g_ascii_formatd(text, sizeof(text), "%.1f", value));
}

static void add_point(const Frame *frame, const char *before, int64_t time, double value) {
        add_number(frame->svg, before, x_of(frame, time));
        add_number(frame->svg, ",", y_of(frame, value));
}

static double highest(const HistoryChart *chart) {
        double most = 0;

        for (guint i = 0; i < chart->n_points; i++)
                most = fmax(most, chart->points[i].max);
        for (guint i = 0; chart->forecast && i < chart->forecast->n; i++)
                most = fmax(most, chart->forecast->bands[i].p95);
        return most > 0 ? most : 1;
}

/* 1, 2 or 5 of a power of ten, so that there are LINES at most. Of bytes, times a power of 1024. */
static double round_scale(const HistoryChart *chart, double most) {
        double unit = 1, scale;

        if (g_str_equal(chart->facts.unit, "bytes"))
                while (most / unit >= 1024)
                        unit *= 1024;
        scale = unit * pow(10, floor(log10(most / unit / LINES)));
        for (int i = 0; most > scale * LINES; i++)
                scale *= i % 3 == 1 ? 2.5 : 2;
        return scale;
}

/* Axes ------------------------------------------------------------------------------ */

static void add_text(const Frame *frame, double x, double y, const char *anchor, const char *text) {
        g_autofree char *escaped = g_markup_escape_text(text, -1);

        add_number(frame->svg, "<text x=\"", x);
        add_number(frame->svg, "\" y=\"", y);
        g_string_append_printf(frame->svg, "\" text-anchor=\"%s\" fill=\"#4d4d4d\">%s</text>\n",
                               anchor, escaped);
}

static void add_line(const Frame *frame, double x1, double y1, double x2, double y2,
                     const char *style) {
        add_number(frame->svg, "<line x1=\"", x1);
        add_number(frame->svg, "\" y1=\"", y1);
        add_number(frame->svg, "\" x2=\"", x2);
        add_number(frame->svg, "\" y2=\"", y2);
        g_string_append_printf(frame->svg, "\" %s/>\n", style);
}

static void add_values(const Frame *frame) {
        for (int i = 0; i * frame->scale <= frame->most * 1.0001; i++) {
                double value = i * frame->scale, y = y_of(frame, value);
                g_autofree char *text = metric_text(&frame->chart->facts, value);

                add_line(frame, LEFT, y, RIGHT, y,
                         i == 0 ? "stroke=\"#4d4d4d\"" : "stroke=\"#e0e0e0\"");
                add_text(frame, LEFT - 6, y + 4, "end", text);
        }
}

static int64_t tick_length(const HistorySpan *span) {
        static const int64_t lengths[] = { MINUTE,    5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
                                           HOUR,      2 * HOUR,   3 * HOUR,    6 * HOUR,
                                           12 * HOUR, DAY,        2 * DAY,     4 * DAY };
        size_t i = 0;

        while (i < G_N_ELEMENTS(lengths) - 1 && (span->to - span->from) / lengths[i] > TICKS)
                i++;
        return lengths[i];
}

/* Local time counts from 1970 as if it were UTC, so that ticks are at full hours and days. */
static int64_t local_offset(int64_t time) {
        g_autoptr(GDateTime) local = g_date_time_new_from_unix_local(time / G_USEC_PER_SEC);

        return local ? g_date_time_get_utc_offset(local) : 0;
}

static char *tick_text(int64_t time, int64_t length) {
        g_autoptr(GDateTime) local = g_date_time_new_from_unix_local(time / G_USEC_PER_SEC);
        bool midnight;

        if (!local)
                return g_strdup("");

        midnight = g_date_time_get_hour(local) == 0 && g_date_time_get_minute(local) == 0;
        return g_date_time_format(local, length >= DAY || midnight ? "%Y-%m-%d" : "%H:%M");
}

static void add_times(const Frame *frame) {
        int64_t length = tick_length(frame->span), offset = local_offset(frame->span->from);
        int64_t first = (frame->span->from + offset) / length + 1;

        for (int64_t i = first; i * length - offset <= frame->span->to; i++) {
                int64_t time = i * length - offset;
                g_autofree char *text = tick_text(time, length);
                double x = x_of(frame, time);

                add_line(frame, x, frame->top + PLOT, x, frame->top + PLOT + 4,
                         "stroke=\"#4d4d4d\"");
                add_text(frame, x, frame->top + PLOT + 18, "middle", text);
        }
        add_line(frame, x_of(frame, frame->span->now), frame->top, x_of(frame, frame->span->now),
                 frame->top + PLOT, "stroke=\"#4d4d4d\" stroke-dasharray=\"3,3\"");
}

/* What was -------------------------------------------------------------------------- */

/* Joined until they are wide enough; where nothing was, there is none. */
static GArray *join_points(const HistorySpan *span, const HistoryChart *chart,
                           int64_t *ret_length) {
        GArray *joined = g_array_new(false, false, sizeof(HistoryPoint));
        int64_t least = (span->to - span->from) * POINT / (RIGHT - LEFT);
        int64_t length = chart->step * MAX(1, (least + chart->step - 1) / MAX(chart->step, 1));
        guint n = 0;

        for (guint i = 0; i < chart->n_points; i++) {
                HistoryPoint point = chart->points[i], *last;

                point.start -= point.start % length;
                last = joined->len > 0 ? &g_array_index(joined, HistoryPoint, joined->len - 1)
                                       : NULL;
                if (!last || last->start != point.start) {
                        g_array_append_val(joined, point);
                        n = 1;
                        continue;
                }
                last->min = fmin(last->min, point.min);
                last->max = fmax(last->max, point.max);
                last->mean += (point.mean - last->mean) / ++n;
        }
        *ret_length = length;
        return joined;
}

/* From `begin` on without a gap. */
static guint run_end(const GArray *points, guint begin, int64_t length) {
        guint end = begin + 1;

        while (end < points->len &&
               g_array_index(points, HistoryPoint, end).start ==
                       g_array_index(points, HistoryPoint, end - 1).start + length)
                end++;
        return end;
}

/* Each point as wide as its time. */
static void add_run(const Frame *frame, const GArray *points, guint begin, guint end,
                    int64_t length) {
        const HistoryPoint *all = &g_array_index(points, HistoryPoint, 0);
        const char *next = "M";

        g_string_append_printf(frame->svg, "<path fill=\"%s\" d=\"", marks[MARK_RANGE].fill);
        for (guint i = begin; i < end; i++, next = " L") {
                add_point(frame, next, all[i].start, all[i].max);
                add_point(frame, " L", all[i].start + length, all[i].max);
        }
        for (guint i = end; i-- > begin;) {
                add_point(frame, " L", all[i].start + length, all[i].min);
                add_point(frame, " L", all[i].start, all[i].min);
        }
        g_string_append_printf(
                frame->svg, " Z\"/>\n<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"",
                marks[MARK_MEAN].fill);
        next = "M";
        for (guint i = begin; i < end; i++, next = " L") {
                add_point(frame, next, all[i].start, all[i].mean);
                add_point(frame, " L", all[i].start + length, all[i].mean);
        }
        g_string_append(frame->svg, "\"/>\n");
}

static void add_past(const Frame *frame) {
        g_autoptr(GArray) points = NULL;
        int64_t length;

        if (frame->chart->n_points == 0)
                return;

        points = join_points(frame->span, frame->chart, &length);
        for (guint begin = 0, end; begin < points->len; begin = end) {
                end = run_end(points, begin, length);
                add_run(frame, points, begin, end, length);
        }
}

/* What will be ---------------------------------------------------------------------- */

static int64_t middle(const DemandForecast *forecast, guint i) {
        return forecast->start + i * forecast->step + forecast->step / 2;
}

static void add_future(const Frame *frame) {
        const DemandForecast *forecast = frame->chart->forecast;
        const char *next = "M";

        if (!forecast || forecast->n == 0)
                return;

        g_string_append_printf(frame->svg, "<path fill=\"%s\" d=\"", marks[MARK_BAND].fill);
        for (guint i = 0; i < forecast->n; i++, next = " L")
                add_point(frame, next, middle(forecast, i), forecast->bands[i].p95);
        for (guint i = forecast->n; i-- > 0;)
                add_point(frame, " L", middle(forecast, i), forecast->bands[i].p50);
        g_string_append_printf(
                frame->svg, " Z\"/>\n<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"",
                marks[MARK_MEDIAN].fill);
        next = "M";
        for (guint i = 0; i < forecast->n; i++, next = " L")
                add_point(frame, next, middle(forecast, i), forecast->bands[i].p50);
        g_string_append(frame->svg, "\"/>\n");
}

/* All ------------------------------------------------------------------------------- */

static void add_legend(GString *svg) {
        double x = 400;

        for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
                add_number(svg, "<rect x=\"", x);
                g_string_append_printf(svg, "\" y=\"14\" width=\"12\" height=\"12\" fill=\"%s\"/>",
                                       marks[i].fill);
                add_number(svg, "<text x=\"", x + 17);
                g_string_append_printf(svg, "\" y=\"24\" fill=\"#4d4d4d\">%s</text>\n",
                                       marks[i].words);
                x += 32 + 7.0 * strlen(marks[i].words);
        }
}

static const char *unit_words(const MetricFacts *facts) {
        bool rate = g_str_equal(facts->kind, "counter");

        if (rate && g_str_equal(facts->unit, "seconds"))
                return "% of one CPU, or of the time";
        return facts->unit;
}

static void add_chart(GString *svg, const HistorySpan *span, const HistoryChart *chart, guint n) {
        g_autofree char *name = NULL;
        Frame frame = { .svg = svg, .span = span, .chart = chart };
        double most = highest(chart);

        name = g_strdup_printf("%s (%s%s)", chart->facts.name, unit_words(&chart->facts),
                               g_str_equal(chart->facts.kind, "counter") &&
                                               !g_str_equal(chart->facts.unit, "seconds")
                                       ? " a second"
                                       : "");
        frame.top = TITLE + (double)n * HEIGHT + TOP;
        frame.scale = round_scale(chart, most);
        frame.most = frame.scale * ceil(most / frame.scale - 0.0001);
        g_string_append_printf(svg, "<g id=\"%s\">\n", chart->facts.name);
        add_text(&frame, LEFT, frame.top - 10, "start", name);
        add_values(&frame);
        add_past(&frame);
        add_future(&frame);
        add_times(&frame);
        g_string_append(svg, "</g>\n");
}

char *history_svg(const char *title, const HistorySpan *span, const GPtrArray *charts) {
        g_autofree char *clean = text_clean(title), *escaped = g_markup_escape_text(clean, -1);
        int height = TITLE + (int)charts->len * HEIGHT;
        GString *svg = g_string_new(NULL);

        g_string_append_printf(svg, head, WIDTH, height, WIDTH, height, escaped, LEFT, escaped);
        add_legend(svg);
        for (guint i = 0; i < charts->len; i++)
                add_chart(svg, span, charts->pdata[i], i);
        g_string_append(svg, "</svg>\n");
        return g_string_free(svg, false);
}
