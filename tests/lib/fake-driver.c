/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <errno.h>
#include <string.h>

#include "xml/pci-address.h"

static char *driver_path(const char *driver) {
        return g_build_filename("sys/bus/pci/drivers", driver, NULL);
}

bool fake_driver_is_loaded(FakeRoot *root, const char *driver) {
        g_autofree char *path = driver_path(driver);

        return tree_has(root->fd, path);
}

void fake_root_add_driver(FakeRoot *root, const char *driver) {
        static const char *const files[] = { "bind", "unbind", "new_id" };
        g_autofree char *path = driver_path(driver);

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *file = g_build_filename(path, files[i], NULL);

                tree_put(root->fd, file, "", 0);
        }
}

static void add_netdev(FakeRoot *root, const FakeFunction *function) {
        const char *name = function->spec.netdev;
        g_autofree char *path = g_build_filename(function->path, "net", name, NULL);
        g_autofree char *class = g_build_filename("sys/class/net", name, NULL);
        g_autofree char *address = g_build_filename("net", name, "address", NULL);
        g_autofree char *flags = g_build_filename("net", name, "flags", NULL);
        g_autofree char *mtu = g_build_filename("net", name, "mtu", NULL);
        PciAddress pci;

        g_assert_cmpint(pci_address_from_string(function->address, &pci), ==, 0);
        tree_mkdir(root->fd, path);
        fake_function_put(root, function, address, "52:54:00:%02x:%02x:%02x\n", pci.bus, pci.slot,
                          pci.function);
        fake_function_put(root, function, flags,
                          "0x1002\n"); /* IFF_BROADCAST, IFF_MULTICAST: down */
        fake_function_put(root, function, mtu, "1500\n");
        tree_link(root->fd, class, path);
}

static void remove_netdev(FakeRoot *root, const FakeFunction *function) {
        g_autofree char *path = g_build_filename(function->path, "net", NULL);
        g_autofree char *class = g_build_filename("sys/class/net", function->spec.netdev, NULL);

        tree_remove(root->fd, class);
        tree_remove(root->fd, path);
}

static bool has_netdev(const FakeFunction *function) {
        return function->spec.netdev && g_strcmp0(function->driver, function->spec.driver) == 0;
}

void fake_function_unbind(FakeRoot *root, FakeFunction *function) {
        g_autofree char *link = g_build_filename(function->path, "driver", NULL);
        g_autofree char *driver = driver_path(function->driver);
        g_autofree char *back = g_build_filename(driver, function->address, NULL);

        fake_must_be_free(root, function->address, "unbind");
        while (function->vfs->len > 0) /* as igb does it */
                fake_pci_write(root, function, "sriov_numvfs", "0");

        if (has_netdev(function))
                remove_netdev(root, function);
        if (fake_driver_is_vfio(function->driver))
                fake_vfio_unregister(root, function->group, function->path);

        tree_remove(root->fd, link);
        tree_remove(root->fd, back);
        g_clear_pointer(&function->driver, g_free);
        fake_function_put_uevent(root, function);
}

int fake_function_bind(FakeRoot *root, FakeFunction *function, const char *driver) {
        g_autofree char *link = g_build_filename(function->path, "driver", NULL);
        g_autofree char *target = driver_path(driver);
        g_autofree char *back = g_build_filename(target, function->address, NULL);

        if (fake_driver_is_vfio(driver) && function->group == FAKE_NO_GROUP)
                return -EINVAL;

        function->driver = g_strdup(driver);
        tree_link(root->fd, link, target);
        tree_link(root->fd, back, function->path);
        fake_function_put_uevent(root, function);
        if (has_netdev(function))
                add_netdev(root, function);
        if (fake_driver_is_vfio(driver))
                fake_vfio_register(root, function->group, function->path);
        return 0;
}

int fake_function_override(FakeRoot *root, FakeFunction *function, const char *value) {
        g_free(function->override);
        function->override = g_strchomp(g_strdup(value));
        if (*function->override == '\0')
                g_clear_pointer(&function->override, g_free);

        fake_function_put(root, function, "driver_override", "%s\n",
                          function->override ? function->override : "(null)");
        return 0;
}

int fake_driver_unbind(FakeRoot *root, const char *driver, const char *address) {
        FakeFunction *function = fake_function_find(root, address);

        if (!function || g_strcmp0(function->driver, driver) != 0)
                return -ENODEV;

        fake_function_unbind(root, function);
        return 0;
}

/* Which driver takes the function: the one that driver_override names and no other, else that of
 * its ids. NULL: none that is loaded. */
static const char *matching_driver(FakeRoot *root, const FakeFunction *function) {
        const char *driver = function->override ? function->override : function->spec.driver;

        return driver && fake_driver_is_loaded(root, driver) ? driver : NULL;
}

static int write_bind(FakeRoot *root, const char *driver, const char *address) {
        FakeFunction *function = fake_function_find(root, address);

        if (!function || g_strcmp0(matching_driver(root, function), driver) != 0)
                return -ENODEV;
        if (function->driver)
                return -EBUSY;

        return fake_function_bind(root, function, driver);
}

int fake_pci_write_driver(FakeRoot *root, const char *driver, const char *file, const char *value) {
        if (!fake_driver_is_loaded(root, driver))
                return -ENOENT;
        if (strcmp(file, "bind") == 0)
                return write_bind(root, driver, value);
        if (strcmp(file, "unbind") == 0)
                return fake_driver_unbind(root, driver, value);
        return -ENOENT;
}

int fake_pci_probe(FakeRoot *root, const char *address) {
        FakeFunction *function = fake_function_find(root, address);
        const char *driver;

        if (!function)
                return -ENODEV;

        driver = matching_driver(root, function);
        return function->driver || !driver ? 0 : fake_function_bind(root, function, driver);
}
