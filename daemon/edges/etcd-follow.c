/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-follow.h"

#include "daemon/edges/etcd-json.h"

#include <string.h>

#define PAGE         256u /* keys */
#define REQUEST_TIME 10u  /* seconds; etcd itself gives up after 5 to 7 */

struct EtcdFollow {
        EtcdClient *client;
        char *prefix;
        EtcdFollowEvents events;
        EtcdCall *call;
        int64_t revision;   /* all until this is told; 0: nothing is */
        int64_t cluster_id; /* of etcd, of whose history that is */
        int64_t page_revision;
        unsigned page;
        char *last; /* key of the page before */
};

static void load_page(EtcdFollow *follow);

static void stop(EtcdFollow *follow) {
        g_clear_pointer(&follow->call, etcd_call_cancel);
}

static void ask(EtcdFollow *follow, const char *path, const char *body, EtcdAnswer answer) {
        follow->call = etcd_client_call(
                follow->client,
                &(EtcdRequest){
                        .path = path, .body = body, .seconds = REQUEST_TIME, .again = true },
                answer, follow);
}

static void tell(EtcdFollow *follow, const EtcdKey *key, bool deleted) {
        const ClusterEvents *cluster = follow->events.cluster;
        const char *value = key->value ? key->value : ""; /* no document */

        if (!g_str_has_prefix(key->key, follow->prefix))
                return;
        cluster->key(cluster->userdata, key->key + strlen(follow->prefix), deleted ? NULL : value,
                     key->create_revision, key->mod_revision);
}

/* The watch -------------------------------------------------------------------------- */

static void load(EtcdFollow *follow) {
        const ClusterEvents *cluster = follow->events.cluster;

        stop(follow);
        follow->revision = 0;
        follow->page_revision = 0;
        follow->page = PAGE;
        g_clear_pointer(&follow->last, g_free);
        cluster->reset(cluster->userdata);
        load_page(follow);
}

static void take_event(EtcdFollow *follow, JsonObject *event) {
        JsonObject *kv = etcd_object(event, "kv");
        g_auto(EtcdKey) key = { 0 };

        if (!kv || !etcd_key_read(kv, &key))
                return;

        tell(follow, &key, g_strcmp0(etcd_text(event, "type"), "DELETE") == 0);
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
        g_autofree char *body = etcd_watch_body(follow->prefix, follow->revision + 1);

        follow->call = etcd_client_call(
                follow->client,
                &(EtcdRequest){ .path = "/v3/watch", .body = body, .on_line = on_line }, on_end,
                follow);
}

/* All of it -------------------------------------------------------------------------- */

static int64_t cluster_of(JsonObject *answer) {
        JsonObject *header = etcd_object(answer, "header");

        return header ? etcd_number(header, "cluster_id") : 0;
}

static void load_end(EtcdFollow *follow) {
        const ClusterEvents *cluster = follow->events.cluster;

        follow->revision = follow->page_revision;
        g_clear_pointer(&follow->last, g_free);
        cluster->loaded(cluster->userdata);
        watch(follow);
}

static void take_page(EtcdFollow *follow, JsonObject *body) {
        g_autoptr(GPtrArray) kvs = etcd_objects(body, "kvs");

        if (follow->page_revision == 0) {
                follow->page_revision = etcd_revision(body);
                follow->cluster_id = cluster_of(body);
        }
        for (guint i = 0; i < kvs->len; i++) {
                g_auto(EtcdKey) key = { 0 };

                if (!etcd_key_read(g_ptr_array_index(kvs, i), &key))
                        continue;
                tell(follow, &key, false);
                g_free(follow->last);
                follow->last = g_strdup(key.key);
        }
        if (etcd_true(body, "more") && kvs->len > 0)
                load_page(follow);
        else
                load_end(follow);
}

static void on_page(void *userdata, const EtcdReply *reply) {
        EtcdFollow *follow = userdata;

        follow->call = NULL;
        if (reply->result == ETCD_OK) {
                take_page(follow, reply->body);
        } else if (reply->too_long && follow->page > 1) {
                follow->page /= 2;
                load_page(follow);
        } else if (reply->code == ETCD_CODE_OUT_OF_RANGE) {
                load(follow); /* compacted between two pages */
        } else {
                follow->events.bad(follow->events.userdata, reply->why);
        }
}

static void load_page(EtcdFollow *follow) {
        g_autofree char *body = etcd_range_body(follow->prefix, follow->last, follow->page,
                                                follow->page_revision);

        ask(follow, "/v3/kv/range", body, on_page);
}

/* Taking it up again ----------------------------------------------------------------- */

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
        ask(follow, "/v3/kv/range", body, on_probe);
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
        g_free(follow->last);
        g_free(follow);
}
