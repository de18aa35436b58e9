/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/check-fix.h"
#include "cli/check-guest.h"
#include "cli/output.h"
#include "cli/text-file.h"
#include "daemon/names.h"

#define XML_MAX (4u * 1024 * 1024) /* the daemon takes no more */

static const Column finding_columns[] = { { "SEVERITY" }, { "OBJECT" }, { "FINDING" }, { NULL } };

static const char *const finding_names[] = { "Severity", "Object", "Finding", NULL };

static const Column answer_columns[] = {
        { "DEVICE" }, { "FITS" }, { "THERE" },  { "HERE" }, { "CLASS" },
        { "TYPE" },   { "POOL" }, { "REASON" }, { NULL },
};

static const char *const answer_names[] = { "Name",  "Fits", "SourceThere", "SourceHere", "Make",
                                            "Class", "Type", "Pool",        "Reason",     NULL };

static bool add_findings(Table *table, GVariant *findings) {
        const char *severity, *object, *sentence;
        GVariantIter iter;
        bool good = true;

        g_variant_iter_init(&iter, findings);
        while (g_variant_iter_next(&iter, "(&s&s&s)", &severity, &object, &sentence)) {
                bool bad = strcmp(severity, "error") == 0;

                good = good && !bad;
                table_add(table, bad ? STYLE_BAD : STYLE_BUSY, "%s", severity);
                table_add(table, STYLE_NONE, "%s", object);
                table_add(table, STYLE_NONE, "%s", sentence);
        }
        return good;
}

static int check_host(const Options *options, Client *client, GError **error) {
        g_autoptr(Table) table = table_new(finding_columns);
        g_autoptr(GVariant) reply = NULL, findings = NULL;
        bool good;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "CheckHost", "(a(sss))", NULL, error);
        if (!reply)
                return -1;

        findings = g_variant_get_child_value(reply, 0);
        good = add_findings(table, findings);
        if (options->json)
                output_json(rows_named(findings, finding_names));
        else
                output_table(options, table,
                             "Nothing is missing: guests can move with their devices.");
        return good ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}

/* What the device's source would be on that host. */
static void add_source(Table *table, bool fits, bool make, const char *source) {
        if (!fits)
                table_add(table, STYLE_NONE, "%s", "");
        else if (!*source)
                table_add(table, STYLE_NONE, "unchanged");
        else
                table_add(table, STYLE_NONE, "%s%s", source, make ? " (new)" : "");
}

typedef struct Verdict {
        unsigned devices, misfits; /* of the devices */
        bool slice_refused;
} Verdict;

static bool fits_all(const Verdict *verdict) {
        return verdict->misfits == 0 && !verdict->slice_refused;
}

/* The hardware slice is a row, too, when it is refused. */
static void count(Verdict *verdict, const char *name, bool fits) {
        if (strcmp(name, "slice") == 0) {
                verdict->slice_refused = true;
                return;
        }

        verdict->devices++;
        verdict->misfits += !fits;
}

static Verdict add_answers(Table *table, GVariant *answers) {
        const char *name, *there, *here, *class_name, *type, *pool, *reason;
        Verdict verdict = { 0 };
        gboolean fits, make;
        GVariantIter iter;

        g_variant_iter_init(&iter, answers);
        while (g_variant_iter_next(&iter, "(&sb&s&sb&s&s&s&s)", &name, &fits, &there, &here, &make,
                                   &class_name, &type, &pool, &reason)) {
                count(&verdict, name, fits);
                table_add(table, STYLE_NONE, "%s", name);
                table_add(table, fits ? STYLE_GOOD : STYLE_BAD, "%s", fits ? "yes" : "no");
                table_add(table, STYLE_NONE, "%s", there);
                add_source(table, fits, make, here);
                table_add(table, STYLE_NONE, "%s", class_name);
                table_add(table, STYLE_NONE, "%s", type);
                table_add(table, STYLE_NONE, "%s", pool);
                table_add(table, STYLE_NONE, "%s", reason);
        }
        return verdict;
}

static void print_verdict(const char *domain, const Verdict *verdict) {
        const char *slice = verdict->slice_refused ? "its hardware slice" : "";

        if (!fits_all(verdict) && verdict->misfits == 0)
                printf("%s does not fit: %s.\n", domain, slice);
        else if (!fits_all(verdict))
                printf("%s does not fit: %s%s%u of %u devices.\n", domain, slice,
                       *slice ? ", and " : "", verdict->misfits, verdict->devices);
        else if (verdict->devices == 0)
                printf("%s has no passthrough devices.\n", domain);
        else
                printf("%s fits.\n", domain);
}

static int check_xml(const Options *options, Client *client, GError **error) {
        g_autoptr(Table) table = table_new(answer_columns);
        g_autofree char *xml = text_file_read(options->xml, XML_MAX, "a domain", error);
        const char *const strings[] = { xml, NULL };
        g_autoptr(GVariant) reply = NULL, answers = NULL;
        const char *domain;
        Verdict verdict;

        reply = xml ? client_ask(client, FERRY_INTERFACE_MANAGER, "CheckDomain", "(sa(sbssbssss))",
                                 strings, error)
                    : NULL;
        if (!reply)
                return -1;

        g_variant_get(reply, "(&s@a(sbssbssss))", &domain, &answers);
        verdict = add_answers(table, answers);
        if (options->json)
                output_json(g_variant_new_parsed("{'Domain': <%s>, 'Devices': <%@aa{sv}>}", domain,
                                                 rows_named(answers, answer_names)));
        else {
                if (!table_is_empty(table))
                        output_table(options, table, "");
                if (!options->no_legend)
                        print_verdict(domain, &verdict);
        }
        return fits_all(&verdict) ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}

/* This one, and that to which a guest is to go. */
static bool fix_hosts(const Options *options, Client *client, char *const *arguments,
                      GError **error) {
        const char *destination = arguments[0] ? arguments[1] : NULL;
        g_autoptr(Client) there = NULL;

        if (!check_fix(client, options->host ?: "", error))
                return false;
        if (!destination)
                return true;

        there = client_new(destination, error);
        return there && check_fix(there, destination, error);
}

int cmd_check(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(Client) client = NULL;

        if (arguments[0] && options->xml)
                return output_usage("'check' takes a guest or --xml, not both");
        if (options->trial && (!arguments[0] || !arguments[1]))
                return output_usage("'check --trial' needs DOMAIN and HOST");

        if (options->fix && options->xml)
                return output_usage("'check' takes --fix or --xml, not both");

        client = client_new(options->host, error);
        if (!client || (options->fix && !fix_hosts(options, client, arguments, error)))
                return -1;
        if (arguments[0])
                return check_guest(options, client, arguments[0], arguments[1], error);
        return options->xml ? check_xml(options, client, error)
                            : check_host(options, client, error);
}
