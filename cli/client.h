/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connection to virtferryd, here or on another host. */

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

typedef enum ClientError {
        CLIENT_ERROR_REFUSED,     /* the daemon's own word, or not permitted */
        CLIENT_ERROR_BUSY,        /* the same, and another time it may say yes */
        CLIENT_ERROR_UNREACHABLE, /* nobody who could answer */
} ClientError;

#define CLIENT_ERROR client_error_quark()
GQuark client_error_quark(void);

typedef struct Client {
        sd_bus *bus;
        char *host;     /* NULL: this one */
        uint64_t heard; /* cookie of the last reply: signals with a lower one are older */
} Client;

/* `host` as ssh(1) takes it: [USER@]HOST; NULL for this host. */
Client *client_new(const char *host, GError **error);
void client_free(Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)

/* Calls a method whose arguments are all strings (NULL-terminated, or NULL) and returns what it
 * returned: a tuple of `type`. */
GVariant *client_ask(Client *client, const char *interface, const char *method, const char *type,
                     const char *const *arguments, GError **error);
/* The same for a method of the Manager that changes something, for which polkit may want a
 * password, and that returns nothing. */
bool client_act(Client *client, const char *method, const char *const *arguments, GError **error);

/* The same for a method of any object, which may last as long as a trial does, and returns a tuple
 * of `type`. `arguments` is a tuple and is sunk; NULL: none. */
GVariant *client_act_on(Client *client, const char *path, const char *interface, const char *method,
                        GVariant *arguments, const char *type, GError **error);

/* There is no connection (`r` is negative errno), in words: for who waits for signals. */
void client_set_lost(const Client *client, int r, GError **error);
