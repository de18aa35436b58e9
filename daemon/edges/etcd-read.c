/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-read.h"

#include <string.h>

#include "daemon/edges/etcd-json.h"

#define PAGE         32u /* documents, which are large; fewer where an answer is too long */
#define REQUEST_TIME 10u /* seconds; etcd itself gives up after 5 to 7 */

struct EtcdReads {
        sd_event *loop;
        EtcdClient *client;
        char *prefix;
        GPtrArray *all; /* of Read */
};

typedef struct Read {
        EtcdReads *reads;
        char *below;  /* the whole prefix of these */
        size_t strip; /* of a key, that nobody else sees */
        char *last;   /* key of the page before */
        unsigned page;
        EtcdCall *call;
        sd_event_source *refusal;
        char *why;
        ClusterEach each;
        ClusterReadEnd end;
        void *userdata;
} Read;

static void read_free(void *data) {
        Read *read = data;

        etcd_call_cancel(read->call);
        sd_event_source_disable_unref(read->refusal);
        g_free(read->below);
        g_free(read->last);
        g_free(read->why);
        g_free(read);
}

static void finish(Read *read, const char *why) {
        g_autofree char *reason = g_strdup(why);
        ClusterReadEnd end = read->end;
        void *userdata = read->userdata;

        g_ptr_array_remove_fast(read->reads->all, read);
        end(userdata, reason);
}

static void ask_page(Read *read);

static void take_page(Read *read, JsonObject *body) {
        g_autoptr(GPtrArray) kvs = etcd_objects(body, "kvs");

        for (guint i = 0; i < kvs->len; i++) {
                g_auto(EtcdKey) key = { 0 };

                if (!etcd_key_read(g_ptr_array_index(kvs, i), &key) ||
                    !g_str_has_prefix(key.key, read->below))
                        continue;
                read->each(read->userdata, key.key + read->strip, key.value ? key.value : "");
                g_free(read->last);
                read->last = g_steal_pointer(&key.key);
        }
        if (etcd_true(body, "more") && kvs->len > 0)
                ask_page(read);
        else
                finish(read, NULL);
}

static void on_page(void *userdata, const EtcdReply *reply) {
        Read *read = userdata;

        read->call = NULL;
        if (reply->result == ETCD_OK) {
                take_page(read, reply->body);
        } else if (reply->too_long && read->page > 1) {
                read->page /= 2;
                ask_page(read);
        } else {
                finish(read, reply->why);
        }
}

static void ask_page(Read *read) {
        g_autofree char *body = etcd_range_body(read->below, read->last, read->page, 0);

        read->call = etcd_client_call(read->reads->client,
                                      &(EtcdRequest){ .path = "/v3/kv/range",
                                                      .body = body,
                                                      .seconds = REQUEST_TIME,
                                                      .again = true },
                                      on_page, read);
}

static int on_refusal(sd_event_source *source, void *userdata) {
        Read *read = userdata;

        finish(read, read->why);
        return 0;
}

static void refuse(Read *read, const char *why) {
        int r;

        read->why = g_strdup(why);
        r = sd_event_add_defer(read->reads->loop, &read->refusal, on_refusal, read);
        if (r < 0)
                g_error("the loop takes no more: %s", g_strerror(-r));
}

void etcd_reads_begin(EtcdReads *reads, const char *away, const char *below, ClusterEach each,
                      ClusterReadEnd end, void *userdata) {
        Read *read = g_new0(Read, 1);

        read->reads = reads;
        read->below = etcd_key(reads->prefix, below);
        read->strip = strlen(read->below) - strlen(below);
        read->page = PAGE;
        read->each = each;
        read->end = end;
        read->userdata = userdata;
        g_ptr_array_add(reads->all, read);
        if (away)
                refuse(read, away);
        else
                ask_page(read);
}

EtcdReads *etcd_reads_new(sd_event *loop, EtcdClient *client, const char *prefix) {
        EtcdReads *reads = g_new0(EtcdReads, 1);

        reads->loop = sd_event_ref(loop);
        reads->client = client;
        reads->prefix = g_strdup(prefix);
        reads->all = g_ptr_array_new_with_free_func(read_free);
        return reads;
}

void etcd_reads_free(EtcdReads *reads) {
        if (!reads)
                return;

        g_ptr_array_unref(reads->all);
        sd_event_unref(reads->loop);
        g_free(reads->prefix);
        g_free(reads);
}
