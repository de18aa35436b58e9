/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "daemon/core/device-class.h"
#include "daemon/core/resource-scan.h"
#include "daemon/facts/pcie-link.h"
#include "daemon/facts/vf-link.h"
#include "xml/pci-address.h"

#define SPEED_UNKNOWN UINT32_MAX /* SPEED_UNKNOWN of linux/ethtool.h, -1 as sysfs has it */

/* Links ----------------------------------------------------------------------------- */

/* "2.5", "64": as people call it. */
static void tell_speed(Resource *resource, const char *key, unsigned speed) {
        if (speed > 0)
                resource_tell(resource, key, "%g", speed / 1000.0);
}

static void tell_width(Resource *resource, const char *key, unsigned width) {
        if (width > 0)
                resource_tell(resource, key, "%u", width);
}

/* A link that several devices share is one link. */
static const Resource *take_link(ResourceMap *map, const Resource *parent, const PcieLink *link) {
        g_autofree char *id = g_strdup_printf("link:%s", link->port);
        uint64_t bandwidth = pcie_link_bandwidth(link->speed, link->width);
        Resource *resource = resource_map_find(map, id);

        if (resource)
                return resource;

        resource = resource_add(map, parent, RESOURCE_LINK, "bytes/s", "%s", id);
        resource_name(resource, "link %s", link->port);
        resource_count(resource, bandwidth, 0);
        resource_tell(resource, "state", "%s", bandwidth > 0 ? "up" : "down");
        tell_speed(resource, "speed", link->speed);
        tell_width(resource, "width", link->width);
        tell_speed(resource, "speed-max", link->speed_max);
        tell_width(resource, "width-max", link->width_max);
        return resource;
}

/* What the device hangs below. The chain is NULL for what is no PCI function. */
static const Resource *take_chain(ResourceMap *map, const Device *device, GPtrArray *chain) {
        const Resource *place = resource_map_place(map, device->numa_node);

        for (guint i = 0; chain && i < chain->len; i++)
                place = take_link(map, place, chain->pdata[i]);
        return place;
}

/* Functions ------------------------------------------------------------------------- */

/* The configuration's pool of the functions that this parent has and could make; not told where
 * they are of several. */
static void tell_pool(Resource *resource, const ResourceSources *sources, const Device *parent,
                      const char *type) {
        g_autoptr(GPtrArray) devices = inventory_list(sources->inventory);
        const Pool *pool = NULL;

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (g_strcmp0(device->parent, parent->id) != 0 ||
                    (type && g_strcmp0(device->fingerprint->mdev_type, type) != 0))
                        continue;
                if (pool && pool != device->pool)
                        return;
                pool = device->pool;
        }
        if (!pool)
                pool = inventory_pool_of_new(sources->inventory, parent, type);
        resource_tell(resource, "pool", "%s", pool->name);
        if (pool->max > 0)
                resource_tell(resource, "pool-max", "%u", pool->max);
}

static unsigned count_group(const GPtrArray *devices, int group) {
        unsigned n = 0;

        for (guint i = 0; i < devices->len; i++)
                n += ((const Device *)devices->pdata[i])->iommu_group == group;
        return n;
}

/* Without ACS functions share a group, which one guest only can have. Of VFs in several groups the
 * first that is shared stands for all: they go to one guest. */
static void tell_shared_group(Resource *pool, const ResourceSources *sources, const char *parent) {
        g_autoptr(GPtrArray) devices = inventory_list(sources->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->iommu_group < 0 || g_strcmp0(device->parent, parent) != 0 ||
                    count_group(devices, device->iommu_group) < 2)
                        continue;
                resource_tell(pool, "shared-group", "%d", device->iommu_group);
                return;
        }
}

/* VFs ------------------------------------------------------------------------------- */

static unsigned count_leased(const ResourceSources *sources, const char *parent) {
        g_autoptr(GPtrArray) leases = lease_book_list(sources->leases);
        unsigned n = 0;

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const Device *device = inventory_find(sources->inventory, lease->device);

                /* One that is to be made has a parent, and is no device yet. */
                n += g_strcmp0(device ? device->parent : lease->parent, parent) == 0;
        }
        return n;
}

/* Mbit/s; 0 when the link is down or the driver does not tell. */
static uint64_t read_netdev_speed(const Sysfs *sysfs, const char *netdev) {
        g_autofree char *path = g_strdup_printf("sys/class/net/%s/speed", netdev);
        uint64_t speed;

        return sysfs_read_u64(sysfs, path, &speed) >= 0 && speed < SPEED_UNKNOWN ? speed : 0;
}

/* Tells the limits of each VF; returns what is guaranteed to them together. */
static uint64_t tell_rates(Resource *pool, const ResourceSources *sources, const Device *pf) {
        int index = sources->rtnl && pf->netdev ? rtnl_index(sources->rtnl, pf->netdev) : -1;
        uint64_t guaranteed = 0;

        for (unsigned n = 0; index >= 0 && n < pf->vfs_made; n++) {
                g_autofree char *key = g_strdup_printf("vf%u-rate", n);
                g_autoptr(SwitchVf) vf = NULL;

                if (vf_link_read(sources->rtnl, index, n, &vf) < 0)
                        continue;
                guaranteed += vf->min_tx_rate;
                if (vf->max_tx_rate > 0)
                        resource_tell(pool, key, "%u-%u", vf->min_tx_rate, vf->max_tx_rate);
                else if (vf->min_tx_rate > 0)
                        resource_tell(pool, key, "%u-", vf->min_tx_rate);
        }
        return guaranteed;
}

static void tell_chain(Resource *pf, const GPtrArray *chain) {
        const PcieLink *link = chain ? pcie_chain_narrowest(chain) : NULL;

        if (!link)
                return;
        resource_tell(pf, "narrowest-link", "link:%s", link->port);
        resource_tell(pf, "bytes-per-second", "%" PRIu64,
                      pcie_link_bandwidth(link->speed, link->width));
}

static Resource *add_pf(ResourceMap *map, const ResourceSources *sources, const Resource *place,
                        const Device *device, const GPtrArray *chain) {
        Resource *pf = resource_add(map, place, RESOURCE_PF, "Mbit/s", "pf:%s", device->id);
        Resource *pool = resource_add(map, pf, RESOURCE_VF_POOL, "VFs", "vf-pool:%s", device->id);
        uint64_t speed = device->netdev ? read_netdev_speed(sources->sysfs, device->netdev) : 0;

        resource_name(pf, "PF %s", device->id);
        resource_tell(pf, "netdev", "%s", device->netdev ?: "");
        resource_tell(pf, "driver", "%s", device->driver ?: "");
        tell_chain(pf, chain);
        resource_name(pool, "VFs");
        resource_count(pool, device->vfs_total, count_leased(sources, device->id));
        resource_tell(pool, "made", "%u", device->vfs_made);
        resource_tell(pool, "class", "%s", device_class_sriov.name);
        resource_tell(pool, "parent", "%s", device->id);
        tell_pool(pool, sources, device, NULL);
        tell_shared_group(pool, sources, device->id);
        resource_count(pf, speed, tell_rates(pool, sources, device));
        return pf;
}

/* mdevs ----------------------------------------------------------------------------- */

static unsigned count_made(const Inventory *inventory, const char *parent, const char *type) {
        g_autoptr(GPtrArray) devices = inventory_list(inventory);
        unsigned n = 0;

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                n += device->role == DEVICE_ROLE_FUNCTION &&
                     g_strcmp0(device->parent, parent) == 0 &&
                     g_strcmp0(device->fingerprint->mdev_type, type) == 0;
        }
        return n;
}

/* Types of one parent share what it has: making one of this leaves fewer of that. */
static void add_type(ResourceMap *map, const ResourceSources *sources, const Resource *place,
                     const Device *device, const MdevType *type) {
        unsigned made = count_made(sources->inventory, type->parent, type->id);
        Resource *resource = resource_add(map, place, RESOURCE_MDEV_TYPE, "instances",
                                          "mdev-type:%s/%s", type->parent, type->id);

        resource_name(resource, "mdev %s of %s", type->id, type->parent);
        resource_count(resource, (uint64_t)type->available + made, made);
        resource_tell(resource, "parent", "%s", type->parent);
        resource_tell(resource, "class", "%s", device->class->name);
        resource_tell(resource, "type", "%s", type->id);
        tell_pool(resource, sources, device, type->id);
        resource_tell(resource, "name", "%s", type->name ?: "");
        resource_tell(resource, "api", "%s", type->device_api ?: "");
}

static void add_parent(ResourceMap *map, const ResourceSources *sources, const Device *device) {
        g_autoptr(GPtrArray) chain = NULL;
        const Resource *place;

        if (pci_address_is_valid(device->id))
                (void)pcie_chain_read(sources->sysfs, device->id, &chain);

        place = take_chain(map, device, chain);
        if (device->vfs_total > 0)
                place = add_pf(map, sources, place, device, chain);
        for (guint i = 0; device->types && i < device->types->len; i++)
                add_type(map, sources, place, device, device->types->pdata[i]);
}

void resource_scan_devices(ResourceMap *map, const ResourceSources *sources) {
        g_autoptr(GPtrArray) devices = inventory_list(sources->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->role == DEVICE_ROLE_PARENT)
                        add_parent(map, sources, device);
        }
}
