/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "daemon/edges/etcd.h"
#include "tests/fuzz/fuzz.h"

/* The whole edge to etcd over an HTTP that is made up here: http.h's functions are this file's. The
 * input is what etcd answers, each part below a line "%% PATH STATUS"; a request takes the next
 * part of its path, and one for which there is none has no answer. Status 0: "no answer".
 *
 * What is told keeps what cluster-ops.h promises, and is the same wherever the pieces of a stream
 * are cut.
 */

#define PREFIX    "/virtferry/1/test/"
#define STEPS_MAX 1000u /* an edge that asks for ever has no end */

typedef struct Part {
        char *path, *body;
        size_t size;
        long status;
        bool used;
} Part;

struct Http {
        GPtrArray *calls; /* of HttpCall, without a reply */
};

struct HttpCall {
        Http *http;
        char *path;
        HttpData on_data;
        HttpReply reply;
        void *userdata;
        bool begun;
};

typedef struct Target {
        GPtrArray *parts;
        Http *http;
        size_t piece;  /* bytes of a stream at a time */
        GString *told; /* in words */
        bool reset, whole, up;
        bool timed; /* what is told now depends on the clock */
} Target;

static Target *target; /* libcurl's place is taken by one */

/* HTTP ------------------------------------------------------------------------------------ */

static void call_free(void *data) {
        HttpCall *call = data;

        g_free(call->path);
        g_free(call);
}

int http_new(sd_event *loop, const char *agent, const HttpTls *tls, Http **ret_http) {
        *ret_http = target->http = g_new0(Http, 1);
        (*ret_http)->calls = g_ptr_array_new_with_free_func(call_free);
        return 0;
}

void http_free(Http *http) {
        if (!http)
                return;

        g_ptr_array_unref(http->calls);
        g_free(http);
}

void http_set_connections(Http *http, unsigned connections) {
}

HttpCall *http_send(Http *http, const HttpRequest *request, HttpReply reply, void *userdata) {
        HttpCall *call = g_new0(HttpCall, 1);

        g_assert_true(g_utf8_validate(request->body, -1, NULL));
        call->http = http;
        call->path = g_strdup(strchr(request->url + strlen("http://"), '/'));
        call->on_data = request->on_data;
        call->reply = reply;
        call->userdata = userdata;
        g_ptr_array_add(http->calls, call);
        return call;
}

void http_cancel(HttpCall *call) {
        if (call)
                g_ptr_array_remove(call->http->calls, call);
}

/* What is answered ------------------------------------------------------------------------ */

static void part_free(void *data) {
        Part *part = data;

        g_free(part->path);
        g_free(part->body);
        g_free(part);
}

static const char *end_of_part(const char *data, const char *end) {
        const char *next = g_strstr_len(data, end - data, "\n%%");

        return next ? next + 1 : end;
}

/* "%% /v3/kv/range 200\nBODY". */
static Part *part_new(const char *data, const char *end) {
        const char *line = memchr(data, '\n', (size_t)(end - data));
        g_autofree char *head = g_strndup(data, (size_t)((line ?: end) - data));
        g_auto(GStrv) words = g_strsplit(head, " ", -1);
        Part *part = g_new0(Part, 1);
        bool complete = g_strv_length(words) >= 3;

        line = line ? line + 1 : end;
        part->path = g_strdup(complete ? words[1] : "");
        part->status = complete ? atol(words[2]) : 200;
        part->size = (size_t)(end - line);
        part->body = g_strndup("", part->size);
        memcpy(part->body, line, part->size);
        return part;
}

static GPtrArray *read_parts(const char *data, size_t size) {
        GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
        const char *end = data + size;

        while (data < end) {
                const char *next = end_of_part(data, end);

                g_ptr_array_add(parts, part_new(data, next));
                data = next;
        }
        return parts;
}

/* NULL: none. */
static Part *take_part(const char *path) {
        for (guint i = 0; i < target->parts->len; i++) {
                Part *part = target->parts->pdata[i];

                if (!part->used && g_str_equal(part->path, path)) {
                        part->used = true;
                        return part;
                }
        }
        return NULL;
}

static bool is_waiting(const HttpCall *call) {
        return g_ptr_array_find(target->http->calls, call, NULL);
}

/* A stream ends when there is another one to answer, and hangs otherwise. */
static void stream(HttpCall *call, const Part *part) {
        for (size_t at = 0; at < part->size && is_waiting(call); at += target->piece) {
                size_t size = MIN(target->piece, part->size - at);
                g_autofree char *piece = g_strndup("", size); /* so that none is read beyond it */

                memcpy(piece, part->body + at, size);
                call->on_data(call->userdata, piece, size);
        }
}

static void reply(HttpCall *call, const Part *part) {
        HttpAnswer answer = { .status = part->status,
                              .problem = part->status == 0 ? "no answer" : NULL,
                              .sent = true,
                              .body = call->on_data ? "" : part->body,
                              .size = call->on_data ? 0 : part->size };
        HttpReply function = call->reply;
        void *userdata = call->userdata;

        http_cancel(call);
        function(userdata, &answer);
}

static bool answer(HttpCall *call) {
        Part *part = take_part(call->path);

        if (!part)
                return false;
        if (call->on_data && part->status == 200)
                stream(call, part);
        else
                reply(call, part);
        return true;
}

static bool answer_one(void) {
        for (guint i = 0; i < target->http->calls->len; i++)
                if (answer(target->http->calls->pdata[i]))
                        return true;
        return false;
}

/* What is told ---------------------------------------------------------------------------- */

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void say(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        if (!target->timed)
                g_string_append_vprintf(target->told, format, arguments);
        va_end(arguments);
}

static void on_up(void *userdata) {
        g_assert_true(target->whole);
        g_assert_false(target->up);
        target->up = true;
        say("up\n");
}

static void on_down(void *userdata, const char *why) {
        g_assert_true(target->up);
        g_assert_true(g_utf8_validate(why, -1, NULL));
        target->up = false;
        say("down\n");
}

static void on_reset(void *userdata) {
        target->reset = true;
        say("reset\n");
}

static void on_loaded(void *userdata) {
        g_assert_true(target->reset);
        target->reset = false;
        target->whole = true;
        say("loaded\n");
}

static void on_key(void *userdata, const char *key, const char *value, int64_t create_revision,
                   int64_t mod_revision) {
        g_assert_true(target->reset || target->whole);
        g_assert_true(g_utf8_validate(key, -1, NULL));
        g_assert_true(!value || g_utf8_validate(value, -1, NULL));
        g_assert_cmpint(mod_revision, >, 0);
        g_assert_cmpint(create_revision, >=, value ? 1 : 0);
        say("%s=%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", key, value ?: "(gone)",
            create_revision, mod_revision);
}

static void on_outcome(void *userdata, ClusterOutcome outcome, const char *why) {
        g_assert_true((outcome == CLUSTER_AWAY || outcome == CLUSTER_UNKNOWN) == (why != NULL));
        say("%s\n", cluster_outcome_to_string(outcome));
}

/* One run --------------------------------------------------------------------------------- */

static void transact(const ClusterOps *ops) {
        g_autoptr(ClusterTransaction) transaction = cluster_transaction_new();

        cluster_transaction_compare_mod(transaction, "lots/a/x", 1);
        cluster_transaction_put(transaction, "lots/a/x", g_strdup("{}"));
        ops->transact(ops->userdata, transaction, on_outcome, NULL);
}

static void turn(sd_event *loop) {
        for (int i = 0; i < 4; i++)
                g_assert_cmpint(sd_event_run(loop, 0), >=, 0);
}

static void run(Etcd *etcd, sd_event *loop) {
        const ClusterOps *ops = etcd_ops(etcd);

        ops->publish(ops->userdata, "hosts/a", "{\"schema\":1}");
        while (target->http->calls->len < 2) /* its lease, and what there is */
                g_assert_cmpint(sd_event_run(loop, UINT64_MAX), >=, 0);
        for (unsigned i = 0; i < STEPS_MAX && answer_one(); i++)
                continue;
        transact(ops);
        target->timed = true;
        turn(loop);
        (void)answer_one();
}

/* What it has told. */
static char *told_of(const uint8_t *data, size_t size, size_t piece) {
        const ClusterEvents events = {
                .up = on_up, .down = on_down, .reset = on_reset, .loaded = on_loaded, .key = on_key
        };
        const char *const endpoints[] = { "http://a", "http://b", NULL };
        const EtcdConfig config = { .access = { .endpoints = endpoints },
                                    .prefix = PREFIX,
                                    .ttl = 30 };
        Target fresh = { .piece = piece, .told = g_string_new(NULL) };
        sd_event *loop;
        Etcd *etcd;

        target = &fresh;
        fresh.parts = read_parts((const char *)data, size);
        g_assert_cmpint(sd_event_new(&loop), >=, 0);
        g_assert_cmpint(etcd_new(loop, &config, &events, &etcd), >=, 0);
        run(etcd, loop);
        etcd_free(etcd);
        sd_event_unref(loop);
        g_ptr_array_unref(fresh.parts);
        return g_string_free(fresh.told, FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *at_once = told_of(data, size, MAX(size, 1)),
                        *bytes = told_of(data, size, 1),
                        *pieces = told_of(data, size, size % 61 + 2);

        g_assert_cmpstr(at_once, ==, bytes);
        g_assert_cmpstr(at_once, ==, pieces);
        return 0;
}
