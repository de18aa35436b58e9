/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The documents that hosts share, each an object of JSON with "schema": 1:
 *
 *   hosts/HOST          it is alive: {"version", "uri", "since", "incarnation"}
 *   maps/HOST           what it has: {"qemu", "libvirt", "drained",
 *                       "resources": {NAME: {"total", "free", "level", "headroom"}},
 *                       "kinds": [{"class", "pool", "type", "driver", "version", "firmware",
 *                       "formats", "ids", "total", "free"}],
 *                       "devices": {ADDRESS: number of its kind}}
 *   lots/HOST/RESOURCE  what it offers: {"offered", "turn", "promised": {DOMAIN: {"amount", "by",
 *                       "since", "nonce"}}}
 *   moves               {"together", "per-host", "going": {DOMAIN: {"from", "to", "since",
 *                       "nonce"}}, "settled": {DOMAIN: until}}
 *   drains              {"hosts": {HOST: {"since", "nonce", "to": {HOST: 1}}}}
 *   loads/HOST          what is forecast of it: cluster-doc-load.h
 *
 * Members that this release does not know are kept when a document is written again, so that two
 * releases work together. Amounts have the unit of the resource; times are seconds since 1970.
 * x_from_json() takes what an enemy may have written, and refuses with FERRY_ERROR_INVALID_ARGS;
 * keys and hosts are not in it. Pure; one thread.
 */

#include "daemon/core/cluster-json.h"

#define CLUSTER_PROMISES_MAX 1024u /* in one lot */
#define CLUSTER_KINDS_MAX    1024u

/* Words that many documents share: one in memory for all. */
char *cluster_word(const char *text); /* NULL of NULL */
void cluster_word_free(char *word);

typedef struct ClusterHost {
        int64_t schema, since;
        char *version, *uri, *incarnation;
        char *unknown;
} ClusterHost;

typedef struct ClusterResource {
        char *name;
        int64_t total, free, level; /* level: the p95 that is expected to be used */
        char *headroom;             /* by that, as headroom.h has the words; NULL: not known */
        char *unknown;
} ClusterResource;

/* What place has to know of devices, those that could be made among them; cluster-kind.h. */
typedef struct ClusterKind {
        char *class, *pool, *type, *driver, *version, *firmware, *formats, *ids;
        int64_t total, free;
        char *unknown;
} ClusterKind;

void cluster_kind_free_words(ClusterKind *kind);

typedef struct ClusterDevice {
        char *address;
        unsigned kind;
} ClusterDevice;

typedef struct ClusterMap {
        int64_t schema;
        int64_t drained;      /* 1: it is being emptied, or is */
        char *qemu, *libvirt; /* versions; NULL: not known */
        GArray *resources;    /* of ClusterResource */
        GArray *kinds;        /* of ClusterKind */
        GArray *devices;      /* of ClusterDevice */
        char *unknown;
} ClusterMap;

typedef struct ClusterPromise {
        char *domain, *by, *nonce;
        int64_t amount, since;
        char *unknown;
} ClusterPromise;

/* There are many, so they are small, and shared by those who do not edit them. */
typedef struct ClusterLot {
        unsigned refs;
        uint32_t schema;
        int64_t offered;     /* with what is promised of it */
        char *turn;          /* the nonce of the owner's last change; NULL */
        GPtrArray *promises; /* of ClusterPromise; NULL: none */
        char *unknown;
} ClusterLot;

typedef struct ClusterMove {
        char *domain, *from, *to, *nonce;
        int64_t since;
        char *unknown;
} ClusterMove;

typedef struct ClusterMoves {
        int64_t schema, together, per_host; /* limits; 0: none */
        GHashTable *going;                  /* domain to ClusterMove */
        GHashTable *settled;                /* domain to int64_t, until when */
        char *unknown;
} ClusterMoves;

typedef struct ClusterDrain {
        char *host, *nonce;
        int64_t since;
        GPtrArray *to; /* names of hosts; empty: any */
        char *unknown;
} ClusterDrain;

typedef struct ClusterDrains {
        int64_t schema;
        GHashTable *hosts; /* host to ClusterDrain */
        char *unknown;
} ClusterDrains;

ClusterHost *cluster_host_from_json(const char *text, GError **error);
char *cluster_host_to_json(const ClusterHost *host);
void cluster_host_free(ClusterHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterHost, cluster_host_free)

ClusterMap *cluster_map_new(void);
ClusterMap *cluster_map_from_json(const char *text, GError **error);
char *cluster_map_to_json(const ClusterMap *map);
void cluster_map_free(ClusterMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterMap, cluster_map_free)

ClusterLot *cluster_lot_new(void);
ClusterLot *cluster_lot_from_json(const char *text, GError **error);
char *cluster_lot_to_json(const ClusterLot *lot);
ClusterLot *cluster_lot_ref(ClusterLot *lot);
void cluster_lot_free(ClusterLot *lot); /* one reference */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterLot, cluster_lot_free)

/* What of it nobody was promised. */
int64_t cluster_lot_unpromised(const ClusterLot *lot);
const ClusterPromise *cluster_lot_find(const ClusterLot *lot, const char *domain);
void cluster_lot_add(ClusterLot *lot, const char *domain, const char *by, int64_t amount,
                     int64_t since, const char *nonce);
void cluster_lot_remove(ClusterLot *lot, const ClusterPromise *promise);

ClusterMoves *cluster_moves_new(void);
ClusterMoves *cluster_moves_from_json(const char *text, GError **error);
char *cluster_moves_to_json(const ClusterMoves *moves);
void cluster_moves_free(ClusterMoves *moves);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterMoves, cluster_moves_free)
void cluster_moves_add(ClusterMoves *moves, const char *domain, const char *from, const char *to,
                       int64_t since, const char *nonce);

ClusterDrains *cluster_drains_new(void);
ClusterDrains *cluster_drains_from_json(const char *text, GError **error);
char *cluster_drains_to_json(const ClusterDrains *drains);
void cluster_drains_free(ClusterDrains *drains);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterDrains, cluster_drains_free)
/* `to`: a vector, NULL: any host. */
void cluster_drains_add(ClusterDrains *drains, const char *host, const char *const *to,
                        int64_t since, const char *nonce);
