/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/cluster.h"

#include "daemon/cluster/draining.h"
#include "daemon/cluster/loads.h"
#include "daemon/cluster/limiting.h"
#include "daemon/cluster/move.h"
#include "daemon/cluster/promise.h"
#include "daemon/cluster/publish.h"
#include "daemon/cluster/share.h"
#include "xml/ferry-error.h"

struct Cluster {
        Manager *manager;
        char *host, *host_key, *map_key;
        ClusterHost *document;
        ClusterCopy *copy;
        const ClusterOps *ops; /* NULL: not yet */
        char *away;            /* NULL: it is up */
        bool reasoned, asks;   /* it was said why it has never been up; somebody is asked that */
        char *told;            /* the map that the store has; NULL: not known */
        char *telling;         /* the one that is on its way there; NULL */
        bool gone;             /* this host was forgotten since that was sent */
        bool changed;
        int64_t looked; /* CLOCK_REALTIME us */
        Errands *errands;
        Echoes *echoes;
        Loads *loads;
        Balances *balances;
        Promises *promises;
        ClusterMoving *moving;
        ClusterShare *share;
        Draining *draining;
        Limiting *limiting;
};

/* ------------------------------------------------------------------------------------ */

static ClusterHost *describe(const Cluster *cluster, const char *version) {
        const char *uri = cluster->manager->config->cluster.uri;
        ClusterHost *host = g_new0(ClusterHost, 1);

        host->schema = 1;
        host->version = cluster_word(version);
        host->uri = uri ? g_strdup(uri) : g_strdup_printf("qemu+ssh://%s/system", cluster->host);
        host->since = cluster->manager->now() / G_USEC_PER_SEC;
        host->incarnation = g_uuid_string_random();
        return host;
}

Cluster *cluster_new(Manager *manager, const char *version, GError **error) {
        const char *name = manager->config->cluster.host ?: g_get_host_name();
        Cluster *cluster;

        if (!cluster_name_is_valid(name)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "The name of this host, '%.64s', cannot be one in a cluster: give it "
                            "another by Host= of [Cluster]",
                            name);
                return NULL;
        }

        cluster = g_new0(Cluster, 1);
        cluster->manager = manager;
        cluster->host = g_strdup(name);
        cluster->host_key = g_strconcat("hosts/", name, NULL);
        cluster->map_key = g_strconcat("maps/", name, NULL);
        cluster->document = describe(cluster, version);
        cluster->copy = cluster_copy_new();
        cluster->away = g_strdup("etcd has not answered yet");
        cluster->changed = true;
        cluster->errands = errands_new(cluster->copy);
        cluster->echoes = echoes_new(cluster->copy);
        cluster->loads = loads_new(manager, name);
        cluster->balances = balances_new(manager, cluster->copy);
        cluster->promises = promises_new(cluster, manager);
        cluster->moving = cluster_moving_new(cluster, manager);
        manager->cluster_moves = cluster_moving_ops(cluster->moving);
        cluster->share = cluster_share_new(cluster, manager);
        cluster->draining = draining_new(cluster, manager);
        cluster->limiting = limiting_new(cluster, manager);
        return cluster;
}

void cluster_free(Cluster *cluster) {
        if (!cluster)
                return;

        cluster->manager->cluster_moves = NULL;
        errands_free(cluster->errands);
        echoes_free(cluster->echoes);
        balances_free(cluster->balances);
        loads_free(cluster->loads);
        cluster_moving_free(cluster->moving);
        promises_free(cluster->promises);
        cluster_share_free(cluster->share);
        draining_free(cluster->draining);
        limiting_free(cluster->limiting);
        cluster_copy_free(cluster->copy);
        cluster_host_free(cluster->document);
        g_free(cluster->host);
        g_free(cluster->host_key);
        g_free(cluster->map_key);
        g_free(cluster->away);
        g_free(cluster->told);
        g_free(cluster->telling);
        g_free(cluster);
}

const char *cluster_host_name(const Cluster *cluster) {
        return cluster->host;
}

const ClusterCopy *cluster_copy(const Cluster *cluster) {
        return cluster->copy;
}

const char *cluster_away(const Cluster *cluster) {
        return cluster->away;
}

/* Telling of this host --------------------------------------------------------------- */

/* Where nobody knows whether it was done, it is sent again: it is the same. */
static void on_told(void *userdata, ClusterOutcome outcome, const char *why) {
        Cluster *cluster = userdata;
        g_autofree char *telling = g_steal_pointer(&cluster->telling);

        if (outcome != CLUSTER_DONE || cluster->gone) {
                cluster->changed = true;
                return;
        }
        g_free(cluster->told);
        cluster->told = g_steal_pointer(&telling);
}

static void tell(Cluster *cluster) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();
        g_autoptr(ClusterMap) map = cluster_publish_map(cluster->manager);
        g_autofree char *text = cluster_map_to_json(map);

        cluster->changed = false;
        cluster->looked = cluster->manager->now();
        if (g_strcmp0(text, cluster->told) == 0)
                return;

        cluster_transaction_put(transaction, cluster->map_key, g_strdup(text));
        cluster->telling = g_steal_pointer(&text);
        cluster->gone = false;
        cluster->ops->transact(cluster->ops->userdata, transaction, on_told, cluster);
}

static bool has_to_look(const Cluster *cluster) {
        int64_t since = cluster->manager->now() - cluster->looked;

        return cluster->changed || since < 0 || since >= CLUSTER_LOOK_USEC;
}

void cluster_on_host_changed(Cluster *cluster) {
        if (!cluster)
                return;

        cluster->changed = true;
        cluster_share_on_host_changed(cluster->share);
}

void cluster_on_guest_event(Cluster *cluster, const GuestEvent *event) {
        if (cluster)
                loads_on_guest_event(cluster->loads, event);
}

/* Events tell why it is away that was up. The first time, who asks for something is told. */
static void on_reason(void *userdata, ClusterOutcome outcome, const char *why) {
        Cluster *cluster = userdata;

        cluster->asks = false;
        if (!cluster->away || outcome != CLUSTER_AWAY || g_str_equal(why, cluster->away))
                return;

        g_free(cluster->away);
        cluster->away = g_strdup(why);
        cluster->reasoned = true;
        g_warning("Host %s is not in cluster %s yet: %s; guests and hooks go on", cluster->host,
                  cluster->manager->config->cluster.name, why);
}

static void ask_reason(Cluster *cluster) {
        g_autoptr(ClusterTransaction) nothing = cluster_transaction_new();

        if (cluster->reasoned || cluster->asks)
                return;

        cluster->asks = true;
        cluster->ops->transact(cluster->ops->userdata, nothing, on_reason, cluster);
}

void cluster_set_ops(Cluster *cluster, const ClusterOps *ops) {
        g_autofree char *text = cluster_host_to_json(cluster->document);

        cluster->ops = ops;
        errands_set_ops(cluster->errands, ops);
        ops->publish(ops->userdata, cluster->host_key, text);
}

Promises *cluster_promises(const Cluster *cluster) {
        return cluster->promises;
}

Draining *cluster_draining(const Cluster *cluster) {
        return cluster->draining;
}

Limiting *cluster_limiting(const Cluster *cluster) {
        return cluster->limiting;
}

void cluster_balance(Cluster *cluster, unsigned moves_max, ClusterBalanced done, void *userdata) {
        balances_begin(cluster->balances, cluster->ops, cluster->away, moves_max, done, userdata);
}

void cluster_begin_errand(Cluster *cluster, const ErrandClass *class, void *userdata) {
        errands_begin(cluster->errands, class, userdata, cluster->away);
}

void cluster_await_echo(Cluster *cluster, const ClusterTransaction *done, EchoHeard heard,
                        void *userdata) {
        echoes_await(cluster->echoes, done, heard, userdata);
}

/* What the edge tells ---------------------------------------------------------------- */

static void on_up(void *userdata) {
        Cluster *cluster = userdata;

        g_clear_pointer(&cluster->away, g_free);
        cluster->reasoned = true;
        g_message("Host %s is in cluster %s: etcd answers", cluster->host,
                  cluster->manager->config->cluster.name);
}

static void on_down(void *userdata, const char *why) {
        Cluster *cluster = userdata;

        g_free(cluster->away);
        cluster->away = g_strdup(why);
        g_warning("Host %s has lost cluster %s: %s; guests and hooks go on", cluster->host,
                  cluster->manager->config->cluster.name, why);
        errands_wake(cluster->errands, cluster->away);
}

static void on_reset(void *userdata) {
        const Cluster *cluster = userdata;

        cluster_copy_reset(cluster->copy);
        echoes_on_reset(cluster->echoes);
}

/* It may be a store that has been restored from long ago. */
static void on_loaded(void *userdata) {
        Cluster *cluster = userdata;

        cluster_copy_loaded(cluster->copy);
        promises_on_loaded(cluster->promises);
        cluster_share_on_loaded(cluster->share);
        echoes_on_loaded(cluster->echoes);
        g_clear_pointer(&cluster->told, g_free);
        cluster->changed = true;
}

static void on_key(void *userdata, const char *key, const char *value, int64_t create_revision,
                   int64_t mod_revision) {
        Cluster *cluster = userdata;
        g_autoptr(GError) error = NULL;

        if (!cluster_copy_key(cluster->copy, key, value, create_revision, mod_revision, &error))
                g_warning("What the cluster says cannot be used: %s", error->message);
        if (!value && g_str_equal(key, cluster->map_key)) {
                g_clear_pointer(&cluster->told, g_free); /* it was forgotten, and is here */
                cluster->changed = cluster->gone = true;
                loads_tell_anew(cluster->loads);
        }
        echoes_on_key(cluster->echoes, key);
        cluster_share_on_key(cluster->share, key);
        errands_wake(cluster->errands, cluster->away);
}

ClusterEvents cluster_events(Cluster *cluster) {
        return (ClusterEvents){ .up = on_up,
                                .down = on_down,
                                .reset = on_reset,
                                .loaded = on_loaded,
                                .key = on_key,
                                .userdata = cluster };
}

void cluster_on_tick(Cluster *cluster) {
        if (cluster->away)
                ask_reason(cluster);
        else if (!cluster->telling && has_to_look(cluster))
                tell(cluster);
        errands_wake(cluster->errands, cluster->away);
        if (!cluster->away)
                loads_on_tick(cluster->loads, cluster->ops);
        promises_on_tick(cluster->promises);
        cluster_moving_on_tick(cluster->moving);
        cluster_share_on_tick(cluster->share);
        draining_wake(cluster->draining);
        limiting_wake(cluster->limiting);
}
