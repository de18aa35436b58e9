/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/publish.h"

#include "daemon/core/cluster-kind.h"
#include "daemon/drain.h"
#include "daemon/headroom.h"

/* Amounts --------------------------------------------------------------------------- */

static ClusterResource *take_resource(ClusterMap *map, const char *name) {
        ClusterResource fresh = { 0 };

        for (guint i = 0; i < map->resources->len; i++) {
                ClusterResource *resource = &g_array_index(map->resources, ClusterResource, i);

                if (g_str_equal(resource->name, name))
                        return resource;
        }
        fresh.name = cluster_word(name);
        g_array_append_val(map->resources, fresh);
        return &g_array_index(map->resources, ClusterResource, map->resources->len - 1);
}

/* Of PFs the best one counts: a guest goes where there is room. */
static void raise_level(ClusterResource *resource, HeadroomLevel level) {
        HeadroomLevel before = headroom_level_from_string(resource->headroom);

        if (level <= before)
                return;

        cluster_word_free(resource->headroom);
        resource->headroom = cluster_word(headroom_level_to_string(level));
}

static void add_amount(ClusterMap *map, const char *name, const Headroom *row,
                       HeadroomLevel level) {
        ClusterResource *resource = take_resource(map, name);

        resource->total += (int64_t)row->total;
        resource->free += (int64_t)(row->total - row->taken - row->expected);
        resource->level += (int64_t)row->peak;
        raise_level(resource, level);
}

static void add_row(ClusterMap *map, const Headroom *row, HeadroomLevel level) {
        g_autofree char *name = headroom_share_name(row); /* NULL: those are kinds */

        if (name && cluster_name_is_valid(name))
                add_amount(map, name, row, level);
}

void cluster_publish_amounts(ClusterMap *map, const Manager *manager) {
        g_autoptr(GPtrArray) rows = headrooms_list(manager->headrooms);

        for (guint i = 0; i < rows->len; i++)
                add_row(map, rows->pdata[i], headrooms_level(manager->headrooms, rows->pdata[i]));
}

/* Kinds ----------------------------------------------------------------------------- */

/* Its number; -1: there are too many. */
static int take_kind(ClusterMap *map, const DeviceClass *class, const Pool *pool,
                     const Fingerprint *fingerprint) {
        ClusterKind *kind;

        g_array_set_size(map->kinds, map->kinds->len + 1);
        kind = &g_array_index(map->kinds, ClusterKind, map->kinds->len - 1);
        cluster_kind_describe(kind, class->name, pool ? pool->name : NULL, fingerprint);
        for (guint i = 0; i + 1 < map->kinds->len; i++)
                if (cluster_kind_equal(&g_array_index(map->kinds, ClusterKind, i), kind)) {
                        g_array_set_size(map->kinds, map->kinds->len - 1);
                        return (int)i;
                }
        if (map->kinds->len <= CLUSTER_KINDS_MAX)
                return (int)map->kinds->len - 1;

        g_array_set_size(map->kinds, map->kinds->len - 1);
        return -1;
}

static void count(ClusterMap *map, int number, int64_t total, int64_t free) {
        ClusterKind *kind = &g_array_index(map->kinds, ClusterKind, number);

        kind->total += total;
        kind->free += free;
}

static bool may_be_given(const Device *device) {
        return device->role == DEVICE_ROLE_FUNCTION &&
               (!device->host_use || (device->pool && device->pool->host_devices));
}

static void add_device(ClusterMap *map, const Manager *manager, const Device *device) {
        ClusterDevice entry = { NULL, 0 };
        int number;

        if (!may_be_given(device) || !cluster_name_is_valid(device->id))
                return;

        number = take_kind(map, device->class, device->pool, device->fingerprint);
        if (number < 0)
                return;

        count(map, number, 1, !lease_book_find_device(manager->leases, device->id));
        entry.address = cluster_word(device->id);
        entry.kind = (unsigned)number;
        g_array_append_val(map->devices, entry);
}

static void add_offer(ClusterMap *map, const Manager *manager, const Offer *offer) {
        g_autoptr(Fingerprint) fingerprint = fingerprint_copy(offer->parent->fingerprint);
        int number;

        g_free(fingerprint->mdev_type);
        fingerprint->mdev_type = g_strdup(offer->type->id);
        fingerprint->vfio_caps = inventory_offer_caps(manager->inventory, offer);
        number = take_kind(map, offer->class, offer->pool, fingerprint);
        if (number >= 0)
                count(map, number, offer->type->available, offer->type->available);
}

static void add_kinds(ClusterMap *map, const Manager *manager) {
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);
        g_autoptr(GArray) offers = inventory_offers(manager->inventory);

        for (guint i = 0; i < devices->len; i++)
                add_device(map, manager, devices->pdata[i]);
        for (guint i = 0; i < offers->len; i++)
                add_offer(map, manager, &g_array_index(offers, Offer, i));
}

/* The rest -------------------------------------------------------------------------- */

static char *version_word(unsigned long number) {
        Version version = version_from_number(number);
        char text[VERSION_STRING_MAX];

        return number > 0 ? cluster_word(version_to_string(&version, text)) : NULL;
}

ClusterMap *cluster_publish_map(const Manager *manager) {
        ClusterMap *map = cluster_map_new();

        map->drained = drain_get(manager->drain) != NULL;
        map->qemu = version_word(manager->qemu_version);
        map->libvirt = version_word(manager->libvirt_version);
        cluster_publish_amounts(map, manager);
        add_kinds(map, manager);
        return map;
}
