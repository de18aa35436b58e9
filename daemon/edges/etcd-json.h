/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is sent to etcd's JSON gateway, and what comes back: keys and values are base64, numbers of
 * 64 bits are strings, and what is 0, false or empty is missing (etcd's documents,
 * dev-guide/api_grpc_gateway). Pure. Texts are the caller's.
 */

#include "daemon/core/cluster-ops.h"

#include <json-glib/json-glib.h>

typedef struct EtcdKey {
        char *key, *value; /* value NULL: not there, or not text */
        int64_t create_revision, mod_revision;
} EtcdKey;

/* NULL: it is not an object in JSON, or a deep one. */
JsonNode *etcd_parse(const char *text, size_t size);

/* False: its key is not text, or it has no revision. */
bool etcd_key_read(JsonObject *kv, EtcdKey *ret);
void etcd_key_done(EtcdKey *key);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EtcdKey, etcd_key_done)

/* 0, NULL: missing or something else. */
int64_t etcd_number(JsonObject *object, const char *name);
const char *etcd_text(JsonObject *object, const char *name);
JsonObject *etcd_object(JsonObject *object, const char *name);
bool etcd_true(JsonObject *object, const char *name);
/* Its objects, in order; of the container. */
GPtrArray *etcd_objects(JsonObject *object, const char *name);
/* That of the answer's header. */
int64_t etcd_revision(JsonObject *answer);

/* Of a key of cluster-ops.h. What is CLUSTER_APART is beside the prefix, which ends with '/', not
 * below it: "/virtferry/1/NAME:loads/HOST", which is no key of any cluster, since no name of one
 * has a colon. */
char *etcd_key(const char *prefix, const char *key);

/* All below `prefix` from `after` (a whole key, not included; NULL: from the first), as they were
 * at the revision; 0: now. Limit 0: only how many there are. */
char *etcd_range_body(const char *prefix, const char *after, unsigned limit, int64_t revision);
/* The first key behind all that begin with the prefix, which ends with '/'. Free it. */
char *etcd_end(const char *prefix);
/* The same of keys that are not below a prefix of their own: those from `from`, or behind `after`,
 * up to `to`, without that. */
char *etcd_span_body(const char *from, const char *after, const char *to, unsigned limit,
                     int64_t revision);
char *etcd_watch_body(const char *prefix, int64_t revision);
char *etcd_put_body(const char *key, const char *value, int64_t lease);
char *etcd_delete_body(const char *key);
char *etcd_transaction_body(const char *prefix, const ClusterTransaction *transaction);
char *etcd_grant_body(unsigned seconds);
char *etcd_lease_body(int64_t lease);
char *etcd_user_body(const char *user, const char *password);
