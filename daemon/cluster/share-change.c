/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/share-parts.h"

#include "xml/ferry-error.h"

/* A lot as the transaction that was made last leaves it. */
typedef struct ShareTouched {
        char *resource;
        int64_t revision; /* before */
        int64_t offered;  /* after */
} ShareTouched;

typedef struct ShareMove {
        ClusterShare *share;
        ShareDeed deed;
        char *resource;         /* of one lot; NULL: of a promise */
        int64_t amount;         /* the most that is offered or taken back */
        char *domain, *promise; /* of a promise; NULL */
        char *nonce;            /* of the transaction that was made last */
        GArray *touched;        /* of ShareTouched */
        GPtrArray *busy;        /* resources that wait for it */
} ShareMove;

static void touched_clear(void *data) {
        ShareTouched *touched = data;

        g_free(touched->resource);
}

static void move_free(ShareMove *move) {
        g_free(move->resource);
        g_free(move->domain);
        g_free(move->promise);
        g_free(move->nonce);
        g_array_unref(move->touched);
        g_ptr_array_unref(move->busy);
        g_free(move);
}

static const char *host_of(const ShareMove *move) {
        return cluster_host_name(move->share->cluster);
}

static const ClusterCopyLot *find_lot(const ShareMove *move, const ClusterCopy *copy,
                                      const char *resource) {
        return cluster_copy_lot(copy, host_of(move), resource);
}

static int64_t offered_of(const ClusterCopyLot *lot) {
        return lot && lot->lot ? lot->lot->offered : 0;
}

static const ClusterPromise *find_promise(const ShareMove *move, const ClusterCopyLot *lot) {
        const ClusterPromise *found = NULL;

        if (move->domain && lot && lot->lot)
                found = cluster_lot_find(lot->lot, move->domain);
        return found && g_str_equal(found->nonce, move->promise) ? found : NULL;
}

/* Making it ------------------------------------------------------------------------- */

/* Others may have promised some of it since that was counted. */
static int64_t least_back(const ShareMove *move, const ClusterCopy *copy) {
        const ClusterCopyLot *lot = find_lot(move, copy, move->resource);

        return MIN(move->amount, lot && lot->lot ? cluster_lot_unpromised(lot->lot) : 0);
}

static bool waits_for(const ShareMove *move, const char *resource) {
        return g_ptr_array_find_with_equal_func(move->busy, resource, g_str_equal, NULL);
}

static void wait_for(ShareMove *move, const char *resource) {
        g_ptr_array_add(move->busy, g_strdup(resource));
        share_take_lot(move->share, resource)->busy = true;
}

static void touch(ShareMove *move, const ClusterCopyLot *lot, const char *resource, int64_t more) {
        ShareTouched touched = { g_strdup(resource), lot ? lot->mod_revision : 0,
                                 offered_of(lot) + more };

        g_array_append_val(move->touched, touched);
}

/* The lots of a promise are told one by one. A lot has one change at a time. */
static bool touch_promised(ShareMove *move, const ClusterCopyLot *lot,
                           const ClusterPromise *promise, GError **error) {
        bool waits = waits_for(move, lot->resource);

        if (!waits && share_take_lot(move->share, lot->resource)->busy) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "%s: it is about to be another, ignoring the promise until then",
                            lot->resource);
                return false;
        }
        if (!waits)
                wait_for(move, lot->resource);
        touch(move, lot, lot->resource, move->deed == SHARE_REDEEM ? -promise->amount : 0);
        return true;
}

static ClusterChange *make_of_promise(ShareMove *move, const ClusterCopy *copy, GError **error) {
        const ClusterCopyHost *host = cluster_copy_host(copy, host_of(move));

        for (guint i = 0; host && i < host->lots->len; i++) {
                const ClusterCopyLot *lot = host->lots->pdata[i];
                const ClusterPromise *promise = find_promise(move, lot);

                if (promise && !touch_promised(move, lot, promise, error))
                        return NULL;
        }
        if (move->deed == SHARE_REDEEM)
                return cluster_lot_redeem(copy, host_of(move), move->domain, move->promise,
                                          move->nonce, error);
        return cluster_lot_release(copy, host_of(move), move->domain, move->promise, error);
}

/* The next look settles it. */
static bool is_as_known(const ShareMove *move, const ClusterCopyLot *lot, GError **error) {
        if (move->deed == SHARE_SETTLE ||
            offered_of(lot) == share_take_lot(move->share, move->resource)->offered)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY, "%s: somebody else has written it",
                    move->resource);
        return false;
}

static ClusterChange *make_of_lot(ShareMove *move, const ClusterCopy *copy, GError **error) {
        int64_t amount = move->deed == SHARE_TAKE_BACK ? least_back(move, copy) : move->amount;
        const ClusterCopyLot *lot = find_lot(move, copy, move->resource);
        const char *resource = move->resource;

        if (!is_as_known(move, lot, error) || (move->deed == SHARE_TAKE_BACK && amount == 0))
                return NULL;

        touch(move, lot, resource, move->deed == SHARE_TAKE_BACK ? -amount : amount);
        if (move->deed == SHARE_TAKE_BACK)
                return cluster_lot_take_back(copy, host_of(move), resource, amount, move->nonce,
                                             error);
        return cluster_lot_offer(copy, host_of(move), resource, amount, move->nonce, error);
}

static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        ShareMove *move = userdata;
        g_autoptr(ClusterChange) change = NULL;

        g_free(move->nonce);
        move->nonce = g_uuid_string_random();
        g_array_set_size(move->touched, 0);
        change = move->resource ? make_of_lot(move, copy, error)
                                : make_of_promise(move, copy, error);
        return change ? g_steal_pointer(&change->transaction) : NULL;
}

/* What became of it ----------------------------------------------------------------- */

static bool shows(const ShareMove *move, const ClusterCopyLot *lot) {
        if (move->deed == SHARE_RELEASE)
                return !find_promise(move, lot);
        return lot && lot->lot && g_strcmp0(lot->lot->turn, move->nonce) == 0;
}

/* It is of one revision, and told lot by lot. */
static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        const ShareMove *move = userdata;
        bool all = true, others = false;

        for (guint i = 0; i < move->touched->len; i++) {
                const ShareTouched *touched = &g_array_index(move->touched, ShareTouched, i);
                const ClusterCopyLot *lot = find_lot(move, copy, touched->resource);

                if (shows(move, lot))
                        continue;
                all = false;
                others = others || (lot ? lot->mod_revision : 0) != touched->revision;
        }
        if (all)
                return CLUSTER_VERDICT_DONE;
        return others ? CLUSTER_VERDICT_LOST : CLUSTER_VERDICT_OPEN;
}

static void note_done(const ShareMove *move) {
        for (guint i = 0; move->deed != SHARE_RELEASE && i < move->touched->len; i++) {
                const ShareTouched *touched = &g_array_index(move->touched, ShareTouched, i);
                ShareLot *lot = share_take_lot(move->share, touched->resource);

                lot->offered = touched->offered;
                g_free(lot->turn);
                lot->turn = g_strdup(move->nonce);
                lot->turned = move->share->manager->now();
        }
}

/* What was not done is said by nobody: the next look finds what is to be done. */
static void done(void *userdata, const GError *error) {
        ShareMove *move = userdata;
        ClusterShare *share = move->share;

        if (error)
                g_debug("An offer of this host is not changed: %s", error->message);
        else
                note_done(move);

        share->n_changes--;
        share->changed = true;
        for (guint i = 0; i < move->busy->len; i++)
                share_take_lot(share, move->busy->pdata[i])->busy = false;
        for (guint i = 0; i < move->busy->len; i++)
                (void)share_agree(share, move->busy->pdata[i]);
        if (move->deed == SHARE_RELEASE) {
                g_hash_table_remove(share->releasing, move->promise);
                share_note_all_promises(share);
        }
        move_free(move);
}

static const ErrandClass errand = { make, judge, done };

/* Beginning ------------------------------------------------------------------------- */

bool share_is_full(const ClusterShare *share) {
        return share->n_changes >= SHARE_CHANGES_MAX;
}

static ShareMove *move_new(ClusterShare *share, ShareDeed deed) {
        ShareMove *move = g_new0(ShareMove, 1);

        move->share = share;
        move->deed = deed;
        move->touched = g_array_new(FALSE, FALSE, sizeof(ShareTouched));
        g_array_set_clear_func(move->touched, touched_clear);
        move->busy = g_ptr_array_new_with_free_func(g_free);
        return move;
}

static void begin(ShareMove *move) {
        move->share->n_changes++;
        cluster_begin_errand(move->share->cluster, &errand, move);
}

void share_change_lot(ClusterShare *share, ShareDeed deed, const char *resource, int64_t amount) {
        ShareMove *move = move_new(share, deed);

        move->resource = g_strdup(resource);
        move->amount = amount;
        wait_for(move, resource);
        begin(move);
}

void share_change_promise(ClusterShare *share, ShareDeed deed, const char *domain,
                          const char *promise) {
        const ClusterCopyHost *host = cluster_copy_host(cluster_copy(share->cluster),
                                                        cluster_host_name(share->cluster));
        ShareMove *move = move_new(share, deed);

        move->domain = g_strdup(domain);
        move->promise = g_strdup(promise);
        for (guint i = 0; host && i < host->lots->len; i++) {
                const ClusterCopyLot *lot = host->lots->pdata[i];

                if (find_promise(move, lot))
                        wait_for(move, lot->resource);
        }
        if (deed == SHARE_RELEASE)
                g_hash_table_add(share->releasing, g_strdup(promise));
        share_note_all_promises(share);
        begin(move);
}
