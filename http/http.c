/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define TOKEN_HEADER "X-Subject-Token:"
#define CONNECTIONS  2u /* one who writes one after the other needs no more */

struct HttpCall {
        Http *http;
        CURL *curl;
        struct curl_slist *headers;
        char *body;
        size_t body_sent; /* of a body that goes once */
        HttpData on_data;
        GString *answer;
        bool too_long;
        char *subject_token;
        char problem[CURL_ERROR_SIZE];
        HttpReply reply;
        void *userdata;
};

struct Http {
        sd_event *loop;
        const char *agent;
        CURLM *multi;
        sd_event_source *timer;
        uint64_t due, armed;   /* when libcurl waits for it, and when it comes; UINT64_MAX never */
        sd_event_source *turn; /* what is due at once, for which a timer is slow */
        GHashTable *sockets;   /* fd -> sd_event_source */
        GHashTable *calls;     /* HttpCall, the set of those without a reply */
        GHashTable *arrived;   /* of these, those with data for on_data */
        char *cacert, *cert, *key;
        bool insecure;
};

/* One call -------------------------------------------------------------------------- */

static void call_free(HttpCall *call) {
        if (!call)
                return;

        g_hash_table_remove(call->http->arrived, call);
        if (call->curl && call->http->multi)
                curl_multi_remove_handle(call->http->multi, call->curl);
        curl_easy_cleanup(call->curl);
        curl_slist_free_all(call->headers);
        g_string_free(call->answer, TRUE);
        g_free(call->subject_token);
        g_free(call->body);
        g_free(call);
}

static size_t on_body(char *data, size_t size, size_t count, void *userdata) {
        HttpCall *call = userdata;

        if (call->on_data)
                g_hash_table_add(call->http->arrived, call);
        else if (call->answer->len + size * count > HTTP_ANSWER_MAX)
                call->too_long = true;
        if (call->too_long)
                return 0;

        g_string_append_len(call->answer, data, (gssize)(size * count));
        return size * count;
}

/* Without a way to seek, libcurl gives up instead of sending it again. */
static size_t on_read(char *buffer, size_t size, size_t count, void *userdata) {
        HttpCall *call = userdata;
        size_t length = MIN(size * count, strlen(call->body) - call->body_sent);

        memcpy(buffer, call->body + call->body_sent, length);
        call->body_sent += length;
        return length;
}

static size_t on_header(char *data, size_t size, size_t count, void *userdata) {
        HttpCall *call = userdata;
        size_t length = size * count, name = strlen(TOKEN_HEADER);

        if (length > name && g_ascii_strncasecmp(data, TOKEN_HEADER, name) == 0) {
                g_free(call->subject_token);
                call->subject_token = g_strstrip(g_strndup(data + name, length - name));
        }
        return length;
}

static const char *problem_of(const HttpCall *call, CURLcode code) {
        if (call->too_long)
                return "the answer is longer than 16 MiB";
        if (code == CURLE_PEER_FAILED_VERIFICATION)
                return "its certificate is not one to be trusted; name its CA with cacert";
        return *call->problem ? call->problem : curl_easy_strerror(code);
}

/* Servers that end an answer by closing the connection, as uwsgi in Debian's OpenStack, often close
 * TLS without a word. Whether something is missing then is seen at the JSON. */
static bool is_whole(const HttpCall *call, CURLcode code) {
        curl_off_t length = 0;

        if (code != CURLE_RECV_ERROR)
                return code == CURLE_OK;

        return curl_easy_getinfo(call->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) ==
                       CURLE_OK &&
               length < 0;
}

static void finish(HttpCall *call, CURLcode code) {
        HttpAnswer answer = { .body = call->answer->str,
                              .size = call->answer->len,
                              .too_long = call->too_long };
        long bytes = 0;

        if (is_whole(call, code))
                curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &answer.status);
        if (answer.status == 0)
                answer.problem = problem_of(call, code);
        answer.sent = curl_easy_getinfo(call->curl, CURLINFO_REQUEST_SIZE, &bytes) || bytes > 0;
        answer.subject_token = call->subject_token;

        g_hash_table_steal(call->http->calls, call);
        call->reply(call->userdata, &answer);
        call_free(call);
}

/* libcurl on the loop ---------------------------------------------------------------- */

/* One that waits, which waits no more then; NULL: none. */
static HttpCall *next_arrived(Http *http) {
        GHashTableIter all;
        void *call = NULL;

        g_hash_table_iter_init(&all, http->arrived);
        if (g_hash_table_iter_next(&all, &call, NULL))
                g_hash_table_iter_remove(&all);
        return call;
}

/* Not from within libcurl, which cannot be called from there. */
static void deliver(Http *http) {
        HttpCall *call;

        while ((call = next_arrived(http))) {
                g_autoptr(GString) data = g_steal_pointer(&call->answer);

                call->answer = g_string_new(NULL);
                call->on_data(call->userdata, data->str, data->len);
        }
}

/* A reply may begin and cancel calls, but not free the client: so the queue is read to its end. */
static void read_messages(Http *http) {
        CURLMsg *message;
        HttpCall *call;
        int left;

        deliver(http);
        while ((message = curl_multi_info_read(http->multi, &left))) {
                if (message->msg != CURLMSG_DONE)
                        continue;
                if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call) ==
                    CURLE_OK)
                        finish(call, message->data.result);
        }
}

static int on_turn(sd_event_source *source, void *userdata) {
        Http *http = userdata;
        int running;

        curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        read_messages(http);
        return 0;
}

/* One that comes too early is left and goes on: libcurl waits for something else after each piece
 * of each answer, and to set the kernel's timer takes longer than to read it. */
static int arm(Http *http) {
        if (http->armed <= http->due)
                return 0;

        http->armed = http->due;
        if (sd_event_source_set_time(http->timer, http->armed) < 0)
                return -1;
        return sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *source, uint64_t due, void *userdata) {
        Http *http = userdata;

        http->armed = UINT64_MAX;
        if ((uint64_t)g_get_monotonic_time() < http->due)
                return arm(http);

        http->due = UINT64_MAX;
        return on_turn(source, userdata);
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Http *http = userdata;
        int running, what = 0;

        if (events & EPOLLIN)
                what |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (events & (EPOLLERR | EPOLLHUP))
                what |= CURL_CSELECT_ERR;
        curl_multi_socket_action(http->multi, fd, what, &running);
        read_messages(http);
        return 0;
}

/* Not by the time of the loop's turn, which is earlier: libcurl does not ask again for one that
 * came before it was due. */
static int on_curl_timer(CURLM *multi, long milliseconds, void *userdata) {
        Http *http = userdata;
        int r;

        http->due = milliseconds > 0
                            ? (uint64_t)g_get_monotonic_time() + (uint64_t)milliseconds * 1000
                            : UINT64_MAX;
        r = sd_event_source_set_enabled(http->turn,
                                        milliseconds == 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        return r < 0 || arm(http) < 0 ? -1 : 0;
}

static uint32_t epoll_events(int what) {
        switch (what) {
        case CURL_POLL_IN:
                return EPOLLIN;
        case CURL_POLL_OUT:
                return EPOLLOUT;
        case CURL_POLL_INOUT:
                return EPOLLIN | EPOLLOUT;
        }
        return 0;
}

static int on_curl_socket(CURL *curl, curl_socket_t fd, int what, void *userdata, void *unused) {
        Http *http = userdata;
        sd_event_source *source = g_hash_table_lookup(http->sockets, GINT_TO_POINTER(fd));

        if (what == CURL_POLL_REMOVE) {
                g_hash_table_remove(http->sockets, GINT_TO_POINTER(fd));
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, epoll_events(what)) < 0 ? -1 : 0;

        if (sd_event_add_io(http->loop, &source, fd, epoll_events(what), on_socket, http) < 0)
                return -1;
        g_hash_table_insert(http->sockets, GINT_TO_POINTER(fd), source);
        return 0;
}

/* Asking ----------------------------------------------------------------------------- */

static void set_tls(const Http *http, CURL *curl) {
        if (http->cacert)
                curl_easy_setopt(curl, CURLOPT_CAINFO, http->cacert);
        if (http->cert)
                curl_easy_setopt(curl, CURLOPT_SSLCERT, http->cert);
        if (http->key)
                curl_easy_setopt(curl, CURLOPT_SSLKEY, http->key);
        if (http->insecure) {
                curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
                curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
        }
}

/* A redirect is not followed: the token would go to where somebody else says. */
static void set_limits(CURL *curl, const HttpRequest *request) {
        unsigned seconds = request->seconds ? request->seconds : HTTP_TIME;

        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_TIME);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, request->on_data ? 0L : (long)seconds);
        curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

static void set_callbacks(HttpCall *call) {
        curl_easy_setopt(call->curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(call->curl, CURLOPT_WRITEDATA, call);
        curl_easy_setopt(call->curl, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(call->curl, CURLOPT_HEADERDATA, call);
        curl_easy_setopt(call->curl, CURLOPT_ERRORBUFFER, call->problem);
        curl_easy_setopt(call->curl, CURLOPT_PRIVATE, call);
}

static void set_body(HttpCall *call, const HttpRequest *request) {
        call->body = g_strdup(request->body);
        call->headers = curl_slist_append(call->headers, "Content-Type: application/json");
        /* else a body over 1 MiB waits a second for a "100 Continue" */
        call->headers = curl_slist_append(call->headers, "Expect:");
        if (!request->once) {
                curl_easy_setopt(call->curl, CURLOPT_POSTFIELDS, call->body);
                return;
        }
        curl_easy_setopt(call->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(call->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
        curl_easy_setopt(call->curl, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(call->curl, CURLOPT_READDATA, call);
}

static void set_request(HttpCall *call, const HttpRequest *request) {
        for (size_t i = 0; request->headers && request->headers[i]; i++)
                call->headers = curl_slist_append(call->headers, request->headers[i]);
        if (request->body)
                set_body(call, request);
        curl_easy_setopt(call->curl, CURLOPT_URL, request->url);
        curl_easy_setopt(call->curl, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers);
}

HttpCall *http_send(Http *http, const HttpRequest *request, HttpReply reply, void *userdata) {
        HttpCall *call = g_new0(HttpCall, 1);

        call->http = http;
        call->answer = g_string_new(NULL);
        call->reply = reply;
        call->userdata = userdata;
        call->on_data = request->on_data;
        call->curl = curl_easy_init();
        if (!call->curl)
                g_error("libcurl is out of memory");

        set_limits(call->curl, request);
        set_tls(http, call->curl);
        curl_easy_setopt(call->curl, CURLOPT_USERAGENT, http->agent);
        set_callbacks(call);
        set_request(call, request);
        g_hash_table_add(http->calls, call);
        curl_multi_add_handle(http->multi, call->curl); /* begins with its timer */
        return call;
}

void http_cancel(HttpCall *call) {
        if (call)
                g_hash_table_remove(call->http->calls, call);
}

/* The client ------------------------------------------------------------------------- */

static bool set_up_multi(Http *http) {
        http->multi = curl_multi_init();
        if (!http->multi)
                return false;

        return !curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) &&
               !curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) &&
               !curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) &&
               !curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
}

void http_set_connections(Http *http, unsigned connections) {
        curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)connections);
}

static void source_free(void *source) {
        sd_event_source_disable_unref(source);
}

static Http *http_alloc(sd_event *loop, const HttpTls *tls) {
        Http *http = g_new0(Http, 1);

        http->loop = sd_event_ref(loop);
        http->due = http->armed = UINT64_MAX;
        http->sockets = g_hash_table_new_full(NULL, NULL, NULL, source_free);
        http->calls = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)call_free, NULL);
        http->arrived = g_hash_table_new(NULL, NULL);
        http->cacert = g_strdup(tls->cacert);
        http->cert = g_strdup(tls->cert);
        http->key = g_strdup(tls->key);
        http->insecure = tls->insecure;
        return http;
}

int http_new(sd_event *loop, const char *agent, const HttpTls *tls, Http **ret_http) {
        g_autoptr(Http) http = NULL;
        int r;

        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return -ENOMEM;
        http = http_alloc(loop, tls);
        http->agent = agent;
        r = sd_event_add_time_relative(loop, &http->timer, CLOCK_MONOTONIC, 0, 1, on_time, http);
        if (r >= 0)
                r = sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(loop, &http->turn, on_turn, http);
        if (r >= 0)
                r = sd_event_source_set_enabled(http->turn, SD_EVENT_OFF);
        if (r < 0)
                return r;
        if (!set_up_multi(http))
                return -ENOMEM;

        http_set_connections(http, CONNECTIONS);
        *ret_http = g_steal_pointer(&http);
        return 0;
}

void http_free(Http *http) {
        if (!http)
                return;

        g_hash_table_unref(http->calls);
        g_hash_table_unref(http->arrived);
        if (http->multi)
                curl_multi_cleanup(http->multi); /* closes sockets, and says so */
        g_hash_table_unref(http->sockets);
        sd_event_source_disable_unref(http->timer);
        sd_event_source_disable_unref(http->turn);
        sd_event_unref(http->loop);
        g_free(http->cacert);
        g_free(http->cert);
        g_free(http->key);
        g_free(http);
}
