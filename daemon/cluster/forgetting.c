/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/forgetting.h"

#include "daemon/core/cluster-forget.h"
#include "xml/ferry-error.h"

struct Forgettings {
        const ClusterCopy *copy;
        GPtrArray *all; /* of Forgetting */
};

typedef struct Forgetting {
        Forgettings *forgettings;
        const ClusterOps *ops;
        char *host;
        bool asked; /* a transaction is on its way */
        ClusterForgotten done;
        void *userdata;
} Forgetting;

static void forgetting_free(void *data) {
        Forgetting *forgetting = data;

        g_free(forgetting->host);
        g_free(forgetting);
}

Forgettings *forgettings_new(const ClusterCopy *copy) {
        Forgettings *forgettings = g_new0(Forgettings, 1);

        forgettings->copy = copy;
        forgettings->all = g_ptr_array_new_with_free_func(forgetting_free);
        return forgettings;
}

static void end(Forgetting *forgetting, const GError *error) {
        ClusterForgotten done = forgetting->done;
        void *userdata = forgetting->userdata;

        g_ptr_array_remove(forgetting->forgettings->all, forgetting);
        done(userdata, error);
}

static void end_unavailable(Forgetting *forgetting, const char *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "Host %s is not forgotten, or not wholly: %s; try again", forgetting->host,
                    why);
        end(forgetting, error);
}

void forgettings_free(Forgettings *forgettings) {
        if (!forgettings)
                return;

        while (forgettings->all->len > 0)
                end_unavailable(forgettings->all->pdata[0], "virtferryd is about to end");
        g_ptr_array_unref(forgettings->all);
        g_free(forgettings);
}

static void go_on(Forgetting *forgetting);

/* Where another host has changed something, what is left is seen when the copy has followed: at the
 * next forgettings_wake(). */
static void on_answer(void *userdata, ClusterOutcome outcome, const char *why) {
        Forgetting *forgetting = userdata;

        forgetting->asked = false;
        if (outcome == CLUSTER_DONE)
                go_on(forgetting);
        else if (outcome != CLUSTER_LOST)
                end_unavailable(forgetting, why);
}

static void go_on(Forgetting *forgetting) {
        g_autoptr(ClusterTransaction) transaction = NULL;
        g_autoptr(GError) error = NULL;

        transaction = cluster_forget(forgetting->forgettings->copy, forgetting->host, &error);
        if (!transaction) {
                end(forgetting, error);
                return;
        }
        forgetting->asked = true;
        forgetting->ops->transact(forgetting->ops->userdata, transaction, on_answer, forgetting);
}

void forgettings_begin(Forgettings *forgettings, const ClusterOps *ops, const char *host,
                       ClusterForgotten done, void *userdata) {
        Forgetting *forgetting = g_new0(Forgetting, 1);

        forgetting->forgettings = forgettings;
        forgetting->ops = ops;
        forgetting->host = g_strdup(host);
        forgetting->done = done;
        forgetting->userdata = userdata;
        g_ptr_array_add(forgettings->all, forgetting);
        go_on(forgetting);
}

void forgettings_wake(Forgettings *forgettings, const char *away) {
        g_autoptr(GPtrArray) all = g_ptr_array_copy(forgettings->all, NULL, NULL);

        g_ptr_array_set_free_func(all, NULL);
        for (guint i = 0; i < all->len; i++) {
                Forgetting *forgetting = all->pdata[i];

                if (forgetting->asked)
                        continue;
                if (away)
                        end_unavailable(forgetting, away);
                else
                        go_on(forgetting);
        }
}
