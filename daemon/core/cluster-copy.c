/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-copy.h"

#include <string.h>

/* All that is known at one time. */
typedef struct World World;

struct World {
        const World *before;   /* what was known when all began to be told anew; NULL */
        GHashTable *hosts;     /* name to ClusterCopyHost */
        GHashTable *resources; /* name to GPtrArray of ClusterCopyLot, borrowed */
        ClusterMoves *moves;
        ClusterDrains *drains;
        int64_t moves_revision, drains_revision;
        uint64_t changes, members;
};

typedef struct Kept {
        void *data;
        GDestroyNotify done;
} Kept;

struct ClusterCopy {
        World *now, *next; /* next: while all is told anew */
        bool whole;
        Kept *kept;
};

/* Content --------------------------------------------------------------------------------- */

static void lot_free(void *data) {
        ClusterCopyLot *lot = data;

        cluster_word_free(lot->resource);
        cluster_lot_free(lot->lot);
        g_free(lot);
}

static void host_free(void *data) {
        ClusterCopyHost *host = data;

        cluster_host_free(host->alive);
        cluster_map_free(host->map);
        g_ptr_array_unref(host->lots);
        cluster_word_free(host->name);
        g_free(host);
}

static World *world_new(void) {
        World *world = g_new0(World, 1);

        world->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, host_free);
        world->resources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                 (GDestroyNotify)g_ptr_array_unref);
        return world;
}

static void world_free(World *world) {
        if (!world)
                return;

        g_hash_table_unref(world->resources);
        g_hash_table_unref(world->hosts);
        cluster_moves_free(world->moves);
        cluster_drains_free(world->drains);
        g_free(world);
}

static ClusterCopyHost *take_host(World *world, const char *name) {
        ClusterCopyHost *host = g_hash_table_lookup(world->hosts, name);

        if (host)
                return host;

        world->members = ++world->changes;
        host = g_new0(ClusterCopyHost, 1);
        host->name = cluster_word(name);
        host->lots = g_ptr_array_new_with_free_func(lot_free);
        g_hash_table_replace(world->hosts, host->name, host);
        return host;
}

static void drop_host_if_empty(World *world, ClusterCopyHost *host) {
        if (host->create_revision != 0 || host->map_revision != 0 || host->lots->len > 0)
                return;

        world->members = ++world->changes;
        g_hash_table_remove(world->hosts, host->name);
}

/* Where it is, or would be. */
static bool find_lot(const ClusterCopyHost *host, const char *resource, guint *ret_at) {
        guint low = 0, high = host->lots->len;

        while (low < high) {
                guint middle = (low + high) / 2;
                const ClusterCopyLot *lot = host->lots->pdata[middle];
                int order = strcmp(resource, lot->resource);

                if (order == 0) {
                        *ret_at = middle;
                        return true;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }

        *ret_at = low;
        return false;
}

static void index_lot(World *world, ClusterCopyLot *lot) {
        GPtrArray *lots = g_hash_table_lookup(world->resources, lot->resource);

        if (!lots) {
                lots = g_ptr_array_new();
                g_hash_table_insert(world->resources, g_strdup(lot->resource), lots);
        }
        lot->at = lots->len;
        g_ptr_array_add(lots, lot);
}

static void unindex_lot(World *world, ClusterCopyLot *lot) {
        GPtrArray *lots = g_hash_table_lookup(world->resources, lot->resource);

        g_ptr_array_remove_index_fast(lots, lot->at);
        if (lot->at < lots->len)
                ((ClusterCopyLot *)lots->pdata[lot->at])->at = lot->at;
        if (lots->len == 0)
                g_hash_table_remove(world->resources, lot->resource);
}

static ClusterCopyLot *take_lot(World *world, ClusterCopyHost *host, const char *resource) {
        ClusterCopyLot *lot;
        guint at;

        if (find_lot(host, resource, &at))
                return host->lots->pdata[at];

        lot = g_new0(ClusterCopyLot, 1);
        lot->host = host;
        lot->resource = cluster_word(resource);
        g_ptr_array_insert(host->lots, (int)at, lot);
        index_lot(world, lot);
        return lot;
}

/* Events ---------------------------------------------------------------------------------- */

typedef struct Event {
        const char *key, *value; /* NULL: it is gone */
        int64_t created, modified;
} Event;

static bool set_alive(World *world, const char *name, const Event *event, GError **error) {
        ClusterCopyHost *host = take_host(world, name);

        host->changed = ++world->changes;
        g_clear_pointer(&host->alive, cluster_host_free);
        host->create_revision = event->value ? event->created : 0;
        if (event->value)
                host->alive = cluster_host_from_json(event->value, error);
        else
                drop_host_if_empty(world, host);
        return !event->value || host->alive;
}

static bool set_map(World *world, const char *name, const Event *event, GError **error) {
        ClusterCopyHost *host = take_host(world, name);

        host->changed = ++world->changes;
        g_clear_pointer(&host->map, cluster_map_free);
        host->map_revision = event->value ? event->modified : 0;
        if (event->value)
                host->map = cluster_map_from_json(event->value, error);
        else
                drop_host_if_empty(world, host);
        return !event->value || host->map;
}

static void remove_lot(World *world, ClusterCopyHost *host, const char *resource) {
        guint at;

        if (find_lot(host, resource, &at)) {
                unindex_lot(world, host->lots->pdata[at]);
                g_ptr_array_remove_index(host->lots, at);
        }
        drop_host_if_empty(world, host);
}

/* Of most lots nothing is new when all is told anew: these are shared. */
static ClusterLot *read_lot(const World *world, const ClusterCopyLot *lot, const Event *event,
                            GError **error) {
        const ClusterCopyHost *host = world->before ? g_hash_table_lookup(world->before->hosts,
                                                                          lot->host->name)
                                                    : NULL;
        const ClusterCopyLot *old;
        guint at;

        if (!host || !find_lot(host, lot->resource, &at))
                return cluster_lot_from_json(event->value, error);

        old = host->lots->pdata[at];
        if (!old->lot || old->mod_revision != event->modified)
                return cluster_lot_from_json(event->value, error);

        return cluster_lot_ref(old->lot);
}

static bool set_lot(World *world, const char *rest, const Event *event, GError **error) {
        const char *slash = strchr(rest, '/');
        g_autofree char *name = slash ? g_strndup(rest, (gsize)(slash - rest)) : NULL;
        ClusterCopyHost *host;
        ClusterCopyLot *lot;

        if (!name || !cluster_name_is_valid(name) || !cluster_name_is_valid(slash + 1))
                return true; /* of a later release */

        host = take_host(world, name);
        host->changed = ++world->changes;
        if (!event->value) {
                remove_lot(world, host, slash + 1);
                return true;
        }

        lot = take_lot(world, host, slash + 1);
        cluster_lot_free(lot->lot);
        lot->lot = read_lot(world, lot, event, error);
        lot->mod_revision = event->modified;
        return lot->lot;
}

static bool set_moves(World *world, const Event *event, GError **error) {
        g_clear_pointer(&world->moves, cluster_moves_free);
        world->moves_revision = event->value ? event->modified : 0;
        if (event->value)
                world->moves = cluster_moves_from_json(event->value, error);
        return !event->value || world->moves;
}

static bool set_drains(World *world, const Event *event, GError **error) {
        g_clear_pointer(&world->drains, cluster_drains_free);
        world->drains_revision = event->value ? event->modified : 0;
        if (event->value)
                world->drains = cluster_drains_from_json(event->value, error);
        return !event->value || world->drains;
}

static bool set(World *world, const Event *event, GError **error) {
        const char *key = event->key;

        if (g_str_has_prefix(key, "hosts/") && cluster_name_is_valid(key + 6))
                return set_alive(world, key + 6, event, error);
        if (g_str_has_prefix(key, "maps/") && cluster_name_is_valid(key + 5))
                return set_map(world, key + 5, event, error);
        if (g_str_has_prefix(key, "lots/"))
                return set_lot(world, key + 5, event, error);
        if (g_str_equal(key, "moves"))
                return set_moves(world, event, error);
        if (g_str_equal(key, "drains"))
                return set_drains(world, event, error);
        return true;
}

bool cluster_copy_key(ClusterCopy *copy, const char *key, const char *value,
                      int64_t create_revision, int64_t mod_revision, GError **error) {
        Event event = { key, value, create_revision, mod_revision };

        if (set(copy->next ?: copy->now, &event, error))
                return true;

        g_prefix_error(error, "%.300s: ", key);
        return false;
}

void cluster_copy_reset(ClusterCopy *copy) {
        world_free(copy->next);
        copy->next = world_new();
        copy->next->before = copy->now;
        copy->next->changes = copy->next->members = copy->now->changes + 1;
}

void cluster_copy_loaded(ClusterCopy *copy) {
        if (!copy->next)
                return;

        world_free(copy->now);
        copy->now = g_steal_pointer(&copy->next);
        copy->now->before = NULL;
        copy->whole = true;
}

ClusterCopy *cluster_copy_new(void) {
        ClusterCopy *copy = g_new0(ClusterCopy, 1);

        copy->now = world_new();
        copy->kept = g_new0(Kept, 1);
        return copy;
}

void cluster_copy_free(ClusterCopy *copy) {
        if (!copy)
                return;

        cluster_copy_keep(copy, NULL, NULL);
        g_free(copy->kept);
        world_free(copy->now);
        world_free(copy->next);
        g_free(copy);
}

/* What is made of it ---------------------------------------------------------------------- */

uint64_t cluster_copy_changes(const ClusterCopy *copy) {
        return copy->now->changes;
}

uint64_t cluster_copy_members(const ClusterCopy *copy) {
        return copy->now->members;
}

void cluster_copy_keep(const ClusterCopy *copy, void *kept, GDestroyNotify done) {
        if (copy->kept->data)
                copy->kept->done(copy->kept->data);
        *copy->kept = (Kept){ kept, done };
}

void *cluster_copy_kept(const ClusterCopy *copy) {
        return copy->kept->data;
}

/* Readers --------------------------------------------------------------------------------- */

bool cluster_copy_is_whole(const ClusterCopy *copy) {
        return copy->whole;
}

ClusterCopyHost *cluster_copy_host(const ClusterCopy *copy, const char *host) {
        return g_hash_table_lookup(copy->now->hosts, host);
}

bool cluster_copy_is_alive(const ClusterCopy *copy, const char *host) {
        const ClusterCopyHost *found = cluster_copy_host(copy, host);

        return found && found->create_revision > 0;
}

GHashTable *cluster_copy_hosts(const ClusterCopy *copy) {
        return copy->now->hosts;
}

ClusterCopyLot *cluster_copy_lot(const ClusterCopy *copy, const char *host, const char *resource) {
        const ClusterCopyHost *found = cluster_copy_host(copy, host);
        guint at;

        return found && find_lot(found, resource, &at) ? found->lots->pdata[at] : NULL;
}

const GPtrArray *cluster_copy_lots(const ClusterCopy *copy, const char *resource) {
        return g_hash_table_lookup(copy->now->resources, resource);
}

const ClusterMoves *cluster_copy_moves(const ClusterCopy *copy, int64_t *ret_revision) {
        *ret_revision = copy->now->moves_revision;
        return copy->now->moves;
}

const ClusterDrains *cluster_copy_drains(const ClusterCopy *copy, int64_t *ret_revision) {
        *ret_revision = copy->now->drains_revision;
        return copy->now->drains;
}

static int64_t lot_revision(const ClusterCopy *copy, const char *rest) {
        const char *slash = strchr(rest, '/');
        g_autofree char *host = slash ? g_strndup(rest, (gsize)(slash - rest)) : NULL;
        const ClusterCopyLot *lot = host ? cluster_copy_lot(copy, host, slash + 1) : NULL;

        return lot ? lot->mod_revision : 0;
}

static int64_t alive_revision(const ClusterCopy *copy, const char *name) {
        const ClusterCopyHost *host = cluster_copy_host(copy, name);

        return host ? host->create_revision : 0;
}

static int64_t map_revision(const ClusterCopy *copy, const char *name) {
        const ClusterCopyHost *host = cluster_copy_host(copy, name);

        return host ? host->map_revision : 0;
}

bool cluster_copy_holds(const ClusterCopy *copy, const ClusterCompare *compare) {
        int64_t revision = 0;

        if (g_str_has_prefix(compare->key, "lots/"))
                revision = lot_revision(copy, compare->key + 5);
        else if (g_str_has_prefix(compare->key, "hosts/"))
                revision = alive_revision(copy, compare->key + 6);
        else if (g_str_has_prefix(compare->key, "maps/"))
                revision = map_revision(copy, compare->key + 5);
        else if (g_str_equal(compare->key, "moves"))
                revision = copy->now->moves_revision;
        else if (g_str_equal(compare->key, "drains"))
                revision = copy->now->drains_revision;
        return revision == compare->revision;
}
