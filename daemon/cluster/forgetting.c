/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/forgetting.h"

#include "daemon/cluster/cluster.h"
#include "daemon/core/cluster-forget.h"
#include "xml/ferry-error.h"

typedef struct Forgetting {
        Cluster *cluster;
        char *host;
        bool left; /* something was, when it was looked last */
        ClusterForgotten done;
        void *userdata;
} Forgetting;

static void end(Forgetting *forgetting, const GError *error) {
        forgetting->done(forgetting->userdata, error);
        g_free(forgetting->host);
        g_free(forgetting);
}

/* The errand says what kept the cluster from it, and not what it was about. */
static void end_halfway(Forgetting *forgetting, const GError *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, why->code, "Host %s is not forgotten, or not wholly: %c%s",
                    forgetting->host, g_ascii_tolower(why->message[0]), why->message + 1);
        end(forgetting, error);
}

static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        Forgetting *forgetting = userdata;
        ClusterTransaction *transaction = cluster_forget(copy, forgetting->host, error);

        forgetting->left = transaction;
        return transaction;
}

/* What may have been done is asked for again: it is gone then, and that is all that is wanted. */
static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        return CLUSTER_VERDICT_LOST;
}

static void on_done(void *userdata, const GError *error);

static const ErrandClass class = { make, judge, on_done };

static void on_done(void *userdata, const GError *error) {
        Forgetting *forgetting = userdata;

        if (g_error_matches(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE) ||
            g_error_matches(error, FERRY_ERROR, FERRY_ERROR_BUSY))
                end_halfway(forgetting, error);
        else if (error || !forgetting->left)
                end(forgetting, error);
        else
                cluster_begin_errand(forgetting->cluster, &class, forgetting);
}

static bool check(const Cluster *cluster, const char *host, GError **error) {
        const ClusterCopy *copy = cluster_copy(cluster);

        if (cluster_away(cluster)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "Host %.64s cannot be forgotten now: %s", host, cluster_away(cluster));
                return false;
        }
        if (cluster_copy_is_whole(copy) && !cluster_copy_host(copy, host)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "The cluster knows no host '%.64s': 'virt-ferry hosts' lists those it "
                            "knows",
                            host);
                return false;
        }
        return true;
}

void cluster_forget_host(Cluster *cluster, const char *host, ClusterForgotten done,
                         void *userdata) {
        Forgetting *forgetting;
        g_autoptr(GError) error = NULL;

        if (!check(cluster, host, &error)) {
                done(userdata, error);
                return;
        }

        forgetting = g_new0(Forgetting, 1);
        forgetting->cluster = cluster;
        forgetting->host = g_strdup(host);
        forgetting->done = done;
        forgetting->userdata = userdata;
        cluster_begin_errand(cluster, &class, forgetting);
}
