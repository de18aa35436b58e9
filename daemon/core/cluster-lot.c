/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-lot.h"

#include <inttypes.h>
#include <string.h>

#include "xml/ferry-error.h"

void cluster_change_free(ClusterChange *change) {
        if (!change)
                return;

        g_free(change->nonce);
        g_free(change->domain);
        cluster_transaction_free(change->transaction);
        g_free(change);
}

static ClusterChange *change_new(ClusterChangeKind kind, const char *nonce, const char *domain) {
        ClusterChange *change = g_new0(ClusterChange, 1);

        change->kind = kind;
        change->nonce = g_strdup(nonce);
        change->domain = g_strdup(domain);
        change->transaction = cluster_transaction_new();
        return change;
}

static char *key_of(const char *host, const char *resource) {
        return g_strconcat("lots/", host, "/", resource, NULL);
}

static void refuse(GError **error, FerryError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void refuse(GError **error, FerryError code, const char *format, ...) {
        va_list words;

        va_start(words, format);
        g_propagate_error(error, g_error_new_valist(FERRY_ERROR, code, format, words));
        va_end(words);
}

static bool is_whole(const ClusterCopy *copy, GError **error) {
        if (cluster_copy_is_whole(copy))
                return true;

        refuse(error, FERRY_ERROR_UNAVAILABLE,
               "The cluster is not known yet: try again when etcd has answered");
        return false;
}

static bool is_name(const char *name, GError **error) {
        g_autofree char *shown = NULL;

        if (cluster_name_is_valid(name))
                return true;

        shown = g_strescape(name, NULL);
        refuse(error, FERRY_ERROR_INVALID_ARGS,
               "'%.32s' is not a name of letters, digits and ._:@+,-", shown);
        return false;
}

static bool is_readable(const ClusterCopyLot *lot, GError **error) {
        if (!lot || lot->lot)
                return true;

        refuse(error, FERRY_ERROR_INVALID_STATE,
               "lots/%s/%s: it cannot be read: see the journal, or forget the host",
               lot->host->name, lot->resource);
        return false;
}

/* A lot that a change may edit: that of the copy, or a new one. NULL: neither. */
static ClusterLot *edit(const ClusterCopyLot *lot, GError **error) {
        g_autofree char *text = NULL;

        if (!is_readable(lot, error))
                return NULL;
        if (!lot)
                return cluster_lot_new();

        text = cluster_lot_to_json(lot->lot);
        return cluster_lot_from_json(text, error);
}

/* Writes it if nobody else has since. */
static bool put(ClusterChange *change, const char *host, const char *resource, int64_t revision,
                const ClusterLot *lot, GError **error) {
        g_autofree char *key = key_of(host, resource), *text = cluster_lot_to_json(lot);

        if (strlen(text) > CLUSTER_TEXT_MAX) {
                refuse(error, FERRY_ERROR_BUSY, "%s: too much is promised of it", key);
                return false;
        }

        cluster_transaction_compare_mod(change->transaction, key, revision);
        cluster_transaction_put(change->transaction, key, g_steal_pointer(&text));
        return true;
}

static ClusterChange *if_it_fits(ClusterChange *change, const char *domain, GError **error) {
        g_autoptr(ClusterChange) owned = change;

        if (cluster_transaction_fits(owned->transaction))
                return g_steal_pointer(&owned);

        refuse(error, FERRY_ERROR_INVALID_ARGS,
               "Domain %.48s: more than %u lots and hosts at a time: ask for less", domain,
               CLUSTER_TRANSACTION_MAX);
        return NULL;
}

/* By the owner ---------------------------------------------------------------------------- */

static void set_turn(ClusterLot *lot, const char *nonce) {
        g_free(lot->turn);
        lot->turn = g_strdup(nonce);
}

static ClusterChange *own(const ClusterCopy *copy, const char *host, const char *resource,
                          int64_t amount, const char *nonce, GError **error) {
        g_autoptr(ClusterChange) change = change_new(CLUSTER_CHANGE_OWN, nonce, NULL);
        const ClusterCopyLot *known = cluster_copy_lot(copy, host, resource);
        g_autoptr(ClusterLot) lot = edit(known, error);

        if (!lot)
                return NULL;
        if (cluster_lot_unpromised(lot) + amount < 0) {
                refuse(error, FERRY_ERROR_NO_RESOURCES,
                       "%s of %s: only %" PRId64 " can be taken back, the rest is promised: wait "
                       "until its guests have come",
                       resource, host, cluster_lot_unpromised(lot));
                return NULL;
        }
        if (amount > CLUSTER_NUMBER_MAX - lot->offered) {
                refuse(error, FERRY_ERROR_INVALID_ARGS, "%s of %s: more than 2^53 - 1 is offered",
                       resource, host);
                return NULL;
        }

        lot->offered += amount;
        set_turn(lot, nonce);
        if (!put(change, host, resource, known ? known->mod_revision : 0, lot, error))
                return NULL;
        return g_steal_pointer(&change);
}

static bool is_amount(int64_t amount, int64_t least, GError **error) {
        if (amount >= least && amount <= CLUSTER_NUMBER_MAX)
                return true;

        refuse(error, FERRY_ERROR_INVALID_ARGS,
               "An amount must be %" PRId64 " to 2^53 - 1, not %" PRId64, least, amount);
        return false;
}

ClusterChange *cluster_lot_offer(const ClusterCopy *copy, const char *host, const char *resource,
                                 int64_t amount, const char *nonce, GError **error) {
        if (!is_whole(copy, error) || !is_name(host, error) || !is_name(resource, error) ||
            !is_name(nonce, error) || !is_amount(amount, 0, error))
                return NULL;

        return own(copy, host, resource, amount, nonce, error);
}

ClusterChange *cluster_lot_take_back(const ClusterCopy *copy, const char *host,
                                     const char *resource, int64_t amount, const char *nonce,
                                     GError **error) {
        if (!is_whole(copy, error) || !is_name(host, error) || !is_name(resource, error) ||
            !is_name(nonce, error) || !is_amount(amount, 1, error))
                return NULL;

        return own(copy, host, resource, -amount, nonce, error);
}

static const ClusterPromise *find_promise(const ClusterCopyLot *lot, const char *domain,
                                          const char *nonce) {
        const ClusterPromise *promise = lot->lot ? cluster_lot_find(lot->lot, domain) : NULL;

        return promise && g_str_equal(promise->nonce, nonce) ? promise : NULL;
}

/* Takes the promise out of each lot that has it; with `turn` out of what is offered, too. */
static bool take_out(ClusterChange *change, const ClusterCopyHost *host, const char *domain,
                     const char *promise, const char *turn, GError **error) {
        for (guint i = 0; i < host->lots->len; i++) {
                const ClusterCopyLot *known = host->lots->pdata[i];
                g_autoptr(ClusterLot) lot = NULL;
                const ClusterPromise *found;

                if (!find_promise(known, domain, promise))
                        continue;

                lot = edit(known, error);
                if (!lot)
                        return false;

                found = cluster_lot_find(lot, domain);
                if (turn) {
                        lot->offered -= found->amount;
                        set_turn(lot, turn);
                }
                cluster_lot_remove(lot, found);
                if (!put(change, host->name, known->resource, known->mod_revision, lot, error))
                        return false;
        }
        return true;
}

static ClusterChange *if_any(ClusterChange *change, const char *domain, GError **error) {
        g_autoptr(ClusterChange) owned = change;

        if (owned->transaction->puts->len > 0)
                return if_it_fits(g_steal_pointer(&owned), domain, error);

        refuse(error, FERRY_ERROR_NOT_FOUND,
               "Domain %.48s: nothing is promised to it: ask for a promise first", domain);
        return NULL;
}

ClusterChange *cluster_lot_redeem(const ClusterCopy *copy, const char *host, const char *domain,
                                  const char *promise, const char *nonce, GError **error) {
        g_autoptr(ClusterChange) change = change_new(CLUSTER_CHANGE_OWN, nonce, NULL);
        const ClusterCopyHost *owner = cluster_copy_host(copy, host);

        if (!is_whole(copy, error) || !is_name(nonce, error))
                return NULL;
        if (owner && !take_out(change, owner, domain, promise, nonce, error))
                return NULL;
        return if_any(g_steal_pointer(&change), domain, error);
}

/* By who asked ---------------------------------------------------------------------------- */

static bool take_out_of_all(ClusterChange *change, const ClusterCopy *copy, const char *domain,
                            const char *promise, GError **error) {
        GHashTableIter iter;
        void *owner;

        g_hash_table_iter_init(&iter, cluster_copy_hosts(copy));
        while (g_hash_table_iter_next(&iter, NULL, &owner))
                if (!take_out(change, owner, domain, promise, NULL, error))
                        return false;
        return true;
}

ClusterChange *cluster_lot_release(const ClusterCopy *copy, const char *host, const char *domain,
                                   const char *promise, GError **error) {
        g_autoptr(ClusterChange) change = change_new(CLUSTER_CHANGE_RELEASE, promise, domain);
        const ClusterCopyHost *owner = host ? cluster_copy_host(copy, host) : NULL;

        if (!is_whole(copy, error))
                return NULL;
        if (owner && !take_out(change, owner, domain, promise, NULL, error))
                return NULL;
        if (!host && !take_out_of_all(change, copy, domain, promise, error))
                return NULL;
        return if_any(g_steal_pointer(&change), domain, error);
}

/* It is alive, and goes on to be until the promise is done. Each host is compared once. */
static bool demand_alive(ClusterChange *change, const ClusterCopy *copy, const char *host,
                         GError **error) {
        g_autofree char *key = g_strconcat("hosts/", host, NULL);

        for (guint i = 0; i < change->transaction->compares->len; i++) {
                const ClusterCompare *compare = change->transaction->compares->pdata[i];

                if (g_str_equal(compare->key, key))
                        return true;
        }
        if (!cluster_copy_is_alive(copy, host)) {
                refuse(error, FERRY_ERROR_UNAVAILABLE,
                       "Host %s is not alive in the cluster, so nothing is promised: start "
                       "virtferryd there, or let it reach etcd",
                       host);
                return false;
        }

        cluster_transaction_compare_create(change->transaction, key,
                                           cluster_copy_host(copy, host)->create_revision);
        return true;
}

static bool has_room(const ClusterLot *lot, const ClusterWish *wish, const char *domain,
                     GError **error) {
        const ClusterPromise *other = cluster_lot_find(lot, domain);

        if (other) {
                refuse(error, FERRY_ERROR_INVALID_STATE,
                       "%s of %s is promised to domain %.48s already, by %s: release that first",
                       wish->resource, wish->host, domain, other->by);
                return false;
        }
        if (lot->promises && lot->promises->len >= CLUSTER_PROMISES_MAX) {
                refuse(error, FERRY_ERROR_BUSY,
                       "%s of %s is promised to %u domains: wait until one of them has come",
                       wish->resource, wish->host, CLUSTER_PROMISES_MAX);
                return false;
        }
        if (cluster_lot_unpromised(lot) < wish->amount) {
                refuse(error, FERRY_ERROR_NO_RESOURCES,
                       "%s of %s: %" PRId64 " asked for, %" PRId64 " of %" PRId64
                       " offered is left: ask another host",
                       wish->resource, wish->host, wish->amount, cluster_lot_unpromised(lot),
                       lot->offered);
                return false;
        }
        return true;
}

static bool is_first(const ClusterWish *wishes, unsigned at) {
        for (unsigned i = 0; i < at; i++)
                if (g_str_equal(wishes[i].host, wishes[at].host) &&
                    g_str_equal(wishes[i].resource, wishes[at].resource))
                        return false;
        return true;
}

static bool add_wish(ClusterChange *change, const ClusterCopy *copy, const char *by,
                     const ClusterWish *wish, int64_t since, GError **error) {
        const ClusterCopyLot *known = cluster_copy_lot(copy, wish->host, wish->resource);
        g_autoptr(ClusterLot) lot = NULL;

        if (!is_name(wish->host, error) || !is_name(wish->resource, error) ||
            !is_amount(wish->amount, 1, error) || !demand_alive(change, copy, wish->host, error))
                return false;
        if (!known) {
                refuse(error, FERRY_ERROR_NO_RESOURCES, "Host %s offers no %s: ask another host",
                       wish->host, wish->resource);
                return false;
        }

        lot = edit(known, error);
        if (!lot || !has_room(lot, wish, change->domain, error))
                return false;

        cluster_lot_add(lot, change->domain, by, wish->amount, since, change->nonce);
        return put(change, wish->host, wish->resource, known->mod_revision, lot, error);
}

ClusterChange *cluster_lot_promise(const ClusterCopy *copy, const char *by, const char *domain,
                                   const ClusterWish *wishes, unsigned n_wishes, int64_t since,
                                   const char *nonce, GError **error) {
        g_autoptr(ClusterChange) change = change_new(CLUSTER_CHANGE_PROMISE, nonce, domain);

        if (!is_whole(copy, error) || !is_name(domain, error) || !is_name(nonce, error) ||
            !demand_alive(change, copy, by, error))
                return NULL;
        if (n_wishes == 0) {
                refuse(error, FERRY_ERROR_INVALID_ARGS,
                       "Domain %.48s: nothing is asked for: name a resource of a host", domain);
                return NULL;
        }

        for (unsigned i = 0; i < n_wishes; i++) {
                if (!is_first(wishes, i)) {
                        refuse(error, FERRY_ERROR_INVALID_ARGS,
                               "%s of %s is asked for twice: ask for the sum", wishes[i].resource,
                               wishes[i].host);
                        return NULL;
                }
                if (!add_wish(change, copy, by, &wishes[i], since, error))
                        return NULL;
        }
        return if_it_fits(g_steal_pointer(&change), domain, error);
}

/* What became of it ------------------------------------------------------------------------ */

static bool shows(const ClusterChange *change, const ClusterCopyLot *lot) {
        if (!lot)
                return change->kind == CLUSTER_CHANGE_RELEASE;
        if (!lot->lot)
                return false;

        switch (change->kind) {
        case CLUSTER_CHANGE_OWN:
                return g_strcmp0(lot->lot->turn, change->nonce) == 0;
        case CLUSTER_CHANGE_PROMISE:
                return find_promise(lot, change->domain, change->nonce);
        case CLUSTER_CHANGE_RELEASE:
                return !find_promise(lot, change->domain, change->nonce);
        }
        return false;
}

static const ClusterCopyLot *lot_of_key(const ClusterCopy *copy, const char *key) {
        g_auto(GStrv) parts = g_strsplit(key, "/", 3);

        return cluster_copy_lot(copy, parts[1], parts[2]);
}

/* Some lots show it. The compares of these kinds are those of the puts. */
static ClusterVerdict judge_part(const ClusterChange *change, const ClusterCopy *copy) {
        for (guint i = 0; i < change->transaction->puts->len; i++) {
                const ClusterPut *put = change->transaction->puts->pdata[i];

                if (!shows(change, lot_of_key(copy, put->key)) &&
                    !cluster_copy_holds(copy, change->transaction->compares->pdata[i]))
                        return CLUSTER_VERDICT_LOST;
        }
        return CLUSTER_VERDICT_OPEN;
}

ClusterVerdict cluster_change_judge(const ClusterChange *change, const ClusterCopy *copy) {
        const ClusterTransaction *transaction = change->transaction;
        unsigned shown = 0, gone = 0;

        for (guint i = 0; i < transaction->puts->len; i++) {
                const ClusterPut *put = transaction->puts->pdata[i];

                shown += shows(change, lot_of_key(copy, put->key));
        }
        if (shown == transaction->puts->len)
                return CLUSTER_VERDICT_DONE;

        for (guint i = 0; i < transaction->compares->len; i++)
                gone += !cluster_copy_holds(copy, transaction->compares->pdata[i]);
        if (shown == 0)
                return gone > 0 ? CLUSTER_VERDICT_LOST : CLUSTER_VERDICT_OPEN;
        if (change->kind != CLUSTER_CHANGE_PROMISE)
                return judge_part(change, copy);

        /* Of one revision, but told one by one. */
        for (guint i = 0; i < transaction->compares->len; i++) {
                const ClusterCompare *compare = transaction->compares->pdata[i];

                if (!compare->created && cluster_copy_holds(copy, compare))
                        return CLUSTER_VERDICT_OPEN;
        }
        return CLUSTER_VERDICT_TORN;
}
