/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/read-map.h"

ResourceMap *read_map(FakeRoot *root) {
        g_autoptr(Store) store = store_open(":memory:", NULL);
        g_autoptr(LeaseBook) leases = lease_book_new(store);
        g_autoptr(Config) config = config_new();
        g_autoptr(Inventory) inventory = NULL;
        ResourceSources sources;

        inventory = inventory_new(fake_root_sysfs(root), config, NULL);
        g_assert_cmpint(inventory_scan(inventory), ==, 0);
        sources = (ResourceSources){ fake_root_sysfs(root), inventory, leases, NULL };
        return resource_map_read(&sources);
}
