/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd.h"
#include "tests/bench/promises.h"

#define TTL 30u

typedef struct Seat {
        PromisesEdge *edge;
        char *host, *domain, *key;
        unsigned number;       /* of its promises */
        ClusterChange *change; /* that is under way; NULL: none */
        bool done;             /* by etcd; the copy may not show it yet */
} Seat;

struct PromisesEdge {
        sd_event *loop;
        Etcd *etcd;
        const ClusterOps *ops;
        ClusterCopy *copy;
        bool up;
        Seat *seats;
        unsigned n_seats;
        GHashTable *by_key; /* to Seat */
        int64_t end;
        unsigned count, waiting;
};

static void ask(Seat *seat);

/* A ClusterAnswer. */
static void on_answer(void *userdata, ClusterOutcome outcome, const char *why);

static void change(Seat *seat, ClusterChange *made, const GError *error) {
        promises_check(made, error ? error->message : "");
        seat->change = made;
        seat->done = false;
        seat->edge->ops->transact(seat->edge->ops->userdata, made->transaction, on_answer, seat);
}

static char *nonce_of(const Seat *seat) {
        return g_strdup_printf("11111111-2222-4333-%04x-%012x", seat->number & 0xffff,
                               (unsigned)(seat - seat->edge->seats));
}

static void release(Seat *seat) {
        g_autofree char *nonce = nonce_of(seat);
        g_autoptr(GError) error = NULL;
        ClusterChange *made = cluster_lot_release(seat->edge->copy, seat->host, seat->domain, nonce,
                                                  &error);

        change(seat, made, error);
}

/* What is decided next is decided by a copy that shows what was done. */
static void go_on(Seat *seat) {
        g_autoptr(ClusterChange) made = NULL;

        if (!seat->done || !seat->change ||
            cluster_change_judge(seat->change, seat->edge->copy) != CLUSTER_VERDICT_DONE)
                return;

        made = g_steal_pointer(&seat->change);
        if (made->kind == CLUSTER_CHANGE_PROMISE) {
                release(seat);
                return;
        }
        seat->edge->count++;
        seat->edge->waiting--;
        if (g_get_monotonic_time() < seat->edge->end)
                ask(seat);
}

static void on_answer(void *userdata, ClusterOutcome outcome, const char *why) {
        Seat *seat = userdata;

        promises_check(outcome == CLUSTER_DONE, why ? why : "a promise was lost");
        seat->done = true;
        go_on(seat);
}

static void ask(Seat *seat) {
        const ClusterWish wish = { seat->host, CLUSTER_FILL_VF, 1 };
        g_autofree char *nonce = NULL;
        g_autoptr(GError) error = NULL;
        ClusterChange *made;

        seat->number++;
        nonce = nonce_of(seat);
        seat->edge->waiting++;
        made = cluster_lot_promise(seat->edge->copy, PROMISES_BY, seat->domain, &wish, 1,
                                   PROMISES_SINCE, nonce, &error);
        change(seat, made, error);
}

unsigned promises_edge_run(PromisesEdge *edge, double seconds) {
        edge->count = 0;
        edge->end = g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC);
        for (unsigned i = 0; i < edge->n_seats; i++)
                ask(&edge->seats[i]);
        while (edge->waiting > 0)
                promises_check(sd_event_run(edge->loop, UINT64_MAX) >= 0, "the loop has failed");
        return edge->count;
}

/* What the edge tells ------------------------------------------------------------------- */

static void on_up(void *userdata) {
        ((PromisesEdge *)userdata)->up = true;
}

static void on_down(void *userdata, const char *why) {
        promises_check(false, why);
}

static void on_reset(void *userdata) {
        cluster_copy_reset(((PromisesEdge *)userdata)->copy);
}

static void on_loaded(void *userdata) {
        cluster_copy_loaded(((PromisesEdge *)userdata)->copy);
}

static void on_key(void *userdata, const char *key, const char *value, int64_t create_revision,
                   int64_t mod_revision) {
        PromisesEdge *edge = userdata;
        Seat *seat = g_hash_table_lookup(edge->by_key, key);

        promises_check(
                cluster_copy_key(edge->copy, key, value, create_revision, mod_revision, NULL), key);
        if (seat)
                go_on(seat);
}

PromisesEdge *promises_edge_new(const char *url, unsigned seats) {
        PromisesEdge *edge = g_new0(PromisesEdge, 1);
        const char *const urls[] = { url, NULL };
        const ClusterEvents events = { on_up, on_down, on_reset, on_loaded, on_key, edge };
        const EtcdConfig config = { { .endpoints = urls }, .prefix = PROMISES_PREFIX, .ttl = TTL };

        edge->copy = cluster_copy_new();
        edge->by_key = g_hash_table_new(g_str_hash, g_str_equal);
        edge->n_seats = seats;
        edge->seats = g_new0(Seat, seats);
        for (unsigned i = 0; i < seats; i++) {
                Seat *seat = &edge->seats[i];

                *seat = (Seat){ edge, cluster_fill_name(i), promises_domain(i) };
                seat->key = g_strconcat("lots/", seat->host, "/", CLUSTER_FILL_VF, NULL);
                g_hash_table_insert(edge->by_key, seat->key, seat);
        }
        promises_check(sd_event_new(&edge->loop) >= 0 &&
                               etcd_new(edge->loop, &config, &events, &edge->etcd) >= 0,
                       "no edge");
        edge->ops = etcd_ops(edge->etcd);
        while (!edge->up)
                promises_check(sd_event_run(edge->loop, UINT64_MAX) >= 0, "the loop has failed");
        return edge;
}

const ClusterCopy *promises_edge_copy(const PromisesEdge *edge) {
        return edge->copy;
}

void promises_edge_free(PromisesEdge *edge) {
        etcd_free(edge->etcd);
        for (unsigned i = 0; i < edge->n_seats; i++) {
                g_free(edge->seats[i].host);
                g_free(edge->seats[i].domain);
                g_free(edge->seats[i].key);
        }
        g_free(edge->seats);
        g_hash_table_unref(edge->by_key);
        cluster_copy_free(edge->copy);
        sd_event_unref(edge->loop);
        g_free(edge);
}
