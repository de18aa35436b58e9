/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/device.h"

#include "daemon/core/string-table.h"

static const char *const role_words[] = {
        [DEVICE_ROLE_FUNCTION] = "function",
        [DEVICE_ROLE_PARENT] = "parent",
};
G_STATIC_ASSERT(G_N_ELEMENTS(role_words) == _DEVICE_ROLE_MAX);

const char *device_role_to_string(DeviceRole role) {
        return string_table_word(role_words, _DEVICE_ROLE_MAX, role);
}

DeviceRole device_role_from_string(const char *text) {
        return string_table_value(role_words, _DEVICE_ROLE_MAX, text);
}

Device *device_new(const DeviceClass *class, DeviceRole role, const char *id) {
        Device *device = g_new0(Device, 1);

        device->id = g_strdup(id);
        device->class = class;
        device->role = role;
        device->fingerprint = fingerprint_new();
        device->numa_node = device->iommu_group = -1;
        return device;
}

void device_free(Device *device) {
        if (!device)
                return;

        g_free(device->id);
        g_free(device->parent);
        fingerprint_free(device->fingerprint);
        g_free(device->driver);
        g_free(device->netdev);
        g_free(device->host_use);
        g_clear_pointer(&device->types, g_ptr_array_unref);
        g_free(device);
}

static bool mdev_type_equal(const MdevType *a, const MdevType *b) {
        return g_strcmp0(a->parent, b->parent) == 0 && g_strcmp0(a->id, b->id) == 0 &&
               g_strcmp0(a->name, b->name) == 0 && g_strcmp0(a->device_api, b->device_api) == 0 &&
               a->available == b->available;
}

static bool types_equal(const GPtrArray *a, const GPtrArray *b) {
        if (!a || !b)
                return a == b;
        if (a->len != b->len)
                return false;

        for (guint i = 0; i < a->len; i++)
                if (!mdev_type_equal(a->pdata[i], b->pdata[i]))
                        return false;
        return true;
}

static bool words_equal(const Device *a, const Device *b) {
        return g_strcmp0(a->id, b->id) == 0 && g_strcmp0(a->parent, b->parent) == 0 &&
               g_strcmp0(a->driver, b->driver) == 0 && g_strcmp0(a->netdev, b->netdev) == 0 &&
               g_strcmp0(a->host_use, b->host_use) == 0 && g_strcmp0(a->finding, b->finding) == 0;
}

bool device_equal(const Device *a, const Device *b) {
        if (!a || !b)
                return a == b;

        return a->class == b->class && a->role == b->role && a->numa_node == b->numa_node &&
               a->iommu_group == b->iommu_group && a->driver_loading == b->driver_loading &&
               a->link_speed == b->link_speed && a->link_width == b->link_width &&
               a->vfs_made == b->vfs_made && a->vfs_total == b->vfs_total && words_equal(a, b) &&
               fingerprint_equal(a->fingerprint, b->fingerprint) && types_equal(a->types, b->types);
}
