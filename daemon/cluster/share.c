/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/share.h"

#include <string.h>

#include "daemon/cluster/share-aim.h"
#include "daemon/cluster/share-parts.h"
#include "daemon/hook-share.h"
#include "daemon/slices.h"

static void lot_free(void *data) {
        ShareLot *lot = data;

        g_free(lot->turn);
        g_free(lot);
}

/* What this host had offered when it was stopped; the copy is held against it. */
static void recall_lots(ClusterShare *share) {
        g_autoptr(GPtrArray) names = share_book_list(share->manager->shares);

        for (guint i = 0; i < names->len; i++)
                share_take_lot(share, names->pdata[i])->offered = share_book_out(
                        share->manager->shares, names->pdata[i]);
}

ClusterShare *cluster_share_new(Cluster *cluster, Manager *manager) {
        ClusterShare *share = g_new0(ClusterShare, 1);

        share->cluster = cluster;
        share->manager = manager;
        share->prefix = g_strdup_printf("lots/%s/", cluster_host_name(cluster));
        share->lots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lot_free);
        share->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        share->releasing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        share->changed = true;
        recall_lots(share);
        return share;
}

void cluster_share_free(ClusterShare *share) {
        if (!share)
                return;

        g_hash_table_unref(share->lots);
        g_hash_table_unref(share->seen);
        g_hash_table_unref(share->releasing);
        g_free(share->prefix);
        g_free(share);
}

/* Lots ------------------------------------------------------------------------------ */

ShareLot *share_take_lot(ClusterShare *share, const char *resource) {
        ShareLot *lot = g_hash_table_lookup(share->lots, resource);

        if (!lot) {
                lot = g_new0(ShareLot, 1);
                g_hash_table_insert(share->lots, g_strdup(resource), lot);
        }
        return lot;
}

const ClusterCopyLot *share_copy_lot(const ClusterShare *share, const char *resource) {
        return cluster_copy_lot(cluster_copy(share->cluster), cluster_host_name(share->cluster),
                                resource);
}

static bool give(ClusterShare *share, const ShareOut *more, unsigned n) {
        g_autoptr(GError) error = NULL;
        bool given = share_book_give(share->manager->shares, more, n, &error);

        if (!given && !share->failed)
                g_warning("Nothing more is offered to the cluster: %s", error->message);
        share->failed = !given;
        return given;
}

bool share_agree(ClusterShare *share, const char *resource) {
        ShareBook *book = share->manager->shares;
        int64_t offered = share_take_lot(share, resource)->offered;
        int64_t out = share_book_out(book, resource);
        bool agreed = true;

        if (offered < out)
                share_book_take(book, resource, out - offered);
        else if (offered > out)
                agreed = give(share, &(ShareOut){ (char *)resource, offered - out }, 1);
        if (offered != out)
                slices_on_shares_changed(share->manager->slices);
        if (offered < out)
                hook_shares_wake(share->manager->hook_shares);
        return agreed;
}

void share_note_promises(ClusterShare *share, const char *resource) {
        const ClusterCopyLot *lot = share_copy_lot(share, resource);
        ShareBook *book = share->manager->shares;

        share_book_forget_promises(book, resource);
        for (guint i = 0; lot && lot->lot && lot->lot->promises && i < lot->lot->promises->len;
             i++) {
                const ClusterPromise *promise = lot->lot->promises->pdata[i];

                if (!g_hash_table_contains(share->releasing, promise->nonce))
                        share_book_note_promise(book, resource, promise->domain, promise->amount);
        }
        slices_on_shares_changed(share->manager->slices);
}

static void take_copied_lots(ClusterShare *share) {
        const ClusterCopyHost *host = cluster_copy_host(cluster_copy(share->cluster),
                                                        cluster_host_name(share->cluster));

        for (guint i = 0; host && i < host->lots->len; i++)
                (void)share_take_lot(share, ((ClusterCopyLot *)host->lots->pdata[i])->resource);
}

void share_note_all_promises(ClusterShare *share) {
        GHashTableIter iter;
        void *resource;

        take_copied_lots(share);
        g_hash_table_iter_init(&iter, share->lots);
        while (g_hash_table_iter_next(&iter, &resource, NULL))
                share_note_promises(share, resource);
}

/* The copy shows what this host has done last of it. */
static bool is_in_step(ClusterShare *share, const char *resource, ShareLot *lot) {
        const ClusterCopyLot *known = share_copy_lot(share, resource);
        int64_t since = share->manager->now() - lot->turned;
        bool shown = known && known->lot && g_strcmp0(known->lot->turn, lot->turn) == 0;

        if (lot->turn && !shown && since >= 0 && since < SHARE_ECHO_USEC)
                return false;

        g_clear_pointer(&lot->turn, g_free);
        return true;
}

/* Nothing is on its way, and the cluster has what this host thinks that it has. Or it is settled
 * what that is. */
static bool is_settled(ClusterShare *share, const char *resource) {
        ShareLot *lot = share_take_lot(share, resource);
        const ClusterCopyLot *known = share_copy_lot(share, resource);

        if (lot->busy || (known && !known->lot) || !is_in_step(share, resource, lot))
                return false;
        if (lot->offered == (known ? known->lot->offered : 0))
                return share_agree(share, resource);

        if (share_is_full(share))
                share->hungry = true;
        else
                share_change_lot(share, SHARE_SETTLE, resource, 0);
        return false;
}

static int compare_names(const void *a, const void *b) {
        const char *const *left = a, *const *right = b;

        return strcmp(*left, *right);
}

/* New; a change may add some. */
static GPtrArray *list_lots(const ClusterShare *share) {
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
        GHashTableIter iter;
        void *resource;

        g_hash_table_iter_init(&iter, share->lots);
        while (g_hash_table_iter_next(&iter, &resource, NULL))
                g_ptr_array_add(names, g_strdup(resource));
        g_ptr_array_sort(names, compare_names);
        return names;
}

/* What should be offered ------------------------------------------------------------- */

/* Not each byte that is used somewhere is worth a change. */
static int64_t step_to(int64_t aim, int64_t unpromised) {
        int64_t step = aim - unpromised;

        if (aim == 0 || unpromised == 0 || ABS(step) > MAX(aim, unpromised) / 8)
                return step;
        return 0;
}

static void out_clear(void *data) {
        ShareOut *out = data;

        g_free(out->resource);
}

static void add_out(GArray *more, const char *resource, int64_t amount) {
        ShareOut out = { g_strdup(resource), amount };

        g_array_append_val(more, out);
}

static void offer(ClusterShare *share, const GArray *more) {
        const ShareOut *outs = (const ShareOut *)more->data;

        if (more->len == 0 || !give(share, outs, more->len))
                return;

        slices_on_shares_changed(share->manager->slices);
        for (guint i = 0; i < more->len; i++)
                share_change_lot(share, SHARE_OFFER, outs[i].resource, outs[i].amount);
}

static int64_t unpromised_of(const ClusterShare *share, const char *resource) {
        const ClusterCopyLot *lot = share_copy_lot(share, resource);

        return lot ? cluster_lot_unpromised(lot->lot) : 0;
}

/* All of it leaves the book in one transaction of the store. */
static void adjust(ClusterShare *share, GHashTable *aims, const GPtrArray *names) {
        g_autoptr(GArray) more = g_array_new(FALSE, FALSE, sizeof(ShareOut));

        g_array_set_clear_func(more, out_clear);
        for (guint i = 0; i < names->len; i++) {
                const char *resource = names->pdata[i];
                int64_t step = step_to(share_aim(aims, resource), unpromised_of(share, resource));

                if (step == 0 || (step > 0 && !share_may_give(share->manager, resource)))
                        continue;
                if (share->n_changes + more->len >= SHARE_CHANGES_MAX)
                        share->hungry = true;
                else if (step > 0)
                        add_out(more, resource, step);
                else
                        share_change_lot(share, SHARE_TAKE_BACK, resource, -step);
        }
        offer(share, more);
}

static void take_aimed_lots(ClusterShare *share, GHashTable *aims) {
        GHashTableIter iter;
        void *resource;

        g_hash_table_iter_init(&iter, aims);
        while (g_hash_table_iter_next(&iter, &resource, NULL))
                (void)share_take_lot(share, resource);
}

/* Those that may be changed now. */
static GPtrArray *list_settled(ClusterShare *share) {
        GPtrArray *names = list_lots(share);

        for (guint i = names->len; i > 0; i--)
                if (!is_settled(share, names->pdata[i - 1]))
                        g_ptr_array_remove_index(names, i - 1);
        return names;
}

static void look(ClusterShare *share) {
        g_autoptr(GHashTable) aims = share_aims_new(share->manager);
        g_autoptr(GPtrArray) settled = NULL, left = NULL;
        g_autoptr(GError) error = NULL;

        share->changed = share->hungry = false;
        share->looked = share->manager->now();
        share->called_back = share_book_is_called_back(share->manager->shares, share->looked);
        take_aimed_lots(share, aims);
        take_copied_lots(share);
        settled = list_settled(share);
        share_carry_out_promises(share, settled);
        left = list_settled(share);
        adjust(share, aims, left);
        if (!share_book_store(share->manager->shares, &error))
                g_debug("%s, ignoring", error->message);
}

static bool has_to_look(const ClusterShare *share) {
        int64_t now = share->manager->now(), since = now - share->looked;

        return share->changed || share->hungry || since < 0 || since >= CLUSTER_LOOK_USEC ||
               share_book_is_called_back(share->manager->shares, now) != share->called_back;
}

static bool can_change(const ClusterShare *share) {
        return !cluster_away(share->cluster) && cluster_copy_is_whole(cluster_copy(share->cluster));
}

/* What wakes it --------------------------------------------------------------------- */

void cluster_share_on_tick(ClusterShare *share) {
        share_book_note_reach(share->manager->shares, can_change(share));
        if (!can_change(share))
                hook_shares_wake(share->manager->hook_shares);
        else if (has_to_look(share))
                look(share);
}

void cluster_share_on_key(ClusterShare *share, const char *key) {
        if (!g_str_has_prefix(key, share->prefix))
                return;

        share->changed = true;
        (void)share_take_lot(share, key + strlen(share->prefix));
        share_note_promises(share, key + strlen(share->prefix));
        if (share->hungry && can_change(share) && !share_is_full(share))
                look(share);
}

void cluster_share_on_loaded(ClusterShare *share) {
        share->changed = true;
        share_note_all_promises(share);
}

void cluster_share_on_host_changed(ClusterShare *share) {
        share->changed = true;
}
