/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/mdev.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"
#include "daemon/facts/vfio-hold.h"
#include "xml/pci-address.h"

void mdev_type_free(MdevType *type) {
        if (!type)
                return;

        g_free(type->parent);
        g_free(type->id);
        g_free(type->name);
        g_free(type->device_api);
        g_free(type);
}

void mdev_facts_free(MdevFacts *facts) {
        if (!facts)
                return;

        g_free(facts->uuid);
        g_free(facts->parent);
        g_free(facts->type);
        g_free(facts->driver);
        g_free(facts);
}

/* NULL when it is no uuid. The kernel names its directories in lower case. */
static char *uuid_normalize(const char *uuid) {
        return uuid_is_valid(uuid) ? g_ascii_strdown(uuid, -1) : NULL;
}

int mdev_list_parents(const Sysfs *sysfs, GPtrArray **ret_names) {
        return sysfs_list(sysfs, "sys/class/mdev_bus", ret_names);
}

static int read_type(const Sysfs *sysfs, const char *parent, const char *id, MdevType **ret_type) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autoptr(MdevType) type = g_new0(MdevType, 1);
        int available = 0;
        int r;

        r = sysfs_dir_open(sysfs, &dir, "sys/class/mdev_bus/%s/mdev_supported_types/%s", parent,
                           id);
        if (r < 0)
                return r;

        type->parent = g_strdup(parent);
        type->id = g_strdup(id);
        (void)sysfs_dir_read_string(&dir, "name", &type->name); /* optional */
        (void)sysfs_dir_read_string(&dir, "device_api", &type->device_api);
        if (sysfs_dir_read_int(&dir, "available_instances", &available) >= 0 && available > 0)
                type->available = available;

        *ret_type = g_steal_pointer(&type);
        return 0;
}

int mdev_list_types(const Sysfs *sysfs, const char *parent, GPtrArray **ret_types) {
        g_autoptr(GPtrArray) types = g_ptr_array_new_with_free_func((GDestroyNotify)mdev_type_free);
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autoptr(GPtrArray) ids = NULL;
        int r;

        if (!sysfs_name_is_valid(parent))
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &dir, "sys/class/mdev_bus/%s", parent);
        if (r < 0)
                return r;

        r = sysfs_dir_list(&dir, "mdev_supported_types", &ids);
        if (r < 0)
                return r;

        for (guint i = 0; i < ids->len; i++) {
                MdevType *type;

                if (read_type(sysfs, parent, ids->pdata[i], &type) >= 0)
                        g_ptr_array_add(types, type);
        }
        *ret_types = g_steal_pointer(&types);
        return 0;
}

int mdev_list(const Sysfs *sysfs, GPtrArray **ret_uuids) {
        g_autoptr(GPtrArray) names = NULL;
        int r;

        r = sysfs_list(sysfs, "sys/bus/mdev/devices", &names);
        if (r < 0)
                return r;

        for (guint i = names->len; i > 0; i--)
                if (!uuid_is_valid(names->pdata[i - 1]))
                        g_ptr_array_remove_index(names, i - 1);

        *ret_uuids = g_steal_pointer(&names);
        return 0;
}

/* The kernel's dev_driver_string(): a virtual parent such as mtty's has a class and no driver. */
int mdev_parent_driver(const Sysfs *sysfs, const char *parent, char **ret_driver) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        char name[NAME_MAX + 1];
        int r;

        if (!sysfs_name_is_valid(parent))
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &dir, "sys/class/mdev_bus/%s", parent);
        if (r < 0)
                return r;

        r = sysfs_dir_read_link(&dir, "driver", name);
        if (r == -ENOENT)
                r = sysfs_dir_read_link(&dir, "subsystem", name);
        if (r < 0)
                return r;

        *ret_driver = g_strdup(name);
        return 0;
}

/* An instance is a directory in its parent's: ".../devices/virtual/mtty/mtty/UUID". */
static int read_parent(const Sysfs *sysfs, const char *uuid, char **ret_parent) {
        g_autofree char *path = g_build_filename("sys/bus/mdev/devices", uuid, NULL);
        g_autofree char *target = NULL, *directory = NULL, *parent = NULL;
        int r;

        r = sysfs_read_link(sysfs, path, &target);
        if (r < 0)
                return r == -ENOENT ? -ENODEV : r;

        directory = g_path_get_dirname(target);
        parent = g_path_get_basename(directory);
        if (!sysfs_name_is_valid(parent))
                return -EBADMSG;

        *ret_parent = g_steal_pointer(&parent);
        return 0;
}

static void read_group(const SysfsDir *dir, int *ret_group) {
        char name[NAME_MAX + 1];
        guint64 number;

        if (sysfs_dir_read_link(dir, "iommu_group", name) >= 0 &&
            g_ascii_string_to_unsigned(name, 10, 0, INT_MAX, &number, NULL))
                *ret_group = number;
}

int mdev_read(const Sysfs *sysfs, const char *uuid, MdevFacts **ret_facts) {
        g_autoptr(MdevFacts) facts = g_new0(MdevFacts, 1);
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        char type[NAME_MAX + 1];
        int r;

        facts->iommu_group = -1;
        facts->uuid = uuid_normalize(uuid);
        if (!facts->uuid)
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &dir, "sys/bus/mdev/devices/%s", facts->uuid);
        if (r < 0)
                return r;

        r = read_parent(sysfs, facts->uuid, &facts->parent);
        if (r < 0)
                return r;

        r = sysfs_dir_read_link(&dir, "mdev_type", type);
        if (r < 0)
                return r == -ENOENT ? -ENODEV : r;

        facts->type = g_strdup(type);
        read_group(&dir, &facts->iommu_group);
        (void)mdev_parent_driver(sysfs, facts->parent, &facts->driver); /* NULL: unknown */
        *ret_facts = g_steal_pointer(&facts);
        return 0;
}

int mdev_create(Sysfs *sysfs, const char *parent, const char *type, const char *uuid) {
        g_autofree char *name = uuid_normalize(uuid);
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int r;

        if (!name || !sysfs_name_is_valid(parent) || !sysfs_name_is_valid(type))
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &dir, "sys/class/mdev_bus/%s/mdev_supported_types/%s", parent,
                           type);
        if (r < 0)
                return r;

        r = sysfs_dir_write(&dir, "create", name);
        return r == -EUSERS ? -ENOSPC : r; /* the kernel's own count says EUSERS, drivers ENOSPC */
}

int mdev_remove(Sysfs *sysfs, const char *uuid) {
        g_autoptr(VfioHold) hold = vfio_hold_new(sysfs);
        g_autofree char *name = uuid_normalize(uuid);
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int r;

        if (!name)
                return -EINVAL;

        r = sysfs_dir_open(sysfs, &dir, "sys/bus/mdev/devices/%s", name);
        if (r < 0)
                return r;

        r = vfio_hold_add(hold, &dir);
        return r < 0 ? r : sysfs_dir_write(&dir, "remove", "1");
}
