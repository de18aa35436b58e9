/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/fake-model.h"

/* Splits "sys/bus/pci/devices/ADDRESS/ATTRIBUTE" behind `prefix` at the next "/". */
static bool split(const char *path, const char *prefix, char **ret_name, const char **ret_rest) {
        const char *name, *slash;

        if (!g_str_has_prefix(path, prefix))
                return false;

        name = path + strlen(prefix);
        slash = strchr(name, '/');
        if (!slash)
                return false;

        *ret_name = g_strndup(name, slash - name);
        *ret_rest = slash + 1;
        return true;
}

static int write_file(FakeRoot *root, const char *path, const char *value) {
        if (!tree_has(root->fd, path))
                return -ENOENT;

        tree_put(root->fd, path, value, -1);
        return 0;
}

static int write_device(FakeRoot *root, const char *path, const char *address,
                        const char *attribute, const char *value) {
        FakeFunction *function = fake_function_find(root, address);
        int r;

        if (!function)
                return -ENOENT;

        r = fake_pci_write(root, function, attribute, value);
        return r == FAKE_NOT_MODELLED ? write_file(root, path, value) : r;
}

static int write_type(FakeRoot *root, const char *parent, const char *rest, const char *value) {
        g_autofree char *type = NULL;
        const char *file;

        if (!split(rest, "mdev_supported_types/", &type, &file) || strcmp(file, "create") != 0)
                return -ENOENT;

        return fake_mdev_create(root, parent, type, value);
}

static int react(FakeRoot *root, const char *path, const char *value) {
        g_autofree char *name = NULL;
        const char *rest;

        if (strcmp(path, "sys/bus/pci/drivers_probe") == 0)
                return fake_pci_probe(root, value);
        if (split(path, "sys/bus/pci/devices/", &name, &rest))
                return write_device(root, path, name, rest, value);
        if (split(path, "sys/bus/pci/drivers/", &name, &rest))
                return fake_pci_write_driver(root, name, rest, value);
        if (split(path, "sys/class/mdev_bus/", &name, &rest))
                return write_type(root, name, rest, value);
        if (split(path, "sys/bus/mdev/devices/", &name, &rest) && strcmp(rest, "remove") == 0)
                return fake_mdev_remove(root, name, value);
        if (split(path, "sys/fs/resctrl/", &name, &rest) ||
            strcmp(path, "sys/fs/resctrl/schemata") == 0)
                return fake_resctrl_write(root, path, value);
        return write_file(root, path, value);
}

static int on_write(void *userdata, const char *path, const char *value) {
        FakeRoot *root = userdata;
        g_autofree char *line = g_strchomp(g_strdup(value));

        g_string_append_printf(root->writes, "%s = %s\n", path, line);
        if (root->fail_in >= 0 && root->fail_in-- == 0)
                return -root->fail_error;

        return react(root, path, value);
}

static int on_make_directory(void *userdata, const char *path) {
        FakeRoot *root = userdata;

        g_string_append_printf(root->writes, "make %s\n", path);
        if (root->fail_in >= 0 && root->fail_in-- == 0)
                return -root->fail_error;

        return fake_resctrl_make(root, path);
}

static int on_remove_directory(void *userdata, const char *path) {
        FakeRoot *root = userdata;

        g_string_append_printf(root->writes, "remove %s\n", path);
        if (root->fail_in >= 0 && root->fail_in-- == 0)
                return -root->fail_error;

        return fake_resctrl_remove(root, path);
}

static int on_list_addresses(void *userdata, const char *netdev, GPtrArray **ret_addresses) {
        FakeRoot *root = userdata;
        const char *address = g_hash_table_lookup(root->addresses, netdev);

        *ret_addresses = g_ptr_array_new_with_free_func(g_free);
        if (address)
                g_ptr_array_add(*ret_addresses, g_strdup(address));
        return 0;
}

static int on_get_firmware(void *userdata, const char *netdev, char **ret_firmware) {
        FakeRoot *root = userdata;
        const char *firmware = g_hash_table_lookup(root->firmware, netdev);

        root->firmware_asked++;
        if (!firmware)
                return -ENODATA;

        *ret_firmware = g_strdup(firmware);
        return 0;
}

static const SysfsOps fake_ops = {
        .write = on_write,
        .make_directory = on_make_directory,
        .remove_directory = on_remove_directory,
        .open_device = fake_vfio_open,
        .ioctl = fake_vfio_ioctl,
        .list_addresses = on_list_addresses,
        .get_firmware = on_get_firmware,
};

/* A host of 4,096 VFs is 100,000 files: two seconds in memory, two minutes on a disk. */
static const char *temporary_directory(void) {
        if (!g_getenv("TMPDIR") && access("/dev/shm", W_OK | X_OK) == 0)
                return "/dev/shm";

        return g_get_tmp_dir();
}

static void make_directory(FakeRoot *root) {
        g_autofree char *pattern = g_build_filename(temporary_directory(), "virt-ferry-fake-XXXXXX",
                                                    NULL);

        if (!g_mkdtemp(pattern))
                g_error("cannot make %s: %s", pattern, g_strerror(errno));

        /* Without links on the way, as /proc/self/fd shows it. */
        root->base = realpath(pattern, NULL);
        root->base_fd = open(root->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tree_mkdir(root->base_fd, "root");
        root->path = g_build_filename(root->base, "root", NULL);
        root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(root->fd, >=, 0);
}

static void make_empty_host(FakeRoot *root) {
        static const char *const directories[] = {
                "sys/bus/pci/devices", "sys/bus/mdev/devices",    "sys/class/net",
                "sys/class/mdev_bus",  "sys/kernel/iommu_groups", "sys/module",
                "lib/modules",         "proc/sys/kernel",         "dev/vfio",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
                tree_mkdir(root->fd, directories[i]);

        tree_put(root->fd, "sys/bus/pci/drivers_probe", "", 0);
        tree_put(root->fd, "dev/vfio/vfio", "", 0);
        tree_put(root->fd, "proc/sys/kernel/osrelease", "6.12.0-fake\n", -1);
        fake_root_add_driver(root, "vfio-pci");
}

static GHashTable *table_new(GDestroyNotify free_key, GDestroyNotify free_value) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, free_key, free_value);
}

FakeRoot *fake_root_new(void) {
        FakeRoot *root = g_new0(FakeRoot, 1);

        root->functions = table_new(NULL, (GDestroyNotify)fake_function_free);
        root->parents = table_new(NULL, (GDestroyNotify)fake_parent_free);
        root->mdevs = table_new(NULL, (GDestroyNotify)fake_mdev_free);
        root->offers = table_new(g_free, g_free);
        root->addresses = table_new(g_free, g_free);
        root->firmware = table_new(g_free, g_free);
        root->held = table_new(g_free, NULL);
        root->kinds = table_new(g_free, NULL);
        root->opened = g_hash_table_new(NULL, NULL);
        root->migrations = table_new(g_free, (GDestroyNotify)fake_migration_free);
        root->streams = g_hash_table_new(NULL, NULL);
        root->arcs = g_string_new(NULL);
        root->writes = g_string_new(NULL);
        root->attached_group = root->fail_in = root->fail_ioctl_in = -1;
        root->next_group = 1;

        make_directory(root);
        root->sysfs = sysfs_new(fcntl(root->fd, F_DUPFD_CLOEXEC, 0), &fake_ops, root);
        make_empty_host(root);
        return root;
}

void fake_root_free(FakeRoot *root) {
        if (!root)
                return;

        if (!fake_vfio_is_idle(root))
                g_error("a VFIO fd was left open");

        tree_remove(AT_FDCWD, root->base);
        sysfs_free(root->sysfs);
        close(root->fd);
        close(root->base_fd);
        g_hash_table_unref(root->mdevs);
        g_hash_table_unref(root->parents);
        g_hash_table_unref(root->functions);
        g_hash_table_unref(root->offers);
        g_hash_table_unref(root->addresses);
        g_hash_table_unref(root->firmware);
        g_hash_table_unref(root->held);
        g_hash_table_unref(root->kinds);
        g_hash_table_unref(root->opened);
        g_hash_table_unref(root->migrations);
        g_hash_table_unref(root->streams);
        g_string_free(root->arcs, TRUE);
        g_string_free(root->writes, TRUE);
        free(root->base); /* of realpath() */
        g_free(root->path);
        g_free(root);
}

Sysfs *fake_root_sysfs(FakeRoot *root) {
        return root->sysfs;
}

const char *fake_root_path(const FakeRoot *root) {
        return root->path;
}

void fake_root_set_address(FakeRoot *root, const char *netdev, const char *address) {
        g_hash_table_insert(root->addresses, g_strdup(netdev), g_strdup(address));
}

void fake_root_set_firmware(FakeRoot *root, const char *netdev, const char *firmware) {
        g_hash_table_insert(root->firmware, g_strdup(netdev), g_strdup(firmware));
}

unsigned fake_root_firmware_asked(const FakeRoot *root) {
        return root->firmware_asked;
}

void fake_root_put(FakeRoot *root, const char *path, const char *data, gssize size) {
        tree_put(root->fd, path, data, size);
}

void fake_root_link(FakeRoot *root, const char *path, const char *target) {
        tree_link(root->fd, path, target);
}

void fake_root_remove(FakeRoot *root, const char *path) {
        tree_remove(root->fd, path);
}

void fake_root_fail_write(FakeRoot *root, unsigned n, int error) {
        root->fail_in = n;
        root->fail_error = error;
}

char *fake_root_take_writes(FakeRoot *root) {
        char *writes = g_strdup(root->writes->str);

        g_string_truncate(root->writes, 0);
        return writes;
}

char *fake_root_dump(const FakeRoot *root) {
        return tree_dump(root->fd);
}
