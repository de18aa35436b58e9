/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/resource-cache.h"

struct ResourceCache {
        ResourceReader read;
        void *userdata;
        int64_t (*now)(void);
        ResourceMap *map;
        int64_t read_at;
        bool dropped;
        unsigned readings;
};

ResourceCache *resource_cache_new(ResourceReader read, void *userdata) {
        ResourceCache *cache = g_new0(ResourceCache, 1);

        cache->read = read;
        cache->userdata = userdata;
        cache->now = g_get_monotonic_time;
        return cache;
}

void resource_cache_free(ResourceCache *cache) {
        if (!cache)
                return;

        resource_map_free(cache->map);
        g_free(cache);
}

void resource_cache_set_clock(ResourceCache *cache, int64_t (*now)(void)) {
        cache->now = now;
        cache->dropped = true;
}

static bool is_good(const ResourceCache *cache, int64_t age_max) {
        int64_t age = cache->now() - cache->read_at;

        return cache->map && !cache->dropped && age >= 0 && age <= age_max;
}

/* The age is that of the first thing that was read. */
static void read_anew(ResourceCache *cache) {
        g_clear_pointer(&cache->map, resource_map_free);
        cache->read_at = cache->now();
        cache->dropped = false;
        cache->map = cache->read(cache->userdata);
        cache->readings++;
}

ResourceMap *resource_cache_get(ResourceCache *cache, int64_t age_max) {
        if (!is_good(cache, age_max))
                read_anew(cache);
        return cache->map;
}

void resource_cache_drop(ResourceCache *cache) {
        cache->dropped = true;
}

unsigned resource_cache_readings(const ResourceCache *cache) {
        return cache->readings;
}
