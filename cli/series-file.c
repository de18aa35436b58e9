/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/series-file.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cli/text-file.h"
#include "cli/text.h"
#include "daemon/core/demand.h"

#define FILE_MAX (64u * 1024 * 1024)
#define HEADER   "timestamp,value"

/* Where in the file something is. */
typedef struct Place {
        const char *path;
        unsigned line; /* from 1 */
} Place;

G_GNUC_PRINTF(3, 4)
static bool refuse(const Place *place, GError **error, const char *format, ...) {
        g_autofree char *text = NULL, *clean = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        clean = text_clean(text);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: line %u: %s", place->path,
                    place->line, clean);
        return false;
}

static bool parse_time(const Place *place, const char *text, int64_t *ret_time, GError **error) {
        guint64 time;

        if (!g_ascii_string_to_unsigned(text, 10, 0, DEMAND_TIME_MAX, &time, NULL))
                return refuse(place, error,
                              "the time must be whole seconds since 1970, not '%.40s'", text);

        *ret_time = (int64_t)time;
        return true;
}

static bool parse_value(const Place *place, const char *text, double *ret_value, GError **error) {
        char *end;
        double value = g_ascii_strtod(text, &end);

        if (end == text || *end || isinf(value))
                return refuse(place, error, "the value must be a number or nan, not '%.40s'", text);

        *ret_value = value;
        return true;
}

/* The second row says what a step is, and all others keep to it. */
static bool check_time(Series *series, const Place *place, int64_t time, GError **error) {
        guint row = series->values->len;
        int64_t step = time - series->begin, expected;

        if (row == 0)
                series->begin = time;
        if (row == 1) {
                if (step < DEMAND_STEP_MIN || step > DEMAND_STEP_MAX ||
                    !demand_step_is_valid((unsigned)step))
                        return refuse(place, error,
                                      "a step must be %d to %d seconds and divide the hour, not "
                                      "%" G_GINT64_FORMAT,
                                      DEMAND_STEP_MIN, DEMAND_STEP_MAX, step);
                series->step = (unsigned)step;
        }

        expected = series_time(series, row);
        if (time != expected)
                return refuse(place, error,
                              "the time must be %" G_GINT64_FORMAT " after steps of %u seconds, "
                              "not %" G_GINT64_FORMAT,
                              expected, series->step, time);
        return true;
}

/* Writes into the line. */
static bool parse_row(Series *series, const Place *place, char *line, GError **error) {
        char *comma = strchr(line, ',');
        int64_t time = 0;
        double value = 0;

        if (!comma)
                return refuse(place, error, "a row must be TIME,VALUE, not '%.40s'", line);

        *comma = '\0';
        if (!parse_time(place, line, &time, error) ||
            !parse_value(place, comma + 1, &value, error) ||
            !check_time(series, place, time, error))
                return false;

        g_array_append_val(series->values, value);
        return true;
}

static bool parse_line(Series *series, const Place *place, char *line, GError **error) {
        size_t length = strlen(line);

        if (length > 0 && line[length - 1] == '\r')
                line[length - 1] = '\0';
        if (place->line > 1)
                return parse_row(series, place, line, error);
        if (strcmp(line, HEADER) != 0)
                return refuse(place, error, "the first line must be '" HEADER "', not '%.40s'",
                              line);
        return true;
}

/* Writes into the text. */
static bool parse(Series *series, const char *path, char *text, GError **error) {
        Place place = { .path = strcmp(path, "-") == 0 ? "standard input" : path, .line = 1 };

        for (char *line = text, *end; line == text || *line; line = end, place.line++) {
                end = strchrnul(line, '\n');
                if (*end)
                        *end++ = '\0';
                if (!parse_line(series, &place, line, error))
                        return false;
        }

        if (series->values->len < 2)
                return refuse(&place, error, "a series must have two rows at least");
        return true;
}

Series *series_read(const char *path, GError **error) {
        g_autofree char *text = text_file_read(path, FILE_MAX, "a series", error);
        g_autoptr(Series) series = g_new0(Series, 1);

        series->values = g_array_new(FALSE, FALSE, sizeof(double));
        if (!text || !parse(series, path, text, error))
                return NULL;
        return g_steal_pointer(&series);
}

void series_free(Series *series) {
        if (!series)
                return;

        g_array_unref(series->values);
        g_free(series);
}

int64_t series_time(const Series *series, guint row) {
        return series->begin + (int64_t)row * series->step;
}
