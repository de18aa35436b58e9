/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/check-guest.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "daemon/names.h"

#define ANSWERS "a(sbssbssss)"

static const Column guest_columns[] = {
        { "SEVERITY" }, { "HOST" }, { "OBJECT" }, { "FINDING" }, { NULL }
};

static const char *const guest_names[] = { "Severity", "Host", "Object", "Finding", NULL };

/* What was found, on both hosts. */
typedef struct GuestReport {
        GVariantBuilder rows; /* a(ssss) */
        Table *table;
        unsigned errors;
} GuestReport;

static void report_add(GuestReport *report, const char *severity, const char *host,
                       const char *object, const char *sentence) {
        bool bad = strcmp(severity, "error") == 0;

        report->errors += bad;
        g_variant_builder_add(&report->rows, "(ssss)", severity, host, object, sentence);
        table_add(report->table, bad ? STYLE_BAD : STYLE_BUSY, "%s", severity);
        table_add(report->table, STYLE_NONE, "%s", *host ? host : "here");
        table_add(report->table, STYLE_NONE, "%s", object);
        table_add(report->table, STYLE_NONE, "%s", sentence);
}

static void report_add_findings(GuestReport *report, const char *host, GVariant *findings) {
        const char *severity, *object, *sentence;
        GVariantIter iter;

        g_variant_iter_init(&iter, findings);
        while (g_variant_iter_next(&iter, "(&s&s&s)", &severity, &object, &sentence))
                report_add(report, severity, host, object, sentence);
}

static void report_add_misfits(GuestReport *report, const char *host, GVariant *answers) {
        const char *name, *reason;
        GVariantIter iter;
        gboolean fits;

        g_variant_iter_init(&iter, answers);
        while (g_variant_iter_next(&iter, "(&sb&s&sb&s&s&s&s)", &name, &fits, NULL, NULL, NULL,
                                   NULL, NULL, NULL, &reason))
                if (!fits)
                        report_add(report, "error", host, name, reason);
}

/* What the host that the guest is to go to says of it, and of itself. */
static bool check_there(GuestReport *report, const char *host, const char *xml, GError **error) {
        g_autoptr(GVariant) domain = NULL, answers = NULL, state = NULL, findings = NULL;
        g_autoptr(Client) client = client_new(host, error);
        const char *const strings[] = { xml, NULL };

        domain = client ? client_ask(client, FERRY_INTERFACE_MANAGER, "CheckDomain",
                                     "(s" ANSWERS ")", strings, error)
                        : NULL;
        state = domain ? client_ask(client, FERRY_INTERFACE_MANAGER, "CheckHost", "(a(sss))", NULL,
                                    error)
                       : NULL;
        if (!state)
                return false;

        answers = g_variant_get_child_value(domain, 1);
        findings = g_variant_get_child_value(state, 0);
        report_add_misfits(report, host, answers);
        report_add_findings(report, host, findings);
        return true;
}

static void print_guest(const Options *options, const GuestReport *report, const char *name,
                        const char *host) {
        if (!table_is_empty(report->table))
                output_table(options, report->table, "");
        if (options->no_legend)
                return;

        printf("%s %s move%s%s", name, report->errors == 0 ? "can" : "cannot", host ? " to " : "",
               host ?: "");
        if (report->errors > 0)
                printf(": %u error%s", report->errors, report->errors > 1 ? "s" : "");
        puts(".");
}

/* Takes what was built. */
static void print_guest_json(GuestReport *report, const char *name, const char *host) {
        g_autoptr(GVariant) rows = g_variant_ref_sink(g_variant_builder_end(&report->rows));

        output_json(g_variant_new_parsed("{'Domain': <%s>, 'Destination': <%s>, "
                                         "'Findings': <%@aa{sv}>}",
                                         name, host ?: "", rows_named(rows, guest_names)));
}

int check_guest(const Options *options, Client *client, const char *domain, const char *host,
                GError **error) {
        const char *const strings[] = { domain, NULL };
        g_autoptr(Table) table = table_new(guest_columns);
        GuestReport report = { .table = table };
        g_autoptr(GVariant) reply = NULL, findings = NULL;
        const char *name, *xml;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "CheckGuest", "(ssa(sss))", strings,
                           error);
        if (!reply)
                return -1;

        g_variant_get(reply, "(&s&s@a(sss))", &name, &xml, &findings);
        g_variant_builder_init(&report.rows, G_VARIANT_TYPE("a(ssss)"));
        report_add_findings(&report, options->host ?: "", findings);
        if (host && !check_there(&report, host, xml, error)) {
                g_variant_builder_clear(&report.rows);
                return -1;
        }

        if (options->json)
                print_guest_json(&report, name, host);
        else {
                print_guest(options, &report, name, host);
                g_variant_builder_clear(&report.rows);
        }
        return report.errors == 0 ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}

/* The reason of the first device that does not fit; NULL when all do. Borrowed. */
static const char *find_misfit(GVariant *answers) {
        const char *reason;
        GVariantIter iter;
        gboolean fits;

        g_variant_iter_init(&iter, answers);
        while (g_variant_iter_next(&iter, "(&sb&s&sb&s&s&s&s)", NULL, &fits, NULL, NULL, NULL, NULL,
                                   NULL, NULL, &reason))
                if (!fits)
                        return reason;
        return NULL;
}

bool check_guest_fits(Client *client, const char *domain, const char *host, GError **error) {
        const char *const guest[] = { domain, NULL };
        g_autoptr(GVariant) here = NULL, there = NULL, answers = NULL;
        g_autoptr(Client) other = NULL;
        const char *xml[2] = { NULL }, *reason;

        here = client_ask(client, FERRY_INTERFACE_MANAGER, "CheckGuest", "(ssa(sss))", guest,
                          error);
        other = here ? client_new(host, error) : NULL;
        if (!other)
                return false;

        g_variant_get(here, "(&s&s@a(sss))", NULL, &xml[0], NULL);
        there = client_ask(other, FERRY_INTERFACE_MANAGER, "CheckDomain", "(s" ANSWERS ")", xml,
                           error);
        if (!there)
                return false;

        answers = g_variant_get_child_value(there, 1);
        reason = find_misfit(answers);
        if (reason)
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED, "%s: %s", host, reason);
        return !reason;
}
