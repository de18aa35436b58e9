/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/errand.h"

#include "xml/ferry-error.h"

struct Errands {
        const ClusterCopy *copy;
        const ClusterOps *ops;
        GHashTable *all; /* set of Errand */
};

typedef struct Errand {
        Errands *errands;
        const ErrandClass *class;
        void *userdata;
        ClusterTransaction *transaction; /* the last that was made */
        unsigned tries;
        bool asked;  /* it is on its way */
        bool unsure; /* one was sent of which no answer came: it may be done yet */
        bool behind; /* the store has refused it, and the copy does not say why yet */
} Errand;

static void errand_free(void *data) {
        Errand *errand = data;

        cluster_transaction_free(errand->transaction);
        g_free(errand);
}

Errands *errands_new(const ClusterCopy *copy) {
        Errands *errands = g_new0(Errands, 1);

        errands->copy = copy;
        errands->all = g_hash_table_new_full(NULL, NULL, errand_free, NULL);
        return errands;
}

void errands_set_ops(Errands *errands, const ClusterOps *ops) {
        errands->ops = ops;
}

/* Ends ------------------------------------------------------------------------------ */

static void end(Errand *errand, const GError *error) {
        const ErrandClass *class = errand->class;
        void *userdata = errand->userdata;

        g_hash_table_remove(errand->errands->all, errand);
        class->done(userdata, error);
}

static void end_unavailable(Errand *errand, const char *why) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                    "The cluster cannot be asked: %s; try again", why);
        end(errand, error);
}

static void end_busy(Errand *errand) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_BUSY,
                    "Other hosts change the same in the cluster, and were faster %u times: try "
                    "again",
                    errand->tries);
        end(errand, error);
}

/* There is no use in sending the rest again; who asked judges by itself what there is to undo. */
static void end_torn(Errand *errand) {
        g_autoptr(GError) error = NULL;

        g_set_error(&error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "The cluster did what it was asked for, and a part was undone since: try "
                    "again");
        end(errand, error);
}

void errands_free(Errands *errands) {
        GHashTableIter iter;
        void *errand;

        if (!errands)
                return;

        for (;;) {
                g_hash_table_iter_init(&iter, errands->all);
                if (!g_hash_table_iter_next(&iter, &errand, NULL))
                        break;
                end_unavailable(errand, "virtferryd is about to end");
        }
        g_hash_table_unref(errands->all);
        g_free(errands);
}

/* The way --------------------------------------------------------------------------- */

static void make(Errand *errand);
static void judge(Errand *errand, const char *away);

/* Nothing of what it compares has changed by the copy. */
static bool still_holds(const Errand *errand) {
        const GPtrArray *compares = errand->transaction->compares;

        for (guint i = 0; i < compares->len; i++)
                if (!cluster_copy_holds(errand->errands->copy, compares->pdata[i]))
                        return false;
        return true;
}

static void on_answer(void *userdata, ClusterOutcome outcome, const char *why) {
        Errand *errand = userdata;

        errand->asked = false;
        switch (outcome) {
        case CLUSTER_DONE:
                end(errand, NULL);
                return;
        case CLUSTER_LOST: /* perhaps to itself, where it was sent twice */
                errand->behind = errand->unsure || still_holds(errand);
                if (errand->unsure)
                        judge(errand, NULL);
                else if (!errand->behind)
                        make(errand);
                return;
        case CLUSTER_UNKNOWN:
                errand->unsure = true;
                return;
        case CLUSTER_AWAY:
                if (!errand->unsure)
                        end_unavailable(errand, why);
                return;
        case _CLUSTER_OUTCOME_MAX:
        case _CLUSTER_OUTCOME_INVALID:
                break;
        }
        g_assert_not_reached();
}

static void send(Errand *errand) {
        const ClusterOps *ops = errand->errands->ops;

        errand->asked = true;
        ops->transact(ops->userdata, errand->transaction, on_answer, errand);
}

static void make(Errand *errand) {
        g_autoptr(GError) error = NULL;

        errand->unsure = errand->behind = false;
        if (errand->tries >= ERRAND_TRIES) {
                end_busy(errand);
                return;
        }

        errand->tries++;
        g_clear_pointer(&errand->transaction, cluster_transaction_free);
        errand->transaction = errand->class->make(errand->userdata, errand->errands->copy, &error);
        if (errand->transaction)
                send(errand);
        else
                end(errand, error);
}

static void judge(Errand *errand, const char *away) {
        switch (errand->class->judge(errand->userdata, errand->errands->copy)) {
        case CLUSTER_VERDICT_OPEN:
                if (!away && !errand->behind)
                        send(errand);
                return;
        case CLUSTER_VERDICT_DONE:
                end(errand, NULL);
                return;
        case CLUSTER_VERDICT_LOST:
                if (away)
                        end_unavailable(errand, away);
                else
                        make(errand);
                return;
        case CLUSTER_VERDICT_TORN:
                end_torn(errand);
                return;
        case _CLUSTER_VERDICT_MAX:
        case _CLUSTER_VERDICT_INVALID:
                break;
        }
        g_assert_not_reached();
}

static void wake(Errand *errand, const char *away) {
        if (errand->asked)
                return;

        if (errand->unsure)
                judge(errand, away);
        else if (away)
                end_unavailable(errand, away);
        else if (!still_holds(errand))
                make(errand);
}

void errands_begin(Errands *errands, const ErrandClass *class, void *userdata, const char *away) {
        Errand *errand = g_new0(Errand, 1);

        errand->errands = errands;
        errand->class = class;
        errand->userdata = userdata;
        g_hash_table_add(errands->all, errand);
        if (away || !errands->ops)
                end_unavailable(errand, away ?: "etcd has not answered yet");
        else
                make(errand);
}

/* One may end by what another one's end does. */
void errands_wake(Errands *errands, const char *away) {
        g_autofree void **all = NULL;
        guint n;

        if (g_hash_table_size(errands->all) == 0)
                return;

        all = g_hash_table_get_keys_as_array(errands->all, &n);
        for (guint i = 0; i < n; i++)
                if (g_hash_table_contains(errands->all, all[i]))
                        wake(all[i], away);
}
