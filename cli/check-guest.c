/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/check-guest.h"

#include "cli/check-trial.h"
#include "cli/guest-report.h"
#include "daemon/names.h"

#define ANSWERS "a(sbssbssss)"

static void add_misfits(GuestReport *report, const char *host, GVariant *answers) {
        const char *name, *reason;
        GVariantIter iter;
        gboolean fits;

        g_variant_iter_init(&iter, answers);
        while (g_variant_iter_next(&iter, "(&sb&s&sb&s&s&s&s)", &name, &fits, NULL, NULL, NULL,
                                   NULL, NULL, NULL, &reason))
                if (!fits)
                        guest_report_add(report, "error", host, name, reason);
}

/* A guest that is to go from one host to another. */
typedef struct Move {
        const Options *options;
        Client *client; /* of the host where it runs */
        const char *domain, *host;
} Move;

static bool try_devices(const Move *move, Client *there, const char *xml, GVariant *answers,
                        GuestReport *report, GError **error) {
        const CheckTrial trial = { .here = move->client,
                                   .there = there,
                                   .domain = move->domain,
                                   .xml = xml,
                                   .host_here = move->options->host ?: "",
                                   .host_there = move->host };

        return !move->options->trial || check_trial(&trial, answers, report, error);
}

/* What the host that the guest is to go to says of it, and of itself. */
static bool check_there(const Move *move, const char *xml, GuestReport *report, GError **error) {
        g_autoptr(GVariant) domain = NULL, answers = NULL, state = NULL, findings = NULL;
        g_autoptr(Client) client = client_new(move->host, error);
        const char *const strings[] = { xml, NULL };

        domain = client ? client_ask(client, FERRY_INTERFACE_MANAGER, "CheckDomain",
                                     "(s" ANSWERS ")", strings, error)
                        : NULL;
        state = domain ? client_ask(client, FERRY_INTERFACE_MANAGER, "CheckArrival", "(a(sss))",
                                    strings, error)
                       : NULL;
        if (!state)
                return false;

        answers = g_variant_get_child_value(domain, 1);
        findings = g_variant_get_child_value(state, 0);
        add_misfits(report, move->host, answers);
        guest_report_add_findings(report, move->host, findings);
        return try_devices(move, client, xml, answers, report, error);
}

int check_guest(const Options *options, Client *client, const char *domain, const char *host,
                GError **error) {
        const Move move = { options, client, domain, host };
        const char *const strings[] = { domain, NULL };
        g_autoptr(GuestReport) report = guest_report_new();
        g_autoptr(GVariant) reply = NULL, findings = NULL;
        const char *name, *xml;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "CheckGuest", "(ssa(sss))", strings,
                           error);
        if (!reply)
                return -1;

        g_variant_get(reply, "(&s&s@a(sss))", &name, &xml, &findings);
        guest_report_add_findings(report, options->host ?: "", findings);
        if (host && !check_there(&move, xml, report, error))
                return -1;
        return guest_report_print(report, options, name, host);
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
