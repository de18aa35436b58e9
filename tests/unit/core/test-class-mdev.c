/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/device-class.h"

#include <errno.h>

#include "tests/lib/fake-root.h"

#define U1  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define U2  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define GPU "0000:41:00.0"

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
        fake_root_add_mtty(f->root);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_ptr_array_unref(f->found);
        driver_memo_free(f->memo);
        fake_root_free(f->root);
}

static void on_found(void *userdata, Device *device) {
        g_ptr_array_add(userdata, device);
}

static Device *describe(Fixture *f, const char *id) {
        Device *device;
        int r;

        r = device_class_mdev.describe(f->sysfs, f->memo, id, &device);
        g_assert_cmpint(r, ==, 0);
        return device;
}

static void test_a_scan_finds_parents_and_instances(Fixture *f, gconstpointer unused) {
        const Device *parent, *instance;

        fake_root_add_mdev(f->root, "mtty", "mtty-2", U1);
        g_assert_cmpint(device_class_mdev.scan(f->sysfs, f->memo, on_found, f->found), ==, 0);
        g_assert_cmpuint(f->found->len, ==, 2);

        parent = f->found->pdata[0];
        g_assert_cmpstr(parent->id, ==, "mtty");
        g_assert_cmpint(parent->role, ==, DEVICE_ROLE_PARENT);
        g_assert_cmpstr(parent->fingerprint->driver, ==, "mtty");
        g_assert_cmpuint(parent->types->len, ==, 2);
        g_assert_cmpuint(((MdevType *)parent->types->pdata[0])->available, ==, 22);

        instance = f->found->pdata[1];
        g_assert_cmpstr(instance->id, ==, U1);
        g_assert_cmpint(instance->role, ==, DEVICE_ROLE_FUNCTION);
        g_assert_cmpstr(instance->parent, ==, "mtty");
        g_assert_cmpstr(instance->driver, ==, "mtty");
        g_assert_cmpint(instance->iommu_group, >=, 0);
}

static void test_an_instance_of_a_virtual_parent_has_no_ids(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        fake_root_put(f->root, "sys/module/mtty/srcversion", "ABCD\n", -1);
        device = describe(f, U1);
        g_assert_cmpint(device->fingerprint->vendor, ==, -1);
        g_assert_cmpint(device->fingerprint->device, ==, -1);
        g_assert_cmpstr(device->fingerprint->mdev_type, ==, "mtty-1");
        g_assert_cmpstr(device->fingerprint->driver, ==, "mtty");
        g_assert_cmpstr(device->fingerprint->driver_version, ==, "ABCD");
        g_assert_cmpint(device->fingerprint->vfio_caps, ==, VFIO_CAPS_UNKNOWN);
}

static void test_an_instance_has_the_ids_of_its_pci_parent(Fixture *f, gconstpointer unused) {
        static const FakePci gpu = {
                .vendor = 0x10de,
                .device = 0x2237,
                .subsystem_vendor = 0x10de,
                .subsystem_device = 0x1555,
                .revision = 0xa1,
                .driver = "nvidia",
                .numa_node = 1,
        };
        static const FakeMdevType types[] = { { "nvidia-556", "A10-4Q", 4 }, { NULL, NULL, 0 } };
        g_autoptr(Device) parent = NULL, instance = NULL;

        fake_root_add_pci(f->root, GPU, &gpu);
        fake_root_add_mdev_parent(f->root, GPU, "nvidia", 24, types);
        fake_root_add_mdev(f->root, GPU, "nvidia-556", U2);

        parent = describe(f, GPU);
        g_assert_cmpint(parent->role, ==, DEVICE_ROLE_PARENT);
        g_assert_cmpint(parent->fingerprint->device, ==, 0x2237);

        instance = describe(f, U2);
        g_assert_cmpint(instance->fingerprint->vendor, ==, 0x10de);
        g_assert_cmpint(instance->fingerprint->device, ==, 0x2237);
        g_assert_cmpint(instance->fingerprint->subsystem_device, ==, 0x1555);
        g_assert_cmpint(instance->fingerprint->revision, ==, 0xa1);
        g_assert_cmpint(instance->numa_node, ==, 1);
        g_assert_cmpstr(instance->fingerprint->driver, ==, "nvidia");
        g_assert_cmpstr(instance->parent, ==, GPU);
}

static void test_what_is_no_mdev_is_not_described(Fixture *f, gconstpointer unused) {
        static const char *const ids[] = { U1, GPU, "nothing", "../..", "" };
        Device *device;

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
                g_assert_cmpint(device_class_mdev.describe(f->sysfs, f->memo, ids[i], &device), ==,
                                -ENODEV);
}

static void test_it_makes_and_removes_an_instance(Fixture *f, gconstpointer unused) {
        g_autoptr(Device) device = NULL;

        g_assert_cmpint(device_class_mdev.make(f->sysfs, "mtty", "mtty-1", U1), ==, 0);
        g_assert_cmpint(device_class_mdev.make(f->sysfs, "mtty", "mtty-1", U1), ==, -EEXIST);
        g_assert_cmpint(device_class_mdev.make(f->sysfs, "mtty", "mtty-3", U2), ==, -ENODEV);
        device = describe(f, U1);
        g_assert_cmpstr(device->fingerprint->mdev_type, ==, "mtty-1");

        fake_root_hold(f->root, U1);
        g_assert_cmpint(device_class_mdev.unmake(f->sysfs, U1), ==, -EBUSY);
        fake_root_release(f->root, U1);
        g_assert_cmpint(device_class_mdev.unmake(f->sysfs, U1), ==, 0);
        g_assert_cmpint(device_class_mdev.unmake(f->sysfs, U1), ==, 0); /* gone already */
}

static void test_it_is_bound_from_birth_to_death(Fixture *f, gconstpointer unused) {
        g_autofree char *previous = g_strdup("something"), *writes = NULL;
        g_autoptr(Device) device = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        device = describe(f, U1);
        g_free(previous);
        g_assert_cmpint(device_class_mdev.bind(f->sysfs, device, &previous), ==, 0);
        g_assert_null(previous);
        g_assert_cmpint(device_class_mdev.give_back(f->sysfs, U1, NULL), ==, 0);
        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define TEST(name, function) \
        g_test_add("/class-mdev/" name, Fixture, NULL, set_up, function, tear_down)
        TEST("a scan finds parents and instances", test_a_scan_finds_parents_and_instances);
        TEST("an instance of a virtual parent has no ids",
             test_an_instance_of_a_virtual_parent_has_no_ids);
        TEST("an instance has the ids of its PCI parent",
             test_an_instance_has_the_ids_of_its_pci_parent);
        TEST("what is no mdev is not described", test_what_is_no_mdev_is_not_described);
        TEST("it makes and removes an instance", test_it_makes_and_removes_an_instance);
        TEST("it is bound from birth to death", test_it_is_bound_from_birth_to_death);
        return g_test_run();
}
