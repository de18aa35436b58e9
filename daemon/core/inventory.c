/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/inventory.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/obstacle.h"
#include "daemon/core/probe-memo.h"

struct Inventory {
        Sysfs *sysfs;
        const Config *config;
        InventoryProbe probe;
        DriverMemo *drivers;
        ProbeMemo *probes;
        Obstacles *obstacles;
        GHashTable *devices; /* by id */
        GPtrArray *sorted;   /* of inventory_list(), NULL until asked */
        InventoryListener listener;
        void *userdata;
};

Inventory *inventory_new(Sysfs *sysfs, const Config *config, InventoryProbe probe) {
        Inventory *inventory = g_new0(Inventory, 1);

        inventory->sysfs = sysfs;
        inventory->config = config;
        inventory->probe = probe ?: vfio_probe;
        inventory->drivers = driver_memo_new();
        inventory->probes = probe_memo_new();
        inventory->obstacles = obstacles_new(sysfs);
        inventory->devices = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                   (GDestroyNotify)device_free);
        return inventory;
}

void inventory_free(Inventory *inventory) {
        if (!inventory)
                return;

        g_clear_pointer(&inventory->sorted, g_ptr_array_unref);
        g_hash_table_unref(inventory->devices);
        obstacles_free(inventory->obstacles);
        probe_memo_free(inventory->probes);
        driver_memo_free(inventory->drivers);
        g_free(inventory);
}

void inventory_set_listener(Inventory *inventory, InventoryListener listener, void *userdata) {
        inventory->listener = listener;
        inventory->userdata = userdata;
}

static void tell(Inventory *inventory, InventoryChange change, const Device *device) {
        if (inventory->listener)
                inventory->listener(inventory->userdata, change, device);
}

/* What is there --------------------------------------------------------------------- */

static void note_probe(Inventory *inventory, Device *device, const VfioProbe *probe) {
        device->fingerprint->vfio_caps = probe->caps;
        device->fingerprint->state_size = probe->state_size;
        device->finding = obstacles_find(inventory->obstacles, device);
}

static const VfioProbe *find_probe(const Inventory *inventory, const Device *device) {
        return probe_memo_find(inventory->probes, device, device->fingerprint->mdev_type);
}

/* The one door: takes the device. What is known of its kind is noted before it
 * is compared, or each scan would seem to forget it. */
static void take(Inventory *inventory, Device *device) {
        const Device *old = g_hash_table_lookup(inventory->devices, device->id);
        InventoryChange change = old ? INVENTORY_CHANGED : INVENTORY_ADDED;
        const VfioProbe *probe = NULL;

        if (device->role == DEVICE_ROLE_FUNCTION)
                probe = find_probe(inventory, device);
        if (probe)
                note_probe(inventory, device, probe);
        else
                device->finding = obstacles_find(inventory->obstacles, device);

        if (old && device_equal(old, device)) {
                device_free(device);
                return;
        }

        g_clear_pointer(&inventory->sorted, g_ptr_array_unref);
        device->pool = config_pool_for(inventory->config, device->class, device->parent,
                                       device->fingerprint->mdev_type, device->id);
        g_hash_table_replace(inventory->devices, device->id, device);
        tell(inventory, change, device);
}

static void drop(Inventory *inventory, const char *id) {
        g_autoptr(Device) device = NULL;

        if (!g_hash_table_steal_extended(inventory->devices, id, NULL, (gpointer *)&device))
                return;

        g_clear_pointer(&inventory->sorted, g_ptr_array_unref);
        tell(inventory, INVENTORY_REMOVED, device);
}

static void on_found(void *userdata, Device *device) {
        g_hash_table_replace(userdata, device->id, device);
}

static int scan_classes(Inventory *inventory, GHashTable *found) {
        for (const DeviceClass *const *class = device_classes; *class; class ++) {
                int r = (*class)->scan(inventory->sysfs, inventory->drivers, on_found, found);

                if (r < 0)
                        return r;
        }
        return 0;
}

static void drop_missing(Inventory *inventory, GHashTable *found) {
        g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
        GHashTableIter iter;
        const char *id;

        g_hash_table_iter_init(&iter, inventory->devices);
        while (g_hash_table_iter_next(&iter, (gpointer *)&id, NULL))
                if (!g_hash_table_contains(found, id))
                        g_ptr_array_add(missing, g_strdup(id));

        for (guint i = 0; i < missing->len; i++)
                drop(inventory, missing->pdata[i]);
}

int inventory_scan(Inventory *inventory) {
        g_autoptr(GHashTable) found = NULL;
        GHashTableIter iter;
        Device *device;
        int r;

        found = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)device_free);
        driver_memo_forget(inventory->drivers);
        r = scan_classes(inventory, found);
        if (r < 0)
                return r;

        drop_missing(inventory, found);
        g_hash_table_iter_init(&iter, found);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&device)) {
                g_hash_table_iter_steal(&iter);
                take(inventory, device);
        }
        return 0;
}

/* A later class has the id before the one that the event was about: see device_classes[]. */
static int describe(Inventory *inventory, const DeviceClass *class, const char *id,
                    Device **ret_device) {
        guint i = 0;
        int r;

        while (device_classes[i])
                i++;
        do {
                r = device_classes[--i]->describe(inventory->sysfs, inventory->drivers, id,
                                                  ret_device);
        } while (r == -ENODEV && device_classes[i] != class);

        return r;
}

static int refresh_one(Inventory *inventory, const DeviceClass *class, const char *id) {
        Device *device;
        int r;

        r = describe(inventory, class, id, &device);
        if (r >= 0)
                take(inventory, device);
        else if (r == -ENODEV)
                drop(inventory, id);
        return r == -ENODEV ? 0 : r;
}

int inventory_refresh(Inventory *inventory, const DeviceClass *class, const char *id) {
        g_autofree char *parent = NULL;
        const Device *device;
        int r;

        /* The last that is known tells the parent of one that is gone. */
        device = inventory_find(inventory, id);
        parent = g_strdup(device ? device->parent : NULL);
        r = refresh_one(inventory, class, id);
        if (r < 0)
                return r;

        device = inventory_find(inventory, id);
        if (device && device->parent) {
                g_free(parent);
                parent = g_strdup(device->parent);
        }
        return parent ? refresh_one(inventory, class, parent) : 0;
}

/* Questions ------------------------------------------------------------------------- */

const Device *inventory_find(const Inventory *inventory, const char *id) {
        return id ? g_hash_table_lookup(inventory->devices, id) : NULL;
}

unsigned inventory_size(const Inventory *inventory) {
        return g_hash_table_size(inventory->devices);
}

static int compare_devices(gconstpointer a, gconstpointer b) {
        const Device *left = *(const Device *const *)a, *right = *(const Device *const *)b;

        if (left->class != right->class)
                return strcmp(left->class->name, right->class->name);
        return strcmp(left->id, right->id);
}

static GPtrArray *sort_devices(const Inventory *inventory) {
        GPtrArray *devices = g_ptr_array_sized_new(inventory_size(inventory));
        GHashTableIter iter;
        Device *device;

        g_hash_table_iter_init(&iter, inventory->devices);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&device))
                g_ptr_array_add(devices, device);

        g_ptr_array_sort(devices, compare_devices);
        return devices;
}

GPtrArray *inventory_list(const Inventory *inventory) {
        /* Sorting is most of the work of a negotiation, and remembering changes nothing. */
        Inventory *cache = (Inventory *)inventory;

        if (!cache->sorted)
                cache->sorted = sort_devices(inventory);
        return g_ptr_array_ref(cache->sorted);
}

/* What drivers can do --------------------------------------------------------------- */

/* Notes the answer in all devices of the kind. */
static void spread_probe(Inventory *inventory, const VfioProbe *probe) {
        GHashTableIter iter;
        Device *device;

        g_hash_table_iter_init(&iter, inventory->devices);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&device)) {
                if (device->role != DEVICE_ROLE_FUNCTION || find_probe(inventory, device) != probe)
                        continue;

                note_probe(inventory, device, probe);
                tell(inventory, INVENTORY_CHANGED, device);
        }
}

int inventory_probe(Inventory *inventory, const char *id) {
        const Device *device = inventory_find(inventory, id);
        VfioProbe probe = { 0 };
        int r;

        if (!device || device->role != DEVICE_ROLE_FUNCTION)
                return -ENODEV;
        if (device->fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN)
                return 0;

        r = inventory->probe(inventory->sysfs, id, device->iommu_group, &probe);
        /* Somebody holds it, but the kernel may tell without its being opened. */
        if (r == -EBUSY && vfio_look(inventory->sysfs, id, &probe.caps) >= 0 &&
            probe.caps != VFIO_CAPS_UNKNOWN)
                r = 0;
        if (r < 0)
                return r;

        probe_memo_note(inventory->probes, device, &probe);
        spread_probe(inventory, find_probe(inventory, device));
        return 0;
}

void inventory_note_hang(Inventory *inventory, const char *id, bool hangs) {
        Device *device = g_hash_table_lookup(inventory->devices, id);
        const char *before;

        if (!device)
                return;

        obstacles_note_hang(inventory->obstacles, device, hangs);
        before = device->finding;
        device->finding = obstacles_find(inventory->obstacles, device);
        if (device->finding != before)
                tell(inventory, INVENTORY_CHANGED, device);
}

bool inventory_hangs(const Inventory *inventory, const Device *device) {
        return obstacles_hangs(inventory->obstacles, device);
}

int inventory_dma_log_reports(Inventory *inventory) {
        return obstacles_dma_log_reports(inventory->obstacles);
}

/* What could be made ---------------------------------------------------------------- */

static void offer_types(const Inventory *inventory, const Device *parent, GArray *offers) {
        for (guint i = 0; parent->types && i < parent->types->len; i++) {
                const MdevType *type = parent->types->pdata[i];
                Offer offer = { parent->class, parent, type, NULL };

                if (type->available == 0)
                        continue;

                offer.pool = config_pool_for(inventory->config, parent->class, parent->id, type->id,
                                             NULL);
                g_array_append_val(offers, offer);
        }
}

GArray *inventory_offers(const Inventory *inventory) {
        g_autoptr(GPtrArray) devices = inventory_list(inventory);
        GArray *offers = g_array_new(FALSE, FALSE, sizeof(Offer));

        for (guint i = 0; i < devices->len; i++)
                offer_types(inventory, devices->pdata[i], offers);
        return offers;
}

int inventory_offer_caps(const Inventory *inventory, const Offer *offer) {
        const VfioProbe *probe = probe_memo_find(inventory->probes, offer->parent, offer->type->id);

        return probe ? probe->caps : VFIO_CAPS_UNKNOWN;
}

const Pool *inventory_pool(const Inventory *inventory, const Device *device) {
        return device->pool;
}

const Pool *inventory_pool_of_new(const Inventory *inventory, const Device *parent,
                                  const char *type) {
        return config_pool_for(inventory->config, parent->class, parent->id, type, NULL);
}

bool inventory_mediates(const Inventory *inventory) {
        return inventory->config->mediation;
}

const Compat *inventory_compat(const Inventory *inventory) {
        return inventory->config->compat;
}

Sysfs *inventory_sysfs(Inventory *inventory) {
        return inventory->sysfs;
}
