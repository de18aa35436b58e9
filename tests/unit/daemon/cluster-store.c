/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/cluster-store.h"

#define ALIVE(host) "{\"schema\":1,\"uri\":\"qemu+ssh://" host "/system\"}"

typedef struct StoreValue {
        char *text;
        int64_t create, mod;
} StoreValue;

typedef struct StoreEvent {
        char *key, *text; /* text NULL: it is gone */
        int64_t create, mod;
} StoreEvent;

typedef struct StoreRequest {
        ClusterTransaction *transaction;
        ClusterAnswer answer;
        void *userdata;
} StoreRequest;

static void value_free(void *data) {
        StoreValue *value = data;

        g_free(value->text);
        g_free(value);
}

static void request_free(void *data) {
        StoreRequest *request = data;

        cluster_transaction_free(request->transaction);
        g_free(request);
}

static void event_free(void *data) {
        StoreEvent *event = data;

        g_free(event->key);
        g_free(event->text);
        g_free(event);
}

/* What is kept ---------------------------------------------------------------------- */

const char *cluster_store_value(const ClusterStore *store, const char *key) {
        const StoreValue *value = g_hash_table_lookup(store->values, key);

        return value ? value->text : NULL;
}

static void set(ClusterStore *store, const char *key, const char *text) {
        const StoreValue *before = g_hash_table_lookup(store->values, key);
        StoreEvent *event = g_new0(StoreEvent, 1);
        StoreValue *value;

        *event = (StoreEvent){ g_strdup(key), g_strdup(text),
                               before ? before->create : store->revision, store->revision };
        g_queue_push_tail(&store->untold, event);
        if (!text) {
                g_hash_table_remove(store->values, key);
                return;
        }

        value = g_new0(StoreValue, 1);
        *value = (StoreValue){ g_strdup(text), event->create, event->mod };
        g_hash_table_replace(store->values, g_strdup(key), value);
}

static bool holds(const ClusterStore *store, const ClusterCompare *compare) {
        const StoreValue *value = g_hash_table_lookup(store->values, compare->key);
        int64_t revision = 0;

        if (value)
                revision = compare->created ? value->create : value->mod;
        return revision == compare->revision;
}

static bool carry_out(ClusterStore *store, const ClusterTransaction *transaction) {
        for (guint i = 0; i < transaction->compares->len; i++)
                if (!holds(store, transaction->compares->pdata[i]))
                        return false;

        store->revision++;
        for (guint i = 0; i < transaction->puts->len; i++) {
                const ClusterPut *put = transaction->puts->pdata[i];

                set(store, put->key, put->value);
        }
        for (guint i = 0; i < transaction->deletes->len; i++)
                set(store, transaction->deletes->pdata[i], NULL);
        return true;
}

/* The table ------------------------------------------------------------------------- */

static void publish(void *userdata, const char *key, const char *value) {
        ClusterStore *store = userdata;

        store->revision++;
        set(store, key, value);
}

static ClusterTransaction *copy_transaction(const ClusterTransaction *transaction) {
        ClusterTransaction *copy = cluster_transaction_new();

        for (guint i = 0; i < transaction->compares->len; i++) {
                const ClusterCompare *compare = transaction->compares->pdata[i];

                if (compare->created)
                        cluster_transaction_compare_create(copy, compare->key, compare->revision);
                else
                        cluster_transaction_compare_mod(copy, compare->key, compare->revision);
        }
        for (guint i = 0; i < transaction->puts->len; i++) {
                const ClusterPut *put = transaction->puts->pdata[i];

                cluster_transaction_put(copy, put->key, g_strdup(put->value));
        }
        for (guint i = 0; i < transaction->deletes->len; i++)
                cluster_transaction_delete(copy, transaction->deletes->pdata[i]);
        return copy;
}

static void transact(void *userdata, const ClusterTransaction *transaction, ClusterAnswer answer,
                     void *answer_userdata) {
        ClusterStore *store = userdata;
        StoreRequest *request = g_new0(StoreRequest, 1);

        *request = (StoreRequest){ copy_transaction(transaction), answer, answer_userdata };
        g_queue_push_tail(&store->requests, request);
}

bool cluster_store_answer(ClusterStore *store) {
        StoreRequest *request = g_queue_pop_head(&store->requests);
        bool done;

        if (!request)
                return false;

        done = carry_out(store, request->transaction);
        request->answer(request->userdata, done ? CLUSTER_DONE : CLUSTER_LOST, NULL);
        request_free(request);
        return true;
}

void cluster_store_lose_answer(ClusterStore *store, bool done) {
        StoreRequest *request = g_queue_pop_head(&store->requests);

        g_assert_nonnull(request);
        if (done)
                (void)carry_out(store, request->transaction); /* or it is lost */
        request->answer(request->userdata, CLUSTER_UNKNOWN, "no member answers");
        request_free(request);
}

void cluster_store_tell(ClusterStore *store) {
        StoreEvent *event;

        while (!store->down && (event = g_queue_pop_head(&store->untold))) {
                store->events.key(store->events.userdata, event->key, event->text,
                                  event->text ? event->create : 0, event->mod);
                event_free(event);
        }
}

void cluster_store_run(ClusterStore *store) {
        do
                cluster_store_tell(store);
        while (cluster_store_answer(store));
}

unsigned cluster_store_requests(const ClusterStore *store) {
        return g_queue_get_length((GQueue *)&store->requests);
}

/* What the test says ---------------------------------------------------------------- */

void cluster_store_write(ClusterStore *store, const char *key, const char *value) {
        store->revision++;
        set(store, key, value);
        cluster_store_tell(store);
}

void cluster_store_go_down(ClusterStore *store) {
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Host hosta has lost cluster *");
        store->down = true;
        store->events.down(store->events.userdata, "no member answers");
        g_test_assert_expected_messages();
}

void cluster_store_come_up(ClusterStore *store) {
        GHashTableIter iter;
        void *key, *known;

        store->down = false;
        g_queue_clear_full(&store->untold, event_free);
        store->events.reset(store->events.userdata);
        g_hash_table_iter_init(&iter, store->values);
        while (g_hash_table_iter_next(&iter, &key, &known)) {
                const StoreValue *value = known;

                store->events.key(store->events.userdata, key, value->text, value->create,
                                  value->mod);
        }
        store->events.loaded(store->events.userdata);
        store->events.up(store->events.userdata);
}

void cluster_store_pass(ClusterStore *store, unsigned seconds) {
        for (unsigned i = 0; i < seconds; i++) {
                fixture_pass_time(G_USEC_PER_SEC);
                cluster_on_tick(store->cluster);
        }
}

/* Life ------------------------------------------------------------------------------ */

void cluster_store_end(ClusterStore *store) {
        g_clear_pointer(&store->cluster, cluster_free);
        store->manager.manager->cluster = NULL;
        g_queue_clear_full(&store->requests, request_free);
        g_queue_clear_full(&store->untold, event_free);
}

void cluster_store_begin(ClusterStore *store) {
        g_autoptr(GError) error = NULL;

        store->cluster = cluster_new(store->manager.manager, "0.1", &error);
        g_assert_no_error(error);
        store->manager.manager->cluster = store->cluster;
        store->events = cluster_events(store->cluster);
        store->ops = (ClusterOps){ .publish = publish, .transact = transact, .userdata = store };
        cluster_set_ops(store->cluster, &store->ops);
        cluster_store_come_up(store);
}

void cluster_store_set_up(ClusterStore *store, gconstpointer config) {
        fixture_set_up(&store->manager,
                       config ?: "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=hosta\n");
        store->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, value_free);
        g_queue_init(&store->requests);
        g_queue_init(&store->untold);
        store->revision = 1;
        set(store, "hosts/hostb", ALIVE("hostb"));
        set(store, "hosts/hostc", ALIVE("hostc"));
        cluster_store_begin(store);
}

void cluster_store_tear_down(ClusterStore *store, gconstpointer unused) {
        cluster_store_end(store);
        fixture_tear_down(&store->manager, NULL);
        g_hash_table_unref(store->values);
}
