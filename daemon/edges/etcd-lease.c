/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-lease.h"

#include "daemon/edges/etcd-json.h"

#include <time.h>

#define PUT_TIME 10u /* seconds */

typedef struct Document {
        char *value;      /* NULL: to be removed */
        bool due;         /* to be written */
        int64_t revision; /* of what we wrote last */
        int64_t other;    /* of the last that was seen and is not it; 0: none */
} Document;

struct EtcdLease {
        sd_event *loop;
        EtcdClient *client;
        char *prefix;
        unsigned ttl;
        EtcdLeaseEvents events;
        sd_event_source *timer;
        GHashTable *documents; /* key -> Document */
        int64_t id;            /* 0: none */
        uint64_t asked;        /* when, of what is on its way */
        uint64_t kept;         /* when what kept it alive was asked */
        bool alive;
        EtcdCall *beat, *put;
        char *putting; /* key of put */
};

static void write_next(EtcdLease *lease);

static void document_free(void *data) {
        Document *document = data;

        g_free(document->value);
        g_free(document);
}

static uint64_t now(const EtcdLease *lease) {
        uint64_t usec = 0;

        sd_event_now(lease->loop, CLOCK_MONOTONIC, &usec);
        return usec;
}

static void set_alive(EtcdLease *lease, bool alive, const char *why) {
        if (lease->alive == alive)
                return;

        lease->alive = alive;
        if (alive)
                lease->events.alive(lease->events.userdata);
        else
                lease->events.away(lease->events.userdata, why);
}

/* Documents -------------------------------------------------------------------------- */

static void on_written(void *userdata, const EtcdReply *reply) {
        EtcdLease *lease = userdata;
        g_autofree char *key = g_steal_pointer(&lease->putting);
        Document *document = g_hash_table_lookup(lease->documents, key);

        lease->put = NULL;
        if (reply->result == ETCD_OK) {
                document->revision = etcd_revision(reply->body);
                /* It may be told before the answer comes, and what was done to it after it, too. */
                document->due = document->due || document->other > document->revision;
                if (!document->value && !document->due)
                        g_hash_table_remove(lease->documents, key);
                write_next(lease);
                return;
        }
        document->due = true; /* with the next beat */
        if (reply->code == ETCD_CODE_NOT_FOUND)
                lease->id = 0;
}

static void write_document(EtcdLease *lease, const char *key, Document *document) {
        g_autofree char *name = g_strconcat(lease->prefix, key, NULL);
        g_autofree char *body = document->value ? etcd_put_body(name, document->value, lease->id)
                                                : etcd_delete_body(name);

        document->due = false;
        lease->putting = g_strdup(key);
        lease->put = etcd_client_call(
                lease->client,
                &(EtcdRequest){ .path = document->value ? "/v3/kv/put" : "/v3/kv/deleterange",
                                .body = body,
                                .seconds = PUT_TIME },
                on_written, lease);
}

static void write_next(EtcdLease *lease) {
        GHashTableIter all;
        void *key, *document;

        if (lease->put || lease->id == 0)
                return;

        g_hash_table_iter_init(&all, lease->documents);
        while (g_hash_table_iter_next(&all, &key, &document))
                if (((Document *)document)->due) {
                        write_document(lease, key, document);
                        return;
                }
}

void etcd_lease_publish(EtcdLease *lease, const char *key, const char *value) {
        Document *document = g_hash_table_lookup(lease->documents, key);

        if (!document) {
                document = g_new0(Document, 1);
                g_hash_table_insert(lease->documents, g_strdup(key), document);
        }
        g_free(document->value);
        document->value = g_strdup(value);
        document->due = true;
        write_next(lease);
}

/* Not at once: two who are called the same would do nothing else. */
void etcd_lease_seen(EtcdLease *lease, const char *key, const char *value, int64_t mod_revision) {
        Document *document = g_hash_table_lookup(lease->documents, key);
        bool ours = g_strcmp0(lease->putting, key) == 0;

        if (!document || g_strcmp0(document->value, value) == 0)
                return;

        document->other = mod_revision;
        if (!ours && mod_revision > document->revision)
                document->due = true;
}

void etcd_lease_refresh(EtcdLease *lease) {
        GHashTableIter all;
        void *document;

        g_hash_table_iter_init(&all, lease->documents);
        while (g_hash_table_iter_next(&all, NULL, &document))
                ((Document *)document)->due = true;
        write_next(lease);
}

/* The lease -------------------------------------------------------------------------- */

static void on_beat(void *userdata, const EtcdReply *reply);

static void ask(EtcdLease *lease, const char *path, const char *body) {
        unsigned seconds = MAX(lease->ttl / 3, 1);

        lease->asked = now(lease);
        lease->beat = etcd_client_call(
                lease->client,
                &(EtcdRequest){ .path = path, .body = body, .seconds = seconds, .again = true },
                on_beat, lease);
}

static void grant(EtcdLease *lease) {
        g_autofree char *body = etcd_grant_body(lease->ttl);

        ask(lease, "/v3/lease/grant", body);
}

static void keep_alive(EtcdLease *lease) {
        g_autofree char *body = etcd_lease_body(lease->id);

        ask(lease, "/v3/lease/keepalive", body);
}

/* Of one that has ended there is no TTL. */
static void on_kept(EtcdLease *lease, JsonObject *result) {
        if (etcd_number(result, "TTL") > 0) {
                lease->kept = lease->asked;
                set_alive(lease, true, NULL);
                write_next(lease);
                return;
        }
        lease->id = 0;
        grant(lease);
}

static void on_granted(EtcdLease *lease, JsonObject *body) {
        lease->id = etcd_number(body, "ID");
        if (lease->id == 0)
                return;

        lease->kept = lease->asked;
        set_alive(lease, true, NULL);
        etcd_lease_refresh(lease);
}

/* Whether etcd has ended it is not known, but it may have. */
static void on_missed(EtcdLease *lease, const char *why) {
        if (now(lease) >= lease->kept + (uint64_t)lease->ttl * G_USEC_PER_SEC)
                set_alive(lease, false, why);
}

static void on_beat(void *userdata, const EtcdReply *reply) {
        EtcdLease *lease = userdata;
        JsonObject *result = reply->body ? etcd_object(reply->body, "result") : NULL;

        lease->beat = NULL;
        if (reply->result != ETCD_OK)
                on_missed(lease, reply->why);
        else if (result)
                on_kept(lease, result);
        else if (lease->id == 0)
                on_granted(lease, reply->body);
}

static int on_time(sd_event_source *source, uint64_t due, void *userdata) {
        EtcdLease *lease = userdata;

        (void)sd_event_source_set_time_relative(
                source, MAX((uint64_t)lease->ttl * G_USEC_PER_SEC / 3, G_USEC_PER_SEC / 2));
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (lease->beat)
                on_missed(lease, "etcd does not answer");
        else if (lease->id == 0)
                grant(lease);
        else
                keep_alive(lease);
        return 0;
}

int etcd_lease_new(sd_event *loop, EtcdClient *client, const char *prefix, unsigned ttl,
                   const EtcdLeaseEvents *events, EtcdLease **ret_lease) {
        g_autoptr(EtcdLease) lease = g_new0(EtcdLease, 1);
        int r;

        lease->loop = sd_event_ref(loop);
        lease->client = client;
        lease->prefix = g_strdup(prefix);
        lease->ttl = MAX(ttl, 3);
        lease->events = *events;
        lease->documents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, document_free);
        r = sd_event_add_time_relative(loop, &lease->timer, CLOCK_MONOTONIC, 0, 1, on_time, lease);
        if (r < 0)
                return r;

        *ret_lease = g_steal_pointer(&lease);
        return 0;
}

void etcd_lease_free(EtcdLease *lease) {
        if (!lease)
                return;

        etcd_call_cancel(lease->beat);
        etcd_call_cancel(lease->put);
        sd_event_source_disable_unref(lease->timer);
        g_hash_table_unref(lease->documents);
        g_free(lease->putting);
        g_free(lease->prefix);
        sd_event_unref(lease->loop);
        g_free(lease);
}

bool etcd_lease_is_alive(const EtcdLease *lease) {
        return lease->alive;
}
