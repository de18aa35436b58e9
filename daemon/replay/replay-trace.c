/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replay/replay-trace.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "daemon/core/demand.h"
#include "daemon/core/sample.h"
#include "daemon/replay/replay-rows.h"
#include "xml/excerpt.h"

#define HEADER         "timestamp,guest,metric,value"
#define LINE_MAX_BYTES 512
#define NAME_MAX_BYTES 255

enum {
        FIELD_TIME,
        FIELD_GUEST,
        FIELD_METRIC,
        FIELD_VALUE,
        _FIELD_MAX,
};

typedef struct Reader {
        const char *name; /* of the file */
        unsigned line;    /* from 1 */
        ReplayRows *rows;
} Reader;

/* `text` is what cannot be taken; NULL: nothing. */
static bool refuse(const Reader *reader, const char *why, const char *text, GError **error) {
        g_autofree char *shown = text ? excerpt(text) : NULL;

        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: line %u: %s%s%s%s", reader->name,
                    reader->line, why, shown ? ", not '" : "", shown ? shown : "",
                    shown ? "'" : "");
        return false;
}

static bool parse_time(const Reader *reader, const char *text, int64_t *ret_time, GError **error) {
        guint64 time;

        if (!g_ascii_string_to_unsigned(text, 10, 0, REPLAY_TIME_MAX, &time, NULL))
                return refuse(reader, "the time must be whole seconds since 1970", text, error);

        *ret_time = (int64_t)time;
        return true;
}

/* Nothing, "nan" and "NaN" are missing. */
static bool parse_value(const Reader *reader, const char *text, double *ret_value, GError **error) {
        char *end;
        double value = g_ascii_strtod(text, &end);

        if (*text == '\0')
                value = NAN;
        if (*end || value < 0 || value > DEMAND_VALUE_MAX)
                return refuse(reader, "the value must be bytes a second, or nan", text, error);

        *ret_value = value;
        return true;
}

static bool parse_metric(const Reader *reader, const char *text, Metric *ret_metric,
                         GError **error) {
        Metric metric = metric_from_string(text);

        if (g_str_equal(text, "rx"))
                metric = METRIC_RECEIVE_BYTES;
        if (g_str_equal(text, "tx"))
                metric = METRIC_TRANSMIT_BYTES;
        if (metric < 0)
                return refuse(reader, "the metric must be rx, tx or one that telemetry has", text,
                              error);

        *ret_metric = metric;
        return true;
}

static bool parse_row(const Reader *reader, char **fields, GError **error) {
        size_t length = strlen(fields[FIELD_GUEST]);
        Metric metric = _METRIC_INVALID;
        int64_t time = 0;
        double value = NAN;
        ReplayWay way;

        if (!parse_time(reader, fields[FIELD_TIME], &time, error) ||
            !parse_metric(reader, fields[FIELD_METRIC], &metric, error) ||
            !parse_value(reader, fields[FIELD_VALUE], &value, error))
                return false;
        if (length == 0 || length > NAME_MAX_BYTES ||
            !g_utf8_validate(fields[FIELD_GUEST], -1, NULL))
                return refuse(reader, "a guest must have a name of 1 to 255 bytes",
                              fields[FIELD_GUEST], error);
        if (metric != METRIC_RECEIVE_BYTES && metric != METRIC_TRANSMIT_BYTES)
                return true;

        way = metric == METRIC_RECEIVE_BYTES ? REPLAY_RECEIVE : REPLAY_TRANSMIT;
        return replay_rows_add(reader->rows, time, fields[FIELD_GUEST], way, value) ||
               refuse(reader, "these are more guests or rows than a replay takes", NULL, error);
}

/* Writes into the line. */
static bool parse_line(const Reader *reader, char *line, GError **error) {
        char *fields[_FIELD_MAX] = { line };

        if (reader->line == 1)
                return g_str_equal(line, HEADER) ||
                       refuse(reader, "the first line must be '" HEADER "'", line, error);

        for (int i = 1; i < _FIELD_MAX; i++) {
                fields[i] = strchr(fields[i - 1], ',');
                if (!fields[i])
                        return refuse(reader, "a row must be TIME,GUEST,METRIC,VALUE", line, error);
                *fields[i]++ = '\0';
        }
        return parse_row(reader, fields, error);
}

/* Without its end. */
static bool cut_line(const Reader *reader, char *line, bool last, GError **error) {
        size_t length = strlen(line);

        if (length > 0 && line[length - 1] == '\n')
                line[--length] = '\0';
        else if (!last)
                return refuse(reader, "a line must be a text of at most 500 bytes", NULL, error);
        if (length > 0 && line[length - 1] == '\r')
                line[length - 1] = '\0';
        return true;
}

static bool read_lines(Reader *reader, FILE *file, GError **error) {
        char line[LINE_MAX_BYTES];

        while (fgets(line, sizeof(line), file)) {
                reader->line++;
                if (!cut_line(reader, line, feof(file), error) || !parse_line(reader, line, error))
                        return false;
        }
        if (ferror(file))
                return refuse(reader, "the file cannot be read further", NULL, error);
        if (reader->line == 0) {
                reader->line = 1;
                return refuse(reader, "the first line must be '" HEADER "'", "", error);
        }
        return true;
}

ReplayTrace *replay_trace_read_stream(FILE *file, const char *name, GError **error) {
        g_autoptr(ReplayRows) rows = replay_rows_new();
        Reader reader = { name, 0, rows };
        ReplayTrace *trace;

        if (!read_lines(&reader, file, error))
                return NULL;

        trace = replay_rows_to_trace(rows);
        if (!trace)
                g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                            "%s: The trace has no whole hour of rx and tx, or is too long: at most "
                            "%u days, and %u values of all guests and steps",
                            name, REPLAY_HOURS_MAX / 24, REPLAY_CELLS_MAX);
        return trace;
}

ReplayTrace *replay_trace_read(const char *path, GError **error) {
        ReplayTrace *trace;
        FILE *file;

        if (g_str_equal(path, "-"))
                return replay_trace_read_stream(stdin, "standard input", error);

        file = fopen(path, "re");
        if (!file) {
                g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                            "%s: The trace cannot be read: %s", path, g_strerror(errno));
                return NULL;
        }

        trace = replay_trace_read_stream(file, path, error);
        (void)fclose(file);
        return trace;
}

static void guest_free(void *data) {
        ReplayGuest *guest = data;

        for (int way = 0; way < _REPLAY_WAY_MAX; way++)
                g_free(guest->values[way]);
        g_free(guest->name);
        g_free(guest);
}

ReplayTrace *replay_trace_new(int64_t begin, unsigned n_hours) {
        ReplayTrace *trace = g_new0(ReplayTrace, 1);

        trace->begin = begin;
        trace->n_hours = n_hours;
        trace->guests = g_ptr_array_new_with_free_func(guest_free);
        return trace;
}

ReplayGuest *replay_trace_add(ReplayTrace *trace, const char *name) {
        ReplayGuest *guest = g_new0(ReplayGuest, 1);

        guest->name = g_strdup(name);
        for (int way = 0; way < _REPLAY_WAY_MAX; way++) {
                guest->values[way] = g_new(float, (size_t)trace->n_hours *REPLAY_HOUR);
                for (unsigned i = 0; i < trace->n_hours * REPLAY_HOUR; i++)
                        guest->values[way][i] = NAN;
        }
        g_ptr_array_add(trace->guests, guest);
        return guest;
}

void replay_trace_free(ReplayTrace *trace) {
        if (!trace)
                return;

        g_ptr_array_unref(trace->guests);
        g_free(trace);
}
