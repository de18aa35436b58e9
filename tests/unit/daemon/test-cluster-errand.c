/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/errand.h"

#include "xml/ferry-error.h"

/* One errand that is to write "yes" to the document "drains", and a store by hand. */
typedef struct Store {
        ClusterCopy *copy;
        ClusterOps ops;
        Errands *errands;
        ClusterAnswer answer; /* NULL: nothing is asked */
        void *asker;
        int64_t compared; /* revision */
        unsigned made, sent;
        bool satisfied; /* there is nothing to be done */
        ClusterVerdict verdict;
        char *end; /* "" or why not */
} Store;

static void transact(void *userdata, const ClusterTransaction *transaction, ClusterAnswer answer,
                     void *answer_userdata) {
        Store *store = userdata;
        const ClusterCompare *compare = transaction->compares->pdata[0];

        g_assert_null(store->answer);
        store->compared = compare->revision;
        store->answer = answer;
        store->asker = answer_userdata;
        store->sent++;
}

static void answer(Store *store, ClusterOutcome outcome) {
        ClusterAnswer function = g_steal_pointer(&store->answer);

        function(store->asker, outcome, "no member answers");
}

static int64_t revision(const ClusterCopy *copy) {
        int64_t revision;

        (void)cluster_copy_drains(copy, &revision);
        return revision;
}

static ClusterTransaction *make(void *userdata, const ClusterCopy *copy, GError **error) {
        ClusterTransaction *transaction;
        Store *store = userdata;

        store->made++;
        if (store->satisfied)
                return NULL;
        if (revision(copy) >= 9) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE, "Others have it");
                return NULL;
        }
        transaction = cluster_transaction_new();
        cluster_transaction_compare_mod(transaction, "drains", revision(copy));
        cluster_transaction_put(transaction, "drains", g_strdup("yes"));
        return transaction;
}

static ClusterVerdict judge(void *userdata, const ClusterCopy *copy) {
        const Store *store = userdata;

        return store->verdict;
}

static void done(void *userdata, const GError *error) {
        Store *store = userdata;

        g_assert_null(store->end);
        store->end = g_strdup(error ? error->message : "");
}

static const ErrandClass errand = { make, judge, done };

static void set_up(Store *store, gconstpointer unused) {
        store->copy = cluster_copy_new();
        store->ops = (ClusterOps){ .transact = transact, .userdata = store };
        store->errands = errands_new(store->copy);
        errands_set_ops(store->errands, &store->ops);
        cluster_copy_reset(store->copy);
        cluster_copy_loaded(store->copy);
}

static void tear_down(Store *store, gconstpointer unused) {
        errands_free(store->errands);
        cluster_copy_free(store->copy);
        g_free(store->end);
}

static void begin(Store *store) {
        errands_begin(store->errands, &errand, store, NULL);
}

/* Another host writes the document. */
static void follow(Store *store, int64_t to) {
        (void)cluster_copy_key(store->copy, "drains", "{\"schema\":1,\"hosts\":{}}", 1, to, NULL);
        errands_wake(store->errands, NULL);
}

static void assert_end(Store *store, const char *expected) {
        g_assert_cmpstr(store->end, ==, expected);
        g_clear_pointer(&store->end, g_free);
}

static void test_done(Store *store, gconstpointer unused) {
        begin(store);
        g_assert_null(store->end);
        answer(store, CLUSTER_DONE);
        assert_end(store, "");
        errands_wake(store->errands, NULL);
        g_assert_cmpuint(store->sent, ==, 1);

        store->satisfied = true;
        begin(store);
        assert_end(store, "");
        g_assert_cmpuint(store->sent, ==, 1);
}

static void test_lost(Store *store, gconstpointer unused) {
        begin(store);
        answer(store, CLUSTER_LOST); /* before the copy has heard of it */
        errands_wake(store->errands, NULL);
        g_assert_cmpuint(store->sent, ==, 1);
        follow(store, 5);
        g_assert_cmpuint(store->sent, ==, 2);
        g_assert_cmpint(store->compared, ==, 5);

        follow(store, 6); /* before the answer */
        g_assert_cmpuint(store->sent, ==, 2);
        answer(store, CLUSTER_LOST);
        g_assert_cmpint(store->compared, ==, 6);

        follow(store, 9);
        answer(store, CLUSTER_LOST);
        assert_end(store, "Others have it");
}

static void test_busy(Store *store, gconstpointer unused) {
        begin(store);
        for (unsigned i = 0; i < ERRAND_TRIES; i++) {
                g_assert_null(store->end);
                follow(store, i % 2 + 1);
                answer(store, CLUSTER_LOST);
        }
        assert_end(store, "Other hosts change the same in the cluster, and were faster 64 times: "
                          "try again");
}

static void test_away(Store *store, gconstpointer unused) {
        const char *sentence = "The cluster cannot be asked: no member answers; try again";

        errands_begin(store->errands, &errand, store, "no member answers");
        assert_end(store, sentence);
        begin(store);
        answer(store, CLUSTER_AWAY);
        assert_end(store, sentence);
        begin(store);
        answer(store, CLUSTER_LOST);
        errands_wake(store->errands, "no member answers");
        assert_end(store, sentence);
}

static void test_unknown(Store *store, gconstpointer unused) {
        begin(store);
        answer(store, CLUSTER_UNKNOWN);
        errands_wake(store->errands, "no member answers");
        g_assert_null(store->end);
        g_assert_cmpuint(store->sent, ==, 1);

        errands_wake(store->errands, NULL);
        g_assert_cmpuint(store->sent, ==, 2);
        g_assert_cmpuint(store->made, ==, 1); /* the same */
        answer(store, CLUSTER_AWAY);
        g_assert_null(store->end);

        errands_wake(store->errands, NULL);
        answer(store, CLUSTER_LOST); /* perhaps to the first */
        g_assert_null(store->end);
        errands_wake(store->errands, NULL);
        g_assert_cmpuint(store->sent, ==, 3);
        store->verdict = CLUSTER_VERDICT_DONE;
        errands_wake(store->errands, NULL);
        assert_end(store, "");
}

static void test_unknown_lost(Store *store, gconstpointer unused) {
        begin(store);
        answer(store, CLUSTER_UNKNOWN);
        store->verdict = CLUSTER_VERDICT_LOST;
        follow(store, 4);
        g_assert_cmpuint(store->made, ==, 2);
        g_assert_cmpint(store->compared, ==, 4);

        answer(store, CLUSTER_UNKNOWN);
        errands_wake(store->errands, "no member answers");
        assert_end(store, "The cluster cannot be asked: no member answers; try again");

        begin(store);
        answer(store, CLUSTER_UNKNOWN);
        store->verdict = CLUSTER_VERDICT_TORN;
        errands_wake(store->errands, NULL);
        g_assert_true(g_str_has_suffix(store->end, "a part was undone since: try again"));
}

static void test_end(Store *store, gconstpointer unused) {
        begin(store);
        g_clear_pointer(&store->errands, errands_free);
        assert_end(store, "The cluster cannot be asked: virtferryd is about to end; try again");
}

static void add(const char *name, void (*test)(Store *store, gconstpointer unused)) {
        g_test_add(name, Store, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        add("/errand/it is sent once, and not when it is so already", test_done);
        add("/errand/one that others were faster than is made anew when the copy has followed",
            test_lost);
        add("/errand/it does not try for ever", test_busy);
        add("/errand/without a store it ends with the reason", test_away);
        add("/errand/one without an answer is done once, however often it is sent", test_unknown);
        add("/errand/one without an answer that was lost is made anew", test_unknown_lost);
        add("/errand/the daemon's end is told to who waits", test_end);
        return g_test_run();
}
