/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/world.h"

#include <string.h>

#include "daemon/cluster/view.h"

struct ClusterWorld {
        PlaceWorld place; /* with rows of its own, which share what they point at with the view */
        GPtrArray *owned; /* but for these */
};

bool cluster_host_is_drained(const ClusterCopy *copy, const ClusterCopyHost *host) {
        int64_t revision;
        const ClusterDrains *drains = cluster_copy_drains(copy, &revision);

        return (host->map && host->map->drained > 0) ||
               (drains && g_hash_table_contains(drains->hosts, host->name));
}

HeadroomLevel cluster_host_headroom(const ClusterCopyHost *host) {
        HeadroomLevel lowest = _HEADROOM_LEVEL_INVALID;

        for (guint i = 0; host->map && i < host->map->resources->len; i++) {
                const ClusterResource *resource = &g_array_index(host->map->resources,
                                                                 ClusterResource, i);
                HeadroomResource what = headroom_resource_from_string(resource->name);
                HeadroomLevel level = headroom_level_from_string(resource->headroom);

                if ((what == HEADROOM_CORES || what == HEADROOM_MEMORY ||
                     what == HEADROOM_BANDWIDTH) &&
                    level >= 0 && (lowest < 0 || level < lowest))
                        lowest = level;
        }
        return lowest;
}

/* What a domain was promised itself --------------------------------------------------- */

static void *own(ClusterWorld *world, const void *data, size_t size) {
        void *copy = g_memdup2(data, size);

        g_ptr_array_add(world->owned, copy);
        return copy;
}

static void give_back(PlaceHost *host, const ViewPromise *entry) {
        PlaceAmount *amounts = entry->offload >= 0 ? host->offloads[entry->offload].amounts
                                                   : host->amounts;

        if (entry->function >= 0)
                host->functions[entry->function].promised--;
        else
                amounts[entry->what].promised -= (uint64_t)entry->promise->amount;
}

static void give_back_of_host(ClusterWorld *world, PlaceHost *host, const GArray *promises,
                              const char *domain) {
        unsigned hash = g_str_hash(domain);
        bool owned = false;

        for (guint i = 0; i < promises->len; i++) {
                const ViewPromise *entry = &g_array_index(promises, ViewPromise, i);

                if (entry->hash != hash || !g_str_equal(entry->promise->domain, domain))
                        continue;
                if (!owned) {
                        host->functions = own(world, host->functions,
                                              host->n_functions * sizeof(*host->functions));
                        host->offloads = own(world, host->offloads,
                                             host->n_offloads * sizeof(*host->offloads));
                }
                owned = true;
                give_back(host, entry);
        }
}

/* ------------------------------------------------------------------------------------ */

static int compare_name(const void *name, const void *host) {
        return strcmp(name, ((const PlaceHost *)host)->name);
}

static void set_drained(ClusterWorld *world, const ClusterCopy *copy) {
        int64_t revision;
        const ClusterDrains *drains = cluster_copy_drains(copy, &revision);
        GHashTableIter iter;
        void *name;

        if (!drains)
                return;

        g_hash_table_iter_init(&iter, drains->hosts);
        while (g_hash_table_iter_next(&iter, &name, NULL)) {
                PlaceHost *host = bsearch(name, world->place.hosts, world->place.n_hosts,
                                          sizeof(*host), compare_name);

                if (host)
                        host->drained = true;
        }
}

ClusterWorld *cluster_world_new(const ClusterCopy *copy, const char *domain) {
        const ClusterView *view = cluster_view(copy);
        ClusterWorld *world = g_new0(ClusterWorld, 1);

        world->place = view->place;
        world->place.hosts = g_memdup2(view->place.hosts,
                                       (view->place.n_hosts + 1) * sizeof(*view->place.hosts));
        world->owned = g_ptr_array_new_with_free_func(g_free);
        set_drained(world, copy);
        for (unsigned i = 0; domain && i < world->place.n_hosts; i++)
                if (view->rows[i].promises)
                        give_back_of_host(world, &world->place.hosts[i], view->rows[i].promises,
                                          domain);
        return world;
}

void cluster_world_free(ClusterWorld *world) {
        if (!world)
                return;

        g_ptr_array_unref(world->owned);
        g_free(world->place.hosts);
        g_free(world);
}

const PlaceWorld *cluster_world_place(const ClusterWorld *world) {
        return &world->place;
}
