/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/slices-parts.h"

#define MIB        UINT64_C(1048576)
#define MILLI_CPUS 1000 /* of a grant of a core to a CPU of the map */

/* Devices that guests have ------------------------------------------------------------ */

/* The resource that a function is one of; NULL where it is of none that is granted. */
static char *function_resource(const char *parent, const char *type) {
        if (!parent)
                return NULL;
        if (type && *type)
                return g_strdup_printf("mdev-type:%s/%s", parent, type);
        return g_strdup_printf("vf-pool:%s", parent);
}

static char *resource_of(const Manager *manager, const Lease *lease) {
        const Device *device = inventory_find(manager->inventory, lease->device);

        return function_resource(device ? device->parent : lease->parent, lease->type);
}

/* Domain UUID to how many devices of this resource it has. */
static GHashTable *count_leased(const Manager *manager, const char *resource) {
        GHashTable *counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                g_autofree char *its = resource_of(manager, lease);
                guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, lease->domain_uuid));

                if (g_strcmp0(its, resource) == 0)
                        g_hash_table_insert(counts, g_strdup(lease->domain_uuid),
                                            GUINT_TO_POINTER(count + 1));
        }
        return counts;
}

/* What is offered to the cluster is foreign to all but the domain that it is promised to. */
static unsigned count_shared(const Manager *manager, const char *resource,
                             const char *domain_uuid) {
        g_autoptr(GPtrArray) names = share_book_list(manager->shares);
        unsigned count = 0;

        for (guint i = 0; i < names->len; i++) {
                const char *id = names->pdata[i];
                const Device *device = inventory_find(manager->inventory, id);
                g_autofree char *its = device ? function_resource(device->parent,
                                                                  device->fingerprint->mdev_type)
                                              : NULL;

                count += g_strcmp0(its, resource) == 0 &&
                         !lease_book_find_device(manager->leases, id) &&
                         lease_book_is_shared(manager->leases, id, domain_uuid);
        }
        return count;
}

static uint64_t granted_to(const Slices *slices, const char *domain_uuid, const char *resource) {
        const SliceEntry *entry = slice_book_find(slices->book, domain_uuid);

        return entry ? slice_grants_sum(entry->grants, resource, NULL) : 0;
}

/* A CapacityForeign. What a domain has that is to be given its slice is no obstacle to that. */
static unsigned count_foreign(void *userdata, const char *resource) {
        const Slices *slices = userdata;
        g_autoptr(GHashTable) counts = count_leased(slices->manager, resource);
        unsigned foreign = count_shared(slices->manager, resource, slices->capacity_for);
        GHashTableIter iter;
        void *uuid, *count;

        g_hash_table_iter_init(&iter, counts);
        while (g_hash_table_iter_next(&iter, &uuid, &count)) {
                uint64_t leased = GPOINTER_TO_UINT(count);

                if (g_strcmp0(uuid, slices->capacity_for) != 0)
                        foreign += leased - MIN(leased, granted_to(slices, uuid, resource));
        }
        return foreign;
}

bool slices_has_devices(const Slices *slices, const char *domain_uuid) {
        g_autoptr(GPtrArray) leases = NULL;

        if (!domain_uuid)
                return false;
        if (share_book_has_promise(slices->manager->shares, domain_uuid))
                return true;

        leases = lease_book_list_domain(slices->manager->leases, domain_uuid);
        return leases->len > 0;
}

/* What there is ----------------------------------------------------------------------- */

ResourceMap *slices_read_host(void *userdata) {
        const Manager *manager = userdata;

        return resource_map_read(&(ResourceSources){ manager->sysfs, manager->inventory,
                                                     manager->leases, manager->rtnl,
                                                     agents_book(manager->agents) });
}

const ResourceMap *slices_map(Slices *slices) {
        return resource_cache_get(slices->map, RESOURCE_AGE_DECIDE);
}

void slices_use_capacity(Slices *slices, const char *domain_uuid) {
        const Config *config = slices->manager->config;
        const CapacityReserve reserve = { config->host_cpus, config->host_memory_mib * MIB };
        const char *asker = slices_has_devices(slices, domain_uuid) ? domain_uuid : NULL;

        const ResourceMap *map = slices_map(slices);
        unsigned reading = resource_cache_readings(slices->map);

        if (reading == slices->capacity_of && !slices->capacity_stale &&
            g_strcmp0(slices->capacity_for, asker) == 0)
                return;

        g_free(slices->capacity_for);
        slices->capacity_for = g_strdup(asker);
        slices->capacity_of = reading;
        slices->capacity_stale = false;
        slice_book_set_capacity(slices->book, capacity_new(map, &reserve, count_foreign, slices));
}

void slices_on_host_changed(Slices *slices) {
        resource_cache_drop(slices->map);
        slices->capacity_stale = slices->lacks_stale = true;
}

void slices_on_shares_changed(Slices *slices) {
        slices->capacity_stale = true;
}

/* The map says how many devices are used. */
void slices_on_leases_changed(Slices *slices) {
        resource_cache_drop(slices->map);
        slices->capacity_stale = true;
}

/* What is promised -------------------------------------------------------------------- */

static bool is_of_offload(const Resource *resource) {
        return resource->parent && resource->parent->kind == RESOURCE_OFFLOAD;
}

/* Of these the kernel counts as used what a guest has, so it is promised no more. */
static bool is_seen_in_use(const Resource *resource) {
        if (is_of_offload(resource)) /* of which no kernel here knows */
                return false;
        return resource->kind == RESOURCE_PF || resource->kind == RESOURCE_KEY ||
               (resource->kind == RESOURCE_MEMORY && strchr(resource->id, '/'));
}

static bool is_function(const Resource *resource) {
        return resource->kind == RESOURCE_VF_POOL || resource->kind == RESOURCE_MDEV_TYPE;
}

static uint64_t count_leased_to(const Slices *slices, const Resource *resource,
                                const char *domain_uuid) {
        g_autoptr(GHashTable) counts = count_leased(slices->manager, resource->id);

        return GPOINTER_TO_UINT(g_hash_table_lookup(counts, domain_uuid));
}

/* Of an offload device whole cores are granted. */
static bool is_host_core(const Resource *resource) {
        return resource->kind == RESOURCE_CORE && !is_of_offload(resource);
}

/* What it would have instead of `had` (NULL: that is no question), as far as that is not seen. */
static uint64_t count_granted(const Resource *resource, const SliceEntry *entry,
                              const SliceEntry *had) {
        uint64_t amount = slice_grants_sum(entry->grants, resource->id, NULL);
        uint64_t seen = 0;

        if (had && entry != had && g_str_equal(entry->domain_uuid, had->domain_uuid) &&
            had->state == SLICE_ENFORCED && is_seen_in_use(resource))
                seen = slice_grants_sum(had->grants, resource->id, NULL);
        return amount - MIN(amount, seen);
}

/* In the unit of the map, and without what it has already. */
static uint64_t count_promised(const Slices *slices, const Resource *resource,
                               const SliceEntry *entry, const SliceEntry *had) {
        uint64_t amount = count_granted(resource, entry, had);

        if (amount == 0 || (entry->state == SLICE_ENFORCED && is_seen_in_use(resource)))
                return 0;
        if (is_host_core(resource))
                return (amount + MILLI_CPUS - 1) / MILLI_CPUS;
        if (is_function(resource))
                return amount - MIN(amount, count_leased_to(slices, resource, entry->domain_uuid));
        return amount;
}

/* A node and a package have no grants of their own, and the CPUs of their cores. */
static void add_to_places(const ResourceMap *map, const Resource *core, uint64_t promised) {
        g_autofree char *node = g_strdup_printf("node:%s", resource_attribute(core, "node") ?: "");
        Resource *places[] = { core->parent ? resource_map_find(map, core->parent->id) : NULL,
                               resource_map_find(map, node) };

        for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
                if (places[i] && places[i]->total > 0)
                        places[i]->promised += promised;
}

static void promise(const Slices *slices, const ResourceMap *map, Resource *resource,
                    const GPtrArray *entries, const SliceEntry *had) {
        uint64_t promised = 0;

        for (guint i = 0; i < entries->len; i++)
                promised += count_promised(slices, resource, entries->pdata[i], had);

        /* of a shared core each slice has a part */
        if (is_host_core(resource)) {
                promised = MIN(promised, resource->total);
                add_to_places(map, resource, promised);
        }
        resource->promised += promised;
}

/* The book has changed since it was read, and the host has not. */
const ResourceMap *slices_look_as(Slices *slices, const GPtrArray *entries, const SliceEntry *had) {
        ResourceMap *map = resource_cache_get(slices->map, RESOURCE_AGE_LOOK);
        const GPtrArray *resources = resource_map_list(map);

        for (guint i = 0; i < resources->len; i++)
                ((Resource *)resources->pdata[i])->promised = 0;
        for (guint i = 0; i < resources->len; i++)
                promise(slices, map, resources->pdata[i], entries, had);
        return map;
}

const ResourceMap *slices_look(Slices *slices) {
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);

        return slices_look_as(slices, entries, NULL);
}
