/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/cluster-edge.h"

#include <string.h>
#include <time.h>

#include "daemon/cluster/cluster.h"

struct ClusterEdge {
        Manager *manager;
        Cluster *cluster;
        Etcd *etcd;
        sd_event_source *timer;
};

static int arm(const ClusterEdge *edge) {
        int r = sd_event_source_set_time_relative(edge->timer, CLUSTER_TICK_USEC);

        return r < 0 ? r : sd_event_source_set_enabled(edge->timer, SD_EVENT_ONESHOT);
}

static int on_tick(sd_event_source *timer, uint64_t due, void *userdata) {
        const ClusterEdge *edge = userdata;

        cluster_on_tick(edge->cluster);
        return arm(edge);
}

/* The first line. NULL without an error: there is none. */
static char *read_password(const ClusterConfig *config, GError **error) {
        g_autoptr(GError) problem = NULL;
        g_autofree char *text = NULL;

        if (!config->password_file)
                return NULL;
        if (g_file_get_contents(config->password_file, &text, NULL, &problem)) {
                text[strcspn(text, "\r\n")] = '\0';
                return g_steal_pointer(&text);
        }

        g_set_error(error, G_FILE_ERROR, problem->code,
                    "The password for etcd cannot be read (PasswordFile= of [Cluster]): %s",
                    problem->message);
        return NULL;
}

static int open_etcd(ClusterEdge *edge, sd_event *loop, const char *password) {
        const ClusterConfig *config = &edge->manager->config->cluster;
        g_autofree char *prefix = g_strdup_printf("/virtferry/1/%s/", config->name);
        const ClusterEvents events = cluster_events(edge->cluster);
        const EtcdConfig etcd = {
                .access = { .endpoints = (const char *const *)config->etcd,
                            .user = config->user,
                            .password = password,
                            .tls = { .cacert = config->ca_file,
                                     .cert = config->cert_file,
                                     .key = config->key_file } },
                .prefix = prefix,
                .ttl = config->ttl,
        };
        int r;

        r = etcd_new(loop, &etcd, &events, &edge->etcd);
        if (r < 0)
                return r;

        cluster_set_ops(edge->cluster, etcd_ops(edge->etcd));
        return sd_event_add_time_relative(loop, &edge->timer, CLOCK_MONOTONIC, CLUSTER_TICK_USEC, 0,
                                          on_tick, edge);
}

bool cluster_edge_new(sd_event *loop, Manager *manager, ClusterEdge **ret_edge, GError **error) {
        g_autoptr(ClusterEdge) edge = NULL;
        g_autofree char *password = NULL;
        int r;

        if (!manager->config->cluster.etcd)
                return true;

        edge = g_new0(ClusterEdge, 1);
        edge->manager = manager;
        password = read_password(&manager->config->cluster, error);
        if (manager->config->cluster.password_file && !password)
                return false;

        edge->cluster = cluster_new(manager, FERRY_VERSION, error);
        if (!edge->cluster)
                return false;

        r = open_etcd(edge, loop, password);
        if (r < 0) {
                g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-r),
                            "No connection to etcd can be made: %s", g_strerror(-r));
                return false;
        }
        manager->cluster = edge->cluster;
        *ret_edge = g_steal_pointer(&edge);
        return true;
}

void cluster_edge_free(ClusterEdge *edge) {
        if (!edge)
                return;

        edge->manager->cluster = NULL;
        sd_event_source_disable_unref(edge->timer);
        etcd_free(edge->etcd);
        cluster_free(edge->cluster);
        g_free(edge);
}
