/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-client.h"

#include "daemon/edges/etcd-json.h"

#include <string.h>

#define CONNECTIONS   16u
#define LINE_MAX_SIZE (64u * 1024 * 1024) /* of a stream */
#define LOGIN_TIME    10u                 /* seconds */

/* Of gRPC (grpc/grpc, doc/statuscodes.md). */
enum {
        CODE_INVALID = 3,
        CODE_DENIED = 7,
        CODE_EXHAUSTED = 8,
        CODE_PRECONDITION = 9,
        CODE_UNAUTHENTICATED = 16,
};

struct EtcdCall {
        EtcdClient *client;
        char *path, *body;
        unsigned seconds;
        bool again, plain;
        void (*on_line)(void *userdata, JsonObject *line);
        EtcdAnswer answer;
        void *userdata;
        HttpCall *http;
        GString *rest;   /* the beginning of a line */
        unsigned tries;  /* members that are left */
        unsigned member; /* that was asked */
        bool renewed;    /* the token, for this one */
        bool waits;      /* for the token */
        bool *gone;      /* set when it is freed */
};

struct EtcdClient {
        Http *http;
        char **endpoints;
        unsigned count, current;
        char *user, *password;
        char *token;
        EtcdCall *login;
        GPtrArray *calls; /* EtcdCall, those without an answer; owned */
        void (*trouble)(void *userdata);
        void *userdata;
};

static void call_begin(EtcdCall *call);

/* One call --------------------------------------------------------------------------- */

static void call_free(void *data) {
        EtcdCall *call = data;

        if (call->gone)
                *call->gone = true;
        http_cancel(call->http);
        if (call->rest)
                g_string_free(call->rest, TRUE);
        g_free(call->path);
        g_free(call->body);
        g_free(call);
}

void etcd_call_cancel(EtcdCall *call) {
        if (call)
                g_ptr_array_remove(call->client->calls, call);
}

static void call_end(EtcdCall *call, const EtcdReply *reply) {
        EtcdAnswer answer = call->answer;
        void *userdata = call->userdata;

        g_ptr_array_remove(call->client->calls, call);
        answer(userdata, reply);
}

static const char *endpoint_of(const EtcdCall *call) {
        return call->client->endpoints[call->member];
}

static void fail(EtcdCall *call, EtcdReply reply, const char *verb, const char *why) {
        g_autofree char *sentence = g_strdup_printf("etcd at %s %s: %s", endpoint_of(call), verb,
                                                    why);

        reply.why = sentence;
        call_end(call, &reply);
}

/* Answers ---------------------------------------------------------------------------- */

/* The next one is asked from now on, by all; once, when many have waited for the same. */
static void leave_member(EtcdCall *call) {
        EtcdClient *client = call->client;

        if (client->current == call->member)
                client->current = (client->current + 1) % client->count;
}

static void no_answer(EtcdCall *call, const HttpAnswer *answer) {
        EtcdClient *client = call->client;
        g_autofree char *why = g_strdup(answer->problem);
        bool gone = false;
        EtcdReply reply = { .result = answer->sent ? ETCD_UNKNOWN : ETCD_UNREACHED,
                            .too_long = answer->too_long };

        call->gone = &gone;
        if (!reply.too_long) {
                leave_member(call);
                client->trouble(client->userdata);
        }
        if (gone)
                return;

        call->gone = NULL;
        if ((call->again || !answer->sent) && !reply.too_long && --call->tries > 0) {
                call_begin(call);
                return;
        }
        fail(call, reply, "does not answer", why);
}

/* etcd has looked at it and does nothing. All else, even "unavailable", may have been written down
 * by a member and be done later. */
static bool is_refusal(int code) {
        return code == CODE_INVALID || code == ETCD_CODE_NOT_FOUND || code == CODE_DENIED ||
               code == CODE_EXHAUSTED || code == CODE_PRECONDITION ||
               code == ETCD_CODE_OUT_OF_RANGE || code == CODE_UNAUTHENTICATED;
}

/* It is older than the last change of users or roles, or than etcd's memory of tokens. */
static bool is_stale_token(const EtcdCall *call, int code, const char *message) {
        return call->client->user && call != call->client->login && !call->renewed &&
               (code == CODE_UNAUTHENTICATED || strstr(message, "revision of auth store"));
}

static const char *without_origin(const char *message) {
        return g_str_has_prefix(message, "etcdserver: ") ? message + strlen("etcdserver: ")
                                                         : message;
}

static void bad_answer(EtcdCall *call, const HttpAnswer *answer) {
        g_autoptr(JsonNode) root = etcd_parse(answer->body, answer->size);
        JsonObject *object = root ? json_node_get_object(root) : NULL;
        const char *message = object ? etcd_text(object, "error") : NULL;
        int code = object ? (int)etcd_number(object, "code") : 0;
        g_autofree char *status = g_strdup_printf("status %ld", answer->status);

        if (is_stale_token(call, code, message ? message : "")) {
                call->renewed = true;
                g_clear_pointer(&call->client->token, g_free);
                call_begin(call);
                return;
        }
        if (is_refusal(code)) {
                fail(call, (EtcdReply){ .result = ETCD_REFUSED, .code = code }, "refuses",
                     message ? without_origin(message) : status);
                return;
        }
        leave_member(call);
        if (call->again && --call->tries > 0) {
                call_begin(call);
                return;
        }
        fail(call, (EtcdReply){ .result = ETCD_UNKNOWN }, "has a problem",
             message ? without_origin(message) : status);
}

static void good_answer(EtcdCall *call, const HttpAnswer *answer) {
        g_autoptr(JsonNode) root = NULL;

        if (call->on_line) {
                fail(call, (EtcdReply){ .result = ETCD_UNKNOWN }, "does not answer any more",
                     "the stream has ended");
                return;
        }
        if (call->plain) {
                call_end(call, &(EtcdReply){ .result = ETCD_OK,
                                             .text = answer->body,
                                             .size = answer->size });
                return;
        }
        root = etcd_parse(answer->body, answer->size);
        if (!root) {
                fail(call, (EtcdReply){ .result = ETCD_UNKNOWN }, "cannot be understood",
                     "its answer is not JSON");
                return;
        }
        call_end(call, &(EtcdReply){ .result = ETCD_OK, .body = json_node_get_object(root) });
}

static void on_reply(void *userdata, const HttpAnswer *answer) {
        EtcdCall *call = userdata;

        call->http = NULL;
        if (answer->status == 0)
                no_answer(call, answer);
        else if (answer->status != 200)
                bad_answer(call, answer);
        else
                good_answer(call, answer);
}

/* Streams ---------------------------------------------------------------------------- */

/* False: it was cancelled. */
static bool take_line(EtcdCall *call, const char *line, size_t size) {
        g_autoptr(JsonNode) root = etcd_parse(line, size);
        bool gone = false;

        if (!root)
                return true; /* empty, or the beginning of a plain error */

        call->gone = &gone;
        call->on_line(call->userdata, json_node_get_object(root));
        if (!gone)
                call->gone = NULL;
        return !gone;
}

static void on_data(void *userdata, const char *data, size_t size) {
        EtcdCall *call = userdata;
        const char *line, *end;

        g_string_append_len(call->rest, data, (gssize)size);
        if (!memchr(data, '\n', size) && call->rest->len <= LINE_MAX_SIZE)
                return;
        if (call->rest->len > LINE_MAX_SIZE) {
                fail(call, (EtcdReply){ .result = ETCD_UNKNOWN, .too_long = true },
                     "cannot be followed", "a line is longer than 64 MiB");
                return;
        }
        for (line = call->rest->str; (end = strchr(line, '\n')); line = end + 1)
                if (!take_line(call, line, (size_t)(end - line)))
                        return;
        g_string_erase(call->rest, 0, line - call->rest->str);
}

/* Asking ----------------------------------------------------------------------------- */

static void call_send(EtcdCall *call) {
        EtcdClient *client = call->client;
        g_autofree char *url = NULL, *token = NULL;
        const char *headers[] = { NULL, NULL };

        call->waits = false;
        call->member = client->current;
        url = g_strconcat(endpoint_of(call), call->path, NULL);
        if (client->token && call != client->login)
                headers[0] = token = g_strconcat("Authorization: ", client->token, NULL);
        if (call->on_line)
                g_string_truncate(call->rest, 0);
        call->http = http_send(client->http,
                               &(HttpRequest){ .method = "POST",
                                               .url = url,
                                               .headers = headers,
                                               .body = call->body,
                                               .seconds = call->seconds,
                                               .once = !call->again,
                                               .on_data = call->on_line ? on_data : NULL },
                               on_reply, call);
}

static EtcdCall *call_new(EtcdClient *client, const EtcdRequest *request, EtcdAnswer answer,
                          void *userdata) {
        EtcdCall *call = g_new0(EtcdCall, 1);

        call->client = client;
        call->path = g_strdup(request->path);
        call->body = g_strdup(request->body);
        call->seconds = request->seconds;
        call->again = request->again;
        call->plain = request->plain;
        call->on_line = request->on_line;
        call->rest = call->on_line ? g_string_new(NULL) : NULL;
        call->answer = answer;
        call->userdata = userdata;
        call->tries = client->count;
        g_ptr_array_add(client->calls, call);
        return call;
}

/* One that waits for the token; NULL: none. */
static EtcdCall *waiting(const EtcdClient *client) {
        for (guint i = 0; i < client->calls->len; i++) {
                EtcdCall *call = g_ptr_array_index(client->calls, i);

                if (call->waits)
                        return call;
        }
        return NULL;
}

/* What waited for it is not sent then. */
static void on_login(void *userdata, const EtcdReply *reply) {
        EtcdClient *client = userdata;
        const char *token = reply->body ? etcd_text(reply->body, "token") : NULL;
        EtcdReply refusal = { .result = ETCD_UNREACHED, .why = reply->why };
        EtcdCall *call;

        client->login = NULL;
        g_free(client->token);
        client->token = g_strdup(token);
        if (!refusal.why)
                refusal.why = "etcd gives no token";
        while (!client->login && (call = waiting(client))) {
                call->waits = false;
                if (token)
                        call_send(call);
                else
                        call_end(call, &refusal);
        }
}

static void log_in(EtcdClient *client) {
        g_autofree char *body = etcd_user_body(client->user, client->password);

        client->login = call_new(client,
                                 &(EtcdRequest){ .path = "/v3/auth/authenticate",
                                                 .body = body,
                                                 .seconds = LOGIN_TIME,
                                                 .again = true },
                                 on_login, client);
        call_send(client->login);
}

static void call_begin(EtcdCall *call) {
        EtcdClient *client = call->client;

        call->waits = client->user && !client->token && call != client->login;
        if (!call->waits)
                call_send(call);
        else if (!client->login)
                log_in(client);
}

EtcdCall *etcd_client_call(EtcdClient *client, const EtcdRequest *request, EtcdAnswer answer,
                           void *userdata) {
        EtcdCall *call = call_new(client, request, answer, userdata);

        call_begin(call);
        return call;
}

/* The client ------------------------------------------------------------------------- */

int etcd_client_new(sd_event *loop, const EtcdAccess *access, void (*trouble)(void *userdata),
                    void *userdata, EtcdClient **ret_client) {
        g_autoptr(EtcdClient) client = g_new0(EtcdClient, 1);
        int r;

        client->calls = g_ptr_array_new_with_free_func(call_free);
        client->endpoints = g_strdupv((char **)access->endpoints);
        client->count = g_strv_length(client->endpoints);
        client->user = g_strdup(access->user);
        client->password = g_strdup(access->password ? access->password : "");
        client->trouble = trouble;
        client->userdata = userdata;
        r = http_new(loop, "virtferryd", &access->tls, &client->http);
        if (r < 0)
                return r;

        http_set_connections(client->http, CONNECTIONS);
        *ret_client = g_steal_pointer(&client);
        return 0;
}

void etcd_client_free(EtcdClient *client) {
        if (!client)
                return;

        g_ptr_array_unref(client->calls);
        http_free(client->http);
        g_strfreev(client->endpoints);
        g_free(client->user);
        g_free(client->password);
        g_free(client->token);
        g_free(client);
}
