/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/pci.h"
#include "tests/lib/fake-root.h"

#define PF "0000:3b:00.0"
#define VF "0000:3b:10.0"

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        fake_root_add_pf(f->root, PF, &(FakePci){ .driver = "igb", .vf_driver = "igbvf" });
        g_assert_cmpstr(fake_root_add_vf(f->root, PF), ==, VF);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static void assert_driver(Fixture *f, const char *driver) {
        g_autoptr(PciFacts) facts = NULL;

        g_assert_cmpint(pci_read(f->sysfs, VF, &facts), ==, 0);
        g_assert_cmpstr(facts->driver, ==, driver);
}

static void assert_override(Fixture *f, const char *override) {
        g_autofree char *text = NULL;

        g_assert_cmpint(
                sysfs_read_string(f->sysfs, "sys/bus/pci/devices/" VF "/driver_override", &text),
                ==, 0);
        g_assert_cmpstr(text, ==, override);
}

static void assert_writes(Fixture *f, const char *expected) {
        g_autofree char *writes = fake_root_take_writes(f->root);

        g_assert_cmpstr(writes, ==, expected);
}

static void test_binds_with_three_writes(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);

        assert_driver(f, "vfio-pci");
        assert_override(f, "vfio-pci");
        assert_writes(f, "sys/bus/pci/devices/" VF "/driver_override = vfio-pci\n"
                         "sys/bus/pci/devices/" VF "/driver/unbind = " VF "\n"
                         "sys/bus/pci/drivers/vfio-pci/bind = " VF "\n");
}

static void test_unbinding_gives_back_what_was(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root);
        g_autofree char *after = NULL;

        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);
        assert_driver(f, "vfio-pci");
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "igbvf"), ==, 0);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_one_without_a_driver_has_none_again(Fixture *f, gconstpointer unused) {
        const char *address = "0000:40:00.0";
        g_autofree char *before = NULL, *after = NULL;

        fake_root_add_pci(f->root, address, NULL);
        before = fake_root_dump(f->root);
        g_assert_cmpint(pci_bind_driver(f->sysfs, address, "vfio-pci"), ==, 0);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, address, NULL), ==, 0);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_the_kernel_probes_when_the_old_driver_is_not_loaded(Fixture *f,
                                                                     gconstpointer unused) {
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "another"), ==, 0);
        assert_driver(f, "igbvf");
        assert_override(f, "(null)");
}

static void test_already_there_means_no_write(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "igbvf"), ==, 0);
        assert_writes(f, "");

        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);
        assert_driver(f, "vfio-pci");
        g_free(fake_root_take_writes(f->root));
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);
        assert_writes(f, "");
}

/* By new_id, so without driver_override: that is another's way to bind it, and no business of ours.
 */
static void test_bound_in_another_way_is_there_as_well(Fixture *f, gconstpointer unused) {
        fake_root_add_pci(f->root, "0000:40:00.0", &(FakePci){ .driver = "vfio-pci" });
        g_assert_cmpint(pci_bind_driver(f->sysfs, "0000:40:00.0", "vfio-pci"), ==, 0);
        fake_root_hold(f->root, "0000:40:00.0");
        g_assert_cmpint(pci_bind_driver(f->sysfs, "0000:40:00.0", "vfio-pci"), ==, 0);
        assert_writes(f, "");
}

/* libvirt has bound it back, but not cleared what keeps its driver from probing. */
static void test_a_left_over_override_is_cleared(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(
                sysfs_write(f->sysfs, "sys/bus/pci/devices/" VF "/driver_override", "igbvf"), ==,
                0);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "igbvf"), ==, 0);
        assert_driver(f, "igbvf");
        assert_override(f, "(null)");
}

/* Fail the first write, then the second, and so on until the call succeeds.
 * After each failure the tree is what it was before. */
static void test_binding_leaves_no_trace_when_it_fails(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root);
        int r = -EBUSY;

        for (int n = 0; r < 0; n++) {
                fake_root_fail_write(f->root, n, EBUSY);

                r = pci_bind_driver(f->sysfs, VF, "vfio-pci");
                if (r == 0) {
                        g_assert_cmpint(n, ==, 3); /* three writes, all were tried */
                        break;
                }

                g_autofree char *after = fake_root_dump(f->root);
                g_assert_cmpint(r, ==, -EBUSY);
                g_assert_cmpstr(after, ==, before);
        }
}

static void test_unbinding_leaves_no_trace_when_it_fails(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL;
        int r = -EIO;

        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);
        before = fake_root_dump(f->root);

        for (int n = 0; r < 0; n++) {
                fake_root_fail_write(f->root, n, EIO);

                r = pci_unbind_driver(f->sysfs, VF, "igbvf");
                if (r == 0) {
                        g_assert_cmpint(n, ==, 3);
                        break;
                }

                g_autofree char *after = fake_root_dump(f->root);
                g_assert_cmpint(r, ==, -EIO);
                g_assert_cmpstr(after, ==, before);
        }
}

static void test_a_driver_that_refuses_leaves_no_trace(Fixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;

        fake_root_add_pci(f->root, "0000:40:00.0",
                          &(FakePci){ .driver = "igb", .iommu_group = FAKE_NO_GROUP });
        before = fake_root_dump(f->root);
        g_assert_cmpint(pci_bind_driver(f->sysfs, "0000:40:00.0", "vfio-pci"), ==, -EINVAL);
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
}

static void test_a_driver_that_is_not_loaded_is_not_written_to(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "mlx5_vfio_pci"), ==, -ENOENT);
        assert_writes(f, "");
}

static void test_a_device_that_a_guest_holds_is_busy_and_not_touched(Fixture *f,
                                                                     gconstpointer unused) {
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "vfio-pci"), ==, 0);
        g_free(fake_root_take_writes(f->root));
        fake_root_hold(f->root, VF);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "igbvf"), ==, -EBUSY);
        assert_writes(f, "");

        fake_root_release(f->root, VF);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "igbvf"), ==, 0);
        assert_driver(f, "igbvf");
}

static void test_names_from_outside_are_checked(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(pci_bind_driver(f->sysfs, "../" VF, "vfio-pci"), ==, -EINVAL);
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, "../igbvf"), ==, -EINVAL);
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF, ""), ==, -EINVAL);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, VF, "a/b"), ==, -EINVAL);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, "0000:3b:10.8", "igbvf"), ==, -EINVAL);
        g_assert_cmpint(pci_bind_driver(f->sysfs, "0000:99:00.0", "vfio-pci"), ==, -ENODEV);
        g_assert_cmpint(pci_unbind_driver(f->sysfs, "0000:99:00.0", "igbvf"), ==, -ENODEV);
        assert_writes(f, "");
}

#define ADD(name, function) \
        g_test_add("/pci-driver/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("binds-with-three-writes", test_binds_with_three_writes);
        ADD("unbinding-gives-back-what-was", test_unbinding_gives_back_what_was);
        ADD("one-without-a-driver-has-none-again", test_one_without_a_driver_has_none_again);
        ADD("the-kernel-probes-when-the-old-driver-is-not-loaded",
            test_the_kernel_probes_when_the_old_driver_is_not_loaded);
        ADD("already-there-means-no-write", test_already_there_means_no_write);
        ADD("bound-in-another-way-is-there-as-well", test_bound_in_another_way_is_there_as_well);
        ADD("a-left-over-override-is-cleared", test_a_left_over_override_is_cleared);
        ADD("binding-leaves-no-trace-when-it-fails", test_binding_leaves_no_trace_when_it_fails);
        ADD("unbinding-leaves-no-trace-when-it-fails",
            test_unbinding_leaves_no_trace_when_it_fails);
        ADD("a-driver-that-refuses-leaves-no-trace", test_a_driver_that_refuses_leaves_no_trace);
        ADD("a-driver-that-is-not-loaded-is-not-written-to",
            test_a_driver_that_is_not_loaded_is_not_written_to);
        ADD("a-device-that-a-guest-holds-is-busy-and-not-touched",
            test_a_device_that_a_guest_holds_is_busy_and_not_touched);
        ADD("names-from-outside-are-checked", test_names_from_outside_are_checked);

        return g_test_run();
}
