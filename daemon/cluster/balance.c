/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/balance.h"

#include <string.h>

#include "daemon/cluster/balance-world.h"
#include "xml/ferry-error.h"

struct Balances {
        const Manager *manager;
        const ClusterCopy *copy;
        GArray *asks;      /* of Ask; while there is one, loads are being read */
        GHashTable *reads; /* host to BalanceRead */
        unsigned room;     /* for guests that are still to be read */
};

typedef struct Ask {
        unsigned moves_max;
        ClusterBalanced done;
        void *userdata;
} Ask;

Balances *balances_new(const Manager *manager, const ClusterCopy *copy) {
        Balances *balances = g_new0(Balances, 1);

        balances->manager = manager;
        balances->copy = copy;
        balances->asks = g_array_new(FALSE, TRUE, sizeof(Ask));
        balances->reads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                (GDestroyNotify)balance_read_free);
        return balances;
}

/* Those who ask from now on are others. */
static GArray *take_asks(Balances *balances) {
        GArray *asks = balances->asks;

        balances->asks = g_array_new(FALSE, TRUE, sizeof(Ask));
        return asks;
}

static void refuse(const Ask *ask, const char *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "It cannot be said now which guests should move: %s; try again", why);
        ask->done(ask->userdata, NULL, error);
}

static void refuse_all(Balances *balances, const char *why) {
        g_autoptr(GArray) asks = take_asks(balances);

        for (guint i = 0; i < asks->len; i++)
                refuse(&g_array_index(asks, Ask, i), why);
}

void balances_free(Balances *balances) {
        if (!balances)
                return;

        refuse_all(balances, "virtferryd is about to end");
        g_array_unref(balances->asks);
        g_hash_table_unref(balances->reads);
        g_free(balances);
}

/* The answer ------------------------------------------------------------------------ */

static void proposal_free(void *data) {
        ClusterProposal *proposal = data;

        g_free(proposal->domain);
        g_free(proposal->name);
        g_free(proposal->from);
        g_free(proposal->to);
        g_free(proposal->uri);
        g_free(proposal->sentence);
        g_free(proposal);
}

static ClusterProposal *propose(const Balances *balances, const BalanceTold *told,
                                const BalanceMove *move) {
        const BalanceWorld *world = balance_told_world(told);
        const char *to = world->place->hosts[move->to].name;
        const ClusterCopyHost *host = cluster_copy_host(balances->copy, to);
        ClusterProposal *proposal = g_new0(ClusterProposal, 1);

        proposal->domain = g_strdup(balance_told_uuid(told, move->guest));
        proposal->name = g_strdup(world->guests[move->guest].needs->name);
        proposal->from = g_strdup(world->place->hosts[move->from].name);
        proposal->to = g_strdup(to);
        proposal->uri = g_strdup(host->alive ? host->alive->uri : NULL);
        proposal->gain = move->gain;
        proposal->cost = move->cost;
        proposal->sentence = balance_sentence(world, move);
        return proposal;
}

/* A plan of fewer moves is the beginning of one of more. */
static void answer(const Balances *balances, const BalanceTold *told, const Ask *ask,
                   const GArray *plan, bool more) {
        g_autoptr(GPtrArray) moves = g_ptr_array_new_with_free_func(proposal_free);
        const ClusterBalance balance = { .moves = moves,
                                         .more = more || plan->len > ask->moves_max,
                                         .absent = balance_told_absent(told) };

        for (guint i = 0; i < plan->len && i < ask->moves_max; i++)
                g_ptr_array_add(moves,
                                propose(balances, told, &g_array_index(plan, BalanceMove, i)));
        ask->done(ask->userdata, &balance, NULL);
}

static void answer_all(Balances *balances) {
        const Manager *manager = balances->manager;
        g_autoptr(GArray) asks = take_asks(balances), plan = NULL;
        g_autoptr(BalanceTold) told = NULL;
        unsigned moves_max = 0;
        bool more;

        for (guint i = 0; i < asks->len; i++)
                moves_max = MAX(moves_max, g_array_index(asks, Ask, i).moves_max);
        told = balance_told_new(balances->copy, balances->reads,
                                inventory_compat(manager->inventory),
                                manager->now() / G_USEC_PER_SEC);
        plan = balance_plan(balance_told_world(told), moves_max, &more);
        for (guint i = 0; i < asks->len; i++)
                answer(balances, told, &g_array_index(asks, Ask, i), plan, more);
        g_hash_table_remove_all(balances->reads);
}

/* Reading --------------------------------------------------------------------------- */

/* Of a host that is not alive nothing counts. */
static void on_load(void *userdata, const char *key, const char *value) {
        Balances *balances = userdata;
        const char *host = key + strlen(CLUSTER_APART);
        BalanceRead *read;

        if (!cluster_copy_is_alive(balances->copy, host))
                return;

        read = balance_read_new(value, balances->room);
        balances->room -= balance_read_count(read);
        g_hash_table_replace(balances->reads, g_strdup(host), read);
}

static void on_read(void *userdata, const char *why) {
        Balances *balances = userdata;

        if (!why) {
                answer_all(balances);
                return;
        }
        g_hash_table_remove_all(balances->reads);
        refuse_all(balances, why);
}

void balances_begin(Balances *balances, const ClusterOps *ops, const char *away, unsigned moves_max,
                    ClusterBalanced done, void *userdata) {
        const Ask ask = { moves_max, done, userdata };

        if (away || !cluster_copy_is_whole(balances->copy)) {
                refuse(&ask, away ? away : "the cluster has not told all yet");
                return;
        }

        g_array_append_val(balances->asks, ask);
        if (balances->asks->len > 1)
                return;

        balances->room = BALANCE_GUESTS_MAX;
        ops->read(ops->userdata, CLUSTER_APART, on_load, on_read, balances);
}
