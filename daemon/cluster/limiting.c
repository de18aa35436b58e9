/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/limiting.h"

#include "daemon/cluster/cluster.h"
#include "daemon/core/cluster-moves.h"
#include "xml/ferry-error.h"

struct Limiting {
        Cluster *cluster;
        const Manager *manager;
        bool busy; /* an errand is under way */
        MoveLimits wanted;
        int64_t until;                         /* CLOCK_REALTIME us */
        const ClusterTransaction *transaction; /* the errand's */
        LimitingDone done;                     /* NULL: nobody waits any more */
        void *userdata;
};

Limiting *limiting_new(Cluster *cluster, const Manager *manager) {
        Limiting *limiting = g_new0(Limiting, 1);

        limiting->cluster = cluster;
        limiting->manager = manager;
        return limiting;
}

static void answer(Limiting *limiting, const GError *error) {
        LimitingDone done = limiting->done;

        limiting->done = NULL;
        if (done)
                done(limiting->userdata, error);
}

static void answer_unavailable(Limiting *limiting, const char *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "Nobody knows yet whether the limits are changed: %s; look again", why);
        answer(limiting, error);
}

void limiting_free(Limiting *limiting) {
        g_free(limiting);
}

/* By the copy ----------------------------------------------------------------------- */

static MoveLimits limits_of(const ClusterCopy *copy) {
        int64_t revision;
        const ClusterMoves *moves = cluster_copy_moves(copy, &revision);

        return moves ? (MoveLimits){ moves->together, moves->per_host } : (MoveLimits){ 0 };
}

bool limiting_get(const Limiting *limiting, MoveLimits *ret_limits, GError **error) {
        const ClusterCopy *copy = cluster_copy(limiting->cluster);
        int64_t revision;

        if (!cluster_copy_is_whole(copy)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "The cluster is not known yet: %s; try again",
                            cluster_away(limiting->cluster) ?: "etcd has not told all yet");
                return false;
        }
        if (!cluster_copy_moves(copy, &revision) && revision > 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "moves: it cannot be read, so nobody knows the limits: delete it in "
                            "etcd");
                return false;
        }

        *ret_limits = limits_of(copy);
        return true;
}

static MoveLimits wanted_by(const Limiting *limiting, const ClusterCopy *copy) {
        MoveLimits limits = limits_of(copy);

        if (limiting->wanted.together != LIMIT_STAYS)
                limits.together = limiting->wanted.together;
        if (limiting->wanted.per_host != LIMIT_STAYS)
                limits.per_host = limiting->wanted.per_host;
        return limits;
}

static bool is_done(const Limiting *limiting, const ClusterCopy *copy) {
        MoveLimits is = limits_of(copy), wanted = wanted_by(limiting, copy);

        return is.together == wanted.together && is.per_host == wanted.per_host;
}

/* The errand ------------------------------------------------------------------------ */

/* It is not made anew when nobody waits for it. */
static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        Limiting *limiting = userdata;
        MoveLimits limits = wanted_by(limiting, copy);
        MoveLimits unused;

        if (!limiting_get(limiting, &unused, error) || !limiting->done || is_done(limiting, copy))
                return NULL;

        limiting->transaction = cluster_moves_limit(copy, limits.together, limits.per_host, error);
        return (ClusterTransaction *)limiting->transaction;
}

/* One that was done is lost here, and found to be done when it is made anew. */
static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        const Limiting *limiting = userdata;
        const GPtrArray *compares = limiting->transaction->compares;

        for (guint i = 0; i < compares->len; i++)
                if (!cluster_copy_holds(copy, compares->pdata[i]))
                        return CLUSTER_VERDICT_LOST;
        return CLUSTER_VERDICT_OPEN;
}

static void on_done(void *userdata, const GError *error) {
        Limiting *limiting = userdata;

        limiting->busy = false;
        answer(limiting, error);
}

void limiting_set(Limiting *limiting, MoveLimits limits, LimitingDone done, void *userdata) {
        static const ErrandClass class = { make, judge, on_done };
        g_autoptr(GError) error = NULL;

        if (limiting->busy) {
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "The limits are being changed by another call: try again when that is "
                            "done");
                done(userdata, error);
                return;
        }

        limiting->busy = true;
        limiting->wanted = limits;
        limiting->until = limiting->manager->now() + LIMITING_WAIT_USEC;
        limiting->done = done;
        limiting->userdata = userdata;
        cluster_begin_errand(limiting->cluster, &class, limiting);
}

void limiting_wake(Limiting *limiting) {
        if (limiting->busy && limiting->until <= limiting->manager->now())
                answer_unavailable(limiting, "etcd does not answer");
}
