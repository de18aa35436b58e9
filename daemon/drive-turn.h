/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Planned moves in the order in which they were asked for: which of them is next,
 * and when. Used by drive, which says how many there are at a time.
 */

#include "daemon/manager.h"

/* A planned move that waits, or that libvirt was asked for. */
typedef struct Turn Turn;

struct Turn {
        Manager *manager;
        char *migration;
        char *strategy; /* that was wished */
        bool unplugs;   /* devices first */
        MoveRequest *request;
        int64_t not_before; /* CLOCK_REALTIME us */
        /* Of a host in a cluster, otherwise NULL: */
        char *xml;        /* of the guest, when it was planned */
        char *host;       /* where it goes; NULL: to none of the cluster */
        GPtrArray *tried; /* names of hosts that were chosen before; NULL: it was named */
        bool force;       /* although it has moved a moment ago */
        bool asks;        /* the cluster, which has not answered yet */
        bool may_wait;    /* the cluster has refused, for now */
        bool alone;       /* the cluster does not answer: it is asked for no other host */
};

Turn *turn_copy(const Turn *turn);
void turn_free(Turn *turn);
void turn_free_any(void *turn); /* a GDestroyNotify */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Turn, turn_free)

/* Of a queue of Turn. */

/* The first that may begin now, taken out of the queue; NULL. */
Turn *turns_take(GQueue *turns, const Manager *manager);
/* The one of this migration; NULL. */
GList *turns_find(const GQueue *turns, const char *migration_id);
/* A place may have become free where they go. */
void turns_hurry(GQueue *turns, int64_t now);
/* When the first of them may begin (CLOCK_REALTIME us); 0 never. */
int64_t turns_next_time(const GQueue *turns);
