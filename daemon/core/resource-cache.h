/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The resource map as it was last read, and when. Reading it is hundreds of files
 * of the kernel's, and on a large host tens of milliseconds; so it is read when
 * somebody needs it, and again when
 *
 *   something has happened to the host, as the kernel's events, the lease book
 *   and the agents tell: resource_cache_drop();
 *   what was read is older than whoever asks may have it, since huge pages, rates
 *   and files of pools change without a word.
 *
 * Who looks may have RESOURCE_AGE_LOOK. Who decides what a slice is given may have
 * RESOURCE_AGE_DECIDE: no longer than it takes an operator to change something and
 * to ask for it, so that the first ask after a change sees it, while asks that come
 * one upon the other share one reading. One thread.
 */

#include "daemon/core/resource-map.h"

#define RESOURCE_AGE_LOOK   G_USEC_PER_SEC
#define RESOURCE_AGE_DECIDE (100 * G_TIME_SPAN_MILLISECOND)

typedef ResourceMap *(*ResourceReader)(void *userdata); /* the callee's */

typedef struct ResourceCache ResourceCache;

ResourceCache *resource_cache_new(ResourceReader read, void *userdata);
void resource_cache_free(ResourceCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResourceCache, resource_cache_free)
/* Any that goes on; when it jumps the map is read anew. */
void resource_cache_set_clock(ResourceCache *cache, int64_t (*now)(void));

/* No older than that, in us. Borrowed, and good until the next call of this. */
ResourceMap *resource_cache_get(ResourceCache *cache, int64_t age_max);
/* What was read is not so any more. It is still good for whoever has it. */
void resource_cache_drop(ResourceCache *cache);
/* How often it was read: another number is another map. */
unsigned resource_cache_readings(const ResourceCache *cache);
