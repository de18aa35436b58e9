/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/mdev.h"
#include "tests/lib/fake-root.h"

#define ONE   "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define UPPER "83B8F4F2-509F-382F-3C1E-E6BFE0FA1001"
#define TWO   "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define GPU   "0000:3b:00.0"

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        fake_root_add_mtty(f->root);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static unsigned available(Fixture *f, guint index) {
        g_autoptr(GPtrArray) types = NULL;

        g_assert_cmpint(mdev_list_types(f->sysfs, "mtty", &types), ==, 0);
        return ((const MdevType *)types->pdata[index])->available;
}

static void add_gpu(Fixture *f) {
        static const FakeMdevType types[] = { { .id = "nvidia-222", .cost = 1 }, { 0 } };

        fake_root_add_pci(f->root, GPU, &(FakePci){ .driver = "nvidia" });
        fake_root_add_mdev_parent(f->root, GPU, "nvidia", 1, types);
}

static void test_lists_parents_and_their_types(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) parents = NULL, types = NULL;
        const MdevType *type;

        add_gpu(f);
        g_assert_cmpint(mdev_list_parents(f->sysfs, &parents), ==, 0);
        g_assert_cmpuint(parents->len, ==, 2);
        g_assert_cmpstr(parents->pdata[0], ==, GPU);
        g_assert_cmpstr(parents->pdata[1], ==, "mtty");

        g_assert_cmpint(mdev_list_types(f->sysfs, "mtty", &types), ==, 0);
        g_assert_cmpuint(types->len, ==, 2);
        type = types->pdata[1];
        g_assert_cmpstr(type->parent, ==, "mtty");
        g_assert_cmpstr(type->id, ==, "mtty-2");
        g_assert_cmpstr(type->name, ==, "Dual port serial");
        g_assert_cmpstr(type->device_api, ==, "vfio-pci");
        g_assert_cmpuint(type->available, ==, 12);
}

static void test_reads_an_instance(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) uuids = NULL;
        g_autoptr(MdevFacts) facts = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-2", ONE);
        g_assert_cmpint(mdev_list(f->sysfs, &uuids), ==, 0);
        g_assert_cmpuint(uuids->len, ==, 1);
        g_assert_cmpstr(uuids->pdata[0], ==, ONE);

        g_assert_cmpint(mdev_read(f->sysfs, UPPER, &facts), ==, 0);
        g_assert_cmpstr(facts->uuid, ==, ONE);
        g_assert_cmpstr(facts->parent, ==, "mtty");
        g_assert_cmpstr(facts->type, ==, "mtty-2");
        g_assert_cmpstr(facts->driver, ==, "mtty"); /* the class of a virtual parent */
        g_assert_cmpint(facts->iommu_group, ==, 1);
}

static void test_an_instance_of_a_pci_function_has_its_driver(Fixture *f, gconstpointer unused) {
        g_autoptr(MdevFacts) facts = NULL;

        add_gpu(f);
        fake_root_add_mdev(f->root, GPU, "nvidia-222", ONE);
        g_assert_cmpint(mdev_read(f->sysfs, ONE, &facts), ==, 0);
        g_assert_cmpstr(facts->parent, ==, GPU);
        g_assert_cmpstr(facts->driver, ==, "nvidia");
}

static void test_makes_and_removes_an_instance(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root);
        g_autofree char *after = NULL, *writes = NULL;

        g_assert_cmpint(mdev_create(f->sysfs, "mtty", "mtty-2", UPPER), ==, 0);
        g_assert_cmpuint(available(f, 0), ==, 22);
        g_assert_cmpuint(available(f, 1), ==, 11);
        g_assert_cmpint(mdev_remove(f->sysfs, UPPER), ==, 0);

        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==,
                        "sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create = " ONE "\n"
                        "sys/bus/mdev/devices/" ONE "/remove = 1\n");
}

static void test_says_why_an_instance_cannot_be_made(Fixture *f, gconstpointer unused) {
        add_gpu(f);
        g_assert_cmpint(mdev_create(f->sysfs, GPU, "nvidia-222", ONE), ==, 0);
        g_assert_cmpint(mdev_create(f->sysfs, "mtty", "mtty-1", UPPER), ==, -EEXIST);
        g_assert_cmpint(mdev_create(f->sysfs, GPU, "nvidia-222", TWO), ==, -ENOSPC);
        g_assert_cmpint(mdev_create(f->sysfs, GPU, "nvidia-1", TWO), ==, -ENODEV);
        g_assert_cmpint(mdev_create(f->sysfs, "none", "mtty-1", TWO), ==, -ENODEV);

        /* The kernel's own count of instances, beside those of the drivers. */
        fake_root_fail_write(f->root, 0, EUSERS);
        g_assert_cmpint(mdev_create(f->sysfs, "mtty", "mtty-1", TWO), ==, -ENOSPC);
}

static void test_making_leaves_no_trace_when_it_fails(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root);
        int r = -EIO;

        for (int n = 0; r < 0; n++) {
                fake_root_fail_write(f->root, n, EIO);

                r = mdev_create(f->sysfs, "mtty", "mtty-1", ONE);
                if (r == 0) {
                        g_assert_cmpint(n, ==, 1); /* one write */
                        break;
                }

                g_autofree char *after = fake_root_dump(f->root);
                g_assert_cmpint(r, ==, -EIO);
                g_assert_cmpstr(after, ==, before);
        }
}

static void test_an_instance_that_a_guest_holds_is_busy_and_not_touched(Fixture *f,
                                                                        gconstpointer unused) {
        g_autofree char *writes = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", ONE);
        fake_root_hold(f->root, ONE);
        g_assert_cmpint(mdev_remove(f->sysfs, ONE), ==, -EBUSY);
        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==, "");

        fake_root_release(f->root, ONE);
        g_assert_cmpint(mdev_remove(f->sysfs, ONE), ==, 0);
        g_assert_cmpint(mdev_remove(f->sysfs, ONE), ==, -ENODEV);
}

static void test_names_from_outside_are_checked(Fixture *f, gconstpointer unused) {
        g_autofree char *writes = NULL;
        GPtrArray *types = NULL;
        MdevFacts *facts = NULL;
        char *driver = NULL;

        g_assert_cmpint(mdev_create(f->sysfs, "../mdev_bus/mtty", "mtty-1", ONE), ==, -EINVAL);
        g_assert_cmpint(mdev_create(f->sysfs, "mtty", "../mtty-1", ONE), ==, -EINVAL);
        g_assert_cmpint(mdev_create(f->sysfs, "mtty", "", ONE), ==, -EINVAL);
        g_assert_cmpint(mdev_create(f->sysfs, "mtty", "mtty-1", "1\n2"), ==, -EINVAL);
        g_assert_cmpint(mdev_remove(f->sysfs, ".."), ==, -EINVAL);
        g_assert_cmpint(mdev_read(f->sysfs, "../mtty", &facts), ==, -EINVAL);
        g_assert_cmpint(mdev_read(f->sysfs, ONE, &facts), ==, -ENODEV);
        g_assert_cmpint(mdev_list_types(f->sysfs, "..", &types), ==, -EINVAL);
        g_assert_cmpint(mdev_list_types(f->sysfs, "none", &types), ==, -ENODEV);
        g_assert_cmpint(mdev_parent_driver(f->sysfs, "..", &driver), ==, -EINVAL);

        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==, "");
}

static void test_hostile_files_cost_a_fact_and_not_the_list(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) types = NULL, uuids = NULL;
        const MdevType *type;

        fake_root_put(f->root, "sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/name",
                      "\xff\xff\n", -1);
        fake_root_put(f->root,
                      "sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/available_instances",
                      "-3\n", -1);
        fake_root_put(f->root, "sys/class/mdev_bus/mtty/mdev_supported_types/a file", "", -1);
        g_assert_cmpint(mdev_list_types(f->sysfs, "mtty", &types), ==, 0);
        g_assert_cmpuint(types->len, ==, 2);
        type = types->pdata[0];
        g_assert_null(type->name);
        g_assert_cmpuint(type->available, ==, 0);

        fake_root_put(f->root, "sys/bus/mdev/devices/nonsense", "", -1);
        g_assert_cmpint(mdev_list(f->sysfs, &uuids), ==, 0);
        g_assert_cmpuint(uuids->len, ==, 0);
}

#define ADD(name, function) g_test_add("/mdev/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("lists-parents-and-their-types", test_lists_parents_and_their_types);
        ADD("reads-an-instance", test_reads_an_instance);
        ADD("an-instance-of-a-pci-function-has-its-driver",
            test_an_instance_of_a_pci_function_has_its_driver);
        ADD("makes-and-removes-an-instance", test_makes_and_removes_an_instance);
        ADD("says-why-an-instance-cannot-be-made", test_says_why_an_instance_cannot_be_made);
        ADD("making-leaves-no-trace-when-it-fails", test_making_leaves_no_trace_when_it_fails);
        ADD("an-instance-that-a-guest-holds-is-busy-and-not-touched",
            test_an_instance_that_a_guest_holds_is_busy_and_not_touched);
        ADD("names-from-outside-are-checked", test_names_from_outside_are_checked);
        ADD("hostile-files-cost-a-fact-and-not-the-list",
            test_hostile_files_cost_a_fact_and_not_the_list);

        return g_test_run();
}
