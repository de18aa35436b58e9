/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/openmetrics-check.h"

#include <stdbool.h>
#include <string.h>

#define NAME   "[a-zA-Z_:][a-zA-Z0-9_:]*"
#define LABEL  "([a-zA-Z_][a-zA-Z0-9_]*)=\"(?:[^\"\\\\]|\\\\[n\"\\\\])*\""
#define NUMBER "[0-9]+(?:\\.[0-9]+)?"
#define META   "^# (TYPE|UNIT|HELP) (" NAME ") (.+)$"
#define SAMPLE "^(" NAME ")((?:\\{(?:" LABEL "(?:," LABEL ")*)?\\})?) (" NUMBER ")$"

/* Of one line. */
enum {
        META_WORD = 1,
        META_NAME,
        META_REST
};
enum {
        SAMPLE_NAME = 1,
        SAMPLE_LABELS,
        SAMPLE_NUMBER = 5
};

typedef struct Judge {
        GRegex *meta, *sample, *label;
        GHashTable *families; /* names of those that have begun */
        GHashTable *samples;  /* "NAME{LABELS}" */
        char *family, *type;  /* of the one at hand */
        const char *last;     /* word of its last line of metadata; NULL after a sample */
        char *counted;        /* labels of a summary that lacks its sum */
} Judge;

static const char *check_type(Judge *judge, const char *name, const char *type) {
        static const char *const known[] = { "counter", "gauge", "summary", NULL };

        if (!g_strv_contains(known, type))
                return "an unknown type";
        if (!g_hash_table_add(judge->families, g_strdup(name)))
                return "a family that was there before";

        g_free(judge->family);
        g_free(judge->type);
        judge->family = g_strdup(name);
        judge->type = g_strdup(type);
        judge->last = "TYPE";
        return NULL;
}

/* The order is TYPE, UNIT, HELP, and samples. */
static const char *check_more(Judge *judge, const char *name, const char *word, const char *rest) {
        bool unit = g_str_equal(word, "UNIT");
        g_autofree char *suffix = g_strconcat("_", rest, NULL);

        if (g_strcmp0(judge->family, name) != 0)
                return "metadata of another family than the one at hand";
        if (!judge->last || g_str_equal(judge->last, "HELP") || g_str_equal(judge->last, word))
                return "metadata out of order";
        if (unit && !g_str_has_suffix(name, suffix))
                return "a unit with which the name does not end";

        judge->last = unit ? "UNIT" : "HELP";
        return NULL;
}

static const char *check_meta(Judge *judge, GMatchInfo *match) {
        g_autofree char *word = g_match_info_fetch(match, META_WORD);
        g_autofree char *name = g_match_info_fetch(match, META_NAME);
        g_autofree char *rest = g_match_info_fetch(match, META_REST);

        if (judge->counted)
                return "a summary without its sum before";
        return g_str_equal(word, "TYPE") ? check_type(judge, name, rest)
                                         : check_more(judge, name, word, rest);
}

static const char *check_suffix(Judge *judge, const char *suffix, const char *labels,
                                const char *number) {
        if (g_str_equal(judge->type, "counter"))
                return g_str_equal(suffix, "_total") ? NULL : "a counter that is no _total";
        if (g_str_equal(judge->type, "gauge"))
                return *suffix == '\0' ? NULL : "a gauge with a suffix";

        if (g_str_equal(suffix, "_count") && !judge->counted && !strchr(number, '.')) {
                judge->counted = g_strdup(labels);
                return NULL;
        }
        if (!g_str_equal(suffix, "_sum") || g_strcmp0(judge->counted, labels) != 0)
                return "a summary that is not _count and then _sum of the same";
        g_clear_pointer(&judge->counted, g_free);
        return NULL;
}

static const char *check_labels(const Judge *judge, const char *labels) {
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GMatchInfo) match = NULL;

        for (g_regex_match(judge->label, labels, 0, &match); g_match_info_matches(match);
             g_match_info_next(match, NULL)) {
                char *name = g_match_info_fetch(match, 1);
                bool reserved = g_str_has_prefix(name, "__");

                if (!g_hash_table_add(names, name))
                        return "a label that is there twice";
                if (reserved)
                        return "a label that is reserved";
        }
        return NULL;
}

static const char *check_sample(Judge *judge, GMatchInfo *match) {
        g_autofree char *name = g_match_info_fetch(match, SAMPLE_NAME);
        g_autofree char *labels = g_match_info_fetch(match, SAMPLE_LABELS);
        g_autofree char *number = g_match_info_fetch(match, SAMPLE_NUMBER);
        const char *trouble;

        if (!judge->family || !g_str_has_prefix(name, judge->family))
                return "a sample that is not of the family at hand";
        trouble = check_suffix(judge, name + strlen(judge->family), labels, number);
        if (trouble)
                return trouble;
        if (!g_str_equal(name, judge->family) && g_hash_table_contains(judge->families, name))
                return "a sample with the name of a family";
        if (!g_hash_table_add(judge->samples, g_strconcat(name, labels, NULL)))
                return "a sample that was there before";

        judge->last = NULL;
        return check_labels(judge, labels);
}

static const char *check_line(Judge *judge, const char *line) {
        g_autoptr(GMatchInfo) match = NULL, other = NULL;

        if (g_regex_match(judge->meta, line, 0, &match))
                return check_meta(judge, match);
        if (g_regex_match(judge->sample, line, 0, &other))
                return check_sample(judge, other);
        return "neither metadata nor a sample";
}

static char *check_lines(Judge *judge, char **lines) {
        unsigned n = 0;

        for (; lines[n] && !g_str_equal(lines[n], "# EOF"); n++) {
                const char *trouble = check_line(judge, lines[n]);

                if (trouble)
                        return g_strdup_printf("line %u: %s: %s", n + 1, trouble, lines[n]);
        }
        if (judge->counted || !lines[n] || !lines[n + 1] || *lines[n + 1] || lines[n + 2])
                return g_strdup_printf("line %u: no end as it should be", n + 1);
        return NULL;
}

static GRegex *compile(const char *pattern) {
        GRegex *regex = g_regex_new(pattern, G_REGEX_DOLLAR_ENDONLY, 0, NULL);

        g_assert_nonnull(regex);
        return regex;
}

static char **split(GBytes *page) {
        size_t size;
        const char *data = g_bytes_get_data(page, &size);
        g_autofree char *text = g_strndup(data ?: "", size);

        if (strlen(text) != size || !g_utf8_validate(text, -1, NULL) || strchr(text, '\r'))
                return NULL;
        return g_strsplit(text, "\n", -1);
}

char *openmetrics_check(GBytes *page) {
        g_auto(GStrv) lines = split(page);
        Judge judge = {
                .meta = compile(META),
                .sample = compile(SAMPLE),
                .label = compile(LABEL),
                .families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .samples = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        };
        char *trouble = lines ? check_lines(&judge, lines) : g_strdup("line 1: no text in UTF-8");

        g_regex_unref(judge.meta);
        g_regex_unref(judge.sample);
        g_regex_unref(judge.label);
        g_hash_table_unref(judge.families);
        g_hash_table_unref(judge.samples);
        g_free(judge.family);
        g_free(judge.type);
        g_free(judge.counted);
        return trouble;
}

char *openmetrics_find(GBytes *page, const char *sample) {
        g_autofree char *begin = g_strconcat(sample, " ", NULL);
        g_auto(GStrv) lines = split(page);

        for (char **line = lines; line && *line; line++)
                if (g_str_has_prefix(*line, begin))
                        return g_strdup(*line + strlen(begin));
        return NULL;
}
