/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-ops.h"

static const char *const outcomes[] = {
        [CLUSTER_DONE] = "done",
        [CLUSTER_LOST] = "lost",
        [CLUSTER_UNKNOWN] = "unknown",
        [CLUSTER_AWAY] = "away",
};
G_STATIC_ASSERT(G_N_ELEMENTS(outcomes) == _CLUSTER_OUTCOME_MAX);

const char *cluster_outcome_to_string(ClusterOutcome outcome) {
        return outcome >= 0 && outcome < _CLUSTER_OUTCOME_MAX ? outcomes[outcome] : NULL;
}

ClusterOutcome cluster_outcome_from_string(const char *name) {
        for (int i = 0; i < _CLUSTER_OUTCOME_MAX; i++)
                if (g_strcmp0(outcomes[i], name) == 0)
                        return (ClusterOutcome)i;

        return _CLUSTER_OUTCOME_INVALID;
}

static void compare_free(void *data) {
        ClusterCompare *compare = data;

        g_free(compare->key);
        g_free(compare);
}

static void put_free(void *data) {
        ClusterPut *put = data;

        g_free(put->key);
        g_free(put->value);
        g_free(put);
}

ClusterTransaction *cluster_transaction_new(void) {
        ClusterTransaction *transaction = g_new0(ClusterTransaction, 1);

        transaction->compares = g_ptr_array_new_with_free_func(compare_free);
        transaction->puts = g_ptr_array_new_with_free_func(put_free);
        transaction->deletes = g_ptr_array_new_with_free_func(g_free);
        return transaction;
}

void cluster_transaction_free(ClusterTransaction *transaction) {
        if (!transaction)
                return;

        g_ptr_array_unref(transaction->compares);
        g_ptr_array_unref(transaction->puts);
        g_ptr_array_unref(transaction->deletes);
        g_free(transaction);
}

static void add_compare(ClusterTransaction *transaction, const char *key, bool created,
                        int64_t revision) {
        ClusterCompare *compare = g_new0(ClusterCompare, 1);

        compare->key = g_strdup(key);
        compare->created = created;
        compare->revision = revision;
        g_ptr_array_add(transaction->compares, compare);
}

void cluster_transaction_compare_mod(ClusterTransaction *transaction, const char *key,
                                     int64_t revision) {
        add_compare(transaction, key, false, revision);
}

void cluster_transaction_compare_create(ClusterTransaction *transaction, const char *key,
                                        int64_t revision) {
        add_compare(transaction, key, true, revision);
}

void cluster_transaction_put(ClusterTransaction *transaction, const char *key, char *value) {
        ClusterPut *put = g_new0(ClusterPut, 1);

        put->key = g_strdup(key);
        put->value = value;
        g_ptr_array_add(transaction->puts, put);
}

void cluster_transaction_delete(ClusterTransaction *transaction, const char *key) {
        g_ptr_array_add(transaction->deletes, g_strdup(key));
}

bool cluster_transaction_fits(const ClusterTransaction *transaction) {
        return transaction->compares->len <= CLUSTER_TRANSACTION_MAX &&
               transaction->puts->len + transaction->deletes->len <= CLUSTER_TRANSACTION_MAX;
}
