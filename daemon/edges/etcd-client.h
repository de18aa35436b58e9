/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Asks a cluster of etcd through the JSON gateway of that member which answers: the next one is
 * tried when it does not, and kept. Logs in where there is a user, and once more when the token is
 * refused. Main thread; nothing blocks. May not include libcurl.
 */

#include "http/http.h"

#include <json-glib/json-glib.h>

typedef struct EtcdAccess {
        const char *const *endpoints; /* URLs without a path, at least one; NULL ends them */
        const char *user;             /* NULL: none, or that of the certificate */
        const char *password;
        HttpTls tls;
} EtcdAccess;

typedef enum EtcdResult {
        ETCD_OK,
        ETCD_REFUSED,   /* it was not done, and etcd says why */
        ETCD_UNREACHED, /* it was not sent */
        ETCD_UNKNOWN,   /* no answer */
} EtcdResult;

typedef struct EtcdReply {
        EtcdResult result;
        int code;         /* of ETCD_REFUSED: gRPC's, as in ETCD_CODE_*; 0: another */
        const char *why;  /* a sentence without its full stop; NULL: ETCD_OK */
        bool too_long;    /* the answer, see HTTP_ANSWER_MAX */
        JsonObject *body; /* of ETCD_OK, but for streams and plain ones; the caller's */
        const char *text; /* of ETCD_OK, of a plain one; the caller's, as `body` is */
        size_t size;
} EtcdReply;

#define ETCD_CODE_NOT_FOUND    5
#define ETCD_CODE_OUT_OF_RANGE 11 /* the revision is compacted */

typedef struct EtcdRequest {
        const char *path; /* "/v3/kv/range" */
        const char *body;
        unsigned seconds;
        bool again; /* it may be sent a second time: to the next member when there is no answer */
        bool plain; /* the text of the answer is wanted: whoever asks reads it */
        /* A stream: its lines, JSON. It may cancel the call, but not free the client. */
        void (*on_line)(void *userdata, JsonObject *line);
} EtcdRequest;

typedef struct EtcdClient EtcdClient;
typedef struct EtcdCall EtcdCall;

/* Once, never from within etcd_client_call(). */
typedef void (*EtcdAnswer)(void *userdata, const EtcdReply *reply);

/* `trouble`: a member did not answer, so what waits for another answer of it waits perhaps in vain;
 * not to free the client in. Copies the access. */
int etcd_client_new(sd_event *loop, const EtcdAccess *access, void (*trouble)(void *userdata),
                    void *userdata, EtcdClient **ret_client);
/* No answer comes after it. */
void etcd_client_free(EtcdClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EtcdClient, etcd_client_free)

/* Copies the request. What is returned is for etcd_call_cancel() until the answer has come. */
EtcdCall *etcd_client_call(EtcdClient *client, const EtcdRequest *request, EtcdAnswer answer,
                           void *userdata);
void etcd_call_cancel(EtcdCall *call);
