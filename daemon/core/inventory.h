/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The devices of this host, by id. Owned by the manager; one thread. */

#include "daemon/core/config.h"
#include "daemon/core/device-class.h"

typedef struct Inventory Inventory;

typedef enum InventoryChange {
        INVENTORY_ADDED,
        INVENTORY_CHANGED,
        INVENTORY_REMOVED, /* `device` is the last that was known; freed after the call */
} InventoryChange;

/* It may read the inventory and must not change it. */
typedef void (*InventoryListener)(void *userdata, InventoryChange change, const Device *device);
/* vfio_probe(), or a test's. */
typedef int (*InventoryProbe)(const Sysfs *sysfs, const char *name, int iommu_group,
                              VfioProbe *ret_probe);

/* Borrows sysfs and config. `probe` NULL: vfio_probe(). */
Inventory *inventory_new(Sysfs *sysfs, const Config *config, InventoryProbe probe);
void inventory_free(Inventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inventory, inventory_free)

void inventory_set_listener(Inventory *inventory, InventoryListener listener, void *userdata);

/* Reads everything anew and tells the listener what differs. When something cannot be read, nothing
 * changes. */
int inventory_scan(Inventory *inventory);
/* One device anew, and its parent, whose instances it uses: after a uevent or after we touched it.
 * Gone: removed, 0. What is no device of a class: 0. */
int inventory_refresh(Inventory *inventory, const DeviceClass *class, const char *id);

const Device *inventory_find(const Inventory *inventory, const char *id); /* NULL */
unsigned inventory_size(const Inventory *inventory);
/* Sorted by class, then id; borrowed Device pointers that hold until the next scan or refresh.
 * Unref the array and do not change it: it is shared. */
GPtrArray *inventory_list(const Inventory *inventory);

/* Asks the kernel what the device's driver offers (VfioCap), once for each kind of device (class,
 * ids, driver with version and loading, mdev type), and notes it in the fingerprint of all of that
 * kind. Only for a function that nobody holds: the caller has checked its lease. Quick when known.
 * -ENODEV when it is gone or not bound to its vfio driver yet, so cannot be asked. */
int inventory_probe(Inventory *inventory, const char *id);

/* A trial of the device did not end, or did after all: a `finding` until its driver is loaded anew.
 */
void inventory_note_hang(Inventory *inventory, const char *id, bool hangs);
bool inventory_hangs(const Inventory *inventory, const Device *device);

/* Whether the kernel can report the DMA logging that drivers offer: vfio_kernel_reports_dma_log(),
 * asked once, when first needed. 0 makes a `finding` of each device that offers it. */
int inventory_dma_log_reports(Inventory *inventory);

/* A function that could be made: of `type` below `parent`. Borrowed strings. */
typedef struct Offer {
        const DeviceClass *class;
        const Device *parent;
        const MdevType *type;
        const Pool *pool;
} Offer;

/* All types with an instance left. Free with g_array_unref(); elements are Offer. */
GArray *inventory_offers(const Inventory *inventory);
/* What such a device would be able to do, when one of its kind has been asked; else unknown. */
int inventory_offer_caps(const Inventory *inventory, const Offer *offer);
const Pool *inventory_pool(const Inventory *inventory, const Device *device);
/* Of a function that the parent would make, of this type (NULL: it has none). */
const Pool *inventory_pool_of_new(const Inventory *inventory, const Device *parent,
                                  const char *type);

/* The rules of its configuration. */
const Compat *inventory_compat(const Inventory *inventory);
bool inventory_mediates(const Inventory *inventory); /* the same says so */
Sysfs *inventory_sysfs(Inventory *inventory);
