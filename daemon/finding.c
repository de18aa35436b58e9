/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/finding.h"

#include "daemon/core/string-table.h"

static const char *const severities[] = {
        [FINDING_ERROR] = "error",
        [FINDING_WARNING] = "warning",
};
G_STATIC_ASSERT(G_N_ELEMENTS(severities) == _FINDING_SEVERITY_MAX);

const char *finding_severity_to_string(FindingSeverity severity) {
        return string_table_word(severities, _FINDING_SEVERITY_MAX, severity);
}

FindingSeverity finding_severity_from_string(const char *text) {
        return (FindingSeverity)string_table_value(severities, _FINDING_SEVERITY_MAX, text);
}

static void finding_free(gpointer data) {
        Finding *finding = data;

        g_free(finding->object);
        g_free(finding->sentence);
        g_free(finding->fix);
        g_free(finding);
}

GPtrArray *findings_new(void) {
        return g_ptr_array_new_with_free_func(finding_free);
}

void findings_add(GPtrArray *findings, FindingSeverity severity, const char *object,
                  const char *format, ...) {
        Finding *finding = g_new0(Finding, 1);
        va_list arguments;

        finding->severity = severity;
        finding->object = g_strdup(object);
        va_start(arguments, format);
        finding->sentence = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        g_ptr_array_add(findings, finding);
}

void findings_set_fix(GPtrArray *findings, const char *name, const char *argument) {
        Finding *last = findings->pdata[findings->len - 1];

        last->fix = g_strconcat(name, " ", argument, NULL);
}
