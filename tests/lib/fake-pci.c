/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <errno.h>
#include <string.h>

#include "xml/pci-address.h"

#define FIRST_VF_OFFSET 128 /* of an 82576 */
#define VF_STRIDE       2

void fake_function_free(FakeFunction *function) {
        g_free(function->address);
        g_free(function->path);
        g_free((char *)function->spec.driver);
        g_free((char *)function->spec.netdev);
        g_free((char *)function->spec.vf_driver);
        g_free(function->driver);
        g_free(function->override);
        g_ptr_array_unref(function->vfs);
        g_free(function);
}

FakeFunction *fake_function_find(FakeRoot *root, const char *address) {
        return g_hash_table_lookup(root->functions, address);
}

void fake_function_put(FakeRoot *root, const FakeFunction *function, const char *name,
                       const char *format, ...) {
        g_autofree char *path = g_build_filename(function->path, name, NULL);
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        tree_put(root->fd, path, text, -1);
}

void fake_function_put_uevent(FakeRoot *root, const FakeFunction *function) {
        g_autofree char *driver = function->driver
                                          ? g_strdup_printf("DRIVER=%s\n", function->driver)
                                          : NULL;

        fake_function_put(
                root, function, "uevent",
                "%sPCI_CLASS=20000\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\n",
                driver ? driver : "", function->spec.vendor, function->spec.device,
                function->spec.subsystem_vendor, function->spec.subsystem_device,
                function->address);
}

static FakeFunction *must_find(FakeRoot *root, const char *address) {
        FakeFunction *function = fake_function_find(root, address);

        if (!function)
                g_error("no function %s was added", address);
        return function;
}

static FakeFunction *function_new(const char *address, const FakePci *spec) {
        FakeFunction *function = g_new0(FakeFunction, 1);
        PciAddress pci;

        if (pci_address_from_string(address, &pci) < 0)
                g_error("'%s' is no PCI address", address);

        function->address = g_strdup(address);
        function->path = g_strdup_printf("sys/devices/pci%04x:%02x/%s", pci.domain, pci.bus,
                                         address);
        function->vfs = g_ptr_array_new();
        if (spec)
                function->spec = *spec;
        function->spec.driver = g_strdup(function->spec.driver);
        function->spec.netdev = g_strdup(function->spec.netdev);
        function->spec.vf_driver = g_strdup(function->spec.vf_driver);
        if (function->spec.vendor == 0) {
                function->spec.vendor = 0x8086;
                function->spec.device = 0x10c9;
        }
        return function;
}

static void add_function(FakeRoot *root, FakeFunction *function) {
        g_autofree char *bus = g_build_filename("sys/bus/pci/devices", function->address, NULL);

        if (!g_hash_table_insert(root->functions, function->address, function))
                g_error("there is a function %s already", function->address);

        tree_mkdir(root->fd, function->path);
        tree_link(root->fd, bus, function->path);
        fake_kind_link(root, function);
        function->group = fake_group_join(root, function->spec.iommu_group, function->address,
                                          function->path);
        if (function->spec.driver) {
                if (!fake_driver_is_loaded(root, function->spec.driver))
                        fake_root_add_driver(root, function->spec.driver);
                g_assert_cmpint(fake_function_bind(root, function, function->spec.driver), ==, 0);
        } else
                fake_function_put_uevent(root, function);
}

static void remove_function(FakeRoot *root, FakeFunction *function) {
        g_autofree char *bus = g_build_filename("sys/bus/pci/devices", function->address, NULL);

        fake_must_be_free(root, function->address, "remove");
        if (function->driver)
                fake_function_unbind(root, function);
        fake_group_leave(root, function->group, function->address, function->path);
        tree_remove(root->fd, bus);
        tree_remove(root->fd, function->path);
        g_hash_table_remove(root->functions, function->address);
}

void fake_root_add_pci(FakeRoot *root, const char *address, const FakePci *pci) {
        FakeFunction *function = function_new(address, pci);

        add_function(root, function);
        fake_function_put(root, function, "current_link_speed", "8.0 GT/s PCIe\n");
        fake_function_put(root, function, "current_link_width", "8\n");
        if (function->spec.total_vfs == 0)
                return;

        fake_function_put(root, function, "sriov_totalvfs", "%u\n", function->spec.total_vfs);
        fake_function_put(root, function, "sriov_numvfs", "0\n");
}

void fake_root_add_pf(FakeRoot *root, const char *address, const FakePci *pci) {
        FakePci pf = pci ? *pci : (FakePci){ 0 };

        if (pf.total_vfs == 0)
                pf.total_vfs = 7;
        fake_root_add_pci(root, address, &pf);
}

static char *vf_address(const FakeFunction *pf, unsigned index) {
        char text[PCI_ADDRESS_STRING_MAX];
        PciAddress address;
        unsigned id;

        g_assert_cmpint(pci_address_from_string(pf->address, &address), ==, 0);
        id = (address.bus << 8 | address.slot << 3 | address.function) + FIRST_VF_OFFSET +
             VF_STRIDE * index;
        address.bus = id >> 8;
        address.slot = (id >> 3) & 0x1f;
        address.function = id & 7;
        return g_strdup(pci_address_to_string(&address, text));
}

static char *vf_link(const FakeFunction *pf, unsigned index) {
        return g_strdup_printf("%s/virtfn%u", pf->path, index);
}

static FakeFunction *make_vf(FakeRoot *root, FakeFunction *pf) {
        unsigned index = pf->vfs->len;
        g_autofree char *address = vf_address(pf, index);
        g_autofree char *link = vf_link(pf, index);
        g_autofree char *physfn = NULL, *netdev = NULL;
        FakeFunction *vf;

        if (pf->spec.netdev)
                netdev = g_strdup_printf("%sv%u", pf->spec.netdev, index);

        vf = function_new(address,
                          &(FakePci){ .vendor = pf->spec.vendor,
                                      .device = pf->spec.vf_device ? pf->spec.vf_device : 0x10ca,
                                      .iommu_group = pf->spec.vf_group,
                                      .subsystem_vendor = pf->spec.subsystem_vendor,
                                      .subsystem_device = pf->spec.subsystem_device,
                                      .revision = pf->spec.revision,
                                      .numa_node = pf->spec.numa_node,
                                      .driver = pf->spec.vf_driver,
                                      .netdev = netdev });
        vf->pf = pf;
        vf->index = index;
        add_function(root, vf);
        physfn = g_build_filename(vf->path, "physfn", NULL);
        tree_link(root->fd, physfn, pf->path);
        tree_link(root->fd, link, vf->path);
        g_ptr_array_add(pf->vfs, vf);
        return vf;
}

const char *fake_root_add_vf(FakeRoot *root, const char *pf) {
        FakeFunction *function = must_find(root, pf);
        FakeFunction *vf = make_vf(root, function);

        fake_function_put(root, function, "sriov_numvfs", "%u\n", function->vfs->len);
        return vf->address;
}

static void remove_vfs(FakeRoot *root, FakeFunction *pf) {
        for (guint i = 0; i < pf->vfs->len; i++) {
                g_autofree char *link = vf_link(pf, i);

                tree_remove(root->fd, link);
                remove_function(root, pf->vfs->pdata[i]);
        }
        g_ptr_array_set_size(pf->vfs, 0);
}

static int write_numvfs(FakeRoot *root, FakeFunction *pf, const char *value) {
        guint64 count;

        if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT16, &count, NULL))
                return -EINVAL;
        if (count > pf->spec.total_vfs)
                return -ERANGE;
        if (count == pf->vfs->len)
                return 0;
        if (!pf->driver)
                return -ENOENT;
        if (count > 0 && pf->vfs->len > 0)
                return -EBUSY;

        if (pf->spec.made_at_most > 0)
                count = MIN(count, pf->spec.made_at_most);
        if (count == 0)
                remove_vfs(root, pf);
        while (pf->vfs->len < count)
                make_vf(root, pf);
        fake_function_put(root, pf, "sriov_numvfs", "%u\n", pf->vfs->len);
        return 0;
}

int fake_pci_write(FakeRoot *root, FakeFunction *function, const char *attribute,
                   const char *value) {
        if (strcmp(attribute, "driver_override") == 0)
                return fake_function_override(root, function, value);
        if (strcmp(attribute, "sriov_numvfs") == 0 && function->spec.total_vfs > 0)
                return write_numvfs(root, function, value);
        if (strcmp(attribute, "driver/unbind") == 0 && function->driver)
                return fake_driver_unbind(root, function->driver, value);
        return FAKE_NOT_MODELLED;
}
