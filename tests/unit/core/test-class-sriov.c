/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/device-class.h"

#include <errno.h>

#include "daemon/facts/sriov.h"
#include "tests/lib/fake-root.h"

#define PF      "0000:3b:00.0"
#define VF0     "0000:3b:10.0"
#define VF1     "0000:3b:10.2"

#define RELEASE "6.12.0-test"

static const FakePci mellanox = {
        .vendor = 0x15b3,
        .device = 0x101d,
        .vf_device = 0x101e,
        .driver = "mlx5_core",
        .vf_driver = "mlx5_core",
        .netdev = "eth3",
        .numa_node = 1,
        .total_vfs = 64,
};

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
        DriverMemo *memo;
        GPtrArray *found;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        f->memo = driver_memo_new();
        f->found = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
        fake_root_put(f->root, "proc/sys/kernel/osrelease", RELEASE "\n", -1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_ptr_array_unref(f->found);
        driver_memo_free(f->memo);
        fake_root_free(f->root);
}

static void add_host(Fixture *f, const FakePci *pf, unsigned vfs) {
        fake_root_add_pf(f->root, PF, pf);
        for (unsigned i = 0; i < vfs; i++)
                (void)fake_root_add_vf(f->root, PF);
}

static void add_variant_driver(Fixture *f) {
        fake_root_put(f->root, "lib/modules/" RELEASE "/modules.alias",
                      "alias pci:v000015B3d*sv*sd*bc*sc*i* mlx5_core\n"
                      "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
                      "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n",
                      -1);
}

static void on_found(void *userdata, Device *device) {
        g_ptr_array_add(userdata, device);
}

static Device *describe(Fixture *f, const char *id) {
        Device *device;
        int r;

        r = device_class_sriov.describe(f->sysfs, f->memo, id, &device);
        g_assert_cmpint(r, ==, 0);
        return device;
}

static void test_a_scan_finds_pfs_and_their_vfs_alone(Fixture *f, gconstpointer unused) {
        const Device *pf, *vf;

        add_host(f, &mellanox, 2);
        fake_root_add_pci(f->root, "0000:00:1f.0", NULL);
        g_assert_cmpint(device_class_sriov.scan(f->sysfs, f->memo, on_found, f->found), ==, 0);
        g_assert_cmpuint(f->found->len, ==, 3);

        pf = f->found->pdata[0];
        g_assert_cmpstr(pf->id, ==, PF);
        g_assert_cmpint(pf->role, ==, DEVICE_ROLE_PARENT);
        g_assert_cmpuint(pf->vfs_made, ==, 2);
        g_assert_cmpuint(pf->vfs_total, ==, 64);
        g_assert_cmpfloat(pf->link_speed, ==, 8.0);
        g_assert_cmpstr(pf->driver, ==, "mlx5_core");
        g_assert_null(pf->fingerprint->driver);

        vf = f->found->pdata[1];
        g_assert_cmpstr(vf->id, ==, VF0);
        g_assert_cmpint(vf->role, ==, DEVICE_ROLE_FUNCTION);
        g_assert_cmpstr(vf->parent, ==, PF);
        g_assert_cmpint(vf->fingerprint->vendor, ==, 0x15b3);
        g_assert_cmpint(vf->fingerprint->device, ==, 0x101e);
        g_assert_cmpint(vf->numa_node, ==, 1);
        g_assert_cmpint(vf->iommu_group, >=, 0);
        g_assert_cmpstr(vf->driver, ==, "mlx5_core");
        g_assert_cmpstr(vf->netdev, ==, "eth3v0");
        g_assert_null(vf->host_use);
}

static void test_the_firmware_of_all_is_asked_once_of_the_pf(Fixture *f, gconstpointer unused) {
        add_host(f, &mellanox, 3);
        fake_root_set_firmware(f->root, "eth3", "22.39.1002 (MT_0000000436)");
        g_assert_cmpint(device_class_sriov.scan(f->sysfs, f->memo, on_found, f->found), ==, 0);
        g_assert_cmpuint(f->found->len, ==, 4);
        for (guint i = 0; i < f->found->len; i++) {
                const Device *device = f->found->pdata[i];

                g_assert_cmpstr(device->fingerprint->firmware, ==, "22.39.1002 (MT_0000000436)");
        }
        g_assert_cmpuint(fake_root_firmware_asked(f->root), ==, 1);
}

/* As it is while a guest runs: the VF is described alone, after its driver has changed. */
static void test_a_vf_of_vfio_has_the_firmware_of_its_pf(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;

        add_host(f, &mellanox, 1);
        fake_root_set_firmware(f->root, "eth3", "22.39.1002");
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF0, "vfio-pci"), ==, 0);
        device = describe(f, VF0);
        g_assert_null(device->netdev);
        g_assert_cmpstr(device->fingerprint->firmware, ==, "22.39.1002");
}

static void test_a_pf_that_is_seen_anew_tells_its_firmware_anew(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) old = NULL, pf = NULL, vf = NULL;

        add_host(f, &mellanox, 1);
        old = describe(f, VF0);
        g_assert_null(old->fingerprint->firmware);

        fake_root_set_firmware(f->root, "eth3", "22.40.1000");
        pf = describe(f, PF);
        vf = describe(f, VF0);
        g_assert_cmpstr(pf->fingerprint->firmware, ==, "22.40.1000");
        g_assert_cmpstr(vf->fingerprint->firmware, ==, "22.40.1000");
}

static void test_a_pf_without_netdev_tells_no_firmware(Fixture *f, gconstpointer unused) {
        FakePci accelerator = mellanox;
        g_autoptr(Device) vf = NULL;

        accelerator.netdev = NULL;
        add_host(f, &accelerator, 1);
        vf = describe(f, VF0);
        g_assert_null(vf->fingerprint->firmware);
        g_assert_cmpuint(fake_root_firmware_asked(f->root), ==, 0);
}

static void test_the_plain_driver_is_known_not_to_migrate(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;

        add_host(f, &mellanox, 1);
        fake_root_put(f->root, "sys/module/vfio_pci/srcversion", "ABCD\n", -1);
        device = describe(f, VF0);
        g_assert_cmpstr(device->fingerprint->driver, ==, "vfio-pci");
        g_assert_cmpint(device->fingerprint->vfio_caps, ==, 0);
        g_assert_null(device->fingerprint->driver_version);
}

static void test_a_variant_driver_is_unknown_until_asked(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;

        add_host(f, &mellanox, 1);
        add_variant_driver(f);
        fake_root_put(f->root, "sys/module/mlx5_vfio_pci/srcversion", "ABCD\n", -1);
        device = describe(f, VF0);
        g_assert_cmpstr(device->driver, ==, "mlx5_core");
        g_assert_cmpstr(device->fingerprint->driver, ==, "mlx5_vfio_pci");
        g_assert_cmpstr(device->fingerprint->driver_version, ==, "ABCD");
        g_assert_cmpint(device->fingerprint->vfio_caps, ==, VFIO_CAPS_UNKNOWN);
}

/* An operator may have chosen the plain driver where a better one is. */
static void test_the_vfio_driver_that_has_it_counts(Fixture *f, gconstpointer unused) {
        FakePci pf = mellanox;
        g_autoptr(Device) device = NULL;

        pf.vf_driver = "vfio-pci";
        add_host(f, &pf, 1);
        add_variant_driver(f);
        device = describe(f, VF0);
        g_assert_cmpstr(device->fingerprint->driver, ==, "vfio-pci");
        g_assert_cmpint(device->fingerprint->vfio_caps, ==, 0);
}

static void test_modules_are_searched_once_for_all_of_a_kind(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) first = NULL, second = NULL, third = NULL;

        add_host(f, &mellanox, 2);
        add_variant_driver(f);
        first = describe(f, VF0);

        fake_root_remove(f->root, "lib/modules/" RELEASE "/modules.alias");
        second = describe(f, VF1);
        g_assert_cmpstr(second->fingerprint->driver, ==, "mlx5_vfio_pci");

        driver_memo_forget(f->memo);
        third = describe(f, VF1);
        g_assert_cmpstr(third->fingerprint->driver, ==, "vfio-pci");
}

static void test_a_module_that_comes_later_has_its_version_then(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) before = NULL, after = NULL;

        add_host(f, &mellanox, 1);
        add_variant_driver(f);
        before = describe(f, VF0);
        g_assert_null(before->fingerprint->driver_version);

        fake_root_put(f->root, "sys/module/mlx5_vfio_pci/version", "1.0\n", -1);
        after = describe(f, VF0);
        g_assert_cmpstr(after->fingerprint->driver_version, ==, "1.0");
}

static void test_it_says_what_the_host_does_with_a_vf(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;

        add_host(f, &mellanox, 1);
        fake_root_set_address(f->root, "eth3v0", "192.0.2.7");
        device = describe(f, VF0);
        g_assert_nonnull(strstr(device->host_use, "eth3v0"));
        g_assert_nonnull(strstr(device->host_use, "192.0.2.7"));
}

static void test_what_is_no_sriov_is_not_described(Fixture *f, gconstpointer unused) {
        static const char *const ids[] = { "0000:00:1f.0", VF0, "mtty", "", "../.." };
        Device *device;

        fake_root_add_pci(f->root, "0000:00:1f.0", NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
                g_assert_cmpint(device_class_sriov.describe(f->sysfs, f->memo, ids[i], &device), ==,
                                -ENODEV);
}

static void test_it_binds_the_best_driver_and_gives_back(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) before = NULL, bound = NULL, after = NULL;
        g_autofree char *previous = NULL;

        add_host(f, &mellanox, 1);
        add_variant_driver(f);
        fake_root_add_driver(f->root, "mlx5_vfio_pci");
        before = describe(f, VF0);

        g_assert_cmpint(device_class_sriov.bind(f->sysfs, before, &previous), ==, 0);
        g_assert_cmpstr(previous, ==, "mlx5_core");
        bound = describe(f, VF0);
        g_assert_cmpstr(bound->driver, ==, "mlx5_vfio_pci");

        g_assert_cmpint(device_class_sriov.give_back(f->sysfs, VF0, previous), ==, 0);
        after = describe(f, VF0);
        g_assert_true(device_equal(before, after));
}

/* An administrator had it so before us, and may have set a driver_override. */
static void test_what_was_bound_to_vfio_stays_so(Fixture *f, gconstpointer unused) {
        g_autofree char *previous = NULL, *writes = NULL;
        g_autoptr(Device) before = NULL;

        add_host(f, &mellanox, 1);
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF0, "vfio-pci"), ==, 0);
        g_free(fake_root_take_writes(f->root));
        before = describe(f, VF0);
        g_assert_cmpint(device_class_sriov.bind(f->sysfs, before, &previous), ==, 0);
        g_assert_cmpstr(previous, ==, "vfio-pci");
        g_assert_cmpint(device_class_sriov.give_back(f->sysfs, VF0, previous), ==, 0);
        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==, "");
}

static void test_what_was_bound_to_nothing_is_so_again(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) before = NULL, after = NULL;
        g_autofree char *previous = NULL;
        FakePci pf = mellanox;

        pf.vf_driver = NULL;
        add_host(f, &pf, 1);
        before = describe(f, VF0);
        g_assert_cmpint(device_class_sriov.bind(f->sysfs, before, &previous), ==, 0);
        g_assert_null(previous);
        g_assert_cmpint(device_class_sriov.give_back(f->sysfs, VF0, NULL), ==, 0);
        after = describe(f, VF0);
        g_assert_true(device_equal(before, after));
}

static void test_a_driver_that_is_not_loaded_cannot_be_bound(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;
        g_autofree char *previous = NULL;

        add_host(f, &mellanox, 1);
        add_variant_driver(f);
        device = describe(f, VF0);
        g_assert_cmpint(device_class_sriov.bind(f->sysfs, device, &previous), ==, -ENOENT);
}

static void test_a_gone_vf_is_given_back_already(Fixture *f, gconstpointer unused) {
        g_autofree char *previous = NULL;
        g_autoptr(Device) device = NULL;

        add_host(f, &mellanox, 1);
        device = describe(f, VF0);
        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 0), ==, 0);
        g_assert_cmpint(device_class_sriov.bind(f->sysfs, device, &previous), ==, -ENODEV);
        g_assert_cmpint(device_class_sriov.give_back(f->sysfs, VF0, "mlx5_core"), ==, 0);
        g_assert_cmpint(device_class_sriov.unmake(f->sysfs, VF0), ==, 0);
}

static void test_a_vf_can_be_made_only_as_the_first(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        fake_root_add_pf(f->root, PF, &mellanox);
        before = fake_root_dump(f->root);

        /* Another one than the first leaves no trace. */
        g_assert_cmpint(device_class_sriov.make(f->sysfs, PF, NULL, VF1), ==, -EOPNOTSUPP);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);

        g_assert_cmpint(device_class_sriov.make(f->sysfs, PF, NULL, VF0), ==, 0);
        g_assert_cmpint(device_class_sriov.make(f->sysfs, PF, NULL, VF1), ==, -EOPNOTSUPP);
        device_free(describe(f, VF0)); /* which is still there */

        g_assert_cmpint(device_class_sriov.unmake(f->sysfs, VF0), ==, 0);
        g_free(after);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_a_vf_among_others_is_not_removed(Fixture *f, gconstpointer unused) {
        add_host(f, &mellanox, 2);
        g_assert_cmpint(device_class_sriov.unmake(f->sysfs, VF0), ==, -EOPNOTSUPP);
        g_assert_cmpint(device_class_sriov.make(f->sysfs, "0000:00:00.0", NULL, VF0), ==, -ENODEV);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define TEST(name, function) \
        g_test_add("/class-sriov/" name, Fixture, NULL, set_up, function, tear_down)
        TEST("a scan finds PFs and their VFs alone", test_a_scan_finds_pfs_and_their_vfs_alone);
        TEST("the firmware of all is asked once, of the PF",
             test_the_firmware_of_all_is_asked_once_of_the_pf);
        TEST("a VF of vfio has the firmware of its PF",
             test_a_vf_of_vfio_has_the_firmware_of_its_pf);
        TEST("a PF that is seen anew tells its firmware anew",
             test_a_pf_that_is_seen_anew_tells_its_firmware_anew);
        TEST("a PF without netdev tells no firmware", test_a_pf_without_netdev_tells_no_firmware);
        TEST("the plain driver is known not to migrate",
             test_the_plain_driver_is_known_not_to_migrate);
        TEST("a variant driver is unknown until asked",
             test_a_variant_driver_is_unknown_until_asked);
        TEST("the vfio driver that has it counts", test_the_vfio_driver_that_has_it_counts);
        TEST("modules are searched once for all of a kind",
             test_modules_are_searched_once_for_all_of_a_kind);
        TEST("a module that comes later has its version then",
             test_a_module_that_comes_later_has_its_version_then);
        TEST("it says what the host does with a VF", test_it_says_what_the_host_does_with_a_vf);
        TEST("what is no SR-IOV is not described", test_what_is_no_sriov_is_not_described);
        TEST("it binds the best driver and gives back",
             test_it_binds_the_best_driver_and_gives_back);
        TEST("what was bound to vfio stays so", test_what_was_bound_to_vfio_stays_so);
        TEST("what was bound to nothing is so again", test_what_was_bound_to_nothing_is_so_again);
        TEST("a driver that is not loaded cannot be bound",
             test_a_driver_that_is_not_loaded_cannot_be_bound);
        TEST("a gone VF is given back already", test_a_gone_vf_is_given_back_already);
        TEST("a VF can be made only as the first", test_a_vf_can_be_made_only_as_the_first);
        TEST("a VF among others is not removed", test_a_vf_among_others_is_not_removed);
        return g_test_run();
}
