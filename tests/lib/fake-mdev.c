/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <errno.h>
#include <string.h>

#include "xml/pci-address.h"

void fake_parent_free(FakeParent *parent) {
        g_free(parent->name);
        g_free(parent->path);
        g_free(parent->driver);
        g_hash_table_unref(parent->types);
        g_free(parent);
}

void fake_mdev_free(FakeMdev *mdev) {
        g_free(mdev->uuid);
        g_free(mdev->path);
        g_free(mdev->type);
        g_free(mdev);
}

static char *type_path(const FakeParent *parent, const char *type, const char *name) {
        return g_build_filename(parent->path, "mdev_supported_types", type, name, NULL);
}

static void put_type(FakeRoot *root, const FakeParent *parent, const FakeMdevType *type) {
        g_autofree char *name = type_path(parent, type->id, "name");
        g_autofree char *api = type_path(parent, type->id, "device_api");
        g_autofree char *create = type_path(parent, type->id, "create");
        g_autofree char *devices = type_path(parent, type->id, "devices");

        tree_mkdir(root->fd, devices);
        tree_printf(root->fd, name, "%s\n", type->name ? type->name : type->id);
        tree_put(root->fd, api, "vfio-pci\n", -1);
        tree_put(root->fd, create, "", 0);
}

/* What one instance takes is missing for all types. */
static void put_available(FakeRoot *root, const FakeParent *parent) {
        GHashTableIter iter;
        void *id, *cost;

        g_hash_table_iter_init(&iter, parent->types);
        while (g_hash_table_iter_next(&iter, &id, &cost)) {
                g_autofree char *path = type_path(parent, id, "available_instances");

                tree_printf(root->fd, path, "%u\n", parent->left / GPOINTER_TO_UINT(cost));
        }
}

static char *make_parent_device(FakeRoot *root, const char *name, const char *driver) {
        const FakeFunction *function = fake_function_find(root, name);
        g_autofree char *subsystem = NULL, *class = NULL;
        char *path;

        if (function)
                return g_strdup(function->path);

        path = g_build_filename("sys/devices/virtual", driver, name, NULL);
        subsystem = g_build_filename(path, "subsystem", NULL);
        class = g_build_filename("sys/class", driver, NULL);
        tree_mkdir(root->fd, path);
        tree_mkdir(root->fd, class);
        tree_link(root->fd, subsystem, class);
        return path;
}

void fake_root_add_mdev_parent(FakeRoot *root, const char *name, const char *driver,
                               unsigned capacity, const FakeMdevType *types) {
        g_autofree char *class = g_build_filename("sys/class/mdev_bus", name, NULL);
        FakeParent *parent = g_new0(FakeParent, 1);

        parent->name = g_strdup(name);
        parent->driver = g_strdup(driver);
        parent->path = make_parent_device(root, name, driver);
        parent->left = capacity;
        parent->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (; types->id; types++) {
                g_hash_table_insert(parent->types, g_strdup(types->id),
                                    GUINT_TO_POINTER(MAX(types->cost, 1)));
                put_type(root, parent, types);
        }

        put_available(root, parent);
        tree_link(root->fd, class, parent->path);
        g_hash_table_insert(root->parents, parent->name, parent);
}

void fake_root_add_mtty(FakeRoot *root) {
        static const FakeMdevType types[] = {
                { .id = "mtty-1", .name = "Single port serial", .cost = 1 },
                { .id = "mtty-2", .name = "Dual port serial", .cost = 2 },
                { 0 },
        };

        fake_root_add_mdev_parent(root, "mtty", "mtty", 24, types);
}

static char *instance_link(const FakeMdev *mdev) {
        g_autofree char *devices = type_path(mdev->parent, mdev->type, "devices");

        return g_build_filename(devices, mdev->uuid, NULL);
}

static void add_mdev(FakeRoot *root, FakeMdev *mdev) {
        g_autofree char *bus = g_build_filename("sys/bus/mdev/devices", mdev->uuid, NULL);
        g_autofree char *remove = g_build_filename(mdev->path, "remove", NULL);
        g_autofree char *type = g_build_filename(mdev->path, "mdev_type", NULL);
        g_autofree char *type_target = type_path(mdev->parent, mdev->type, NULL);
        g_autofree char *instance = instance_link(mdev);

        tree_mkdir(root->fd, mdev->path);
        tree_put(root->fd, remove, "", 0);
        tree_link(root->fd, type, type_target);
        tree_link(root->fd, bus, mdev->path);
        tree_link(root->fd, instance, mdev->path);
        mdev->group = fake_group_join(root, 0, mdev->uuid, mdev->path);
        fake_vfio_register(root, mdev->group, mdev->path);
        put_available(root, mdev->parent);
        g_hash_table_insert(root->mdevs, mdev->uuid, mdev);
}

int fake_mdev_create(FakeRoot *root, const char *parent_name, const char *type, const char *uuid) {
        FakeParent *parent = g_hash_table_lookup(root->parents, parent_name);
        unsigned cost;
        FakeMdev *mdev;

        cost = parent ? GPOINTER_TO_UINT(g_hash_table_lookup(parent->types, type)) : 0;
        if (cost == 0)
                return -ENOENT;
        if (!uuid_is_valid(uuid))
                return -EINVAL;
        if (g_hash_table_contains(root->mdevs, uuid))
                return -EEXIST;
        if (parent->left < cost)
                return -ENOSPC;

        parent->left -= cost;
        mdev = g_new0(FakeMdev, 1);
        mdev->uuid = g_strdup(uuid);
        mdev->path = g_build_filename(parent->path, uuid, NULL);
        mdev->type = g_strdup(type);
        mdev->parent = parent;
        add_mdev(root, mdev);
        return 0;
}

void fake_root_add_mdev(FakeRoot *root, const char *parent, const char *type, const char *uuid) {
        int r = fake_mdev_create(root, parent, type, uuid);

        if (r < 0)
                g_error("cannot make mdev %s of %s: %s", uuid, type, g_strerror(-r));
}

int fake_mdev_remove(FakeRoot *root, const char *uuid, const char *value) {
        g_autofree char *bus = g_build_filename("sys/bus/mdev/devices", uuid, NULL);
        FakeMdev *mdev = g_hash_table_lookup(root->mdevs, uuid);
        g_autofree char *instance = NULL;
        FakeParent *parent;

        if (!mdev)
                return -ENOENT;
        if (strcmp(value, "1") != 0)
                return -EINVAL;

        fake_must_be_free(root, uuid, "remove");
        instance = instance_link(mdev);
        fake_vfio_unregister(root, mdev->group, mdev->path);
        fake_group_leave(root, mdev->group, uuid, mdev->path);
        tree_remove(root->fd, instance);
        tree_remove(root->fd, bus);
        tree_remove(root->fd, mdev->path);

        parent = mdev->parent;
        parent->left += GPOINTER_TO_UINT(g_hash_table_lookup(parent->types, mdev->type));
        put_available(root, parent);
        g_hash_table_remove(root->mdevs, uuid);
        return 0;
}
