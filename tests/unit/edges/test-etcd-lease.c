/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-lease.h"

#include <string.h>

#include "daemon/edges/etcd-json.h"

#define PREFIX "/virtferry/1/test/"
#define KEY    "hosts/a"

/* Requests are kept until they are answered; the client's functions are this file's. */
struct EtcdCall {
        char *path;
        EtcdAnswer answer;
        void *userdata;
};

typedef struct Fixture {
        sd_event *loop;
        EtcdLease *lease;
} Fixture;

static GPtrArray *calls; /* of EtcdCall */

static void call_free(void *data) {
        EtcdCall *call = data;

        g_free(call->path);
        g_free(call);
}

EtcdCall *etcd_client_call(EtcdClient *client, const EtcdRequest *request, EtcdAnswer answer,
                           void *userdata) {
        EtcdCall *call = g_new0(EtcdCall, 1);

        *call = (EtcdCall){ g_strdup(request->path), answer, userdata };
        g_ptr_array_add(calls, call);
        return call;
}

void etcd_call_cancel(EtcdCall *call) {
        if (call)
                g_ptr_array_remove(calls, call);
}

/* The one request that waits, which is for this path. */
static void answer(const char *path, const char *body) {
        g_autoptr(JsonNode) node = etcd_parse(body, strlen(body));
        EtcdCall call;

        g_assert_cmpuint(calls->len, ==, 1);
        call = *(EtcdCall *)calls->pdata[0];
        g_assert_cmpstr(call.path, ==, path);
        g_ptr_array_remove_index(calls, 0);
        call.answer(call.userdata,
                    &(EtcdReply){ .result = ETCD_OK, .body = json_node_get_object(node) });
}

static void on_alive(void *userdata) {
}

static void on_away(void *userdata, const char *why) {
}

/* With a lease, and what it publishes on its way to etcd. */
static void set_up(Fixture *f, gconstpointer unused) {
        static const EtcdLeaseEvents events = { .alive = on_alive, .away = on_away };

        calls = g_ptr_array_new_with_free_func(call_free);
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        g_assert_cmpint(etcd_lease_new(f->loop, NULL, PREFIX, 300, &events, &f->lease), >=, 0);
        while (calls->len == 0)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
        answer("/v3/lease/grant", "{\"ID\":\"5\",\"TTL\":\"300\"}");
        etcd_lease_publish(f->lease, KEY, "1");
}

static void tear_down(Fixture *f, gconstpointer unused) {
        etcd_lease_free(f->lease);
        sd_event_unref(f->loop);
        g_ptr_array_unref(calls);
}

static void test_seen(Fixture *f, gconstpointer unused) {
        etcd_lease_seen(f->lease, KEY, "1", 2);
        answer("/v3/kv/put", "{\"header\":{\"revision\":\"2\"}}");
        g_assert_cmpuint(calls->len, ==, 0);
}

static void test_former(Fixture *f, gconstpointer unused) {
        etcd_lease_seen(f->lease, KEY, "0", 1);
        answer("/v3/kv/put", "{\"header\":{\"revision\":\"2\"}}");
        etcd_lease_seen(f->lease, KEY, "1", 2);
        g_assert_cmpuint(calls->len, ==, 0);
}

static void test_removed(Fixture *f, gconstpointer unused) {
        etcd_lease_seen(f->lease, KEY, "1", 2);
        etcd_lease_seen(f->lease, KEY, NULL, 3);
        answer("/v3/kv/put", "{\"header\":{\"revision\":\"2\"}}");
        answer("/v3/kv/put", "{\"header\":{\"revision\":\"4\"}}");
        g_assert_cmpuint(calls->len, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
        g_test_add("/etcd-lease/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("what was published is not put again when it is told", test_seen);
        ADD("nor when it is told what was there before", test_former);
        ADD("what is removed before the answer comes is put again", test_removed);
        return g_test_run();
}
