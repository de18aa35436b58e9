/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-moves.h"

#include <inttypes.h>
#include <string.h>

#include "xml/ferry-error.h"

/* One that may be edited: that of the copy, or a new one. NULL: neither. */
static ClusterMoves *edit(const ClusterCopy *copy, int64_t *ret_revision, GError **error) {
        const ClusterMoves *moves = cluster_copy_moves(copy, ret_revision);
        g_autofree char *text = NULL;

        if (!cluster_copy_is_whole(copy)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "The cluster is not known yet: try again when etcd has answered");
                return NULL;
        }
        if (!moves && *ret_revision > 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "moves: it cannot be read, so nothing moves: delete it in etcd");
                return NULL;
        }
        if (!moves)
                return cluster_moves_new();

        text = cluster_moves_to_json(moves);
        return cluster_moves_from_json(text, error);
}

static void forget_settled(ClusterMoves *moves, int64_t now) {
        GHashTableIter iter;
        void *until;

        g_hash_table_iter_init(&iter, moves->settled);
        while (g_hash_table_iter_next(&iter, NULL, &until))
                if (*(int64_t *)until <= now)
                        g_hash_table_iter_remove(&iter);
}

static bool put(ClusterTransaction *transaction, int64_t revision, const ClusterMoves *moves,
                GError **error) {
        g_autofree char *text = cluster_moves_to_json(moves);

        if (strlen(text) > CLUSTER_TEXT_MAX) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "Too many guests are on their way or settle: wait for some of them");
                return false;
        }

        cluster_transaction_compare_mod(transaction, "moves", revision);
        cluster_transaction_put(transaction, "moves", g_steal_pointer(&text));
        return true;
}

ClusterTransaction *cluster_moves_limit(const ClusterCopy *copy, int64_t together, int64_t per_host,
                                        GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterMoves) moves = NULL;
        int64_t revision;

        if (together < 0 || together > CLUSTER_NUMBER_MAX || per_host < 0 ||
            per_host > CLUSTER_NUMBER_MAX) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "A limit of migrations must be 0 (none) to 2^53 - 1");
                return NULL;
        }

        moves = edit(copy, &revision, error);
        if (!moves)
                return NULL;

        moves->together = together;
        moves->per_host = per_host;
        if (!put(transaction, revision, moves, error))
                return NULL;
        return g_steal_pointer(&transaction);
}

static unsigned count_at(const ClusterMoves *moves, const char *host) {
        GHashTableIter iter;
        unsigned n = 0;
        void *value;

        g_hash_table_iter_init(&iter, moves->going);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ClusterMove *move = value;

                n += g_str_equal(move->from, host) || g_str_equal(move->to, host);
        }
        return n;
}

static bool host_has_room(const ClusterMoves *moves, const char *host, GError **error) {
        if (moves->per_host == 0 || count_at(moves, host) < moves->per_host)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                    "Host %s has %u migrations under way, as many as a host may: wait for one of "
                    "them",
                    host, count_at(moves, host));
        return false;
}

static bool limits_allow(const ClusterMoves *moves, const char *from, const char *to,
                         GError **error) {
        if (moves->together > 0 && g_hash_table_size(moves->going) >= moves->together) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "The cluster has %u migrations under way, as many as it may: wait for "
                            "one of them",
                            g_hash_table_size(moves->going));
                return false;
        }
        return host_has_room(moves, from, error) && host_has_room(moves, to, error);
}

static bool may_go(const ClusterMoves *moves, const char *domain, int64_t now, GError **error) {
        const ClusterMove *move = g_hash_table_lookup(moves->going, domain);
        const int64_t *until = g_hash_table_lookup(moves->settled, domain);

        if (move) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Domain %.48s is on its way from %s to %s already: wait for that",
                            domain, move->from, move->to);
                return false;
        }
        if (until && *until > now) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "Domain %.48s has moved lately: wait %" PRId64 " seconds until it has "
                            "settled",
                            domain, *until - now);
                return false;
        }
        return true;
}

/* Nobody drains it until this is done. */
static bool demand_no_drain(ClusterTransaction *transaction, const ClusterCopy *copy,
                            const char *host, GError **error) {
        int64_t revision;
        const ClusterDrains *drains = cluster_copy_drains(copy, &revision);

        if ((!drains && revision > 0) || (drains && g_hash_table_contains(drains->hosts, host))) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Host %s is being drained: choose another one, or end that", host);
                return false;
        }

        cluster_transaction_compare_mod(transaction, "drains", revision);
        return true;
}

static bool demand_alive(ClusterTransaction *transaction, const ClusterCopy *copy, const char *host,
                         GError **error) {
        g_autofree char *key = g_strconcat("hosts/", host, NULL);

        if (!cluster_copy_is_alive(copy, host)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "Host %s is not alive in the cluster: start virtferryd there, or let "
                            "it reach etcd",
                            host);
                return false;
        }

        cluster_transaction_compare_create(transaction, key,
                                           cluster_copy_host(copy, host)->create_revision);
        return true;
}

ClusterTransaction *cluster_moves_begin(const ClusterCopy *copy, const char *domain,
                                        const char *from, const char *to, bool force, int64_t now,
                                        const char *nonce, GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterMoves) moves = NULL;
        int64_t revision;

        if (!cluster_name_is_valid(domain) || !cluster_name_is_valid(from) ||
            !cluster_name_is_valid(to) || !cluster_name_is_valid(nonce)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "Names of domains and hosts are letters, digits and ._:@+,-");
                return NULL;
        }

        moves = edit(copy, &revision, error);
        if (!moves)
                return NULL;

        forget_settled(moves, now);
        if (force)
                g_hash_table_remove(moves->settled, domain);
        if (!may_go(moves, domain, now, error) || !limits_allow(moves, from, to, error) ||
            !demand_alive(transaction, copy, to, error) ||
            !demand_no_drain(transaction, copy, to, error))
                return NULL;

        cluster_moves_add(moves, domain, from, to, now, nonce);
        if (!put(transaction, revision, moves, error))
                return NULL;
        return g_steal_pointer(&transaction);
}

bool cluster_moves_has(const ClusterCopy *copy, const char *domain, const char *nonce) {
        int64_t revision;
        const ClusterMoves *moves = cluster_copy_moves(copy, &revision);
        const ClusterMove *move = moves ? g_hash_table_lookup(moves->going, domain) : NULL;

        return move && g_str_equal(move->nonce, nonce);
}

ClusterTransaction *cluster_moves_end(const ClusterCopy *copy, const char *domain,
                                      const char *nonce, int64_t now, int64_t settles,
                                      GError **error) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterMoves) moves = NULL;
        int64_t revision;

        moves = edit(copy, &revision, error);
        if (!moves)
                return NULL;
        if (!cluster_moves_has(copy, domain, nonce)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Domain %.48s is not on its way by this host: there is nothing to end",
                            domain);
                return NULL;
        }

        g_hash_table_remove(moves->going, domain);
        forget_settled(moves, now);
        if (settles > now)
                g_hash_table_replace(moves->settled, g_strdup(domain),
                                     g_memdup2(&settles, sizeof settles));
        if (!put(transaction, revision, moves, error))
                return NULL;
        return g_steal_pointer(&transaction);
}
