/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A copy of all below a prefix of etcd that follows what happens there: all of it once, in pages of
 * one revision, then a watch from there, taken up again where it broke off. What can no longer be
 * told one by one (compaction, another history, an etcd put back from a backup) is told anew.
 * Main thread.
 */

#include "daemon/core/cluster-ops.h"
#include "daemon/edges/etcd-client.h"

typedef struct EtcdFollowEvents {
        /* reset(), loaded() and key() of these. Keys are without the prefix. */
        const ClusterEvents *cluster;
        /* All until now is told or will be, and what comes will be. */
        void (*good)(void *userdata);
        /* It has stopped; start again, later. */
        void (*bad)(void *userdata, const char *why);
        void *userdata;
} EtcdFollowEvents;

typedef struct EtcdFollow EtcdFollow;

/* The prefix ends with '/'. Copies all but what is pointed at. */
EtcdFollow *etcd_follow_new(EtcdClient *client, const char *prefix, const EtcdFollowEvents *events);
void etcd_follow_free(EtcdFollow *follow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EtcdFollow, etcd_follow_free)

/* Or anew, by that member which answers now. */
void etcd_follow_start(EtcdFollow *follow);
