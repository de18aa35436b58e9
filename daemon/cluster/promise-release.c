/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/promise-parts.h"
#include "xml/ferry-error.h"

typedef struct Waiter {
        PromiseReleased done;
        void *userdata;
} Waiter;

struct PromiseRelease {
        Promises *promises;
        Promised *promised;
        PromiseChange made;
        GArray *waiters;
};

/* Changes --------------------------------------------------------------------------- */

void promise_change_clear(PromiseChange *made) {
        if (made->change)
                made->change->transaction = NULL; /* the errand's */
        g_clear_pointer(&made->change, cluster_change_free);
        g_clear_pointer(&made->compares, cluster_transaction_free);
}

ClusterTransaction *promise_change_lend(PromiseChange *made, ClusterChange *change) {
        const GPtrArray *compares = change->transaction->compares;

        promise_change_clear(made);
        made->change = change;
        made->compares = cluster_transaction_new();
        for (guint i = 0; i < compares->len; i++) {
                const ClusterCompare *compare = compares->pdata[i];

                if (!compare->created)
                        cluster_transaction_compare_mod(made->compares, compare->key,
                                                        compare->revision);
        }
        return change->transaction;
}

ClusterVerdict promise_change_judge(const PromiseChange *made, const ClusterCopy *copy) {
        return cluster_change_judge(made->change, copy);
}

/* Releases -------------------------------------------------------------------------- */

/* The promise may be freed by then. */
static void tell(PromiseRelease *release, const GError *error) {
        for (guint i = 0; i < release->waiters->len; i++) {
                const Waiter *waiter = &g_array_index(release->waiters, Waiter, i);

                waiter->done(waiter->userdata, error);
        }
        g_array_unref(release->waiters);
        promise_change_clear(&release->made);
        g_free(release);
}

/* An EchoHeard. */
static void on_gone(void *userdata) {
        PromiseRelease *release = userdata;

        promise_book_remove(release->promises->book, release->promised);
        tell(release, NULL);
}

/* What is gone by now its owner has redeemed, or has released itself. */
static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        PromiseRelease *release = userdata;
        const Promised *promised = release->promised;
        g_autoptr(GError) problem = NULL;
        ClusterChange *change;

        change = cluster_lot_release(copy, promised_host(promised), promised->domain,
                                     promised->nonce, &problem);
        if (change)
                return promise_change_lend(&release->made, change);

        promise_change_clear(&release->made);
        if (!g_error_matches(problem, FERRY_ERROR, FERRY_ERROR_NOT_FOUND))
                g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
}

static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        const PromiseRelease *release = userdata;

        return promise_change_judge(&release->made, copy);
}

/* After an error it is still in the book, and looked at again. */
static void on_done(void *userdata, const GError *error) {
        PromiseRelease *release = userdata;

        if (error) {
                release->promised->release = NULL;
                tell(release, error);
        } else if (release->made.compares) {
                cluster_await_echo(release->promises->cluster, release->made.compares, on_gone,
                                   release);
        } else {
                on_gone(release);
        }
}

static const ErrandClass release_class = { make, judge, on_done };

void promise_release_begin(Promises *promises, Promised *promised, PromiseReleased done,
                           void *userdata) {
        const Waiter waiter = { done, userdata };
        PromiseRelease *release = promised->release;
        bool begins = !release;

        if (begins) {
                release = promised->release = g_new0(PromiseRelease, 1);
                release->promises = promises;
                release->promised = promised;
                release->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
        }
        if (done)
                g_array_append_val(release->waiters, waiter);
        if (begins)
                cluster_begin_errand(promises->cluster, &release_class, release);
}

void promise_release_end(Promised *promised) {
        PromiseRelease *release = g_steal_pointer(&promised->release);
        g_autoptr(GError) error = NULL;

        if (!release)
                return;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "The promise of domain %.48s is released, but virtferryd is about to end",
                    promised->domain);
        tell(release, error);
}
