/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/facts/pci.h"
#include "tests/lib/fake-root.h"

#define ADDRESS "0000:3b:00.0"
#define RELEASE "6.12.0-fake"
#define ALIASES "lib/modules/" RELEASE "/modules.alias"

static void assert_best(const char *aliases, const char *expected) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *driver = NULL;

        fake_root_add_pci(root, ADDRESS, &(FakePci){ .vendor = 0x15b3, .device = 0x101e });
        if (aliases)
                fake_root_put(root, ALIASES, aliases, -1);

        g_assert_cmpint(pci_best_vfio_driver(fake_root_sysfs(root), RELEASE, ADDRESS, &driver), ==,
                        0);
        g_assert_cmpstr(driver, ==, expected);
}

#define GENERIC "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
#define MLX5    "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"
#define OTHER   "alias vfio_pci:v000019E5d0000A251sv*sd*bc*sc*i* hisi_acc_vfio_pci\n"

static void test_the_variant_driver_of_the_device_wins_in_any_order(void) {
        assert_best(GENERIC MLX5 OTHER, "mlx5_vfio_pci");
        assert_best(OTHER MLX5 GENERIC, "mlx5_vfio_pci");
}

static void test_without_a_variant_driver_it_is_the_generic_one(void) {
        assert_best(GENERIC OTHER, "vfio-pci");
        assert_best(OTHER, "vfio-pci");
        assert_best("", "vfio-pci");
        assert_best(NULL, "vfio-pci");
}

static void test_drivers_of_the_host_are_no_candidates(void) {
        assert_best("alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n", "vfio-pci");
}

static void test_broken_lines_are_no_candidates(void) {
        assert_best("alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*\n", "vfio-pci");
        assert_best("alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* ../evil\n", "vfio-pci");
        assert_best("alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* \n", "vfio-pci");
        assert_best("alias vfio_pci:[ x\nalias vfio_pci:", "vfio-pci");
}

static void test_a_loaded_module_tells_the_name_of_its_driver(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *driver = NULL;

        fake_root_add_pci(root, ADDRESS, NULL);
        fake_root_put(root, ALIASES,
                      "alias vfio_pci:v00008086d000010C9sv*sd*bc*sc*i* igb_vfio_pci\n", -1);
        fake_root_put(root, "sys/module/igb_vfio_pci/drivers/pci:igb-vfio-pci", "", -1);
        g_assert_cmpint(pci_best_vfio_driver(fake_root_sysfs(root), RELEASE, ADDRESS, &driver), ==,
                        0);
        g_assert_cmpstr(driver, ==, "igb-vfio-pci");
}

static void test_names_from_outside_are_checked(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);
        char *driver = NULL;

        g_assert_cmpint(pci_best_vfio_driver(sysfs, "..", ADDRESS, &driver), ==, -EINVAL);
        g_assert_cmpint(pci_best_vfio_driver(sysfs, "a/b", ADDRESS, &driver), ==, -EINVAL);
        g_assert_cmpint(pci_best_vfio_driver(sysfs, RELEASE, "..", &driver), ==, -EINVAL);
        g_assert_cmpint(pci_best_vfio_driver(sysfs, RELEASE, ADDRESS, &driver), ==, -ENODEV);

        fake_root_add_pci(root, ADDRESS, NULL);
        fake_root_put(root, "sys/bus/pci/devices/" ADDRESS "/modalias", "usb:v1", -1);
        g_assert_cmpint(pci_best_vfio_driver(sysfs, RELEASE, ADDRESS, &driver), ==, -EBADMSG);
        g_assert_null(driver);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/pci-alias/the-variant-driver-of-the-device-wins-in-any-order",
                        test_the_variant_driver_of_the_device_wins_in_any_order);
        g_test_add_func("/pci-alias/without-a-variant-driver-it-is-the-generic-one",
                        test_without_a_variant_driver_it_is_the_generic_one);
        g_test_add_func("/pci-alias/drivers-of-the-host-are-no-candidates",
                        test_drivers_of_the_host_are_no_candidates);
        g_test_add_func("/pci-alias/broken-lines-are-no-candidates",
                        test_broken_lines_are_no_candidates);
        g_test_add_func("/pci-alias/a-loaded-module-tells-the-name-of-its-driver",
                        test_a_loaded_module_tells_the_name_of_its_driver);
        g_test_add_func("/pci-alias/names-from-outside-are-checked",
                        test_names_from_outside_are_checked);

        return g_test_run();
}
