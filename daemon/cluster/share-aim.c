/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/share-aim.h"

#include "daemon/cluster/publish.h"
#include "daemon/core/usage.h"
#include "daemon/drain.h"
#include "daemon/slices.h"

static const Domain nobody = { 0 };

static int64_t part_of(const Manager *manager, int64_t amount) {
        unsigned percent = manager->config->cluster.share;

        return amount / 100 * percent + amount % 100 * percent / 100;
}

static void set_aim(GHashTable *aims, const char *resource, int64_t amount) {
        if (amount > 0)
                g_hash_table_insert(aims, g_strdup(resource), g_memdup2(&amount, sizeof(amount)));
}

int64_t share_aim(GHashTable *aims, const char *resource) {
        const int64_t *amount = g_hash_table_lookup(aims, resource);

        return amount ? *amount : 0;
}

/* Amounts --------------------------------------------------------------------------- */

static bool is_coming(void *userdata, const char *domain_uuid) {
        return !slices_is_placed(userdata, domain_uuid);
}

static void add_amounts(const Manager *manager, GHashTable *aims) {
        g_autoptr(ClusterMap) map = cluster_map_new();

        cluster_publish_amounts(map, manager);
        for (guint i = 0; i < map->resources->len; i++) {
                const ClusterResource *row = &g_array_index(map->resources, ClusterResource, i);
                int64_t coming = share_book_sum(manager->shares, row->name, is_coming,
                                                manager->slices);

                set_aim(aims, row->name, part_of(manager, row->free - MIN(coming, row->free)));
        }
}

/* Functions ------------------------------------------------------------------------- */

/* Those of one pool and type, or of one pool where that lets out no more than so many. */
typedef struct ShareGroup {
        const Pool *pool;
        GPtrArray *functions; /* Device, by id */
} ShareGroup;

static void group_free(void *data) {
        ShareGroup *group = data;

        g_ptr_array_unref(group->functions);
        g_free(group);
}

/* IOMMU group to how many functions are in it. */
static GHashTable *count_members(const GPtrArray *devices) {
        GHashTable *members = g_hash_table_new(NULL, NULL);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];
                void *key = GINT_TO_POINTER(device->iommu_group);
                int count = GPOINTER_TO_INT(g_hash_table_lookup(members, key));

                if (device->role == DEVICE_ROLE_FUNCTION && device->iommu_group >= 0)
                        g_hash_table_insert(members, key, GINT_TO_POINTER(count + 1));
        }
        return members;
}

static bool is_alone(GHashTable *members, const Device *device, Usage *usage) {
        void *key = GINT_TO_POINTER(device->iommu_group);
        g_autofree char *trouble = NULL;

        if (GPOINTER_TO_INT(g_hash_table_lookup(members, key)) > 1)
                return false;

        trouble = usage_group_trouble(usage, device);
        return !trouble;
}

static bool is_free(const Manager *manager, const Device *device) {
        const Pool *pool = inventory_pool(manager->inventory, device);

        return device->role == DEVICE_ROLE_FUNCTION && (!device->host_use || pool->host_devices) &&
               cluster_name_is_valid(device->id) &&
               !lease_book_find_device(manager->leases, device->id) &&
               !lease_book_is_tried(manager->leases, device->id) &&
               !share_book_holder(manager->shares, device->id);
}

static void add_to_group(GHashTable *groups, const Pool *pool, const Device *device) {
        const char *type = pool->max > 0 ? NULL : device->fingerprint->mdev_type;
        g_autofree char *key = g_strdup_printf("%s %s %s", device->class->name, pool->name,
                                               type ?: "");
        ShareGroup *group = g_hash_table_lookup(groups, key);

        if (!group) {
                group = g_new0(ShareGroup, 1);
                group->pool = pool;
                group->functions = g_ptr_array_new();
                g_hash_table_insert(groups, g_steal_pointer(&key), group);
        }
        g_ptr_array_add(group->functions, (void *)device);
}

static GHashTable *group_functions(const Manager *manager) {
        GHashTable *groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, group_free);
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);
        g_autoptr(GHashTable) members = count_members(devices);
        g_autoptr(Usage) usage = usage_new(&nobody, manager->inventory, manager->leases);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (is_free(manager, device) && is_alone(members, device, usage))
                        add_to_group(groups, inventory_pool(manager->inventory, device), device);
        }
        return groups;
}

/* Of a pool, what is leased, and what is for a guest that is yet to come. */
static unsigned count_spent(const Manager *manager, const Pool *pool) {
        g_autoptr(GPtrArray) names = share_book_list(manager->shares);
        unsigned spent = lease_book_count_pool(manager->leases, pool->name);

        for (guint i = 0; i < names->len; i++) {
                const Device *device = inventory_find(manager->inventory, names->pdata[i]);

                spent += device && inventory_pool(manager->inventory, device) == pool &&
                         share_book_holder(manager->shares, device->id) &&
                         !lease_book_find_device(manager->leases, device->id);
        }
        return spent;
}

static unsigned count_free(const Manager *manager, const ShareGroup *group) {
        unsigned max = group->pool->max, spent = max > 0 ? count_spent(manager, group->pool) : 0;

        return max > 0 ? MIN(group->functions->len, max - MIN(max, spent)) : group->functions->len;
}

/* What is offered stays so as far as it can; else the last go first, since a guest of this host
 * gets the first. */
static void add_group(const Manager *manager, const ShareGroup *group, GHashTable *aims) {
        int64_t left = part_of(manager, count_free(manager, group));

        for (int offered = 1; offered >= 0; offered--)
                for (guint i = group->functions->len; i > 0 && left > 0; i--) {
                        const Device *device = group->functions->pdata[i - 1];

                        if ((share_book_out(manager->shares, device->id) > 0) != offered)
                                continue;
                        set_aim(aims, device->id, 1);
                        left--;
                }
}

static void add_functions(const Manager *manager, GHashTable *aims) {
        g_autoptr(GHashTable) groups = group_functions(manager);
        GHashTableIter iter;
        void *group;

        g_hash_table_iter_init(&iter, groups);
        while (g_hash_table_iter_next(&iter, NULL, &group))
                add_group(manager, group, aims);
}

/* A process that virt-ferry knows nothing of may have it open. */
bool share_may_give(const Manager *manager, const char *resource) {
        const Device *device = inventory_find(manager->inventory, resource);
        g_autoptr(Usage) usage = NULL;

        if (!device)
                return true;

        usage = usage_new(&nobody, manager->inventory, manager->leases);
        return !usage_is_held(usage, device);
}

/* ----------------------------------------------------------------------------------- */

GHashTable *share_aims_new(const Manager *manager) {
        GHashTable *aims = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        if (drain_get(manager->drain) || share_book_is_called_back(manager->shares, manager->now()))
                return aims;

        add_amounts(manager, aims);
        add_functions(manager, aims);
        return aims;
}
