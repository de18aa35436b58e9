/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/api.h"

#include <string.h>

#include "nova-driver-shim/placement/api-body.h"
#include "nova-driver-shim/placement/auth.h"
#include "http/http.h"

#define VERSION_HEADER "OpenStack-API-Version: placement 1.39"

struct Api {
        Http *http;
        Auth *auth;
        GHashTable *calls; /* ApiCall, the set of those without a reply */
};

struct ApiCall {
        Api *api;
        const char *method;
        char *path;
        char *body;
        char *what;     /* the object, for people */
        char *consumer; /* UUID, of those that read one */
        ApiReader read; /* NULL: nothing in it is of interest */
        ApiReply reply;
        void *userdata;
        AuthWait *wait;
        HttpCall *question;
        char *token; /* that was sent */
        bool again;  /* with a second token */
};

static void call_free(ApiCall *call) {
        auth_cancel(call->wait);
        http_cancel(call->question);
        g_free(call->path);
        g_free(call->body);
        g_free(call->what);
        g_free(call->consumer);
        g_free(call->token);
        g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiCall, call_free)

void api_cancel(ApiCall *call) {
        if (call)
                g_hash_table_remove(call->api->calls, call);
}

/* Answers -------------------------------------------------------------------------- */

static void finish(ApiCall *call, const ApiAnswer *answer, const ApiError *error) {
        g_autoptr(ApiCall) done = call;

        g_hash_table_steal(call->api->calls, call);
        call->reply(call->userdata, error ? NULL : answer, error);
}

static bool read_answer(const ApiCall *call, const HttpAnswer *answer, ApiAnswer *ret_answer) {
        g_autoptr(JsonNode) root = NULL;

        ret_answer->made = answer->status == 201;
        if (call->consumer)
                ret_answer->consumer = api_consumer_new(call->consumer);
        if (!call->read)
                return true;

        root = json_from_string(answer->body, NULL);
        return root && json_root_object(root) && call->read(json_root_object(root), ret_answer);
}

static void take_answer(ApiCall *call, const HttpAnswer *answer) {
        g_auto(ApiAnswer) found = {};
        g_autoptr(ApiError) error = NULL;

        if (answer->status >= 400)
                error = api_error_from_answer(call->what, answer->status, answer->body);
        else if (answer->status < 200 || answer->status >= 300 ||
                 !read_answer(call, answer, &found))
                error = api_error_new(API_ERROR_RETRY, answer->status,
                                      "%s: what answers is not Placement (HTTP %ld); correct the "
                                      "endpoint",
                                      call->what, answer->status);
        finish(call, &found, error);
}

static void authenticate(ApiCall *call);

static void on_http(void *userdata, const HttpAnswer *answer) {
        g_autoptr(ApiError) error = NULL;
        ApiCall *call = userdata;

        call->question = NULL;
        if (answer->status == 401 && !call->again && auth_refused(call->api->auth, call->token)) {
                call->again = true;
                authenticate(call);
                return;
        }
        if (answer->status > 0) {
                take_answer(call, answer);
                return;
        }
        error = api_error_new(API_ERROR_RETRY, 0, "Placement: %s", answer->problem);
        finish(call, NULL, error);
}

/* Questions ------------------------------------------------------------------------ */

static void on_auth(void *userdata, const char *token, const char *endpoint,
                    const ApiError *error) {
        ApiCall *call = userdata;

        call->wait = NULL;
        if (error) {
                finish(call, NULL, error);
                return;
        }

        g_autofree char *url = g_strconcat(endpoint, call->path, NULL);
        g_autofree char *header = g_strconcat("X-Auth-Token: ", token, NULL);
        const char *headers[] = { header, VERSION_HEADER, "Accept: application/json", NULL };
        HttpRequest request = {
                .method = call->method, .url = url, .headers = headers, .body = call->body
        };

        g_free(call->token);
        call->token = g_strdup(token);
        call->question = http_send(call->api->http, &request, on_http, call);
}

static void authenticate(ApiCall *call) {
        call->wait = auth_get(call->api->auth, on_auth, call);
}

/* Takes path, body and what. */
static ApiCall *begin(Api *api, const char *method, char *path, char *body, char *what,
                      ApiReader read, ApiReply reply, void *userdata) {
        ApiCall *call = g_new0(ApiCall, 1);

        call->api = api;
        call->method = method;
        call->path = path;
        call->body = body;
        call->what = what;
        call->read = read;
        call->reply = reply;
        call->userdata = userdata;
        g_hash_table_add(api->calls, call);
        authenticate(call);
        return call;
}

static char *provider_path(const char *uuid, const char *rest) {
        return g_strconcat("/resource_providers/", uuid, rest, NULL);
}

ApiCall *api_get_provider_by_name(Api *api, const char *name, ApiReply reply, void *userdata) {
        g_autofree char *escaped = g_uri_escape_string(name, NULL, false);

        return begin(api, "GET", g_strconcat("/resource_providers?name=", escaped, NULL), NULL,
                     g_strdup_printf("provider %s", name), api_read_providers, reply, userdata);
}

ApiCall *api_get_provider_tree(Api *api, const char *uuid, ApiReply reply, void *userdata) {
        return begin(api, "GET", g_strconcat("/resource_providers?in_tree=", uuid, NULL), NULL,
                     g_strdup_printf("tree of provider %s", uuid), api_read_providers, reply,
                     userdata);
}

ApiCall *api_create_provider(Api *api, const char *uuid, const char *name, const char *parent,
                             ApiReply reply, void *userdata) {
        return begin(api, "POST", g_strdup("/resource_providers"),
                     api_write_provider(uuid, name, parent), g_strdup_printf("provider %s", name),
                     api_read_provider, reply, userdata);
}

ApiCall *api_update_provider(Api *api, const char *uuid, const char *name, const char *parent,
                             ApiReply reply, void *userdata) {
        return begin(api, "PUT", provider_path(uuid, ""), api_write_provider(NULL, name, parent),
                     g_strdup_printf("provider %s", name), api_read_provider, reply, userdata);
}

ApiCall *api_delete_provider(Api *api, const char *uuid, ApiReply reply, void *userdata) {
        return begin(api, "DELETE", provider_path(uuid, ""), NULL,
                     g_strdup_printf("provider %s", uuid), NULL, reply, userdata);
}

ApiCall *api_ensure_class(Api *api, const char *name, ApiReply reply, void *userdata) {
        return begin(api, "PUT", g_strconcat("/resource_classes/", name, NULL), NULL,
                     g_strdup_printf("resource class %s", name), NULL, reply, userdata);
}

ApiCall *api_ensure_trait(Api *api, const char *name, ApiReply reply, void *userdata) {
        return begin(api, "PUT", g_strconcat("/traits/", name, NULL), NULL,
                     g_strdup_printf("trait %s", name), NULL, reply, userdata);
}

ApiCall *api_get_inventories(Api *api, const char *uuid, ApiReply reply, void *userdata) {
        return begin(api, "GET", provider_path(uuid, "/inventories"), NULL,
                     g_strdup_printf("inventory of provider %s", uuid), api_read_inventories, reply,
                     userdata);
}

ApiCall *api_put_inventories(Api *api, const char *uuid, int64_t generation,
                             const GPtrArray *inventories, ApiReply reply, void *userdata) {
        return begin(api, "PUT", provider_path(uuid, "/inventories"),
                     api_write_inventories(generation, inventories),
                     g_strdup_printf("inventory of provider %s", uuid), api_read_inventories, reply,
                     userdata);
}

ApiCall *api_get_traits(Api *api, const char *uuid, ApiReply reply, void *userdata) {
        return begin(api, "GET", provider_path(uuid, "/traits"), NULL,
                     g_strdup_printf("traits of provider %s", uuid), api_read_traits, reply,
                     userdata);
}

ApiCall *api_put_traits(Api *api, const char *uuid, int64_t generation, const char *const *traits,
                        ApiReply reply, void *userdata) {
        return begin(
                api, "PUT", provider_path(uuid, "/traits"), api_write_traits(generation, traits),
                g_strdup_printf("traits of provider %s", uuid), api_read_traits, reply, userdata);
}

ApiCall *api_get_provider_consumers(Api *api, const char *uuid, ApiReply reply, void *userdata) {
        return begin(api, "GET", provider_path(uuid, "/allocations"), NULL,
                     g_strdup_printf("allocations of provider %s", uuid),
                     api_read_provider_consumers, reply, userdata);
}

ApiCall *api_get_allocations(Api *api, const char *consumer, ApiReply reply, void *userdata) {
        ApiCall *call = begin(api, "GET", g_strconcat("/allocations/", consumer, NULL), NULL,
                              g_strdup_printf("allocations of %s", consumer), api_read_consumer,
                              reply, userdata);

        call->consumer = g_strdup(consumer);
        return call;
}

ApiCall *api_put_allocations(Api *api, const ApiConsumer *consumer, ApiReply reply,
                             void *userdata) {
        return begin(api, "PUT", g_strconcat("/allocations/", consumer->uuid, NULL),
                     api_write_consumer(consumer),
                     g_strdup_printf("allocations of %s", consumer->uuid), NULL, reply, userdata);
}

ApiCall *api_post_allocations(Api *api, const GPtrArray *consumers, ApiReply reply,
                              void *userdata) {
        return begin(api, "POST", g_strdup("/allocations"), api_write_consumers(consumers),
                     g_strdup_printf("allocations of %u consumers", consumers->len), NULL, reply,
                     userdata);
}

ApiCall *api_post_reshape(Api *api, const GPtrArray *providers, const GPtrArray *consumers,
                          ApiReply reply, void *userdata) {
        return begin(api, "POST", g_strdup("/reshaper"), api_write_reshape(providers, consumers),
                     g_strdup_printf("inventories of %u providers with allocations of %u consumers",
                                     providers->len, consumers->len),
                     NULL, reply, userdata);
}

/* The client ----------------------------------------------------------------------- */

int api_new(sd_event *loop, const Cloud *cloud, Api **ret_api) {
        HttpTls tls = { .cacert = cloud->cacert,
                        .cert = cloud->cert,
                        .key = cloud->key,
                        .insecure = cloud->insecure };
        g_autoptr(Api) api = g_new0(Api, 1);
        int r;

        api->calls = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)call_free, NULL);
        r = http_new(loop, "virtferry-placement", &tls, &api->http);
        if (r >= 0)
                r = auth_new(loop, api->http, cloud, &api->auth);
        if (r < 0)
                return r;

        *ret_api = g_steal_pointer(&api);
        return 0;
}

void api_free(Api *api) {
        if (!api)
                return;

        g_hash_table_unref(api->calls); /* their questions and waits go first */
        auth_free(api->auth);
        http_free(api->http);
        g_free(api);
}
