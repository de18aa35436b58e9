/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-cluster.h"

#include "daemon/drive-begin.h"
#include "daemon/drive-failure.h"
#include "daemon/drive.h"
#include "xml/ferry-error.h"

void cluster_destination_free(ClusterDestination *destination) {
        if (!destination)
                return;

        g_free(destination->host);
        g_free(destination->uri);
        g_free(destination->why);
        g_free(destination);
}

/* Choosing -------------------------------------------------------------------------- */

ClusterDestination *drive_cluster_choose(const Manager *manager, const GuestEvent *found,
                                         GError **error) {
        const ClusterMoveOps *ops = manager->cluster_moves;

        if (ops)
                return ops->choose(ops->userdata, found->xml, NULL, error);

        g_set_error(
                error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                "Nobody knows where guest %s could go, since this host is in no cluster: name a "
                "destination, or the etcd of a cluster by Etcd= of [Cluster] in "
                "virtferry.conf",
                found->name);
        return NULL;
}

/* The record says where it goes, and why. */
static void tell(Migration *migration, const ClusterDestination *chosen) {
        g_free(migration->plan.destination);
        g_free(migration->plan.destination_why);
        migration->plan.destination = g_strdup(chosen->uri);
        migration->plan.destination_why = g_strdup(chosen->why);
}

void drive_cluster_note(Turn *turn, Migration *migration, const GuestEvent *found,
                        const ClusterDestination *chosen) {
        const ClusterMoveOps *ops = turn->manager->cluster_moves;

        if (!ops)
                return;

        turn->xml = g_strdup(found->xml);
        if (!chosen) {
                turn->host = ops->host_of(ops->userdata, turn->request->uri);
                return;
        }
        turn->host = g_strdup(chosen->host);
        turn->tried = g_ptr_array_new_with_free_func(g_free);
        tell(migration, chosen);
}

bool drive_cluster_go_elsewhere(Turn *turn, Migration *migration, const char *reason) {
        const ClusterMoveOps *ops = turn->manager->cluster_moves;
        g_autoptr(ClusterDestination) next = NULL;

        if (!ops || !turn->tried || turn->alone || turn->request->off ||
            migration->state != MIGRATION_CHECKED)
                return false;

        g_ptr_array_add(turn->tried, g_strdup(turn->host));
        if (turn->tried->len < CLUSTER_MOVE_HOSTS)
                next = ops->choose(ops->userdata, turn->xml, turn->tried, NULL);
        if (!next)
                return false;

        g_free(turn->host);
        g_free(turn->request->uri);
        turn->host = g_strdup(next->host);
        turn->request->uri = g_strdup(next->uri);
        tell(migration, next);
        drive_failure_note(turn->manager, migration, reason);
        return true;
}

/* Beginning ------------------------------------------------------------------------- */

/* Nobody else chooses for it, so it may go without the cluster. */
static bool goes_all_the_same(const Turn *turn, const GError *error) {
        const Migration *migration = migration_log_find(turn->manager->migrations, turn->migration);

        if (turn->tried || !g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE))
                return false;

        g_warning("Guest %s moves to %s without the cluster: %s",
                  migration ? migration->domain_name : turn->request->uuid, turn->host,
                  error->message);
        return true;
}

/* A ClusterMoveBegun. */
static void on_begun(void *userdata, const GError *error) {
        g_autoptr(Turn) turn = userdata;
        Manager *manager = turn->manager;
        Turn *kept = drive_find_turn(manager->drive, turn->request->uuid);

        if (!manager->cluster_moves || !kept)
                return; /* the daemon is about to end */

        kept->asks = false;
        if (drive_is_stopped(manager->drive, turn->request->uuid)) {
                drive_begin_give_up(turn, "Stopped on request");
        } else if (!error || goes_all_the_same(turn, error)) {
                drive_begin(g_steal_pointer(&turn));
        } else {
                kept->may_wait = g_error_matches(error, FERRY_ERROR, FERRY_ERROR_BUSY);
                kept->alone = g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE);
                drive_begin_give_up(turn, error->message);
        }
}

void drive_cluster_begin(Turn *turn) {
        const ClusterMoveOps *ops = turn->manager->cluster_moves;
        Turn *kept = drive_find_turn(turn->manager->drive, turn->request->uuid);
        ClusterMoveWish wish;

        if (!ops || !turn->host) {
                drive_begin(turn);
                return;
        }
        kept->asks = true;
        wish = (ClusterMoveWish){ turn->request->uuid, turn->xml, turn->host, !turn->tried,
                                  turn->force };
        ops->begin(ops->userdata, &wish, on_begun, turn);
}

/* Where the connection to libvirt broke, the guest may be on its way yet. */
void drive_cluster_end(const Manager *manager, const GuestEvent *event) {
        const ClusterMoveOps *ops = manager->cluster_moves;
        bool may_have_left = event->job->success || event->running || !manager->libvirt_known;

        if (ops)
                ops->end(ops->userdata, event->uuid, may_have_left);
}
