/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-follow.h"

#include "daemon/edges/etcd-json.h"
#include "daemon/edges/etcd-load.h"

#include <string.h>

#define REQUEST_TIME 10u /* seconds; etcd itself gives up after 5 to 7 */

struct EtcdFollow {
        EtcdClient *client;
        char *prefix;
        EtcdFollowEvents events;
        EtcdLoad *load; /* NULL: it does not */
        EtcdCall *call;
        int64_t revision;    /* all until this is told; 0: nothing is */
        uint64_t cluster_id; /* of etcd, of whose history that is */
};

static void load(EtcdFollow *follow);

static void stop(EtcdFollow *follow) {
        g_clear_pointer(&follow->load, etcd_load_free);
        g_clear_pointer(&follow->call, etcd_call_cancel);
}

static void tell(EtcdFollow *follow, const EtcdPageKey *key, bool deleted) {
        const ClusterEvents *cluster = follow->events.cluster;
        const char *value = key->value ? key->value : ""; /* no document */

        if (!g_str_has_prefix(key->key, follow->prefix))
                return;
        cluster->key(cluster->userdata, key->key + strlen(follow->prefix), deleted ? NULL : value,
                     key->create_revision, key->mod_revision);
}

/* The watch -------------------------------------------------------------------------- */

static void take_event(EtcdFollow *follow, JsonObject *event) {
        JsonObject *kv = etcd_object(event, "kv");
        bool deleted = g_strcmp0(etcd_text(event, "type"), "DELETE") == 0;
        g_auto(EtcdKey) key = { 0 };

        if (!kv || !etcd_key_read(kv, &key) || (!deleted && key.create_revision <= 0))
                return;

        tell(follow,
             &(EtcdPageKey){ key.key, key.value, deleted ? 0 : key.create_revision,
                             key.mod_revision },
             deleted);
        follow->revision = MAX(follow->revision, key.mod_revision);
}

/* All events of one revision come in one line, so it can be broken off after any. */
static void take_events(EtcdFollow *follow, JsonObject *result) {
        g_autoptr(GPtrArray) events = etcd_objects(result, "events");

        for (guint i = 0; i < events->len; i++)
                take_event(follow, g_ptr_array_index(events, i));
        /* Only a line without any says that all until its own revision is told. */
        if (events->len == 0)
                follow->revision = MAX(follow->revision, etcd_revision(result));
}

static void end_watch(EtcdFollow *follow, const char *why) {
        stop(follow);
        follow->events.bad(follow->events.userdata, why);
}

static void on_line(void *userdata, JsonObject *line) {
        EtcdFollow *follow = userdata;
        JsonObject *result = etcd_object(line, "result");
        const char *reason;

        if (!result)
                return; /* an error, after which the stream ends */

        reason = etcd_text(result, "cancel_reason");
        if (etcd_number(result, "compact_revision") > 0)
                load(follow);
        else if (etcd_true(result, "canceled"))
                end_watch(follow, reason ? reason : "etcd does not tell what happens");
        else if (etcd_true(result, "created"))
                follow->events.good(follow->events.userdata);
        else
                take_events(follow, result);
}

static void on_end(void *userdata, const EtcdReply *reply) {
        EtcdFollow *follow = userdata;

        follow->call = NULL;
        if (reply->too_long)
                follow->revision = 0; /* it would be again */
        follow->events.bad(follow->events.userdata, reply->why);
}

static void watch(EtcdFollow *follow) {
        int64_t next = MIN(follow->revision, G_MAXINT64 - 1) + 1; /* whatever etcd says */
        g_autofree char *body = etcd_watch_body(follow->prefix, next);

        follow->call = etcd_client_call(
                follow->client,
                &(EtcdRequest){ .path = "/v3/watch", .body = body, .on_line = on_line }, on_end,
                follow);
}

/* All of it -------------------------------------------------------------------------- */

/* An EtcdPageTell. */
static void on_key(void *userdata, const EtcdPageKey *key) {
        tell(userdata, key, false);
}

static void on_done(void *userdata, int64_t revision, uint64_t cluster_id) {
        EtcdFollow *follow = userdata;
        const ClusterEvents *cluster = follow->events.cluster;

        stop(follow);
        follow->revision = revision;
        follow->cluster_id = cluster_id;
        cluster->loaded(cluster->userdata);
        watch(follow);
}

static void on_compacted(void *userdata) {
        load(userdata);
}

static void on_bad(void *userdata, const char *why) {
        EtcdFollow *follow = userdata;
        g_autofree char *reason = g_strdup(why);

        stop(follow);
        follow->events.bad(follow->events.userdata, reason);
}

static void load(EtcdFollow *follow) {
        const ClusterEvents *cluster = follow->events.cluster;
        const EtcdLoadEvents events = { .key = on_key,
                                        .done = on_done,
                                        .compacted = on_compacted,
                                        .bad = on_bad,
                                        .userdata = follow };

        stop(follow);
        follow->revision = 0;
        cluster->reset(cluster->userdata);
        follow->load = etcd_load_new(follow->client, follow->prefix, &events);
}

/* Taking it up again ----------------------------------------------------------------- */

static uint64_t cluster_of(JsonObject *answer) {
        JsonObject *header = etcd_object(answer, "header");
        const char *id = header ? etcd_text(header, "cluster_id") : NULL;

        return id ? g_ascii_strtoull(id, NULL, 10) : 0;
}

/* A read that a majority has agreed to: a member that is cut off would watch nothing for ever. */
static void on_probe(void *userdata, const EtcdReply *reply) {
        EtcdFollow *follow = userdata;

        follow->call = NULL;
        if (reply->result != ETCD_OK)
                follow->events.bad(follow->events.userdata, reply->why);
        else if (cluster_of(reply->body) != follow->cluster_id ||
                 etcd_revision(reply->body) < follow->revision)
                load(follow);
        else
                watch(follow);
}

void etcd_follow_start(EtcdFollow *follow) {
        g_autofree char *body = NULL;

        stop(follow);
        if (follow->revision == 0) {
                load(follow);
                return;
        }
        body = etcd_range_body(follow->prefix, NULL, 0, 0);
        follow->call = etcd_client_call(follow->client,
                                        &(EtcdRequest){ .path = "/v3/kv/range",
                                                        .body = body,
                                                        .seconds = REQUEST_TIME,
                                                        .again = true },
                                        on_probe, follow);
}

EtcdFollow *etcd_follow_new(EtcdClient *client, const char *prefix,
                            const EtcdFollowEvents *events) {
        EtcdFollow *follow = g_new0(EtcdFollow, 1);

        follow->client = client;
        follow->prefix = g_strdup(prefix);
        follow->events = *events;
        return follow;
}

void etcd_follow_free(EtcdFollow *follow) {
        if (!follow)
                return;

        stop(follow);
        g_free(follow->prefix);
        g_free(follow);
}
