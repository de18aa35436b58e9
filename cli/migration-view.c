/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/migration-view.h"

#include <string.h>

#include "cli/text.h"

int64_t migration_start(const Object *migration) {
        g_autoptr(GVariant) timeline = object_value(migration, "Timeline", "a(st)");
        uint64_t start = 0;

        if (timeline && g_variant_n_children(timeline) > 0)
                g_variant_get_child(timeline, 0, "(&st)", NULL, &start);
        return (int64_t)start;
}

int migration_compare_start(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;
        int64_t difference = migration_start(x) - migration_start(y);

        return difference ? (difference < 0 ? -1 : 1) : strcmp(x->path, y->path);
}

static bool state_is(const Object *migration, const char *state) {
        return strcmp(object_string(migration, "State"), state) == 0;
}

bool migration_has_ended(const Object *migration) {
        return state_is(migration, "finished") || state_is(migration, "rolled-back") ||
               state_is(migration, "failed");
}

Style migration_style(const Object *migration) {
        if (state_is(migration, "finished") || state_is(migration, "resumed"))
                return STYLE_GOOD;
        if (state_is(migration, "rolled-back") || state_is(migration, "failed") ||
            state_is(migration, "aborting"))
                return STYLE_BAD;
        return STYLE_BUSY;
}

/* Not 100 before the state says so. */
int migration_percent(const Object *migration) {
        double total = object_int(migration, "MemoryTotal");
        double left = object_int(migration, "MemoryRemaining");

        if (!state_is(migration, "precopy") || total <= 0)
                return -1;
        return CLAMP((int)((total - left) * 100 / total), 0, 99);
}

static void append_progress(GString *line, const Object *migration) {
        g_autofree char *left = text_bytes(object_int(migration, "MemoryRemaining"));
        int iterations = (int)object_int(migration, "Iterations");

        g_string_append_printf(line, " %d%%, %s left", migration_percent(migration), left);
        if (iterations > 0)
                g_string_append_printf(line, ", pass %d", iterations);
}

/* "WORDS 42.1s", and what was foretold; nothing where it is not known. */
static void append_time(GString *line, const char *words, const Object *migration,
                        const char *property, const char *forecast) {
        int64_t took = object_int(migration, property), foretold = object_int(migration, forecast);
        g_autofree char *took_text = text_duration(MAX(took, 0) * 1000);
        g_autofree char *foretold_text = text_duration(MAX(foretold, 0) * 1000);

        if (took < 0)
                return;
        g_string_append_printf(line, "%s %s", words, took_text);
        if (foretold > 0)
                g_string_append_printf(line, " (forecast %s)", foretold_text);
}

/* Where to, of one that the cluster has chosen. */
static void append_choice(GString *line, const Object *migration) {
        if (*object_string(migration, "DestinationReason"))
                g_string_append_printf(line, ", to %s",
                                       object_string(migration, "DestinationReason"));
}

/* How it is meant to move. */
static void append_plan(GString *line, const Object *migration) {
        g_autofree char *total = text_duration(MAX(object_int(migration, "ForecastTotalMSec"), 0) *
                                               1000);
        g_autofree char *downtime = text_duration(
                MAX(object_int(migration, "ForecastDowntimeMSec"), 0) * 1000);

        g_string_append_printf(
                line, "%s %s: %s", *object_string(migration, "DestinationReason") ? ";" : ",",
                object_string(migration, "Strategy"), object_string(migration, "StrategyReason"));
        if (object_int(migration, "ForecastTotalMSec") > 0)
                g_string_append_printf(line, "; forecast %s, downtime %s", total, downtime);
}

static void append_outcome(GString *line, const Object *migration) {
        g_autofree char *sent = text_bytes(object_int(migration, "MemoryBytes"));

        append_time(line, " after", migration, "TotalMSec", "ForecastTotalMSec");
        append_time(line, ", downtime", migration, "DowntimeMSec", "ForecastDowntimeMSec");
        if (object_int(migration, "MemoryBytes") > 0)
                g_string_append_printf(line, ", %s sent", sent);
}

char *migration_line(const Object *migration) {
        g_autoptr(GString) line = g_string_new(NULL);

        g_string_append_printf(line, "%s %s: %s", object_string(migration, "DomainName"),
                               object_string(migration, "Direction"),
                               object_string(migration, "State"));
        if (state_is(migration, "planned") || state_is(migration, "checked"))
                append_choice(line, migration);
        if (state_is(migration, "checked") && *object_string(migration, "Strategy"))
                append_plan(line, migration);
        if (migration_percent(migration) >= 0)
                append_progress(line, migration);
        if (migration_has_ended(migration))
                append_outcome(line, migration);
        if (*object_string(migration, "Reason"))
                g_string_append_printf(line, ": %s", object_string(migration, "Reason"));
        return text_clean(line->str);
}
