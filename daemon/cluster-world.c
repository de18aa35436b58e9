/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster-world.h"

#include <string.h>

#include "daemon/cluster-publish.h"
#include "daemon/core/cluster-kind.h"

struct ClusterWorld {
        PlaceWorld place;
        GArray *kinds;       /* of PlaceKind, which own their fingerprints */
        GHashTable *numbers; /* ClusterKind, of a map, to its number + 1 */
        GStringChunk *names; /* of offload devices */
};

static guint hash_kind(gconstpointer kind) {
        return cluster_kind_hash(kind);
}

static gboolean equal_kinds(gconstpointer a, gconstpointer b) {
        return cluster_kind_equal(a, b);
}

/* Kinds ----------------------------------------------------------------------------- */

/* One of a class that this release does not have fits nobody, and is passed over: -1. */
static int number_of(ClusterWorld *world, const ClusterKind *kind) {
        void *known = g_hash_table_lookup(world->numbers, kind);
        PlaceKind fresh = { 0 };

        if (known)
                return GPOINTER_TO_INT(known) - 1;

        fresh.class = kind->class ? device_class_from_string(kind->class) : NULL;
        if (!fresh.class)
                return -1;

        fresh.pool = kind->pool;
        fresh.fingerprint = cluster_kind_fingerprint(kind);
        g_array_append_val(world->kinds, fresh);
        g_hash_table_insert(world->numbers, (void *)kind, GINT_TO_POINTER(world->kinds->len));
        return (int)world->kinds->len - 1;
}

static unsigned amount_of_functions(int64_t amount) {
        return (unsigned)MIN(amount, G_MAXUINT / 2);
}

static void read_functions(ClusterWorld *world, PlaceHost *host, const ClusterMap *map) {
        host->functions = g_new0(PlaceFunctions, map->kinds->len + 1);
        for (guint i = 0; i < map->kinds->len; i++) {
                const ClusterKind *kind = &g_array_index(map->kinds, ClusterKind, i);
                int number = number_of(world, kind);

                if (number < 0)
                        continue;
                host->functions[host->n_functions++] = (PlaceFunctions){
                        (unsigned)number, amount_of_functions(kind->total),
                        amount_of_functions(kind->total - MIN(kind->free, kind->total))
                };
        }
}

/* Amounts --------------------------------------------------------------------------- */

static PlaceAmount amount_of(const ClusterResource *resource) {
        return (PlaceAmount){ (uint64_t)resource->total,
                              (uint64_t)(resource->total - MIN(resource->free, resource->total)),
                              resource->headroom ? headroom_level_from_string(resource->headroom)
                                                 : _HEADROOM_LEVEL_INVALID };
}

static PlaceOffload *take_offload(ClusterWorld *world, PlaceHost *host, const char *name) {
        for (unsigned i = 0; i < host->n_offloads; i++)
                if (g_str_equal(host->offloads[i].pool, name))
                        return &host->offloads[i];

        host->offloads = g_renew(PlaceOffload, host->offloads, host->n_offloads + 1);
        host->offloads[host->n_offloads] = (PlaceOffload){ .pool = g_string_chunk_insert_const(
                                                                   world->names, name) };
        return &host->offloads[host->n_offloads++];
}

/* "offload:dpu0:cores". */
static void read_offload(ClusterWorld *world, PlaceHost *host, const ClusterResource *resource) {
        const char *name = resource->name + strlen(CLUSTER_OFFLOAD_PREFIX);
        const char *colon = strrchr(name, ':');
        HeadroomResource what = colon ? headroom_resource_from_string(colon + 1)
                                      : _HEADROOM_RESOURCE_INVALID;
        g_autofree char *device = NULL;

        if (what < 0)
                return;

        device = g_strndup(name, (gsize)(colon - name));
        take_offload(world, host, device)->amounts[what] = amount_of(resource);
}

static void read_amounts(ClusterWorld *world, PlaceHost *host, const ClusterMap *map) {
        for (guint i = 0; i < map->resources->len; i++) {
                const ClusterResource *resource = &g_array_index(map->resources, ClusterResource,
                                                                 i);
                HeadroomResource what = headroom_resource_from_string(resource->name);

                if (what >= 0)
                        host->amounts[what] = amount_of(resource);
                else if (g_str_has_prefix(resource->name, CLUSTER_OFFLOAD_PREFIX))
                        read_offload(world, host, resource);
        }
}

/* Hosts ----------------------------------------------------------------------------- */

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

static void read_host(ClusterWorld *world, PlaceHost *host, const ClusterCopy *copy,
                      const ClusterCopyHost *known) {
        const ClusterMap *map = known->map;

        host->name = known->name;
        host->alive = known->create_revision > 0 && map;
        host->drained = cluster_host_is_drained(copy, known);
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                host->amounts[r].level = _HEADROOM_LEVEL_INVALID;
        if (!map)
                return;

        (void)version_from_text(map->qemu, &host->qemu);
        (void)version_from_text(map->libvirt, &host->libvirt);
        read_functions(world, host, map);
        read_amounts(world, host, map);
}

static int compare_hosts(const void *a, const void *b) {
        const ClusterCopyHost *const *left = a, *const *right = b;

        return strcmp((*left)->name, (*right)->name);
}

static void fingerprint_clear(void *data) {
        PlaceKind *kind = data;

        fingerprint_free((Fingerprint *)kind->fingerprint);
}

/* Of ClusterCopyHost. */
static GPtrArray *sorted_hosts(const ClusterCopy *copy) {
        GPtrArray *hosts = g_ptr_array_new();
        GHashTableIter iter;
        void *host;

        g_hash_table_iter_init(&iter, cluster_copy_hosts(copy));
        while (g_hash_table_iter_next(&iter, NULL, &host))
                g_ptr_array_add(hosts, host);
        g_ptr_array_sort(hosts, compare_hosts);
        return hosts;
}

ClusterWorld *cluster_world_new(const ClusterCopy *copy) {
        g_autoptr(GPtrArray) hosts = sorted_hosts(copy);
        ClusterWorld *world = g_new0(ClusterWorld, 1);

        world->kinds = g_array_new(FALSE, FALSE, sizeof(PlaceKind));
        g_array_set_clear_func(world->kinds, fingerprint_clear);
        world->numbers = g_hash_table_new(hash_kind, equal_kinds);
        world->names = g_string_chunk_new(256);
        world->place.hosts = g_new0(PlaceHost, hosts->len + 1);
        world->place.n_hosts = hosts->len;
        for (guint i = 0; i < hosts->len; i++)
                read_host(world, &world->place.hosts[i], copy, hosts->pdata[i]);
        world->place.kinds = (const PlaceKind *)world->kinds->data;
        world->place.n_kinds = world->kinds->len;
        return world;
}

void cluster_world_free(ClusterWorld *world) {
        if (!world)
                return;

        for (unsigned i = 0; i < world->place.n_hosts; i++) {
                g_free(world->place.hosts[i].functions);
                g_free(world->place.hosts[i].offloads);
        }
        g_free(world->place.hosts);
        g_array_unref(world->kinds);
        g_hash_table_unref(world->numbers);
        g_string_chunk_free(world->names);
        g_free(world);
}

const PlaceWorld *cluster_world_place(const ClusterWorld *world) {
        return &world->place;
}
