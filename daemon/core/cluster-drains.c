/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-drains.h"

#include <string.h>

#include "xml/ferry-error.h"

static ClusterDrains *edit(const ClusterCopy *copy, int64_t *ret_revision, GError **error) {
        const ClusterDrains *drains = cluster_copy_drains(copy, ret_revision);
        g_autofree char *text = NULL;

        if (!cluster_copy_is_whole(copy)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "The cluster is not known yet: try again when etcd has answered");
                return NULL;
        }
        if (!drains && *ret_revision > 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "drains: it cannot be read, so nothing is drained: delete it in etcd");
                return NULL;
        }
        if (!drains)
                return cluster_drains_new();

        text = cluster_drains_to_json(drains);
        return cluster_drains_from_json(text, error);
}

static bool put(ClusterTransaction *transaction, int64_t revision, const ClusterDrains *drains,
                GError **error) {
        g_autofree char *text = cluster_drains_to_json(drains);

        if (strlen(text) > CLUSTER_TEXT_MAX) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "Too many hosts are being drained: wait for some of them");
                return false;
        }

        cluster_transaction_compare_mod(transaction, "drains", revision);
        cluster_transaction_put(transaction, "drains", g_steal_pointer(&text));
        return true;
}

static bool names_are_valid(const char *host, const char *const *to, const char *nonce) {
        for (; to && *to; to++)
                if (!cluster_name_is_valid(*to) || g_str_equal(*to, host))
                        return false;
        return cluster_name_is_valid(host) && cluster_name_is_valid(nonce);
}

static bool no_destination_is_drained(const ClusterDrains *drains, const char *const *to,
                                      GError **error) {
        for (; to && *to; to++) {
                if (!g_hash_table_contains(drains->hosts, *to))
                        continue;

                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s is being drained itself: choose another one, or end that",
                            *to);
                return false;
        }
        return true;
}

static bool is_no_destination(const ClusterDrains *drains, const char *host, GError **error) {
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, drains->hosts);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ClusterDrain *drain = value;

                for (guint i = 0; i < drain->to->len; i++) {
                        if (!g_str_equal(drain->to->pdata[i], host))
                                continue;

                        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                                    "Host %s is being drained to %s: wait for that, or end it",
                                    drain->host, host);
                        return false;
                }
        }
        return true;
}

/* `drained`: of the others that are alive, one that is being drained; NULL: there is none. */
static void refuse_without_refuge(const char *host, bool chosen, const char *drained,
                                  GError **error) {
        if (drained)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s: all others that are alive are being drained, host %s among "
                            "them: end that by 'virt-ferry undrain' there, or start another host",
                            host, drained);
        else if (chosen)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s: no destination is alive in the cluster: start virtferryd "
                            "there, or choose another one",
                            host);
        else
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s: no other host of the cluster is alive: start one", host);
}

/* Another one that is alive is not drained, and goes on to be until this is done. */
static bool demand_refuge(ClusterTransaction *transaction, const ClusterCopy *copy,
                          const ClusterDrains *drains, const char *host, const char *const *to,
                          GError **error) {
        const char *drained = NULL;
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, cluster_copy_hosts(copy));
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ClusterCopyHost *other = value;
                g_autofree char *key = NULL;

                if (other->create_revision == 0 || g_str_equal(other->name, host) ||
                    (to && *to && !g_strv_contains(to, other->name)))
                        continue;
                if (g_hash_table_contains(drains->hosts, other->name)) {
                        if (!drained || strcmp(other->name, drained) < 0)
                                drained = other->name;
                        continue;
                }

                key = g_strconcat("hosts/", other->name, NULL);
                cluster_transaction_compare_create(transaction, key, other->create_revision);
                return true;
        }

        refuse_without_refuge(host, to && *to, drained, error);
        return false;
}

ClusterTransaction *cluster_drains_begin(const ClusterCopy *copy, const char *host,
                                         const char *const *to, int64_t now, const char *nonce,
                                         GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterDrains) drains = NULL;
        int64_t revision;

        if (!names_are_valid(host, to, nonce)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "A drain is from one host to others, whose names are letters, digits "
                            "and ._:@+,-");
                return NULL;
        }

        drains = edit(copy, &revision, error);
        if (!drains)
                return NULL;
        if (!no_destination_is_drained(drains, to, error) ||
            !is_no_destination(drains, host, error) ||
            !demand_refuge(transaction, copy, drains, host, to, error))
                return NULL;

        cluster_drains_add(drains, host, to, now, nonce);
        if (!put(transaction, revision, drains, error))
                return NULL;
        return g_steal_pointer(&transaction);
}

bool cluster_drains_has(const ClusterCopy *copy, const char *host, const char *nonce) {
        int64_t revision;
        const ClusterDrains *drains = cluster_copy_drains(copy, &revision);
        const ClusterDrain *drain = drains ? g_hash_table_lookup(drains->hosts, host) : NULL;

        return drain && g_str_equal(drain->nonce, nonce);
}

ClusterTransaction *cluster_drains_end(const ClusterCopy *copy, const char *host, GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterDrains) drains = NULL;
        int64_t revision;

        drains = edit(copy, &revision, error);
        if (!drains)
                return NULL;
        if (!g_hash_table_remove(drains->hosts, host)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Host %.48s is not being drained: there is nothing to end", host);
                return NULL;
        }
        if (!put(transaction, revision, drains, error))
                return NULL;
        return g_steal_pointer(&transaction);
}

ClusterTransaction *cluster_drains_finish(const ClusterCopy *copy, const char *host,
                                          GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterDrains) drains = NULL;
        ClusterDrain *drain;
        int64_t revision;

        drains = edit(copy, &revision, error);
        if (!drains)
                return NULL;

        drain = g_hash_table_lookup(drains->hosts, host);
        if (!drain || drain->to->len == 0)
                return NULL;

        g_ptr_array_set_size(drain->to, 0);
        if (!put(transaction, revision, drains, error))
                return NULL;
        return g_steal_pointer(&transaction);
}
