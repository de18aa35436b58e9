/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/vfio.h"
#include "tests/lib/fake-root.h"

#define DEVICE   "0000:3b:00.0"
#define GROUP    7
#define UUID     "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define DEBUG    "sys/kernel/debug/vfio/" UUID "/"

#define MIGRATES (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY)

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        fake_root_add_pci(f->root, DEVICE,
                          &(FakePci){ .driver = "mlx5_vfio_pci", .iommu_group = GROUP });
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root); /* fails when a VFIO fd was left open */
}

static void assert_probe(Fixture *f, int caps, uint64_t state_size) {
        VfioProbe probe;

        g_assert_cmpint(vfio_probe(f->sysfs, DEVICE, GROUP, &probe), ==, 0);
        g_assert_cmphex(probe.caps, ==, caps);
        g_assert_cmpuint(probe.state_size, ==, state_size);
}

static int probe_fails(Fixture *f) {
        VfioProbe probe = { .caps = 42 };
        int r = vfio_probe(f->sysfs, DEVICE, GROUP, &probe);

        g_assert_cmpint(r, <, 0);
        g_assert_cmpint(probe.caps, ==, 42);
        return r;
}

static void test_tells_each_capability(Fixture *f, gconstpointer unused) {
        assert_probe(f, 0, 0);

        fake_root_set_vfio(f->root, "mlx5_vfio_pci", VFIO_CAP_STOP_COPY, 0);
        assert_probe(f, VFIO_CAP_STOP_COPY, 0);

        fake_root_set_vfio(f->root, "mlx5_vfio_pci", VFIO_CAP_STOP_COPY | VFIO_CAP_DMA_LOG, 0);
        assert_probe(f, VFIO_CAP_STOP_COPY | VFIO_CAP_DMA_LOG, 0);

        fake_root_set_vfio(f->root, "mlx5_vfio_pci", MIGRATES, 4096);
        assert_probe(f, MIGRATES, 0);

        fake_root_set_vfio(f->root, "mlx5_vfio_pci", _VFIO_CAP_ALL, G_MAXUINT64 - 1);
        assert_probe(f, _VFIO_CAP_ALL, G_MAXUINT64 - 1);
}

static void test_asks_an_mdev_as_well(Fixture *f, gconstpointer unused) {
        VfioProbe probe;

        fake_root_add_mtty(f->root);
        fake_root_set_vfio(f->root, "mtty", MIGRATES | VFIO_CAP_DMA_LOG, 0);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", UUID);
        g_assert_cmpint(vfio_probe(f->sysfs, UUID, 1, &probe), ==, 0);
        g_assert_cmphex(probe.caps, ==, MIGRATES | VFIO_CAP_DMA_LOG);
}

static void test_a_device_that_a_guest_holds_is_busy(Fixture *f, gconstpointer unused) {
        fake_root_hold(f->root, DEVICE);
        g_assert_cmpint(probe_fails(f), ==, -EBUSY);
        fake_root_release(f->root, DEVICE);
        assert_probe(f, 0, 0);
}

static void test_another_member_that_the_host_uses_is_not_permitted(Fixture *f,
                                                                    gconstpointer unused) {
        fake_root_add_pci(f->root, "0000:3b:00.1",
                          &(FakePci){ .driver = "igb", .iommu_group = GROUP });
        g_assert_cmpint(probe_fails(f), ==, -EPERM);
}

static void test_without_a_vfio_driver_there_is_no_device(Fixture *f, gconstpointer unused) {
        VfioProbe probe;

        fake_root_add_pci(f->root, "0000:40:00.0", &(FakePci){ .iommu_group = 8 });
        g_assert_cmpint(vfio_probe(f->sysfs, "0000:40:00.0", 8, &probe), ==, -ENODEV);

        /* The group is there, since another member has a vfio driver. */
        fake_root_add_pci(f->root, "0000:3b:00.1", &(FakePci){ .iommu_group = GROUP });
        g_assert_cmpint(vfio_probe(f->sysfs, "0000:3b:00.1", GROUP, &probe), ==, -ENODEV);
        g_assert_cmpint(vfio_probe(f->sysfs, DEVICE, -1, &probe), ==, -ENODEV);
}

static void test_names_from_outside_are_checked(Fixture *f, gconstpointer unused) {
        VfioProbe probe;
        int caps;

        g_assert_cmpint(vfio_probe(f->sysfs, "../vfio", GROUP, &probe), ==, -EINVAL);
        g_assert_cmpint(vfio_probe(f->sysfs, DEVICE " vf_token=x", GROUP, &probe), ==, -EINVAL);
        g_assert_cmpint(vfio_look(f->sysfs, "..", &caps), ==, -EINVAL);
}

static void test_looks_into_debugfs_without_opening(Fixture *f, gconstpointer unused) {
        int caps;

        fake_root_add_mtty(f->root);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", UUID);
        fake_root_hold(f->root, UUID);
        fake_root_put(f->root, DEBUG "migration/state", "RUNNING\n", -1);
        g_assert_cmpint(vfio_look(f->sysfs, UUID, &caps), ==, 1);
        g_assert_cmpint(caps, ==, VFIO_CAPS_UNKNOWN);

        fake_root_put(f->root, DEBUG "migration/features",
                      "stop-copy\np2p\npre-copy\ndirty-tracking\nnot-yet-known\n", -1);
        g_assert_cmpint(vfio_look(f->sysfs, UUID, &caps), ==, 1);
        g_assert_cmphex(caps, ==, MIGRATES | VFIO_CAP_DMA_LOG);

        fake_root_put(f->root, DEBUG "migration/features", "stop-copy", -1);
        g_assert_cmpint(vfio_look(f->sysfs, UUID, &caps), ==, 1);
        g_assert_cmphex(caps, ==, VFIO_CAP_STOP_COPY);
}

static void test_a_device_without_its_migration_directory_does_not_migrate(Fixture *f,
                                                                           gconstpointer unused) {
        int caps = 42;

        fake_root_put(f->root, DEBUG "other", "", -1);
        g_assert_cmpint(vfio_look(f->sysfs, UUID, &caps), ==, 0);
        g_assert_cmpint(caps, ==, 0);
}

static void test_without_debugfs_the_generic_driver_tells_and_no_other(Fixture *f,
                                                                       gconstpointer unused) {
        int caps = 42;

        fake_root_add_pci(f->root, "0000:40:00.0", &(FakePci){ .driver = "vfio-pci" });
        g_assert_cmpint(vfio_look(f->sysfs, "0000:40:00.0", &caps), ==, 0);
        g_assert_cmpint(caps, ==, 0);
        g_assert_cmpint(vfio_look(f->sysfs, DEVICE, &caps), ==, -ENODATA);
        g_assert_cmpint(vfio_look(f->sysfs, UUID, &caps), ==, -ENODATA);
}

#define ADD(name, function) g_test_add("/vfio/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("tells-each-capability", test_tells_each_capability);
        ADD("asks-an-mdev-as-well", test_asks_an_mdev_as_well);
        ADD("a-device-that-a-guest-holds-is-busy", test_a_device_that_a_guest_holds_is_busy);
        ADD("another-member-that-the-host-uses-is-not-permitted",
            test_another_member_that_the_host_uses_is_not_permitted);
        ADD("without-a-vfio-driver-there-is-no-device",
            test_without_a_vfio_driver_there_is_no_device);
        ADD("names-from-outside-are-checked", test_names_from_outside_are_checked);
        ADD("looks-into-debugfs-without-opening", test_looks_into_debugfs_without_opening);
        ADD("a-device-without-its-migration-directory-does-not-migrate",
            test_a_device_without_its_migration_directory_does_not_migrate);
        ADD("without-debugfs-the-generic-driver-tells-and-no-other",
            test_without_debugfs_the_generic_driver_tells_and_no_other);

        return g_test_run();
}
