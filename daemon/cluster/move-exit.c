/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/move-parts.h"
#include "daemon/core/cluster-moves.h"
#include "daemon/drive.h"

/* Leaving --------------------------------------------------------------------------- */

/* Until when it settles where it has gone to; 0: it is here. */
static int64_t settles(const MoveEntries *entries, const ClusterMove *move) {
        const Migration *latest = migration_log_latest(entries->manager->migrations, move->domain);
        int64_t left = latest ? latest->entered[MIGRATION_FINISHED] : 0;

        if (!latest || latest->direction != MIGRATION_OUTGOING ||
            left < move->since * (int64_t)G_USEC_PER_SEC)
                return 0;
        return (left + (int64_t)entries->manager->config->settle_usec) / G_USEC_PER_SEC;
}

static const ClusterMove *find(const ClusterCopy *copy, const char *domain, const char *nonce) {
        int64_t revision;

        if (!cluster_moves_has(copy, domain, nonce))
                return NULL;
        return g_hash_table_lookup(cluster_copy_moves(copy, &revision)->going, domain);
}

static ClusterTransaction *make_leave(void *userdata, const ClusterCopy *copy, GError **error) {
        MoveChange *change = userdata;
        const ClusterMove *move = find(copy, change->domain, change->nonce);

        if (!move) /* out already */
                return move_change_note(change, NULL);
        return move_change_note(change, cluster_moves_end(copy, change->domain, change->nonce,
                                                          move_entries_now(change->entries),
                                                          settles(change->entries, move), error));
}

static ClusterVerdict judge_leave(void *userdata, const ClusterCopy *copy) {
        const MoveChange *change = userdata;

        return move_change_judge(change, copy,
                                 !cluster_moves_has(copy, change->domain, change->nonce));
}

/* An EchoHeard. */
static void on_left(void *userdata) {
        MoveChange *change = userdata;
        MoveEntries *entries = change->entries;
        g_autofree char *domain = g_strdup(change->domain);

        g_hash_table_remove(entries->leaving, domain);
        move_entries_go_on(entries, domain);
}

/* What could not be done is tried again with the next tick. */
static void on_leave_done(void *userdata, const GError *error) {
        MoveChange *change = userdata;

        if (error)
                g_debug("%s is not taken out of the moves: %s", change->domain, error->message);
        if (error || !change->written)
                on_left(change);
        else
                cluster_await_echo(change->entries->cluster, change->written, on_left, change);
}

static const ErrandClass leave_class = { make_leave, judge_leave, on_leave_done };

static void take_out(MoveEntries *entries, const ClusterMove *move) {
        MoveChange *change = move_change_new(entries, move->domain);

        change->nonce = g_strdup(move->nonce);
        g_hash_table_insert(entries->leaving, change->domain, change);
        cluster_begin_errand(entries->cluster, &leave_class, change);
}

bool move_exit_begin(MoveEntries *entries, const char *domain) {
        int64_t revision;
        const ClusterMoves *moves = cluster_copy_moves(cluster_copy(entries->cluster), &revision);
        const ClusterMove *move = moves ? g_hash_table_lookup(moves->going, domain) : NULL;

        if (!g_hash_table_contains(entries->leaving, domain) && move &&
            g_str_equal(move->from, cluster_host_name(entries->cluster)))
                take_out(entries, move);
        return g_hash_table_contains(entries->leaving, domain);
}

static bool is_under_way(const MoveEntries *entries, const char *domain) {
        const Migration *current = migration_log_current(entries->manager->migrations, domain);

        if (g_hash_table_contains(entries->entering, domain) ||
            drive_is_moving(entries->manager->drive, domain))
                return true;
        return current && current->direction == MIGRATION_OUTGOING &&
               current->state > MIGRATION_CHECKED;
}

/* Of ClusterMove, by this host, and at an end. */
static GPtrArray *list_ended(const MoveEntries *entries) {
        const ClusterCopy *copy = cluster_copy(entries->cluster);
        GPtrArray *ended = g_ptr_array_new();
        GHashTableIter iter;
        int64_t revision;
        const ClusterMoves *moves = cluster_copy_moves(copy, &revision);
        void *value;

        if (!moves)
                return ended;

        g_hash_table_iter_init(&iter, moves->going);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                ClusterMove *move = value;

                if (g_str_equal(move->from, cluster_host_name(entries->cluster)) &&
                    !g_hash_table_contains(entries->leaving, move->domain) &&
                    !is_under_way(entries, move->domain))
                        g_ptr_array_add(ended, move);
        }
        return ended;
}

void move_exit_all(MoveEntries *entries) {
        g_autoptr(GPtrArray) ended = NULL;

        if (cluster_away(entries->cluster) || !entries->manager->libvirt_known)
                return;

        ended = list_ended(entries);
        for (guint i = 0; i < ended->len; i++)
                take_out(entries, ended->pdata[i]);
}
