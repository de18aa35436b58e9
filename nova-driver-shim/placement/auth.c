/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/auth.h"

#include "nova-driver-shim/placement/auth-keystone.h"

/* Before a token ends; of a short one a quarter. */
#define MARGIN_USEC (60 * G_USEC_PER_SEC)

struct AuthWait {
        Auth *auth;
        AuthReply reply;
        void *userdata;
};

struct Auth {
        Http *http;
        const Cloud *cloud;
        HttpCall *question;      /* to Keystone, under way */
        sd_event_source *answer; /* on while something is known that waits to be told */
        GPtrArray *waits;        /* of AuthWait, in order */
        KeystoneToken *token;
        int64_t made, end; /* monotonic, us */
        ApiError *refusal;
        int64_t rest; /* until when it holds */
};

static void forget_token(Auth *auth) {
        g_clear_pointer(&auth->token, keystone_token_free);
}

static void forget_refusal(Auth *auth) {
        g_clear_pointer(&auth->refusal, api_error_free);
}

static bool is_known(const Auth *auth) {
        int64_t now = g_get_monotonic_time();

        return auth->cloud->auth == CLOUD_AUTH_TOKEN || (auth->refusal && now < auth->rest) ||
               (auth->token && now < auth->end);
}

/* Telling ------------------------------------------------------------------------------ */

static void ask(Auth *auth);

static void tell(const Auth *auth, const AuthWait *wait) {
        const Cloud *cloud = auth->cloud;

        if (cloud->auth == CLOUD_AUTH_TOKEN)
                wait->reply(wait->userdata, cloud->secret, cloud->endpoint, NULL);
        else if (auth->token)
                wait->reply(wait->userdata, auth->token->text,
                            cloud->endpoint ?: auth->token->endpoint, NULL);
        else
                wait->reply(wait->userdata, NULL, NULL, auth->refusal);
}

/* A reply may ask again, which is told in another turn, cancel others that wait, and say that the
 * token was refused. */
static int on_answer(sd_event_source *source, void *userdata) {
        Auth *auth = userdata;

        for (guint n = auth->waits->len; n > 0 && auth->waits->len > 0 && is_known(auth); n--) {
                g_autofree AuthWait *wait = g_ptr_array_steal_index(auth->waits, 0);

                tell(auth, wait);
        }
        if (auth->waits->len > 0)
                ask(auth);
        return 0;
}

static void fail_all(Auth *auth, const ApiError *error) {
        for (guint n = auth->waits->len; n > 0 && auth->waits->len > 0; n--) {
                g_autofree AuthWait *wait = g_ptr_array_steal_index(auth->waits, 0);

                wait->reply(wait->userdata, NULL, NULL, error);
        }
}

/* Asking ------------------------------------------------------------------------------- */

static void take_token(Auth *auth, KeystoneToken *token) {
        forget_token(auth);
        forget_refusal(auth);
        auth->token = token;
        auth->made = g_get_monotonic_time();
        auth->end = auth->made + token->lifetime - MIN(MARGIN_USEC, token->lifetime / 4);
}

static void take_refusal(Auth *auth, const ApiError *error) {
        forget_token(auth);
        forget_refusal(auth);
        auth->refusal = api_error_new(error->kind, error->status, "%s", error->sentence);
        auth->rest = g_get_monotonic_time() + AUTH_REST_USEC;
}

static void on_keystone(void *userdata, const HttpAnswer *answer) {
        Auth *auth = userdata;
        g_autoptr(ApiError) error = NULL;
        KeystoneToken *token;

        auth->question = NULL;
        token = keystone_read(auth->cloud, answer, &error);
        if (token) {
                take_token(auth, token);
                (void)on_answer(NULL, auth);
                return;
        }

        if (error->kind == API_ERROR_AUTH)
                take_refusal(auth, error);
        fail_all(auth, error);
}

static void ask_keystone(Auth *auth) {
        g_autofree char *url = g_strconcat(auth->cloud->auth_url, "/auth/tokens", NULL);
        g_autofree char *body = keystone_question(auth->cloud);
        HttpRequest request = { .method = "POST", .url = url, .body = body };

        auth->question = http_send(auth->http, &request, on_keystone, auth);
}

static void ask(Auth *auth) {
        int r;

        if (!is_known(auth)) {
                if (!auth->question)
                        ask_keystone(auth);
                return;
        }

        r = sd_event_source_set_enabled(auth->answer, SD_EVENT_ONESHOT);
        if (r < 0)
                g_error("cannot have a turn of the loop: %s", g_strerror(-r));
}

AuthWait *auth_get(Auth *auth, AuthReply reply, void *userdata) {
        AuthWait *wait = g_new0(AuthWait, 1);

        wait->auth = auth;
        wait->reply = reply;
        wait->userdata = userdata;
        g_ptr_array_add(auth->waits, wait);
        ask(auth);
        return wait;
}

void auth_cancel(AuthWait *wait) {
        if (wait)
                g_ptr_array_remove(wait->auth->waits, wait);
}

bool auth_refused(Auth *auth, const char *token) {
        if (auth->cloud->auth == CLOUD_AUTH_TOKEN)
                return false;
        if (!auth->token || !g_str_equal(auth->token->text, token))
                return true; /* there is another one already, or there will be */
        if (g_get_monotonic_time() < auth->made + AUTH_YOUNG_USEC)
                return false;

        forget_token(auth);
        return true;
}

int auth_new(sd_event *loop, Http *http, const Cloud *cloud, Auth **ret_auth) {
        g_autoptr(Auth) auth = g_new0(Auth, 1);
        int r;

        auth->http = http;
        auth->cloud = cloud;
        auth->waits = g_ptr_array_new_with_free_func(g_free);
        r = sd_event_add_defer(loop, &auth->answer, on_answer, auth);
        if (r >= 0)
                r = sd_event_source_set_enabled(auth->answer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret_auth = g_steal_pointer(&auth);
        return 0;
}

void auth_free(Auth *auth) {
        if (!auth)
                return;

        http_cancel(auth->question);
        sd_event_source_disable_unref(auth->answer);
        g_ptr_array_unref(auth->waits);
        forget_token(auth);
        forget_refusal(auth);
        g_free(auth);
}
