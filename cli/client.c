/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/client.h"

#include <string.h>

#include "cli/value.h"
#include "daemon/names.h"

/* polkit may ask a person for a password, and then a device is tried, a minute at most. */
#define ACTION_USEC (240 * G_USEC_PER_SEC)

G_DEFINE_QUARK(client_error, client_error)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

void client_set_lost(const Client *client, int r, GError **error) {
        if (client->host)
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_UNREACHABLE,
                            "the system bus of %s cannot be reached: see whether 'ssh %s "
                            "systemd-stdio-bridge' works",
                            client->host, client->host);
        else
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_UNREACHABLE,
                            "the system bus cannot be reached: %s", g_strerror(-r));
}

Client *client_new(const char *host, GError **error) {
        g_autoptr(Client) client = g_new0(Client, 1);
        int r;

        client->host = g_strdup(host);
        r = host ? sd_bus_open_system_remote(&client->bus, host) : sd_bus_open_system(&client->bus);
        if (r < 0) {
                client_set_lost(client, r, error);
                return NULL;
        }
        return g_steal_pointer(&client);
}

void client_free(Client *client) {
        if (!client)
                return;

        (void)sd_bus_flush_close_unref(client->bus);
        g_free(client->host);
        g_free(client);
}

/* Whether the words are the daemon's own, which say what to do. */
static bool is_its_word(const char *name) {
        static const char *const names[] = { SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_FAILED,
                                             SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                             NULL };

        return g_str_has_prefix(name, FERRY_ERROR_PREFIX) || g_strv_contains(names, name);
}

static bool is_misunderstanding(const char *name) {
        static const char *const names[] = { SD_BUS_ERROR_UNKNOWN_METHOD,
                                             SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                             SD_BUS_ERROR_UNKNOWN_OBJECT, SD_BUS_ERROR_INVALID_ARGS,
                                             NULL };

        return g_strv_contains(names, name);
}

static void set_bus_error(const Client *client, const sd_bus_error *e, int r, GError **error) {
        const char *there = client->host ? " on " : "", *host = client->host ?: "";
        const char *name = e->name ?: "", *text = e->message ?: g_strerror(-r);

        if (strcmp(name, FERRY_ERROR_PREFIX "Busy") == 0)
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_BUSY, "%s", text);
        else if (is_its_word(name))
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED, "%s", text);
        else if (is_misunderstanding(name))
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                            "virtferryd%s%s is of another version (%s): bring both to the same",
                            there, host, text);
        else if (sd_bus_is_open(client->bus) <= 0)
                client_set_lost(client, r, error);
        else
                g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_UNREACHABLE,
                            "virtferryd%s%s does not answer (%s): start it with 'systemctl start "
                            "virtferryd'",
                            there, host, text);
}

static GVariant *read_reply(sd_bus_message *reply, const char *method, const char *type,
                            GError **error) {
        g_autoptr(GVariant) value = NULL;
        int r;

        r = value_read_rest(reply, &value);
        if (r >= 0 && g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
                return g_steal_pointer(&value);

        g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                    "virtferryd is of another version (%s returned '%s'): bring both to the same",
                    method, sd_bus_message_get_signature(reply, 1));
        return NULL;
}

static GVariant *call(Client *client, const char *path, const char *interface, const char *method,
                      GVariant *arguments, const char *type, bool action, GError **error) {
        g_autoptr(GVariant) tuple = arguments ? g_variant_ref_sink(arguments) : NULL;
        g_auto(sd_bus_error) e = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = NULL, reply = NULL;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &m, FERRY_BUS_NAME, path, interface,
                                           method);
        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(m, action);
        if (r >= 0 && tuple)
                r = value_append_members(m, tuple);
        if (r >= 0)
                r = sd_bus_call(client->bus, m, action ? ACTION_USEC : 0, &e, &reply);
        if (r < 0) {
                set_bus_error(client, &e, r, error);
                return NULL;
        }
        (void)sd_bus_message_get_cookie(reply, &client->heard);
        return read_reply(reply, method, type, error);
}

/* New, floating; NULL for NULL. */
static GVariant *tuple_of(const char *const *strings) {
        GVariantBuilder builder;

        if (!strings)
                return NULL;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
        for (; *strings; strings++)
                g_variant_builder_add(&builder, "s", *strings);
        return g_variant_builder_end(&builder);
}

GVariant *client_ask(Client *client, const char *interface, const char *method, const char *type,
                     const char *const *arguments, GError **error) {
        return call(client, FERRY_OBJECT_ROOT, interface, method, tuple_of(arguments), type, false,
                    error);
}

bool client_act(Client *client, const char *method, const char *const *arguments, GError **error) {
        g_autoptr(GVariant) reply = NULL;

        reply = call(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, method,
                     tuple_of(arguments), "()", true, error);
        return reply != NULL;
}

GVariant *client_act_on(Client *client, const char *path, const char *interface, const char *method,
                        GVariant *arguments, const char *type, GError **error) {
        return call(client, path, interface, method, arguments, type, true, error);
}
