/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-forget.h"

#include "xml/ferry-error.h"

/* The compares besides are of hosts/HOST, maps/HOST, moves and drains. */
#define LOTS_MAX (CLUSTER_TRANSACTION_MAX - 4)

static bool may_be_forgotten(const ClusterCopy *copy, const char *host, GError **error) {
        if (!cluster_copy_is_whole(copy)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "The cluster is not known yet: try again when etcd has answered");
                return false;
        }
        if (cluster_copy_is_alive(copy, host)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s is alive: stop virtferryd there first, and wait until its "
                            "lease has run out",
                            host);
                return false;
        }
        return true;
}

static void delete_lots(ClusterTransaction *transaction, const ClusterCopyHost *known) {
        for (guint i = 0; i < known->lots->len && i < LOTS_MAX; i++) {
                const ClusterCopyLot *lot = known->lots->pdata[i];
                g_autofree char *key = g_strconcat("lots/", known->name, "/", lot->resource, NULL);

                cluster_transaction_compare_mod(transaction, key, lot->mod_revision);
                cluster_transaction_delete(transaction, key);
        }
}

static bool leave_moves(ClusterTransaction *transaction, const ClusterCopy *copy, const char *host,
                        GError **error) {
        int64_t revision;
        const ClusterMoves *known = cluster_copy_moves(copy, &revision);
        g_autofree char *text = known ? cluster_moves_to_json(known) : NULL;
        g_autoptr(ClusterMoves) moves = text ? cluster_moves_from_json(text, error) : NULL;
        GHashTableIter iter;
        unsigned n = 0;
        void *value;

        if (!moves)
                return !known;

        g_hash_table_iter_init(&iter, moves->going);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ClusterMove *move = value;

                if (!g_str_equal(move->from, host) && !g_str_equal(move->to, host))
                        continue;

                g_hash_table_iter_remove(&iter);
                n++;
        }
        if (n > 0) {
                cluster_transaction_compare_mod(transaction, "moves", revision);
                cluster_transaction_put(transaction, "moves", cluster_moves_to_json(moves));
        }
        return true;
}

static bool leave_drains(ClusterTransaction *transaction, const ClusterCopy *copy, const char *host,
                         GError **error) {
        int64_t revision;
        const ClusterDrains *known = cluster_copy_drains(copy, &revision);
        g_autofree char *text = known ? cluster_drains_to_json(known) : NULL;
        g_autoptr(ClusterDrains) drains = text ? cluster_drains_from_json(text, error) : NULL;

        if (!drains)
                return !known;

        if (g_hash_table_remove(drains->hosts, host)) {
                cluster_transaction_compare_mod(transaction, "drains", revision);
                cluster_transaction_put(transaction, "drains", cluster_drains_to_json(drains));
        }
        return true;
}

ClusterTransaction *cluster_forget(const ClusterCopy *copy, const char *host, GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        const ClusterCopyHost *known = cluster_copy_host(copy, host);
        g_autofree char *alive = g_strconcat("hosts/", host, NULL);
        g_autofree char *map = g_strconcat("maps/", host, NULL);
        g_autofree char *load = g_strconcat(CLUSTER_APART, host, NULL);

        if (!may_be_forgotten(copy, host, error))
                return NULL;

        cluster_transaction_compare_create(transaction, alive, 0);
        if (known)
                delete_lots(transaction, known);
        if (known && known->map_revision != 0) {
                cluster_transaction_compare_mod(transaction, map, known->map_revision);
                cluster_transaction_delete(transaction, map);
                cluster_transaction_delete(transaction, load); /* which no copy tells of */
        }
        if (!leave_moves(transaction, copy, host, error) ||
            !leave_drains(transaction, copy, host, error))
                return NULL;
        if (transaction->puts->len + transaction->deletes->len == 0)
                return NULL;
        return g_steal_pointer(&transaction);
}
