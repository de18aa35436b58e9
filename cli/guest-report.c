/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/guest-report.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

static const Column columns[] = {
        { "SEVERITY" }, { "HOST" }, { "OBJECT" }, { "FINDING" }, { NULL }
};

static const char *const names[] = { "Severity", "Host", "Object", "Finding", NULL };

struct GuestReport {
        GPtrArray *rows; /* GVariant, (ssss) */
        Table *table;
        unsigned errors;
};

GuestReport *guest_report_new(void) {
        GuestReport *report = g_new0(GuestReport, 1);

        report->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
        report->table = table_new(columns);
        return report;
}

void guest_report_free(GuestReport *report) {
        if (!report)
                return;

        g_ptr_array_unref(report->rows);
        table_free(report->table);
        g_free(report);
}

static Style style_of(const char *severity) {
        if (strcmp(severity, "error") == 0)
                return STYLE_BAD;
        return strcmp(severity, "note") == 0 ? STYLE_GOOD : STYLE_BUSY;
}

void guest_report_add(GuestReport *report, const char *severity, const char *host,
                      const char *object, const char *sentence) {
        GVariant *row = g_variant_new("(ssss)", severity, host, object, sentence);

        report->errors += strcmp(severity, "error") == 0;
        g_ptr_array_add(report->rows, g_variant_ref_sink(row));
        table_add(report->table, style_of(severity), "%s", severity);
        table_add(report->table, STYLE_NONE, "%s", *host ? host : "here");
        table_add(report->table, STYLE_NONE, "%s", object);
        table_add(report->table, STYLE_NONE, "%s", sentence);
}

void guest_report_add_findings(GuestReport *report, const char *host, GVariant *findings) {
        const char *severity, *object, *sentence;
        GVariantIter iter;

        g_variant_iter_init(&iter, findings);
        while (g_variant_iter_next(&iter, "(&s&s&s)", &severity, &object, &sentence))
                guest_report_add(report, severity, host, object, sentence);
}

static void print_json(const GuestReport *report, const char *guest, const char *host) {
        g_autoptr(GVariant) rows = NULL;

        rows = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("(ssss)"),
                                                      (GVariant *const *)report->rows->pdata,
                                                      report->rows->len));
        output_json(g_variant_new_parsed("{'Domain': <%s>, 'Destination': <%s>, "
                                         "'Findings': <%@aa{sv}>}",
                                         guest, host ?: "", rows_named(rows, names)));
}

static void print_text(const GuestReport *report, const Options *options, const char *guest,
                       const char *host) {
        if (!table_is_empty(report->table))
                output_table(options, report->table, "");
        if (options->no_legend)
                return;

        printf("%s %s move%s%s", guest, report->errors == 0 ? "can" : "cannot", host ? " to " : "",
               host ?: "");
        if (report->errors > 0)
                printf(": %u error%s", report->errors, report->errors > 1 ? "s" : "");
        puts(".");
}

int guest_report_print(const GuestReport *report, const Options *options, const char *guest,
                       const char *host) {
        if (options->json)
                print_json(report, guest, host);
        else
                print_text(report, options, guest, host);
        return report->errors == 0 ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}
