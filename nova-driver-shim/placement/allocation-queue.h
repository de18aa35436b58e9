/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which consumer is to be looked at next, so that at rest none is: those that hold
 * something here and whose allocations are not known to be so, and those that have allocations here
 * and hold nothing any more. Each once a round. Pure.
 */

#include <stdbool.h>

#include "nova-driver-shim/placement/tree.h"

typedef struct AllocationQueue AllocationQueue;

AllocationQueue *allocation_queue_new(void);
void allocation_queue_free(AllocationQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AllocationQueue, allocation_queue_free)

/* UUIDs of those with allocations of a provider, NULL-terminated; NULL: not known now. */
typedef const char *const *(*AllocationConsumers)(void *userdata, const char *provider);

/* A new round. */
void allocation_queue_begin(AllocationQueue *queue);
/* Something has changed that a round under way may have seen before. */
void allocation_queue_doubt(AllocationQueue *queue);
bool allocation_queue_is_stale(const AllocationQueue *queue);
/* NULL: none is left. Providers whose consumers are not known wait for another round. */
char *allocation_queue_next(AllocationQueue *queue, const Tree *tree, AllocationConsumers consumers,
                            void *userdata);
/* Placement has of this one, which was the last of allocation_queue_next(), what it held then. */
void allocation_queue_settle(AllocationQueue *queue, const char *consumer);
/* This consumer is somebody else's, for good: it is not looked at again. */
void allocation_queue_stranger(AllocationQueue *queue, const char *consumer);
