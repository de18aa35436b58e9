/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/check-guest.h"
#include "cli/destination.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/watch.h"
#include "daemon/names.h"

typedef struct Wish {
        const Options *options;
        char *const *arguments;
} Wish;

static void add_number(GVariantBuilder *builder, const char *name, uint64_t value) {
        if (value > 0)
                g_variant_builder_add(builder, "{sv}", name, g_variant_new_uint64(value));
}

static void add_word(GVariantBuilder *builder, const char *name, const char *value) {
        if (value)
                g_variant_builder_add(builder, "{sv}", name, g_variant_new_string(value));
}

static void add_switch(GVariantBuilder *builder, const char *name, bool value) {
        if (value)
                g_variant_builder_add(builder, "{sv}", name, g_variant_new_boolean(true));
}

static GVariant *options_of(const Options *options) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        add_word(&builder, "strategy", options->strategy);
        add_word(&builder, "new-name", options->new_name);
        add_switch(&builder, "force", options->force);
        add_switch(&builder, "persistent", options->persistent);
        add_switch(&builder, "undefine-source", options->undefine_source);
        add_number(&builder, "bandwidth", options->bandwidth);
        add_number(&builder, "max-downtime", options->max_downtime);
        add_number(&builder, "connections", options->connections);
        add_word(&builder, "compression", options->compression);
        return g_variant_builder_end(&builder);
}

/* Before anything is touched. A host that cannot be asked has its hook, which says the same later.
 */
static bool fits_there(Client *client, const char *domain, const char *uri, GError **error) {
        g_autofree char *host = destination_host(uri);
        g_autoptr(GError) problem = NULL;

        if (!host || check_guest_fits(client, domain, host, &problem))
                return true;
        if (g_error_matches(problem, CLIENT_ERROR, CLIENT_ERROR_REFUSED)) {
                g_propagate_error(error, g_steal_pointer(&problem));
                return false;
        }

        if (g_error_matches(problem, CLIENT_ERROR, CLIENT_ERROR_BUSY))
                fprintf(stderr, "virt-ferry: %s; this move waits\n", problem->message);
        else
                fprintf(stderr, "virt-ferry: %s was not asked before: %s\n", host,
                        problem->message);
        return true;
}

/* Without a destination the daemon chooses, and the host that is chosen has its hook. */
static char *begin(Client *client, void *userdata, GError **error) {
        const Wish *wish = userdata;
        const char *destination = wish->arguments[1];
        g_autofree char *uri = destination ? destination_uri(destination) : g_strdup("");
        g_autoptr(GVariant) reply = NULL;
        char *path;

        if (destination && !fits_there(client, wish->arguments[0], uri, error))
                return NULL;

        reply = client_act_on(
                client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Migrate",
                g_variant_new("(ss@a{sv})", wish->arguments[0], uri, options_of(wish->options)),
                "(o)", error);
        if (!reply)
                return NULL;

        g_variant_get(reply, "(o)", &path);
        return path;
}

static int begin_only(Client *client, Wish *wish, GError **error) {
        g_autofree char *path = begin(client, wish, error);

        if (!path)
                return -1;
        if (wish->options->json)
                output_json(g_variant_new_object_path(path));
        else
                fputs("It is on its way: 'virt-ferry migrations --watch' follows it.\n", stdout);
        return EXIT_STATUS_OK;
}

/* The first of the hosts is the best, or the one that is nearest to fit. */
static char *take_first(const Options *options, GVariant *hosts, GError **error) {
        const char *uri = NULL, *reason = "the cluster has no hosts";
        g_autofree char *clean = NULL;
        gboolean fits = FALSE;

        if (g_variant_n_children(hosts) > 0)
                g_variant_get_child(hosts, 0, "(&s&sb&s&sd&s)", NULL, &uri, &fits, NULL, NULL, NULL,
                                    &reason);
        clean = text_clean(reason);
        if (!fits) {
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                            "No host of the cluster fits: %s", clean);
                return NULL;
        }
        if (!options->json)
                printf("To %s\n", clean);
        return g_strdup(uri);
}

/* The URI that the daemon would choose now. */
static char *choose_best(const Options *options, Client *client, const char *domain,
                         GError **error) {
        const char *asked[] = { domain, NULL }, *placed[] = { NULL, NULL };
        g_autoptr(GVariant) checked = NULL, places = NULL, hosts = NULL;

        checked = client_ask(client, FERRY_INTERFACE_MANAGER, "CheckGuest", "(ssa(sss))", asked,
                             error);
        if (!checked)
                return NULL;

        g_variant_get(checked, "(&s&s@a(sss))", NULL, &placed[0], NULL);
        places = client_ask(client, FERRY_INTERFACE_MANAGER, "Place", "(sa(ssbssds))", placed,
                            error);
        if (!places)
                return NULL;

        g_variant_get(places, "(&s@a(ssbssds))", NULL, &hosts);
        return take_first(options, hosts, error);
}

static int try_only(const Options *options, Client *client, char *const *arguments,
                    GError **error) {
        g_autofree char *uri = NULL, *host = NULL;

        uri = arguments[1] ? destination_uri(arguments[1])
                           : choose_best(options, client, arguments[0], error);
        if (!uri)
                return -1;

        host = destination_host(uri);
        return check_guest(options, client, arguments[0], host, error);
}

int cmd_migrate(const Options *options, char *const *arguments, GError **error) {
        Wish wish = { options, arguments };
        g_autoptr(Client) client = NULL;

        client = client_new(options->host, error);
        if (!client)
                return -1;
        if (options->dry_run)
                return try_only(options, client, arguments, error);
        if (options->detach)
                return begin_only(client, &wish, error);

        return watch_one_migration(options, client, begin, &wish, error);
}
