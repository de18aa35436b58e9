/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/authorize.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#define POLKIT        "org.freedesktop.PolicyKit1"
#define POLKIT_PATH   "/org/freedesktop/PolicyKit1/Authority"
#define PASSWORD_USEC (2 * 60 * G_USEC_PER_SEC) /* polkit may ask a person for one */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

typedef enum Verdict {
        VERDICT_PENDING,
        VERDICT_ALLOWED,
        VERDICT_REFUSED,
        VERDICT_INTERACTIVE, /* polkit would allow it to somebody who gives a password */
} Verdict;

/* One message that waits for its verdict. */
typedef struct Query {
        sd_bus_message *message;
        const char *action;
        sd_bus_slot *slot; /* the question that is out */
        Verdict verdict;
} Query;

struct Authorizer {
        GHashTable *queries; /* Query by its message */
};

static void query_free(void *data) {
        Query *query = data;

        sd_bus_slot_unref(query->slot);
        sd_bus_message_unref(query->message);
        g_free(query);
}

Authorizer *authorizer_new(void) {
        Authorizer *authorizer = g_new0(Authorizer, 1);

        authorizer->queries = g_hash_table_new_full(NULL, NULL, NULL, query_free);
        return authorizer;
}

void authorizer_free(Authorizer *authorizer) {
        if (!authorizer)
                return;

        g_hash_table_unref(authorizer->queries);
        g_free(authorizer);
}

static int decide(Query *query, Verdict verdict) {
        query->verdict = verdict;
        query->slot = sd_bus_slot_unref(query->slot);
        return sd_bus_enqueue_for_read(sd_bus_message_get_bus(query->message), query->message);
}

static int on_polkit(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        int allowed = false, challenge = false;
        Query *query = userdata;

        /* polkit is not there, or did not understand: only root is left */
        if (sd_bus_message_is_method_error(reply, NULL) ||
            sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
            sd_bus_message_read(reply, "bb", &allowed, &challenge) < 0)
                return decide(query, VERDICT_REFUSED);

        if (allowed)
                return decide(query, VERDICT_ALLOWED);
        return decide(query, challenge ? VERDICT_INTERACTIVE : VERDICT_REFUSED);
}

static int ask_polkit(Query *query) {
        g_autoptr(sd_bus_message) question = NULL;
        sd_bus_message *m = query->message;
        sd_bus *bus = sd_bus_message_get_bus(m);
        bool interactive = sd_bus_message_get_allow_interactive_authorization(m) > 0;

        query->slot = sd_bus_slot_unref(query->slot);
        if (sd_bus_message_new_method_call(bus, &question, POLKIT, POLKIT_PATH, POLKIT ".Authority",
                                           "CheckAuthorization") < 0 ||
            sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                  sd_bus_message_get_sender(m), query->action, 0,
                                  (uint32_t)interactive, "") < 0 ||
            sd_bus_call_async(bus, &query->slot, question, on_polkit, query, PASSWORD_USEC) < 0)
                return decide(query, VERDICT_REFUSED);

        return 0;
}

static int on_user(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Query *query = userdata;
        uint32_t uid;

        if (sd_bus_message_is_method_error(reply, NULL) ||
            sd_bus_message_read(reply, "u", &uid) < 0)
                return decide(query, VERDICT_REFUSED); /* whoever has called is gone */

        if (uid == 0 || uid == geteuid())
                return decide(query, VERDICT_ALLOWED);
        if (!query->action)
                return decide(query, VERDICT_REFUSED);
        return ask_polkit(query);
}

static int ask_user(Authorizer *authorizer, sd_bus_message *m, const char *action) {
        Query *query = g_new0(Query, 1);

        query->message = sd_bus_message_ref(m);
        query->action = action;
        g_hash_table_insert(authorizer->queries, m, query);

        return sd_bus_call_method_async(sd_bus_message_get_bus(m), &query->slot,
                                        "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                        "org.freedesktop.DBus", "GetConnectionUnixUser", on_user,
                                        query, "s", sd_bus_message_get_sender(m));
}

static int refuse(sd_bus_message *m, const char *action, Verdict verdict, sd_bus_error *reterr) {
        const char *member = sd_bus_message_get_member(m);

        if (!action)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_ACCESS_DENIED,
                                         "%s is for the libvirt hook: only root may call it",
                                         member);
        if (verdict == VERDICT_INTERACTIVE)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                         "%s needs a password: call it as root, or where a polkit "
                                         "agent can ask for one",
                                         member);
        return sd_bus_error_setf(
                reterr, SD_BUS_ERROR_ACCESS_DENIED,
                "%s is not allowed: call it as root, or let a polkit rule allow %s", member,
                action);
}

int authorize(Authorizer *authorizer, sd_bus_message *m, const char *action, sd_bus_error *reterr) {
        const Query *query = g_hash_table_lookup(authorizer->queries, m);
        Verdict verdict;
        int r;

        if (!query) {
                r = ask_user(authorizer, m, action);
                if (r < 0)
                        g_hash_table_remove(authorizer->queries, m);
                return r < 0 ? r : 0;
        }

        verdict = query->verdict;
        g_hash_table_remove(authorizer->queries, m);
        return verdict == VERDICT_ALLOWED ? 1 : refuse(m, action, verdict, reterr);
}
