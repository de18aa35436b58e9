/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trial/report.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "xml/ferry-error.h"

static const char *const kinds[] = {
        [TRIAL_OPEN] = "open",           [TRIAL_DMA_LOG] = "dma-log", [TRIAL_PRE_COPY] = "pre-copy",
        [TRIAL_STOP_COPY] = "stop-copy", [TRIAL_SUSPEND] = "suspend", [TRIAL_SIZE] = "size",
        [TRIAL_SAVE] = "save",           [TRIAL_LOAD] = "load",       [TRIAL_RESUME] = "resume",
        [TRIAL_RESET] = "reset",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == _TRIAL_STEP_KIND_MAX);

static const char *const outcomes[] = {
        [TRIAL_DONE] = "done",
        [TRIAL_FAILED] = "failed",
        [TRIAL_SKIPPED] = "skipped",
};
G_STATIC_ASSERT(G_N_ELEMENTS(outcomes) == _TRIAL_OUTCOME_MAX);

static int find_word(const char *const *words, int n, const char *text) {
        for (int i = 0; i < n; i++)
                if (g_strcmp0(words[i], text) == 0)
                        return i;
        return -22;
}

const char *trial_step_kind_to_string(TrialStepKind kind) {
        return kind >= 0 && kind < _TRIAL_STEP_KIND_MAX ? kinds[kind] : NULL;
}

TrialStepKind trial_step_kind_from_string(const char *text) {
        return (TrialStepKind)find_word(kinds, _TRIAL_STEP_KIND_MAX, text);
}

const char *trial_outcome_to_string(TrialOutcome outcome) {
        return outcome >= 0 && outcome < _TRIAL_OUTCOME_MAX ? outcomes[outcome] : NULL;
}

TrialOutcome trial_outcome_from_string(const char *text) {
        return (TrialOutcome)find_word(outcomes, _TRIAL_OUTCOME_MAX, text);
}

static void step_free(void *data) {
        TrialStep *step = data;

        g_free(step->text);
        g_free(step);
}

TrialReport *trial_report_new(const char *device) {
        TrialReport *report = g_new0(TrialReport, 1);

        report->device = g_strdup(device);
        report->steps = g_ptr_array_new_with_free_func(step_free);
        return report;
}

void trial_report_free(TrialReport *report) {
        if (!report)
                return;

        g_free(report->device);
        g_free(report->verdict);
        g_ptr_array_unref(report->steps);
        g_free(report);
}

TrialStep *trial_report_add(TrialReport *report, TrialStepKind kind) {
        TrialStep *step = g_new0(TrialStep, 1);

        step->kind = kind;
        step->outcome = TRIAL_SKIPPED;
        g_ptr_array_add(report->steps, step);
        return step;
}

const TrialStep *trial_report_find(const TrialReport *report, TrialStepKind kind) {
        for (guint i = 0; i < report->steps->len; i++) {
                const TrialStep *step = report->steps->pdata[i];

                if (step->kind == kind)
                        return step;
        }
        return NULL;
}

void trial_report_fill(TrialReport *report, const TrialReport *other) {
        for (guint i = 0; i < report->steps->len; i++) {
                TrialStep *step = report->steps->pdata[i];
                const TrialStep *old = trial_report_find(other, step->kind);

                if (step->outcome != TRIAL_SKIPPED || !old)
                        continue;

                g_free(step->text);
                *step = *old;
                step->text = g_strdup(old->text);
        }
}

const char *trial_step_error_name(const TrialStep *step) {
        return (step->error > 0 ? strerrorname_np(step->error) : NULL) ?: "";
}

/* JSON ---------------------------------------------------------------------------- */

static void add_string(JsonBuilder *builder, const char *name, const char *value) {
        json_builder_set_member_name(builder, name);
        json_builder_add_string_value(builder, value ?: "");
}

static void add_int(JsonBuilder *builder, const char *name, int64_t value) {
        json_builder_set_member_name(builder, name);
        json_builder_add_int_value(builder, value);
}

static void add_step(JsonBuilder *builder, const TrialStep *step) {
        json_builder_begin_object(builder);
        add_string(builder, "name", kinds[step->kind]);
        add_string(builder, "outcome", outcomes[step->outcome]);
        add_int(builder, "usec", (int64_t)step->usec);
        add_int(builder, "bytes", (int64_t)step->bytes);
        add_int(builder, "errno", step->error);
        add_string(builder, "error", trial_step_error_name(step));
        add_string(builder, "text", step->text);
        json_builder_end_object(builder);
}

char *trial_report_to_json(const TrialReport *report) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonNode) root = NULL;

        json_builder_begin_object(builder);
        add_string(builder, "device", report->device);
        json_builder_set_member_name(builder, "good");
        json_builder_add_boolean_value(builder, report->good);
        add_string(builder, "verdict", report->verdict);
        json_builder_set_member_name(builder, "steps");
        json_builder_begin_array(builder);
        for (guint i = 0; i < report->steps->len; i++)
                add_step(builder, report->steps->pdata[i]);
        json_builder_end_array(builder);
        json_builder_end_object(builder);

        root = json_builder_get_root(builder);
        return json_to_string(root, TRUE);
}

/* A member of this type; NULL when it is missing or another. */
static JsonNode *get(JsonObject *object, const char *name, GType type) {
        JsonNode *node = json_object_get_member(object, name);

        return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node
                                                                                             : NULL;
}

static char *get_string(JsonObject *object, const char *name) {
        JsonNode *node = get(object, name, G_TYPE_STRING);

        return node ? json_node_dup_string(node) : NULL;
}

static bool get_int(JsonObject *object, const char *name, int64_t max, int64_t *ret_value) {
        JsonNode *node = get(object, name, G_TYPE_INT64);
        int64_t value = node ? json_node_get_int(node) : -1;

        if (value < 0 || value > max)
                return false;

        *ret_value = value;
        return true;
}

static bool read_step(JsonNode *node, TrialReport *report) {
        JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        g_autofree char *name = NULL, *outcome = NULL, *text = NULL;
        int64_t usec, bytes, error;
        TrialStep *step;

        if (!object || !get_int(object, "usec", G_MAXINT64, &usec) ||
            !get_int(object, "bytes", G_MAXINT64, &bytes) ||
            !get_int(object, "errno", 4095, &error))
                return false;

        name = get_string(object, "name");
        outcome = get_string(object, "outcome");
        text = get_string(object, "text");
        if (trial_step_kind_from_string(name) < 0 || trial_outcome_from_string(outcome) < 0 ||
            !text)
                return false;

        step = trial_report_add(report, trial_step_kind_from_string(name));
        step->outcome = trial_outcome_from_string(outcome);
        step->usec = usec;
        step->bytes = bytes;
        step->error = (int)error;
        step->text = *text ? g_steal_pointer(&text) : NULL;
        return true;
}

static bool read_steps(JsonObject *object, TrialReport *report) {
        JsonNode *node = json_object_get_member(object, "steps");
        JsonArray *steps = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (!steps || json_array_get_length(steps) > _TRIAL_STEP_KIND_MAX)
                return false;

        for (guint i = 0; i < json_array_get_length(steps); i++)
                if (!read_step(json_array_get_element(steps, i), report))
                        return false;
        return true;
}

static TrialReport *read_report(JsonNode *root) {
        JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root)
                                                                  : NULL;
        g_autofree char *device = object ? get_string(object, "device") : NULL;
        g_autoptr(TrialReport) report = NULL;
        JsonNode *good;

        if (!device)
                return NULL;

        report = trial_report_new(device);
        report->verdict = get_string(object, "verdict");
        good = get(object, "good", G_TYPE_BOOLEAN);
        if (!report->verdict || !good || !read_steps(object, report))
                return NULL;

        report->good = json_node_get_boolean(good);
        return g_steal_pointer(&report);
}

TrialReport *trial_report_from_json(const char *text, size_t size, GError **error) {
        g_autoptr(JsonParser) parser = json_parser_new_immutable();
        TrialReport *report = NULL;

        if (size <= TRIAL_REPORT_MAX && g_utf8_validate(text, size, NULL) &&
            json_parser_load_from_data(parser, text, size, NULL))
                report = read_report(json_parser_get_root(parser));
        if (!report)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "The helper's answer is no report of a trial");
        return report;
}
