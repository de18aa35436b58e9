/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This host as one of many that share a store (core/cluster-ops.h): tells the others of itself, and
 * has a copy of what they tell. While the store is away nothing here waits for it: the copy is as
 * it was, and this host tells what is new when it is back.
 *
 *   hosts/HOST   as soon as there is a store, for as long as this daemon lives
 *   maps/HOST    when something has changed, a second after the last time at the earliest; what is
 *                forecast is looked at every CLUSTER_LOOK_USEC
 *   loads/HOST   what is forecast of it and its guests: loads.h
 *
 * Known by the manager, and outlived by it. One thread; nothing blocks.
 */

#include "daemon/cluster/balance.h"
#include "daemon/cluster/echo.h"
#include "daemon/cluster/errand.h"
#include "daemon/manager.h"

typedef struct Draining Draining;
typedef struct Limiting Limiting;
typedef struct Promises Promises;

#define CLUSTER_TICK_USEC G_USEC_PER_SEC
#define CLUSTER_LOOK_USEC (10 * G_USEC_PER_SEC)

/* By the configuration of the manager, which is borrowed. FERRY_ERROR_INVALID_ARGS: the name that
 * the kernel has for this host is none for others. */
Cluster *cluster_new(Manager *manager, const char *version, GError **error);
/* Who still waits is told that the daemon ends. */
void cluster_free(Cluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cluster, cluster_free)

/* For the edge, whose table is borrowed, and comes before any tick. */
ClusterEvents cluster_events(Cluster *cluster);
void cluster_set_ops(Cluster *cluster, const ClusterOps *ops);

/* Devices, leases, slices or the like of this host are not what they were. */
void cluster_on_host_changed(Cluster *cluster); /* NULL: nothing */
/* After the manager has been told. */
void cluster_on_guest_event(Cluster *cluster, const GuestEvent *event); /* the same */
/* Each CLUSTER_TICK_USEC. */
void cluster_on_tick(Cluster *cluster);

const char *cluster_host_name(const Cluster *cluster); /* of this host */
const ClusterCopy *cluster_copy(const Cluster *cluster);
const char *cluster_away(const Cluster *cluster); /* why it is away; NULL: it is not */

/* What it has promised to itself of others: promise.h. */
Promises *cluster_promises(const Cluster *cluster);

/* Its hosts that are being emptied, this one among them: draining.h. */
Draining *cluster_draining(const Cluster *cluster);
/* How many guests may be on their way: limiting.h. */
Limiting *cluster_limiting(const Cluster *cluster);

/* balances_begin() of this cluster. */
void cluster_balance(Cluster *cluster, unsigned moves_max, ClusterBalanced done, void *userdata);

/* errands_begin() of this cluster. */
void cluster_begin_errand(Cluster *cluster, const ErrandClass *class, void *userdata);
/* echoes_await() of this cluster: when the copy shows what such an errand has done. Nobody hears it
 * when the daemon ends. */
void cluster_await_echo(Cluster *cluster, const ClusterTransaction *done, EchoHeard heard,
                        void *userdata);
