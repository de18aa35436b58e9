/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/resource-tree.h"
#include "daemon/names.h"

#define WIDTH_DEFAULT 80

static const char *const names[] = { "Id",   "Parent",   "Kind", "Name",       "Total",
                                     "Used", "Promised", "Unit", "Attributes", NULL };

static unsigned find_width(void) {
        struct winsize size;

        if (!output_is_terminal() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
            size.ws_col == 0)
                return WIDTH_DEFAULT;
        return size.ws_col;
}

static void print_problems(GVariant *rows) {
        g_auto(GStrv) problems = resource_problems(rows);
        bool colours = output_has_colours();

        for (char **problem = problems; *problem; problem++)
                printf("%s%s%s\n", style_on(STYLE_BAD, colours), *problem,
                       style_off(STYLE_BAD, colours));
}

int cmd_resources(const Options *options, char *const *unused, GError **error) {
        g_autoptr(GVariant) reply = NULL, rows = NULL;
        g_autoptr(Client) client = NULL;
        g_autoptr(Table) table = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListResources", "(a" RESOURCE_ROW ")",
                           NULL, error);
        if (!reply)
                return -1;

        rows = g_variant_get_child_value(reply, 0);
        if (options->json) {
                output_json(rows_named(rows, names));
                return EXIT_STATUS_OK;
        }

        table = resource_tree(rows, find_width());
        output_table(options, table, "No resources.");
        print_problems(rows);
        return EXIT_STATUS_OK;
}
