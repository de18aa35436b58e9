/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* loads/HOST: what a host and its guests are expected to use in the day ahead, and what each guest
 * that could move needs elsewhere, so that any host can say who should (balance.h). An object of
 * JSON, as those of cluster-doc.h:
 *
 *   {"schema", "at", "size": {THING: amount}, "base": BANDS, "kinds": [KIND], "guests": {UUID:
 *    {"name", "bytes", "duration", "downtime", "bands": BANDS, "amounts": AMOUNTS, "wants":
 *     [{"name", "kind", "state", "migrates"}], "offloads": [{"pool", "amounts": AMOUNTS}]}}}
 *   BANDS    {THING: numbers}, of each hour from "at" on the mean, p95 and p99: what adds up over
 *            guests (demand-sum.h); three numbers when all hours are alike, no member: nothing
 *   THING    "cpu" in 1/100 CPU, "memory" in MiB, "network" in kB/s of both directions
 *   KIND     of cluster-doc.h, without amounts
 *   AMOUNTS  {RESOURCE: amount}, as in maps and lots
 *
 * "bytes", "duration" and "downtime" (ms) are of the move. "kind" and "state" are numbers in
 * "kinds": what the device has to be, and whose state it has to take.
 *
 * A guest takes 0.5 KiB, and up to 1.75 when no two hours of it are alike. So these are large and
 * written often, and nobody follows them: cluster-ops.h, read().
 */

#include "daemon/core/cluster-doc.h"

#define CLUSTER_LOAD_HOURS      24u
#define CLUSTER_LOAD_BAND       3u   /* numbers */
#define CLUSTER_LOAD_GUESTS_MAX 512u /* of one host */
#define CLUSTER_LOAD_WANTS_MAX  64u  /* of one guest, and as many offloads */

/* In the order of BalanceThing. */
typedef enum ClusterLoadThing {
        CLUSTER_LOAD_CPU,
        CLUSTER_LOAD_MEMORY,
        CLUSTER_LOAD_NETWORK,
        _CLUSTER_LOAD_THING_MAX,
} ClusterLoadThing;

/* Of int64_t: none, CLUSTER_LOAD_BAND, or as many for each hour. */
typedef struct ClusterLoadBands {
        GArray *things[_CLUSTER_LOAD_THING_MAX]; /* NULL: none */
        char *unknown;
} ClusterLoadBands;

typedef struct ClusterAmount {
        char *resource;
        int64_t amount;
} ClusterAmount;

typedef struct ClusterLoadWant {
        char *name;
        int64_t kind, state; /* state -1: it brings none */
        int64_t migrates;    /* 1: it must */
        char *unknown;
} ClusterLoadWant;

typedef struct ClusterLoadOffload {
        char *pool;      /* NULL any */
        GArray *amounts; /* of ClusterAmount; never NULL, as all below */
        char *unknown;
} ClusterLoadOffload;

typedef struct ClusterLoadGuest {
        char *uuid, *name;
        int64_t bytes, duration, downtime;
        ClusterLoadBands bands;
        GArray *amounts;  /* of ClusterAmount */
        GArray *wants;    /* of ClusterLoadWant */
        GArray *offloads; /* of ClusterLoadOffload */
        char *unknown;
} ClusterLoadGuest;

typedef struct ClusterLoad {
        int64_t schema, at;
        int64_t size[_CLUSTER_LOAD_THING_MAX];
        ClusterLoadBands base; /* what no guest of those below uses */
        GArray *kinds;         /* of ClusterKind */
        GPtrArray *guests;     /* of ClusterLoadGuest */
        char *unknown;
} ClusterLoad;

ClusterLoad *cluster_load_new(void);
ClusterLoad *cluster_load_from_json(const char *text, GError **error);
char *cluster_load_to_json(const ClusterLoad *load);
void cluster_load_free(ClusterLoad *load);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterLoad, cluster_load_free)

/* In the order in which they are; for the caller to fill. */
ClusterLoadGuest *cluster_load_add_guest(ClusterLoad *load, const char *uuid);
ClusterLoadWant *cluster_load_add_want(ClusterLoadGuest *guest);
ClusterLoadOffload *cluster_load_add_offload(ClusterLoadGuest *guest);
void cluster_load_add_amount(GArray *amounts, const char *resource, int64_t amount);
