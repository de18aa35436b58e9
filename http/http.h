/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HTTP on the loop, with libcurl: asks, and calls back once. Knows nothing of whom it asks.
 * Main thread; libcurl resolves names in threads of its own.
 */

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#define HTTP_ANSWER_MAX   (16u * 1024 * 1024) /* bytes of a body */
#define HTTP_CONNECT_TIME 5u                  /* seconds */
#define HTTP_TIME         20u                 /* of all of a request */

/* Files are paths, NULL for the system's or none. */
typedef struct HttpTls {
        const char *cacert;
        const char *cert;
        const char *key;
        bool insecure;
} HttpTls;

/* A piece of a body that does not end: such a request has no limits of time and size, and its reply
 * comes when the server ends it. It may cancel and send, but not free the client. */
typedef void (*HttpData)(void *userdata, const char *data, size_t size);

typedef struct HttpRequest {
        const char *method;
        const char *url;
        const char *const *headers; /* "Name: value", NULL ends them; NULL: none */
        const char *body;           /* JSON; NULL: none */
        unsigned seconds;           /* for all of it; 0: HTTP_TIME */
        bool once; /* the body is never sent a second time, as libcurl does when a connection that
                    * was kept breaks before the answer */
        HttpData on_data; /* NULL: the body comes with the reply */
} HttpRequest;

typedef struct HttpAnswer {
        long status; /* 0: there was no answer, and `problem` says why */
        const char *problem;
        bool sent;        /* the server may have seen some of the request */
        bool too_long;    /* the problem is HTTP_ANSWER_MAX */
        const char *body; /* ends with a NUL */
        size_t size;
        const char *subject_token; /* of X-Subject-Token; NULL: none */
} HttpAnswer;

/* Once, never from within http_send(). The answer is the caller's and ends with the call. */
typedef void (*HttpReply)(void *userdata, const HttpAnswer *answer);

typedef struct Http Http;
typedef struct HttpCall HttpCall;

/* Copies the TLS. `agent`: User-Agent, static: by it operators of the server know who asks. */
int http_new(sd_event *loop, const char *agent, const HttpTls *tls, Http **ret_http);
/* No reply comes after it. */
void http_free(Http *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Http, http_free)

/* Kept, and open at a time; 2 unless told. */
void http_set_connections(Http *http, unsigned connections);

/* Copies the request. What is returned is for http_cancel() until the reply has come. */
HttpCall *http_send(Http *http, const HttpRequest *request, HttpReply reply, void *userdata);
void http_cancel(HttpCall *call);
