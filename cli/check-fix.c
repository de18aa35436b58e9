/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/check-fix.h"

#include <stdio.h>

#include "cli/text.h"
#include "daemon/names.h"

static void tell(const char *host, const char *text) {
        g_autofree char *clean = text_clean(text);

        fprintf(stderr, "%s%s%s\n", host, *host ? ": " : "", clean);
}

/* A fix that is refused is a line as well: the check that follows says what is still missing. */
static bool mend(Client *client, const char *host, const char *id, const char *object,
                 GError **error) {
        g_autoptr(GVariant) reply = NULL;
        g_autofree char *line = NULL;
        g_autoptr(GError) refusal = NULL;
        const char *what;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Fix",
                              g_variant_new("(s)", id), "(s)", &refusal);
        if (reply) {
                g_variant_get(reply, "(&s)", &what);
                line = g_strdup_printf("%s: %s", object, what);
                tell(host, line);
                return true;
        }

        if (g_error_matches(refusal, CLIENT_ERROR, CLIENT_ERROR_REFUSED)) {
                tell(host, refusal->message);
                return true;
        }
        g_propagate_error(error, g_steal_pointer(&refusal));
        return false;
}

/* Those that were not tried before. */
static bool mend_all(Client *client, const char *host, GVariant *fixes, GHashTable *tried,
                     GError **error) {
        const char *id, *object;
        GVariantIter iter;

        g_variant_iter_init(&iter, fixes);
        while (g_variant_iter_next(&iter, "(&s&s&s&s)", &id, &object, NULL, NULL))
                if (g_hash_table_add(tried, g_strdup(id)) && !mend(client, host, id, object, error))
                        return false;
        return true;
}

bool check_fix(Client *client, const char *host, GError **error) {
        g_autoptr(GHashTable) tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        guint before;

        /* A hook that is there again is one that libvirt does not know yet. */
        do {
                g_autoptr(GVariant) reply = NULL, fixes = NULL;

                before = g_hash_table_size(tried);
                reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListFixes", "(a(ssss))", NULL,
                                   error);
                if (!reply)
                        return false;

                fixes = g_variant_get_child_value(reply, 0);
                if (!mend_all(client, host, fixes, tried, error))
                        return false;
        } while (g_hash_table_size(tried) > before);
        return true;
}
