/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HTTP on the loop, with libcurl: asks, and calls back once. Knows nothing of OpenStack.
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

typedef struct HttpRequest {
        const char *method;
        const char *url;
        const char *const *headers; /* "Name: value", NULL ends them; NULL: none */
        const char *body;           /* JSON; NULL: none */
} HttpRequest;

typedef struct HttpAnswer {
        long status; /* 0: there was no answer, and `problem` says why */
        const char *problem;
        const char *body; /* ends with a NUL */
        size_t size;
        const char *subject_token; /* of X-Subject-Token; NULL: none */
} HttpAnswer;

/* Once, never from within http_send(). The answer is the caller's and ends with the call. */
typedef void (*HttpReply)(void *userdata, const HttpAnswer *answer);

typedef struct Http Http;
typedef struct HttpCall HttpCall;

/* Copies the TLS. */
int http_new(sd_event *loop, const HttpTls *tls, Http **ret_http);
/* No reply comes after it. */
void http_free(Http *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Http, http_free)

/* Copies the request. What is returned is for http_cancel() until the reply has come. */
HttpCall *http_send(Http *http, const HttpRequest *request, HttpReply reply, void *userdata);
void http_cancel(HttpCall *call);
