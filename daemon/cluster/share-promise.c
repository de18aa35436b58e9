/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/share-parts.h"

static bool is_on_its_way(const Manager *manager, const char *domain) {
        const Migration *migration = migration_log_current(manager->migrations, domain);

        return migration && migration->direction == MIGRATION_INCOMING &&
               migration->state < MIGRATION_RESUMED;
}

static bool has_arrived(const Manager *manager, const char *domain) {
        return g_hash_table_contains(manager->active, domain) && !is_on_its_way(manager, domain);
}

/* By the clock of this host, since that of who asked may be another. */
static bool is_stale(ClusterShare *share, const ClusterPromise *promise) {
        int64_t now = share->manager->now();
        const int64_t *seen = g_hash_table_lookup(share->seen, promise->nonce);

        if (!seen) {
                g_hash_table_insert(share->seen, g_strdup(promise->nonce),
                                    g_memdup2(&now, sizeof(now)));
                return false;
        }
        return now - *seen >= SHARE_PROMISE_USEC &&
               !g_hash_table_contains(share->manager->active, promise->domain) &&
               !is_on_its_way(share->manager, promise->domain);
}

typedef struct ShareOrder {
        bool is_due;
        ShareDeed deed;
        char *domain, *promise;
} ShareOrder;

static void order_free(void *data) {
        ShareOrder *order = data;

        g_free(order->domain);
        g_free(order->promise);
        g_free(order);
}

typedef struct ShareLook {
        ClusterShare *share;
        GHashTable *orders;  /* nonce to ShareOrder */
        GHashTable *waiting; /* nonces of those some of whose lots cannot be changed now */
} ShareLook;

static void look_at_promise(ShareLook *look, const ClusterPromise *promise, bool may_change) {
        const Manager *manager = look->share->manager;
        bool arrived = has_arrived(manager, promise->domain);
        bool stale = is_stale(look->share, promise);
        ShareOrder *order;

        if (!may_change)
                g_hash_table_add(look->waiting, g_strdup(promise->nonce));
        if (g_hash_table_contains(look->orders, promise->nonce))
                return;

        order = g_new0(ShareOrder, 1);
        order->is_due = arrived || stale;
        order->deed = arrived ? SHARE_REDEEM : SHARE_RELEASE;
        order->domain = g_strdup(promise->domain);
        order->promise = g_strdup(promise->nonce);
        g_hash_table_insert(look->orders, order->promise, order);
}

static void look_at_lot(ShareLook *look, const ClusterCopyLot *lot, const GPtrArray *settled) {
        const GPtrArray *promises = lot->lot ? lot->lot->promises : NULL;
        bool may_change = g_ptr_array_find_with_equal_func((GPtrArray *)settled, lot->resource,
                                                           g_str_equal, NULL);

        for (guint i = 0; promises && i < promises->len; i++)
                look_at_promise(look, promises->pdata[i], may_change);
}

static gboolean is_over(void *nonce, void *seen, void *orders) {
        return !g_hash_table_contains(orders, nonce);
}

static void carry_out(const ShareLook *look) {
        ClusterShare *share = look->share;
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, look->orders);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const ShareOrder *order = value;

                if (!order->is_due || g_hash_table_contains(look->waiting, order->promise))
                        continue;
                if (share_is_full(share))
                        share->hungry = true;
                else
                        share_change_promise(share, order->deed, order->domain, order->promise);
        }
}

void share_carry_out_promises(ClusterShare *share, const GPtrArray *settled) {
        const ClusterCopyHost *host = cluster_copy_host(cluster_copy(share->cluster),
                                                        cluster_host_name(share->cluster));
        g_autoptr(GHashTable)
                orders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, order_free);
        g_autoptr(GHashTable)
                waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        ShareLook look = { share, orders, waiting };

        for (guint i = 0; host && i < host->lots->len; i++)
                look_at_lot(&look, host->lots->pdata[i], settled);
        g_hash_table_foreach_remove(share->seen, is_over, orders);
        carry_out(&look);
}
