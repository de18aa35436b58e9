/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd.h"

#include "daemon/edges/etcd-follow.h"
#include "daemon/edges/etcd-json.h"
#include "daemon/edges/etcd-lease.h"
#include "daemon/edges/etcd-read.h"

#include <time.h>

#define WAIT_FIRST       (G_USEC_PER_SEC / 10)
#define WAIT_LONGEST     (10 * G_USEC_PER_SEC)
#define TRANSACTION_TIME 15u /* seconds; etcd itself gives up after 5 to 7 */

typedef struct Asked {
        Etcd *etcd;
        sd_event_source *refusal;
        char *why;
        EtcdCall *call;
        ClusterAnswer answer;
        void *userdata;
} Asked;

struct Etcd {
        sd_event *loop;
        char *prefix;
        ClusterEvents events;
        ClusterEvents told; /* of follow, by us */
        ClusterOps ops;
        EtcdClient *client;
        EtcdFollow *follow;
        EtcdLease *lease;
        EtcdReads *reads;
        sd_event_source *again; /* starts follow */
        uint64_t wait;
        bool follows, up;
        char *why; /* it is away */
        GPtrArray *asked;
};

/* Up and down ------------------------------------------------------------------------ */

static void set_up(Etcd *etcd) {
        if (etcd->up || !etcd->follows || !etcd_lease_is_alive(etcd->lease))
                return;

        etcd->up = true;
        etcd->events.up(etcd->events.userdata);
}

static void set_down(Etcd *etcd, const char *why) {
        g_autofree char *reason = g_strdup(why);

        g_free(etcd->why);
        etcd->why = g_steal_pointer(&reason);
        if (!etcd->up)
                return;

        etcd->up = false;
        etcd->events.down(etcd->events.userdata, etcd->why);
}

static void follow_in(Etcd *etcd, uint64_t usec) {
        (void)sd_event_source_set_time_relative(etcd->again, usec);
        (void)sd_event_source_set_enabled(etcd->again, SD_EVENT_ONESHOT);
}

/* Twice as long each time; many hosts that lost it at once do not come back at once. */
static void follow_later(Etcd *etcd) {
        follow_in(etcd, (uint64_t)((double)etcd->wait * g_random_double_range(0.5, 1)));
        etcd->wait = MIN(etcd->wait * 2, WAIT_LONGEST);
}

static int on_again(sd_event_source *source, uint64_t due, void *userdata) {
        Etcd *etcd = userdata;

        etcd_follow_start(etcd->follow);
        return 0;
}

static void on_good(void *userdata) {
        Etcd *etcd = userdata;

        etcd->wait = WAIT_FIRST;
        etcd->follows = true;
        set_up(etcd);
}

/* One that breaks off is taken up at once, elsewhere; only one that cannot be is away. */
static void on_bad(void *userdata, const char *why) {
        Etcd *etcd = userdata;

        if (!etcd->follows)
                set_down(etcd, why);
        etcd->follows = false;
        follow_later(etcd);
}

/* What the member said that does not answer any more may have been its last word. */
static void on_trouble(void *userdata) {
        Etcd *etcd = userdata;

        if (etcd->follows)
                on_bad(etcd, "etcd does not answer");
}

static void on_alive(void *userdata) {
        set_up(userdata);
}

static void on_away(void *userdata, const char *why) {
        set_down(userdata, why);
}

/* What is told ----------------------------------------------------------------------- */

static void on_reset(void *userdata) {
        Etcd *etcd = userdata;

        etcd->events.reset(etcd->events.userdata);
}

static void on_loaded(void *userdata) {
        Etcd *etcd = userdata;

        etcd_lease_refresh(etcd->lease);
        etcd->events.loaded(etcd->events.userdata);
}

static void on_key(void *userdata, const char *key, const char *value, int64_t create_revision,
                   int64_t mod_revision) {
        Etcd *etcd = userdata;

        etcd_lease_seen(etcd->lease, key, value, mod_revision);
        etcd->events.key(etcd->events.userdata, key, value, create_revision, mod_revision);
}

/* Transactions ----------------------------------------------------------------------- */

static void asked_free(void *data) {
        Asked *asked = data;

        etcd_call_cancel(asked->call);
        sd_event_source_disable_unref(asked->refusal);
        g_free(asked->why);
        g_free(asked);
}

static void asked_end(Asked *asked, ClusterOutcome outcome, const char *why) {
        g_autofree char *reason = g_strdup(why);
        ClusterAnswer answer = asked->answer;
        void *userdata = asked->userdata;

        g_ptr_array_remove_fast(asked->etcd->asked, asked);
        answer(userdata, outcome, reason);
}

static int on_refusal(sd_event_source *source, void *userdata) {
        Asked *asked = userdata;

        asked_end(asked, CLUSTER_AWAY, asked->why);
        return 0;
}

static void refuse(Asked *asked, const char *why) {
        int r;

        asked->why = g_strdup(why);
        r = sd_event_add_defer(asked->etcd->loop, &asked->refusal, on_refusal, asked);
        if (r < 0)
                g_error("the loop takes no more: %s", g_strerror(-r));
}

static void on_transaction(void *userdata, const EtcdReply *reply) {
        Asked *asked = userdata;

        asked->call = NULL;
        switch (reply->result) {
        case ETCD_OK:
                asked_end(asked, etcd_true(reply->body, "succeeded") ? CLUSTER_DONE : CLUSTER_LOST,
                          NULL);
                return;
        case ETCD_REFUSED:
        case ETCD_UNREACHED:
                asked_end(asked, CLUSTER_AWAY, reply->why);
                return;
        case ETCD_UNKNOWN:
                asked_end(asked, CLUSTER_UNKNOWN, reply->why);
                return;
        }
}

static void transact(void *userdata, const ClusterTransaction *transaction, ClusterAnswer answer,
                     void *answer_userdata) {
        Etcd *etcd = userdata;
        Asked *asked = g_new0(Asked, 1);
        g_autofree char *body = NULL;

        asked->etcd = etcd;
        asked->answer = answer;
        asked->userdata = answer_userdata;
        g_ptr_array_add(etcd->asked, asked);
        if (!etcd->up) {
                refuse(asked, etcd->why);
                return;
        }
        if (!cluster_transaction_fits(transaction)) {
                refuse(asked, "it is too much for one transaction of etcd");
                return;
        }
        body = etcd_transaction_body(etcd->prefix, transaction);
        asked->call = etcd_client_call(
                etcd->client,
                &(EtcdRequest){ .path = "/v3/kv/txn", .body = body, .seconds = TRANSACTION_TIME },
                on_transaction, asked);
}

static void publish(void *userdata, const char *key, const char *value) {
        Etcd *etcd = userdata;

        etcd_lease_publish(etcd->lease, key, value);
}

static void read_apart(void *userdata, const char *below, ClusterEach each, ClusterReadEnd end,
                       void *read_userdata) {
        Etcd *etcd = userdata;

        etcd_reads_begin(etcd->reads, etcd->up ? NULL : etcd->why, below, each, end, read_userdata);
}

/* ------------------------------------------------------------------------------------ */

static void set_tables(Etcd *etcd, const ClusterEvents *events) {
        etcd->events = *events;
        etcd->told = (ClusterEvents){
                .reset = on_reset, .loaded = on_loaded, .key = on_key, .userdata = etcd
        };
        etcd->ops = (ClusterOps){
                .publish = publish, .transact = transact, .userdata = etcd, .read = read_apart
        };
}

static int set_up_parts(Etcd *etcd, const EtcdConfig *config) {
        const EtcdFollowEvents follow = {
                .cluster = &etcd->told, .good = on_good, .bad = on_bad, .userdata = etcd
        };
        const EtcdLeaseEvents lease = { .alive = on_alive, .away = on_away, .userdata = etcd };
        int r;

        r = etcd_client_new(etcd->loop, &config->access, on_trouble, etcd, &etcd->client);
        if (r < 0)
                return r;

        etcd->reads = etcd_reads_new(etcd->loop, etcd->client, config->prefix);
        etcd->follow = etcd_follow_new(etcd->client, config->prefix, &follow);
        r = etcd_lease_new(etcd->loop, etcd->client, config->prefix, config->ttl, &lease,
                           &etcd->lease);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(etcd->loop, &etcd->again, CLOCK_MONOTONIC, 0, 1, on_again,
                                          etcd);
}

int etcd_new(sd_event *loop, const EtcdConfig *config, const ClusterEvents *events,
             Etcd **ret_etcd) {
        g_autoptr(Etcd) etcd = g_new0(Etcd, 1);
        int r;

        etcd->loop = sd_event_ref(loop);
        etcd->prefix = g_strdup(config->prefix);
        etcd->wait = WAIT_FIRST;
        etcd->why = g_strdup("etcd has not answered yet");
        etcd->asked = g_ptr_array_new_with_free_func(asked_free);
        set_tables(etcd, events);
        r = set_up_parts(etcd, config);
        if (r < 0)
                return r;

        *ret_etcd = g_steal_pointer(&etcd);
        return 0;
}

void etcd_free(Etcd *etcd) {
        if (!etcd)
                return;

        g_ptr_array_unref(etcd->asked);
        sd_event_source_disable_unref(etcd->again);
        etcd_reads_free(etcd->reads);
        etcd_follow_free(etcd->follow);
        etcd_lease_free(etcd->lease);
        etcd_client_free(etcd->client);
        sd_event_unref(etcd->loop);
        g_free(etcd->prefix);
        g_free(etcd->why);
        g_free(etcd);
}

const ClusterOps *etcd_ops(const Etcd *etcd) {
        return &etcd->ops;
}
