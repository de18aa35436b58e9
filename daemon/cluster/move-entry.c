/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/move-parts.h"
#include "daemon/core/cluster-moves.h"
#include "xml/ferry-error.h"

static void change_free(void *data) {
        MoveChange *change = data;

        g_free(change->domain);
        g_free(change->to);
        g_free(change->nonce);
        cluster_transaction_free(change->compares);
        cluster_transaction_free(change->written);
        g_free(change);
}

static GHashTable *table_new(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, change_free);
}

MoveEntries *move_entries_new(Cluster *cluster, const Manager *manager) {
        MoveEntries *entries = g_new0(MoveEntries, 1);

        entries->cluster = cluster;
        entries->manager = manager;
        entries->entering = table_new();
        entries->leaving = table_new();
        return entries;
}

static void tell_unavailable(MoveChange *change, const char *why) {
        MoveEntered entered = change->entered;
        g_autoptr(GError) error = NULL;

        if (!entered)
                return;

        change->entered = NULL;
        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "The cluster cannot be asked whether the guest may move: %s", why);
        entered(change->userdata, error);
}

void move_entries_free(MoveEntries *entries) {
        GHashTableIter iter;
        void *change;

        if (!entries)
                return;

        g_hash_table_iter_init(&iter, entries->entering);
        while (g_hash_table_iter_next(&iter, NULL, &change))
                tell_unavailable(change, "virtferryd is about to end");
        g_hash_table_unref(entries->entering);
        g_hash_table_unref(entries->leaving);
        g_free(entries);
}

int64_t move_entries_now(const MoveEntries *entries) {
        return entries->manager->now() / G_USEC_PER_SEC;
}

static void add_compare(MoveChange *change, const ClusterCompare *compare) {
        if (compare->created)
                cluster_transaction_compare_create(change->compares, compare->key,
                                                   compare->revision);
        else
                cluster_transaction_compare_mod(change->compares, compare->key, compare->revision);
        if (g_str_equal(compare->key, "moves"))
                cluster_transaction_compare_mod(change->written, "moves", compare->revision);
}

ClusterTransaction *move_change_note(MoveChange *change, ClusterTransaction *transaction) {
        g_clear_pointer(&change->compares, cluster_transaction_free);
        g_clear_pointer(&change->written, cluster_transaction_free);
        if (!transaction)
                return NULL;

        change->compares = cluster_transaction_new();
        change->written = cluster_transaction_new();
        for (guint i = 0; i < transaction->compares->len; i++)
                add_compare(change, transaction->compares->pdata[i]);
        return transaction;
}

ClusterVerdict move_change_judge(const MoveChange *change, const ClusterCopy *copy, bool is_done) {
        if (is_done)
                return CLUSTER_VERDICT_DONE;
        for (guint i = 0; i < change->compares->compares->len; i++)
                if (!cluster_copy_holds(copy, change->compares->compares->pdata[i]))
                        return CLUSTER_VERDICT_LOST;
        return CLUSTER_VERDICT_OPEN;
}

/* Entering -------------------------------------------------------------------------- */

static ClusterTransaction *make_enter(void *userdata, const ClusterCopy *copy, GError **error) {
        MoveChange *change = userdata;
        const MoveEntries *entries = change->entries;

        if (!change->entered) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "Nobody waits for it any more");
                return NULL;
        }

        g_free(change->nonce);
        change->nonce = g_uuid_string_random();
        return move_change_note(change,
                                cluster_moves_begin(copy, change->domain,
                                                    cluster_host_name(entries->cluster), change->to,
                                                    change->force, move_entries_now(entries),
                                                    change->nonce, error));
}

static ClusterVerdict judge_enter(void *userdata, const ClusterCopy *copy) {
        const MoveChange *change = userdata;

        return move_change_judge(change, copy,
                                 cluster_moves_has(copy, change->domain, change->nonce));
}

static void end(MoveChange *change, const GError *error) {
        MoveEntered entered = change->entered;
        void *data = change->userdata;

        g_hash_table_remove(change->entries->entering, change->domain);
        if (entered)
                entered(data, error);
}

/* An EchoHeard. One for which nobody waits is taken out by the next tick. */
static void on_entered(void *userdata) {
        end(userdata, NULL);
}

static void on_enter_done(void *userdata, const GError *error) {
        MoveChange *change = userdata;

        if (error)
                end(change, error);
        else
                cluster_await_echo(change->entries->cluster, change->written, on_entered, change);
}

static const ErrandClass enter_class = { make_enter, judge_enter, on_enter_done };

MoveChange *move_change_new(MoveEntries *entries, const char *domain) {
        MoveChange *change = g_new0(MoveChange, 1);

        change->entries = entries;
        change->domain = g_strdup(domain);
        change->since = entries->manager->now();
        return change;
}

void move_entries_enter(MoveEntries *entries, const char *domain, const char *to, bool force,
                        MoveEntered entered, void *userdata) {
        g_autoptr(GError) error = NULL;
        MoveChange *change;

        if (g_hash_table_contains(entries->entering, domain)) {
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "It is not known yet what became of the last move of the guest: wait "
                            "until etcd answers");
                entered(userdata, error);
                return;
        }

        change = move_change_new(entries, domain);
        change->to = g_strdup(to);
        change->force = force;
        change->entered = entered;
        change->userdata = userdata;
        g_hash_table_insert(entries->entering, change->domain, change);
        change->waits = move_exit_begin(entries, domain);
        if (!change->waits)
                cluster_begin_errand(entries->cluster, &enter_class, change);
}

void move_entries_go_on(MoveEntries *entries, const char *domain) {
        MoveChange *change = g_hash_table_lookup(entries->entering, domain);

        if (!change || !change->waits)
                return;

        change->waits = false;
        cluster_begin_errand(entries->cluster, &enter_class, change);
}

static void give_up_late(const MoveEntries *entries) {
        g_autoptr(GList) all = g_hash_table_get_values(entries->entering);
        int64_t now = entries->manager->now();

        for (GList *link = all; link; link = link->next) {
                MoveChange *change = link->data;

                if (change->since + (int64_t)MOVE_ENTRY_WAIT_USEC <= now)
                        tell_unavailable(change, "etcd has not answered for 30 seconds");
        }
}

void move_entries_on_tick(MoveEntries *entries) {
        give_up_late(entries);
        move_exit_all(entries);
}
