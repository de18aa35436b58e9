/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/loads.h"

#include <string.h>

#include "daemon/cluster/load.h"
#include "daemon/leave-host.h"
#include "daemon/outlook.h"

struct Loads {
        const Manager *manager;
        char *key;
        GHashTable *guests; /* UUID to LeaveGuest, of those that run here */
        int64_t due;        /* CLOCK_REALTIME us */
        bool told;          /* once, at least */
        bool telling;       /* it is on its way to the store */
};

Loads *loads_new(const Manager *manager, const char *host) {
        Loads *loads = g_new0(Loads, 1);

        loads->manager = manager;
        loads->key = g_strconcat(CLUSTER_APART, host, NULL);
        loads->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)leave_guest_free);
        loads->due = manager->now();
        return loads;
}

void loads_free(Loads *loads) {
        if (!loads)
                return;

        g_hash_table_unref(loads->guests);
        g_free(loads->key);
        g_free(loads);
}

void loads_on_guest_event(Loads *loads, const GuestEvent *event) {
        guint before = g_hash_table_size(loads->guests);

        leave_guests_follow(loads->guests, event);
        if (g_hash_table_size(loads->guests) != before)
                loads->due = MIN(loads->due, loads->manager->now() + LOADS_CHANGED_USEC);
}

void loads_tell_anew(Loads *loads) {
        if (loads->told)
                loads->due = MIN(loads->due, loads->manager->now());
}

/* Where nobody knows whether it was done, the next one is in time. */
static void on_told(void *userdata, ClusterOutcome outcome, const char *why) {
        Loads *loads = userdata;

        loads->telling = false;
}

/* A clock that was put back makes nobody wait. */
static bool is_due(const Loads *loads) {
        int64_t now = loads->manager->now();

        return loads->manager->libvirt_known && outlook_has_guests(loads->manager->outlook) &&
               !loads->telling && (now >= loads->due || loads->due - now > LOADS_USEC);
}

void loads_on_tick(Loads *loads, const ClusterOps *ops) {
        g_autoptr(ClusterTransaction) transaction = NULL;
        g_autoptr(ClusterLoad) load = NULL;
        g_autofree char *text = NULL;

        if (!is_due(loads))
                return;

        loads->due = loads->manager->now() + LOADS_USEC;
        load = cluster_load_describe(loads->manager, loads->guests);
        text = cluster_load_to_json(load);
        if (strlen(text) > CLUSTER_TEXT_MAX) {
                g_warning("What is forecast of this host is more than others would read, so they "
                          "even out without it: its %u guests need %zu bytes",
                          load->guests->len, strlen(text));
                return;
        }
        transaction = cluster_transaction_new();
        cluster_transaction_put(transaction, loads->key, g_steal_pointer(&text));
        loads->told = loads->telling = true;
        ops->transact(ops->userdata, transaction, on_told, loads);
}
