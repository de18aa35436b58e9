/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <string.h>

static char *group_path(int group) {
        return g_strdup_printf("sys/kernel/iommu_groups/%d", group);
}

/* The lowest number that is free, as the kernel takes it. */
static int find_free_group(FakeRoot *root) {
        for (;; root->next_group++) {
                g_autofree char *path = group_path(root->next_group);

                if (!tree_has(root->fd, path))
                        return root->next_group++;
        }
}

int fake_group_join(FakeRoot *root, int group, const char *name, const char *path) {
        g_autofree char *link = g_build_filename(path, "iommu_group", NULL);
        g_autofree char *directory = NULL, *member = NULL;

        if (group == FAKE_NO_GROUP)
                return group;
        if (group == 0)
                group = find_free_group(root);

        directory = group_path(group);
        member = g_build_filename(directory, "devices", name, NULL);
        tree_link(root->fd, member, path);
        tree_link(root->fd, link, directory);
        return group;
}

void fake_group_leave(FakeRoot *root, int group, const char *name, const char *path) {
        g_autofree char *directory = group_path(group);
        g_autofree char *members = g_build_filename(directory, "devices", NULL);
        g_autofree char *member = g_build_filename(members, name, NULL);
        g_autofree char *link = g_build_filename(path, "iommu_group", NULL);
        g_autoptr(GPtrArray) names = NULL;

        if (group == FAKE_NO_GROUP)
                return;

        tree_remove(root->fd, link);
        tree_remove(root->fd, member);
        g_assert_cmpint(sysfs_list(root->sysfs, members, &names), ==, 0);
        if (names->len > 0)
                return;

        tree_remove(root->fd, directory);
        root->next_group = MIN(root->next_group, group);
}

bool fake_driver_is_vfio(const char *driver) {
        return driver && strstr(driver, "vfio");
}

void fake_vfio_register(FakeRoot *root, int group, const char *path) {
        g_autofree char *device = g_strdup_printf("%s/vfio-dev/vfio%d", path, group);
        g_autofree char *node = g_strdup_printf("dev/vfio/%d", group);

        tree_mkdir(root->fd, device);
        if (!tree_has(root->fd, node))
                tree_put(root->fd, node, "", 0);
}

void fake_vfio_unregister(FakeRoot *root, int group, const char *path) {
        g_autofree char *device = g_build_filename(path, "vfio-dev", NULL);
        g_autofree char *node = g_strdup_printf("dev/vfio/%d", group);
        g_autofree char *members = g_strdup_printf("sys/kernel/iommu_groups/%d/devices", group);
        g_autoptr(GPtrArray) names = NULL;

        tree_remove(root->fd, device);
        g_assert_cmpint(sysfs_list(root->sysfs, members, &names), ==, 0);
        for (guint i = 0; i < names->len; i++) {
                g_autofree char *other = g_build_filename(members, names->pdata[i], "vfio-dev",
                                                          NULL);

                if (tree_has(root->fd, other))
                        return;
        }
        tree_remove(root->fd, node);
}
