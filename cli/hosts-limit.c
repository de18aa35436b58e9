/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/hosts.h"

#include <inttypes.h>
#include <string.h>

#include "cli/output.h"
#include "daemon/names.h"

#define STAYS     (-1)
#define LIMIT_MAX 1000000

static const Column columns[] = { { "TOGETHER", true }, { "PER HOST", true }, { NULL } };

/* False: it is no limit. NULL stays as it is. */
static bool read_limit(const char *text, int64_t *ret_limit) {
        guint64 number = 0;

        if (text && strcmp(text, "none") != 0 &&
            !g_ascii_string_to_unsigned(text, 10, 0, LIMIT_MAX, &number, NULL))
                return false;

        *ret_limit = text ? (int64_t)number : STAYS;
        return true;
}

static int check(const char *name, const char *text) {
        int64_t unused;

        return read_limit(text, &unused)
                       ? EXIT_STATUS_OK
                       : output_usage("--%s must be none, or a number up to %d, not '%s'", name,
                                      LIMIT_MAX, text);
}

int hosts_limit_check(const Options *options) {
        int status = check("together", options->together);

        return status != EXIT_STATUS_OK ? status : check("per-host", options->per_host);
}

static void add_limit(Table *table, int64_t limit) {
        if (limit == 0)
                table_add(table, STYLE_NONE, "none");
        else
                table_add(table, STYLE_NONE, "%" PRId64, limit);
}

static int show(const Options *options, Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(Table) table = NULL;
        gint64 together, per_host;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "GetMoveLimits", "(xx)", NULL, error);
        if (!reply)
                return -1;

        g_variant_get(reply, "(xx)", &together, &per_host);
        if (options->json) {
                output_json(g_variant_new_parsed("{'Together': <%x>, 'PerHost': <%x>}", together,
                                                 per_host));
                return EXIT_STATUS_OK;
        }

        table = table_new(columns);
        add_limit(table, together);
        add_limit(table, per_host);
        output_table(options, table, "");
        return EXIT_STATUS_OK;
}

int hosts_limit(const Options *options, Client *client, GError **error) {
        g_autoptr(GVariant) reply = NULL;
        int64_t together = STAYS, per_host = STAYS;

        if (!options->together && !options->per_host)
                return show(options, client, error);

        (void)read_limit(options->together, &together); /* they were checked */
        (void)read_limit(options->per_host, &per_host);
        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "SetMoveLimits",
                              g_variant_new("(xx)", together, per_host), "()", error);
        return reply ? EXIT_STATUS_OK : -1;
}
