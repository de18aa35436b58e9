/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incoming.h"

#include <string.h>

#include "daemon/core/sentence.h"

/* The part of the sentence that says what it is, to a person and to another host's daemon. */
#define MARK " at a time (MaxIncoming in virtferry.conf), and "

typedef struct Crowd {
        unsigned limit;
        GPtrArray *names;
} Crowd;

/* What nobody leases a device for does not come any more, or would be known to libvirt. */
static bool is_coming(const Manager *manager, const Migration *migration) {
        g_autoptr(GPtrArray) leases = NULL;

        if (migration->direction != MIGRATION_INCOMING || migration->state >= MIGRATION_RESUMED)
                return false;

        leases = lease_book_list_domain(manager->leases, migration->domain_uuid);
        return leases->len > 0 || g_hash_table_contains(manager->active, migration->domain_uuid);
}

static GPtrArray *list_coming(const Manager *manager, const char *uuid) {
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (g_strcmp0(migration->domain_uuid, uuid) != 0 && is_coming(manager, migration))
                        g_ptr_array_add(names, g_strdup(migration->domain_name));
        }
        return names;
}

static void write_refusal(Sentence *sentence, const void *subject) {
        const Crowd *crowd = subject;

        sentence_add(sentence, "Host %.64s takes %u guest%s" MARK, g_get_host_name(), crowd->limit,
                     crowd->limit == 1 ? "" : "s");
        sentence_add_names(sentence, crowd->names);
        sentence_add(sentence, " %s on the way to it: wait until %s has arrived",
                     crowd->names->len == 1 ? "is" : "are",
                     crowd->names->len == 1 ? "it" : "one of them");
}

char *incoming_refusal(const Manager *manager, const Domain *domain) {
        g_autoptr(GPtrArray) coming = list_coming(manager, domain->uuid);
        const Crowd crowd = { manager->config->incoming_max, coming };

        if (!domain->metadata && (domain->devices->len == 0 || !manager->config->adopt))
                return NULL;
        return coming->len < crowd.limit ? NULL : sentence_write(write_refusal, &crowd);
}

bool incoming_is_refusal(const char *reason) {
        return strstr(reason, MARK);
}
