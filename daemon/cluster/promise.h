/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host has promised to itself of others, for guests that will go there: each promise is
 * one transaction over any lots of any hosts (core/cluster-lot.h).
 *
 *   promises_ask() ─► errand ─► done ─► the copy shows it ─► reply
 *                       └─ no answer for PROMISE_WAIT_USEC ─► reply UNAVAILABLE; released if it
 *                                                             turns out done
 *
 * A promise whose guest is on its way, or has left since, is never released from here: its owner
 * redeems it. Others are after PROMISE_LOOK_USEC, so one of a daemon that was killed is, too. While
 * the store is away they stay, and are looked at again.
 *
 * Belongs to cluster.h, which tells it of time and of the copy. One thread; nothing blocks. */

#include "daemon/cluster/cluster.h"

#define PROMISE_WAIT_USEC (30 * G_USEC_PER_SEC)

/* Once, perhaps from within the call: the nonce by which it is released, or the error. */
typedef void (*PromiseReply)(void *userdata, const char *nonce, const GError *error);
typedef void (*PromiseReleased)(void *userdata, const GError *error);

Promises *promises_new(Cluster *cluster, const Manager *manager); /* borrowed */
/* When the errands and echoes of the cluster have ended. Who still waits is told that the daemon
 * ends. */
void promises_free(Promises *promises);

/* All of the wishes or nothing. Errors are those of core/cluster-lot.h, and
 * FERRY_ERROR_UNAVAILABLE. */
void promises_ask(Promises *promises, const char *domain, const ClusterWish *wishes,
                  unsigned n_wishes, PromiseReply reply, void *userdata);
/* FERRY_ERROR_NOT_FOUND; FERRY_ERROR_INVALID_STATE: its guest is on its way, or has left. */
void promises_release(Promises *promises, const char *domain, const char *nonce,
                      PromiseReleased done, void *userdata);
/* Of a guest that stays here, which the caller knows; soon, or when the store is back. */
void promises_drop(Promises *promises, const char *nonce);

void promises_on_tick(Promises *promises);
void promises_on_loaded(Promises *promises);
