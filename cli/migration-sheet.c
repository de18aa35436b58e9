/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/migration-sheet.h"

#include <stdio.h>
#include <string.h>

#include "cli/migration-view.h"
#include "cli/output.h"
#include "cli/text.h"

#define BAR_WIDTH 30

/* "       Label: text" */
G_GNUC_PRINTF(2, 3) static void print_field(const char *label, const char *format, ...) {
        g_autofree char *text = NULL, *clean = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);

        clean = text_clean(text);
        printf("%12s: %s\n", label, clean);
}

static void print_string(const char *label, const Object *migration, const char *property) {
        const char *text = object_string(migration, property);

        if (*text)
                print_field(label, "%s", text);
}

static void print_head(const Object *migration) {
        bool colours = output_has_colours();
        Style style = migration_style(migration);
        g_autofree char *name = text_clean(object_string(migration, "DomainName"));

        printf("%s %s: %s%s%s\n", name, object_string(migration, "Direction"),
               style_on(style, colours), object_string(migration, "State"),
               style_off(style, colours));
        print_string("Reason", migration, "Reason");
        print_string("Guest", migration, "DomainUUID");
        print_string("Migration", migration, "Id");
        print_string("Destination", migration, "Destination");
        print_string("Chosen", migration, "DestinationReason");
}

static void print_plan(const Object *migration) {
        g_autofree char *allowed = text_duration(
                MAX(object_int(migration, "AllowedDowntimeMSec"), 0) * 1000);

        if (*object_string(migration, "Strategy"))
                print_field("Strategy", "%s: %s", object_string(migration, "Strategy"),
                            object_string(migration, "StrategyReason"));
        if (*object_string(migration, "Transfer"))
                print_field("Transfer", "%s: %s", object_string(migration, "Transfer"),
                            object_string(migration, "TransferReason"));
        if (object_int(migration, "AllowedDowntimeMSec") >= 0)
                print_field("Allowed", "%s of downtime", allowed);
}

static void print_sent(const Object *migration) {
        g_autofree char *memory = text_bytes(object_int(migration, "MemoryBytes"));
        g_autofree char *devices = text_bytes(object_int(migration, "VfioBytes"));
        int64_t passes = object_int(migration, "Iterations");
        g_autoptr(GString) line = g_string_new(NULL);

        if (object_int(migration, "MemoryBytes") <= 0)
                return;

        g_string_append_printf(line, "%s of memory", memory);
        if (object_int(migration, "VfioBytes") > 0)
                g_string_append_printf(line, ", %s of devices", devices);
        if (passes > 0)
                g_string_append_printf(line, ", in %d pass%s", (int)passes,
                                       passes == 1 ? "" : "es");
        print_field("Sent", "%s", line->str);
}

static void print_figures(const Object *migration) {
        g_autofree char *left = text_bytes(object_int(migration, "MemoryRemaining"));
        g_autofree char *total = text_bytes(object_int(migration, "MemoryTotal"));
        g_autofree char *rate = text_bytes(object_int(migration, "DirtyRate"));
        g_autofree char *setup = text_duration(MAX(object_int(migration, "SetupMSec"), 0) * 1000);

        print_sent(migration);
        if (migration_percent(migration) >= 0)
                print_field("Left", "%s of %s", left, total);
        if (object_int(migration, "DirtyRate") > 0)
                print_field("Dirty rate", "%s a second", rate);
        if (object_int(migration, "SetupMSec") >= 0)
                print_field("Setup", "%s before the first byte", setup);
}

static void print_packet(const char *which, int64_t usec) {
        g_autofree char *time = text_time(usec);

        print_field("Traffic", "%s packet at %s.%03d", which, time, (int)(usec / 1000 % 1000));
}

/* The source knows the last one, the destination the first one. */
static void print_traffic(const Object *migration) {
        bool outgoing = strcmp(object_string(migration, "Direction"), "outgoing") == 0;
        const char *name = outgoing ? "LastTrafficUSec" : "FirstTrafficUSec";
        g_autoptr(GVariant) value = object_value(migration, name, "x");
        int64_t usec = value ? g_variant_get_int64(value) : -1;

        if (usec > 0)
                print_packet(outgoing ? "last" : "first", usec);
        else if (usec == 0)
                print_field("Traffic", outgoing ? "none in the second before it was paused"
                                                : "none in the ten seconds after it was resumed");
}

/* States -------------------------------------------------------------------------- */

static const Column state_columns[] = {
        { "STATE" }, { "ENTERED" }, { "TOOK", true }, { "COURSE" }, { NULL },
};

typedef struct Moment {
        const char *state; /* borrowed from the timeline */
        int64_t entered;
} Moment;

/* In the order of their times, whatever a clock did meanwhile. */
static GArray *read_timeline(GVariant *timeline) {
        GArray *moments = g_array_new(FALSE, FALSE, sizeof(Moment));
        uint64_t entered;
        Moment moment = { 0 };
        GVariantIter iter;

        g_variant_iter_init(&iter, timeline);
        while (g_variant_iter_next(&iter, "(&st)", &moment.state, &entered)) {
                moment.entered = MAX((int64_t)entered, moment.entered);
                g_array_append_val(moments, moment);
        }
        return moments;
}

/* Its part of the whole way, of one column at least; '|' is the end, '>' goes on. */
static char *bar(int64_t from, int64_t to, int64_t total, char mark) {
        int begin = total > 0 ? (int)((double)from * BAR_WIDTH / (double)total) : 0;
        int end = total > 0 ? (int)((double)to * BAR_WIDTH / (double)total) : 0;
        g_autofree char *marks = NULL;

        begin = MIN(begin, BAR_WIDTH - 1);
        marks = g_strnfill((gsize)MAX(end - begin, 1), mark);
        return g_strdup_printf("%*s%s", begin, "", marks);
}

static void add_entered(Table *table, int64_t first, int64_t entered) {
        g_autofree char *text = entered == first ? text_time(entered)
                                                 : text_duration((uint64_t)(entered - first));

        table_add(table, STYLE_NONE, "%s%s", entered == first ? "" : "+", text);
}

static void add_moment(Table *table, const GArray *moments, guint i, bool ended) {
        const Moment *moment = &g_array_index(moments, Moment, i);
        int64_t first = g_array_index(moments, Moment, 0).entered;
        int64_t last = g_array_index(moments, Moment, moments->len - 1).entered;
        bool is_last = i + 1 == moments->len;
        int64_t next = is_last ? last : g_array_index(moments, Moment, i + 1).entered;
        g_autofree char *took = text_duration((uint64_t)(next - moment->entered));
        g_autofree char *course = bar(moment->entered - first, next - first, last - first,
                                      !is_last ? '#'
                                      : ended  ? '|'
                                               : '>');

        table_add(table, STYLE_NONE, "%s", moment->state);
        add_entered(table, first, moment->entered);
        table_add(table, STYLE_NONE, "%s", is_last ? "" : took);
        table_add(table, STYLE_FAINT, "%s", course);
}

static void print_states(const Options *options, const Object *migration) {
        g_autoptr(GVariant) timeline = object_value(migration, "Timeline", "a(st)");
        g_autoptr(GArray) moments = NULL;
        g_autoptr(Table) table = table_new(state_columns);

        if (!timeline)
                return;

        moments = read_timeline(timeline);
        for (guint i = 0; i < moments->len; i++)
                add_moment(table, moments, i, migration_has_ended(migration));
        if (!table_is_empty(table)) {
                puts("");
                output_table(options, table, "");
        }
}

/* What was foretold, and what came of it -------------------------------------------- */

static const Column forecast_columns[] = {
        { "FIGURE" }, { "FORECAST", true }, { "OUTCOME", true }, { "ERROR", true }, { NULL },
};

static char *text_msec(int64_t msec) {
        return text_duration((uint64_t)msec * 1000);
}

static char *text_size(int64_t bytes) {
        return text_bytes((uint64_t)bytes);
}

/* -1 and what is below: not known. */
static void add_figure(Table *table, const char *name, int64_t forecast, int64_t outcome,
                       bool comparable, char *(*to_text)(int64_t value)) {
        g_autofree char *forecast_text = to_text(MAX(forecast, 0));
        g_autofree char *outcome_text = to_text(MAX(outcome, 0));
        double error;

        if (forecast < 0 && outcome < 0)
                return;

        table_add(table, STYLE_NONE, "%s", name);
        table_add(table, STYLE_NONE, "%s", forecast >= 0 ? forecast_text : "");
        table_add(table, STYLE_NONE, "%s", outcome >= 0 ? outcome_text : "");
        if (forecast < 0 || outcome <= 0 || !comparable) {
                table_add(table, STYLE_NONE, "%s", "");
                return;
        }

        error = (double)(forecast - outcome) * 100 / (double)outcome;
        if (error > -0.5 && error < 0.5)
                table_add(table, STYLE_NONE, "0%%");
        else
                table_add(table, STYLE_NONE, "%+.0f%%", error);
}

/* What ended before its time has no outcome to hold a forecast against. */
static void print_forecast(const Options *options, const Object *migration) {
        bool finished = strcmp(object_string(migration, "State"), "finished") == 0;
        int64_t foretold = object_int(migration, "ForecastBytes");
        int64_t sent = object_int(migration, "MemoryBytes") + object_int(migration, "VfioBytes");
        g_autoptr(Table) table = table_new(forecast_columns);

        add_figure(table, "total", object_int(migration, "ForecastTotalMSec"),
                   object_int(migration, "TotalMSec"), finished, text_msec);
        add_figure(table, "downtime", object_int(migration, "ForecastDowntimeMSec"),
                   object_int(migration, "DowntimeMSec"), finished, text_msec);
        if (foretold > 0)
                add_figure(table, "sent", foretold, sent > 0 ? sent : -1, finished, text_size);
        if (!table_is_empty(table)) {
                puts("");
                output_table(options, table, "");
        }
}

/* Devices ------------------------------------------------------------------------- */

static const Column device_columns[] = {
        { "DEVICE" }, { "CLASS" }, { "TYPE" }, { "FROM" }, { "TO" }, { "WHY" }, { NULL },
};

static void print_devices(const Options *options, const Object *migration) {
        g_autoptr(GVariant) devices = object_value(migration, "Devices", "a(ssssss)");
        g_autoptr(Table) table = table_new(device_columns);

        for (gsize i = 0; devices && i < g_variant_n_children(devices); i++) {
                g_autoptr(GVariant) device = g_variant_get_child_value(devices, i);

                for (gsize member = 0; member < g_variant_n_children(device); member++) {
                        g_autoptr(GVariant) text = g_variant_get_child_value(device, member);

                        table_add(table, STYLE_NONE, "%s", g_variant_get_string(text, NULL));
                }
        }
        if (!table_is_empty(table)) {
                puts("");
                output_table(options, table, "");
        }
}

void migration_sheet_print(const Options *options, const Object *migration, const char *cut_off) {
        print_head(migration);
        print_plan(migration);
        print_figures(migration);
        print_traffic(migration);
        if (cut_off)
                print_field("Cut off", "%s", cut_off);
        print_states(options, migration);
        print_forecast(options, migration);
        print_devices(options, migration);
}
