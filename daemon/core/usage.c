/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/usage.h"

#include <errno.h>

#include "daemon/facts/iommu.h"
#include "daemon/facts/pci.h"
#include "daemon/facts/vfio-hold.h"

#define FAILED_ASKS_MAX 8

struct Usage {
        Inventory *inventory;
        const LeaseBook *book;
        const char *domain_uuid; /* NULL: a guest that has no uuid has no leases */
        GPtrArray *list;         /* Lease, borrowed from the book */
        GPtrArray *own;          /* those of the guest */
        GHashTable *leases;      /* device id → Lease, borrowed */
        GHashTable *pools;       /* name → number of leases of others, promises, and shared */
        GHashTable *shared;      /* name → number of those that are offered to the cluster */
        GHashTable *unmade;      /* parent → number of instances */
        GHashTable *promised;    /* ids */
        GHashTable *members;     /* IOMMU group → names in it, asked when first needed */
        unsigned failed_asks;
        int ask_error;
};

static void count_up(GHashTable *counts, const char *key) {
        unsigned *count = g_hash_table_lookup(counts, key);

        if (!count) {
                count = g_new0(unsigned, 1);
                g_hash_table_insert(counts, g_strdup(key), count);
        }
        (*count)++;
}

static unsigned count_of(GHashTable *counts, const char *key) {
        const unsigned *count = g_hash_table_lookup(counts, key);

        return count ? *count : 0;
}

static void add_lease(Usage *usage, Lease *lease) {
        g_hash_table_insert(usage->leases, lease->device, lease);
        if (usage_is_own(usage, lease)) {
                g_ptr_array_add(usage->own, lease);
                return;
        }

        if (lease->pool)
                count_up(usage->pools, lease->pool);
        if (lease->make && lease->parent && !inventory_find(usage->inventory, lease->device))
                count_up(usage->unmade, lease->parent);
}

static void add_shared(Usage *usage) {
        const ShareBook *shares = lease_book_shares(usage->book);
        g_autoptr(GPtrArray) names = shares ? share_book_list(shares) : g_ptr_array_new();

        for (guint i = 0; i < names->len; i++) {
                const Device *device = inventory_find(usage->inventory, names->pdata[i]);
                const Pool *pool = device ? inventory_pool(usage->inventory, device) : NULL;

                if (!pool || usage_lease(usage, device->id) || !usage_is_shared(usage, device->id))
                        continue;
                count_up(usage->pools, pool->name);
                count_up(usage->shared, pool->name);
        }
}

Usage *usage_new(const Domain *domain, Inventory *inventory, const LeaseBook *book) {
        Usage *usage = g_new0(Usage, 1);

        usage->inventory = inventory;
        usage->book = book;
        usage->domain_uuid = domain->uuid;
        usage->list = lease_book_list(book);
        usage->own = g_ptr_array_new();
        usage->leases = g_hash_table_new(g_str_hash, g_str_equal);
        usage->pools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        usage->shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        usage->unmade = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        usage->promised = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        usage->members = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);

        for (guint i = 0; i < usage->list->len; i++)
                add_lease(usage, usage->list->pdata[i]);
        add_shared(usage);
        return usage;
}

void usage_free(Usage *usage) {
        if (!usage)
                return;

        g_ptr_array_unref(usage->list);
        g_ptr_array_unref(usage->own);
        g_hash_table_unref(usage->leases);
        g_hash_table_unref(usage->pools);
        g_hash_table_unref(usage->shared);
        g_hash_table_unref(usage->unmade);
        g_hash_table_unref(usage->promised);
        g_hash_table_unref(usage->members);
        g_free(usage);
}

Inventory *usage_inventory(const Usage *usage) {
        return usage->inventory;
}

const Lease *usage_lease(const Usage *usage, const char *id) {
        return g_hash_table_lookup(usage->leases, id);
}

bool usage_is_tried(const Usage *usage, const char *id) {
        return lease_book_is_tried(usage->book, id);
}

bool usage_is_shared(const Usage *usage, const char *id) {
        return lease_book_is_shared(usage->book, id, usage->domain_uuid);
}

bool usage_is_kept(const Usage *usage, const char *id) {
        const ShareBook *shares = lease_book_shares(usage->book);

        return shares && share_book_promised(shares, id, usage->domain_uuid) > 0;
}

bool usage_expects(const Usage *usage) {
        const ShareBook *shares = lease_book_shares(usage->book);

        return shares && share_book_has_promise(shares, usage->domain_uuid);
}

bool usage_is_own(const Usage *usage, const Lease *lease) {
        return g_strcmp0(lease->domain_uuid, usage->domain_uuid) == 0;
}

const Lease *usage_own_lease(const Usage *usage, const DomainDevice *device) {
        const Lease *named = usage_lease(usage, device->source);

        for (guint i = 0; device->address && i < usage->own->len; i++) {
                const Lease *lease = usage->own->pdata[i];

                if (g_strcmp0(lease->address, device->address) == 0)
                        return lease;
        }
        return named && usage_is_own(usage, named) && !named->address ? named : NULL;
}

void usage_promise(Usage *usage, const char *id, const Pool *pool, const char *made_by) {
        g_hash_table_add(usage->promised, g_strdup(id));
        count_up(usage->pools, pool->name);
        if (made_by)
                count_up(usage->unmade, made_by);
}

bool usage_is_promised(const Usage *usage, const char *id) {
        return g_hash_table_contains(usage->promised, id);
}

bool usage_pool_is_full(const Usage *usage, const Pool *pool) {
        return pool->max > 0 && count_of(usage->pools, pool->name) >= pool->max;
}

GPtrArray *usage_pool_holders(const Usage *usage, const Pool *pool) {
        g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
        GPtrArray *names = g_ptr_array_new();

        for (guint i = 0; i < usage->list->len; i++) {
                const Lease *lease = usage->list->pdata[i];

                if (!usage_is_own(usage, lease) && g_strcmp0(lease->pool, pool->name) == 0 &&
                    g_hash_table_add(known, lease->domain_name))
                        g_ptr_array_add(names, lease->domain_name);
        }
        return names;
}

unsigned usage_pool_shared(const Usage *usage, const Pool *pool) {
        return count_of(usage->shared, pool->name);
}

unsigned usage_count_unmade(const Usage *usage, const char *parent) {
        return count_of(usage->unmade, parent);
}

bool usage_is_held(const Usage *usage, const Device *device) {
        const Sysfs *sysfs = inventory_sysfs(usage->inventory);
        g_autoptr(VfioHold) hold = vfio_hold_new(sysfs);
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int r;

        r = sysfs_dir_open(sysfs, &dir, "sys/bus/%s/devices/%s", device->class->subsystem,
                           device->id);
        /* What cannot be told is found out by whoever opens it next. */
        return r >= 0 && vfio_hold_add(hold, &dir) == -EBUSY;
}

int usage_ask(Usage *usage, const char *id) {
        int r;

        if (usage->failed_asks >= FAILED_ASKS_MAX)
                return usage->ask_error;

        r = inventory_probe(usage->inventory, id);
        if (r < 0) {
                usage->failed_asks++;
                usage->ask_error = r;
        }
        return r;
}

int usage_ask_error(const Usage *usage) {
        return usage->ask_error;
}

static const GPtrArray *group_members(Usage *usage, int group) {
        GPtrArray *members = g_hash_table_lookup(usage->members, GINT_TO_POINTER(group));

        if (members)
                return members;

        /* A group that has just gone is nobody's obstacle: the device has gone with it. */
        if (iommu_list_members(inventory_sysfs(usage->inventory), group, &members) < 0)
                members = g_ptr_array_new();
        g_hash_table_insert(usage->members, GINT_TO_POINTER(group), members);
        return members;
}

/* The kernel gives a group to a guest only when each driver in it is one of these or does nothing
 * with DMA: driver-api/vfio.rst, "driver_managed_dma" in its sources. */
static bool driver_lets_group_go(const char *driver) {
        return !driver || driver_is_vfio(driver) || g_str_equal(driver, "pci-stub") ||
               g_str_equal(driver, "pcieport") || g_str_equal(driver, "shpchp");
}

/* NULL when this other member of the group is no obstacle. Free it. */
static char *member_trouble(const Usage *usage, const char *id) {
        const Device *device = inventory_find(usage->inventory, id);
        const Lease *lease = usage_lease(usage, id);
        g_autoptr(PciFacts) facts = NULL;

        if (lease)
                return usage_is_own(usage, lease)
                               ? NULL
                               : g_strdup_printf("leased to guest %.32s", lease->domain_name);
        if (usage_is_tried(usage, id))
                return g_strdup("being tried by 'virt-ferry probe'");
        if (usage_is_shared(usage, id))
                return g_strdup("offered to the cluster");
        if (device && device->role == DEVICE_ROLE_FUNCTION)
                return device->host_use ? g_strdup("used by the host") : NULL;

        if (pci_read(inventory_sysfs(usage->inventory), id, &facts) < 0 ||
            driver_lets_group_go(facts->driver))
                return NULL;
        return g_strdup_printf("bound to %.32s", facts->driver);
}

char *usage_group_trouble(Usage *usage, const Device *device) {
        const GPtrArray *members;

        if (device->iommu_group < 0)
                return NULL;

        members = group_members(usage, device->iommu_group);
        for (guint i = 0; i < members->len; i++) {
                const char *id = members->pdata[i];
                g_autofree char *trouble = NULL;

                if (!g_str_equal(id, device->id))
                        trouble = member_trouble(usage, id);
                if (trouble)
                        return g_strdup_printf("group %d with %s, which is %s", device->iommu_group,
                                               id, trouble);
        }
        return NULL;
}
