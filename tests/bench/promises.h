/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Promises of one VF each, made and released again, by so many seats at once, each of which has a
 * VF of its own: what is measured is how many there can be, not how often two want the same. In
 * three ways to the same etcd. Each returns how many were made and released in a time; a failure
 * ends the program.
 */

#include "daemon/core/cluster-copy.h"
#include "daemon/core/cluster-lot.h"
#include "tests/bench/cluster-fill.h"

#define PROMISES_PREFIX  "/virtferry/1/bench/"
#define PROMISES_CLUSTER "bench" /* that the configuration has it by */
#define PROMISES_BY      "host00000"
#define PROMISES_SINCE   INT64_C(1800000000)

void promises_check(bool good, const char *what);
/* Of the seat: free it. */
char *promises_domain(unsigned seat);

/* By Promise() and Release() of a real virtferryd on a bus. */
typedef struct PromisesBus PromisesBus;
PromisesBus *promises_bus_new(const char *url, unsigned seats);
void promises_bus_free(PromisesBus *bus);
unsigned promises_bus_run(PromisesBus *bus, double seconds);

/* By libcurl alone, over connections that are kept: the same requests, to the byte, made before,
 * but for the revisions that they compare. It knows these from the answers, and has no copy of
 * anything. */
typedef struct PromisesBare PromisesBare;
PromisesBare *promises_bare_new(const char *url, const ClusterCopy *copy, unsigned seats);
void promises_bare_free(PromisesBare *bare);
unsigned promises_bare_run(PromisesBare *bare, double seconds);

/* By the edge to etcd in this process, with the copy from which each change is made. */
typedef struct PromisesEdge PromisesEdge;
PromisesEdge *promises_edge_new(const char *url, unsigned seats);
void promises_edge_free(PromisesEdge *edge);
const ClusterCopy *promises_edge_copy(const PromisesEdge *edge);
unsigned promises_edge_run(PromisesEdge *edge, double seconds);
