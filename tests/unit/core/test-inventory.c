/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/inventory.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/facts/sriov.h"
#include "tests/lib/fake-root.h"

#define U1        "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define U2        "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define U3        "83b8f4f2-509f-382f-3c1e-e6bfe0fa1003"
#define PF        "0000:3b:00.0"
#define VF0       "0000:3b:10.0"
#define VF1       "0000:3b:10.2"

#define MTTY_CAPS (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY | VFIO_CAP_DMA_LOG)

typedef struct Fixture {
        FakeRoot *root;
        Sysfs *sysfs;
        Config *config;
        Inventory *inventory;
        GString *told; /* "+id ", "~id ", "-id " */
} Fixture;

static unsigned probes; /* of count_probe() */

static int count_probe(const Sysfs *sysfs, const char *name, int iommu_group,
                       VfioProbe *ret_probe) {
        probes++;
        return vfio_probe(sysfs, name, iommu_group, ret_probe);
}

static void on_change(void *userdata, InventoryChange change, const Device *device) {
        Fixture *f = userdata;

        g_string_append_printf(f->told, "%c%s ", "+~-"[change], device -> id);
        /* What is told of is true already. */
        g_assert_true(inventory_find(f->inventory, device->id) ==
                      (change == INVENTORY_REMOVED ? NULL : device));
}

static void set_up(Fixture *f, gconstpointer pools) {
        g_autoptr(GError) error = NULL;

        probes = 0;
        f->root = fake_root_new();
        f->sysfs = fake_root_sysfs(f->root);
        f->config = config_parse(pools ?: "", "test", &error);
        g_assert_no_error(error);
        f->inventory = inventory_new(f->sysfs, f->config, count_probe);
        f->told = g_string_new(NULL);
        inventory_set_listener(f->inventory, on_change, f);
        fake_root_add_mtty(f->root);
        fake_root_set_vfio(f->root, "mtty", MTTY_CAPS, 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        inventory_free(f->inventory);
        config_free(f->config);
        fake_root_free(f->root);
        g_string_free(f->told, TRUE);
}

static void scan(Fixture *f) {
        g_string_truncate(f->told, 0);
        g_assert_cmpint(inventory_scan(f->inventory), ==, 0);
}

static void refresh(Fixture *f, const DeviceClass *class, const char *id) {
        g_string_truncate(f->told, 0);
        g_assert_cmpint(inventory_refresh(f->inventory, class, id), ==, 0);
}

static void add_pf(Fixture *f, unsigned vfs) {
        fake_root_add_pf(f->root, PF, &(FakePci){ .driver = "igb", .vf_driver = "igbvf" });
        for (unsigned i = 0; i < vfs; i++)
                (void)fake_root_add_vf(f->root, PF);
}

static int caps_of(Fixture *f, const char *id) {
        return inventory_find(f->inventory, id)->fingerprint->vfio_caps;
}

static void test_a_scan_tells_what_came_changed_and_went(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        g_assert_cmpuint(inventory_size(f->inventory), ==, 2);
        g_assert_nonnull(strstr(f->told->str, "+mtty "));
        g_assert_nonnull(strstr(f->told->str, "+" U1 " "));

        scan(f);
        g_assert_cmpstr(f->told->str, ==, "");

        g_assert_cmpint(mdev_remove(f->sysfs, U1), ==, 0);
        scan(f);
        g_assert_cmpstr(f->told->str, ==, "-" U1 " ~mtty ");
        g_assert_cmpuint(inventory_size(f->inventory), ==, 1);
}

static void test_a_scan_that_fails_changes_nothing(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);

        g_assert_cmpint(mdev_remove(f->sysfs, U1), ==, 0);
        fake_root_remove(f->root, "sys/bus/mdev/devices");
        fake_root_put(f->root, "sys/bus/mdev/devices", "", -1);
        g_string_truncate(f->told, 0);
        g_assert_cmpint(inventory_scan(f->inventory), ==, -ENOTDIR);
        g_assert_cmpstr(f->told->str, ==, "");
        g_assert_nonnull(inventory_find(f->inventory, U1));
}

static void test_a_refresh_takes_the_parent_with_it(Fixture *f, gconstpointer unused) {
        scan(f);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        refresh(f, &device_class_mdev, U1);
        g_assert_cmpstr(f->told->str, ==, "+" U1 " ~mtty ");

        refresh(f, &device_class_mdev, U1);
        g_assert_cmpstr(f->told->str, ==, "");

        g_assert_cmpint(mdev_remove(f->sysfs, U1), ==, 0);
        refresh(f, &device_class_mdev, U1);
        g_assert_cmpstr(f->told->str, ==, "-" U1 " ~mtty ");
}

static void test_a_refresh_sees_what_a_vf_is_bound_to(Fixture *f, gconstpointer unused) {
        add_pf(f, 2);
        scan(f);
        g_assert_cmpint(pci_bind_driver(f->sysfs, VF0, "vfio-pci"), ==, 0);
        refresh(f, &device_class_sriov, VF0);
        g_assert_cmpstr(f->told->str, ==, "~" VF0 " ");
        g_assert_cmpstr(inventory_find(f->inventory, VF0)->driver, ==, "vfio-pci");
}

static void test_a_refresh_of_what_is_no_device_is_nothing(Fixture *f, gconstpointer unused) {
        fake_root_add_pci(f->root, "0000:00:1f.0", NULL);
        scan(f);
        refresh(f, &device_class_sriov, "0000:00:1f.0");
        refresh(f, &device_class_sriov, VF0);
        refresh(f, &device_class_mdev, U1);
        g_assert_cmpstr(f->told->str, ==, "");
        g_assert_null(inventory_find(f->inventory, NULL));
}

static void test_a_list_is_sorted_by_class_then_id(Fixture *f, gconstpointer unused) {
        static const char *const sorted[] = { U1, U2, "mtty", PF, VF0, VF1 };
        g_autoptr(GPtrArray) devices = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", U2);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        add_pf(f, 2);
        scan(f);
        devices = inventory_list(f->inventory);
        g_assert_cmpuint(devices->len, ==, G_N_ELEMENTS(sorted));
        for (guint i = 0; i < devices->len; i++)
                g_assert_cmpstr(((const Device *)devices->pdata[i])->id, ==, sorted[i]);
}

static void test_a_list_is_of_now(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) before = NULL, after = NULL;

        scan(f);
        before = inventory_list(f->inventory);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        refresh(f, &device_class_mdev, U1);
        after = inventory_list(f->inventory);
        g_assert_cmpuint(before->len, ==, 1);
        g_assert_cmpuint(after->len, ==, 2);
}

/* NVIDIA's VFs are parents of mdevs, and are not given to a guest themselves. */
static void test_a_vf_that_makes_mdevs_is_a_parent(Fixture *f, gconstpointer unused) {
        static const FakeMdevType types[] = { { "nvidia-556", "A10-4Q", 1 }, { NULL, NULL, 0 } };
        const Device *device;

        add_pf(f, 1);
        fake_root_add_mdev_parent(f->root, VF0, "nvidia", 1, types);
        scan(f);
        device = inventory_find(f->inventory, VF0);
        g_assert_true(device->class == &device_class_mdev);
        g_assert_cmpint(device->role, ==, DEVICE_ROLE_PARENT);

        scan(f);
        g_assert_cmpstr(f->told->str, ==, "");
        refresh(f, &device_class_sriov, VF0);
        g_assert_cmpstr(f->told->str, ==, "");

        g_assert_cmpint(sriov_set_numvfs(f->sysfs, PF, 0), ==, 0);
        fake_root_remove(f->root, "sys/class/mdev_bus/" VF0);
        refresh(f, &device_class_sriov, VF0);
        g_assert_cmpstr(f->told->str, ==, "-" VF0 " ");
}

static void test_a_kind_is_asked_once_and_known_ever_after(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U2);
        scan(f);
        g_assert_cmpint(caps_of(f, U1), ==, VFIO_CAPS_UNKNOWN);

        g_string_truncate(f->told, 0);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(caps_of(f, U1), ==, MTTY_CAPS);
        g_assert_cmpint(caps_of(f, U2), ==, MTTY_CAPS);
        g_assert_nonnull(strstr(f->told->str, "~" U1 " "));
        g_assert_nonnull(strstr(f->told->str, "~" U2 " "));

        g_assert_cmpint(inventory_probe(f->inventory, U2), ==, 0);
        scan(f);
        g_assert_cmpstr(f->told->str, ==, "");
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U3);
        refresh(f, &device_class_mdev, U3);
        g_assert_cmpint(caps_of(f, U3), ==, MTTY_CAPS);
        g_assert_cmpuint(probes, ==, 1);
}

static void test_another_type_is_another_kind(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        fake_root_add_mdev(f->root, "mtty", "mtty-2", U2);
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(caps_of(f, U2), ==, VFIO_CAPS_UNKNOWN);
}

/* As the kernel does it: another directory. */
static void load_module_anew(Fixture *f, const char *version) {
        static const char *const names[] = { "sys/module/mtty", "sys/module/unloaded" };
        int root = sysfs_root_fd(f->sysfs);

        g_assert_no_errno(renameat(root, names[0], root, names[1]));
        fake_root_put(f->root, "sys/module/mtty/version", version, -1);
        fake_root_remove(f->root, names[1]);
}

static void assert_asked_anew(Fixture *f, int caps) {
        fake_root_set_vfio(f->root, "mtty", caps, 0);
        refresh(f, &device_class_mdev, U1);
        g_assert_cmpint(caps_of(f, U1), ==, VFIO_CAPS_UNKNOWN);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(caps_of(f, U1), ==, caps);
}

static void test_a_module_loaded_anew_is_another_kind(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, "sys/module/mtty/version", "1\n", -1);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(caps_of(f, U1), ==, MTTY_CAPS);

        load_module_anew(f, "1\n");
        assert_asked_anew(f, 0);
        load_module_anew(f, "2\n");
        assert_asked_anew(f, MTTY_CAPS);
        g_assert_cmpstr(inventory_find(f->inventory, U1)->fingerprint->driver_version, ==, "2");
}

static void test_an_answer_has_the_size_of_the_state(Fixture *f, gconstpointer unused) {
        fake_root_set_vfio(f->root, "mtty", MTTY_CAPS | VFIO_CAP_DATA_SIZE, 4096);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpuint(inventory_find(f->inventory, U1)->fingerprint->state_size, ==, 4096);
}

static void test_no_answer_is_no_knowledge(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        fake_root_hold(f->root, U1);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, -EBUSY);
        g_assert_cmpint(caps_of(f, U1), ==, VFIO_CAPS_UNKNOWN);

        fake_root_release(f->root, U1);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(caps_of(f, U1), ==, MTTY_CAPS);
}

static void test_debugfs_tells_of_a_device_that_a_guest_holds(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        fake_root_hold(f->root, U1);
        fake_root_put(f->root, "sys/kernel/debug/vfio/" U1 "/migration/features",
                      "stop-copy\np2p\n", -1);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(caps_of(f, U1), ==, VFIO_CAP_STOP_COPY | VFIO_CAP_P2P);
        fake_root_release(f->root, U1);
}

static void test_a_parent_is_not_asked(Fixture *f, gconstpointer unused) {
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, "mtty"), ==, -ENODEV);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, -ENODEV);
        g_assert_cmpuint(probes, ==, 0);
}

static void put_kernel(Fixture *f, const char *option) {
        fake_root_put(f->root, "proc/sys/kernel/osrelease", "6.12.0-test\n", -1);
        fake_root_put(f->root, "boot/config-6.12.0-test", option, -1);
}

static void test_a_kernel_without_the_report_is_found(Fixture *f, gconstpointer unused) {
        put_kernel(f, "# CONFIG_IOMMUFD is not set\n");
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        g_assert_null(inventory_find(f->inventory, U1)->finding);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(inventory_dma_log_reports(f->inventory), ==, 0);
        g_assert_cmpstr(inventory_find(f->inventory, U1)->finding, ==,
                        "driver mtty offers DMA logging, but this kernel cannot report it, so QEMU "
                        "stops a migration from here at its start: boot a kernel with "
                        "CONFIG_IOMMUFD");
}

static void test_a_kernel_with_the_report_is_no_finding(Fixture *f, gconstpointer unused) {
        put_kernel(f, "CONFIG_IOMMUFD_DRIVER=y\n");
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(inventory_dma_log_reports(f->inventory), ==, 1);
        g_assert_null(inventory_find(f->inventory, U1)->finding);
}

static void test_without_dma_logging_there_is_nothing_to_find(Fixture *f, gconstpointer unused) {
        put_kernel(f, "# CONFIG_IOMMUFD is not set\n");
        fake_root_set_vfio(f->root, "mtty", VFIO_CAP_STOP_COPY, 0);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_null(inventory_find(f->inventory, U1)->finding);
}

static void test_an_offer_is_a_type_with_an_instance_left(Fixture *f, gconstpointer unused) {
        g_autoptr(GArray) offers = NULL, later = NULL;
        const Offer *offer;

        scan(f);
        offers = inventory_offers(f->inventory);
        g_assert_cmpuint(offers->len, ==, 2);
        offer = &g_array_index(offers, Offer, 0);
        g_assert_cmpstr(offer->type->id, ==, "mtty-1");
        g_assert_cmpstr(offer->parent->id, ==, "mtty");
        g_assert_cmpstr(offer->pool->name, ==, "serial");
        g_assert_cmpstr(g_array_index(offers, Offer, 1).pool->name, ==, "default");

        /* The last port is too few for an mtty-2. */
        for (unsigned i = 0; i < 23; i++) {
                g_autofree char *uuid = g_uuid_string_random();

                fake_root_add_mdev(f->root, "mtty", "mtty-1", uuid);
        }
        scan(f);
        later = inventory_offers(f->inventory);
        g_assert_cmpuint(later->len, ==, 1);
}

static void test_an_offer_is_known_by_an_instance(Fixture *f, gconstpointer unused) {
        g_autoptr(GArray) offers = NULL;

        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        scan(f);
        offers = inventory_offers(f->inventory);
        g_assert_cmpint(inventory_offer_caps(f->inventory, &g_array_index(offers, Offer, 0)), ==,
                        VFIO_CAPS_UNKNOWN);
        g_assert_cmpint(inventory_probe(f->inventory, U1), ==, 0);
        g_assert_cmpint(inventory_offer_caps(f->inventory, &g_array_index(offers, Offer, 0)), ==,
                        MTTY_CAPS);
        g_assert_cmpint(inventory_offer_caps(f->inventory, &g_array_index(offers, Offer, 1)), ==,
                        VFIO_CAPS_UNKNOWN);
}

static void test_a_device_is_in_its_pool(Fixture *f, gconstpointer unused) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", U1);
        fake_root_add_mdev(f->root, "mtty", "mtty-2", U2);
        scan(f);
        g_assert_cmpstr(inventory_pool(f->inventory, inventory_find(f->inventory, U1))->name, ==,
                        "serial");
        g_assert_cmpstr(inventory_pool(f->inventory, inventory_find(f->inventory, U2))->name, ==,
                        "default");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define TEST(name, function)                                                                       \
        g_test_add("/inventory/" name, Fixture, "[Pool serial]\nTypes=mtty-1\n", set_up, function, \
                   tear_down)
        TEST("a scan tells what came, changed and went",
             test_a_scan_tells_what_came_changed_and_went);
        TEST("a scan that fails changes nothing", test_a_scan_that_fails_changes_nothing);
        TEST("a refresh takes the parent with it", test_a_refresh_takes_the_parent_with_it);
        TEST("a refresh sees what a VF is bound to", test_a_refresh_sees_what_a_vf_is_bound_to);
        TEST("a refresh of what is no device is nothing",
             test_a_refresh_of_what_is_no_device_is_nothing);
        TEST("a list is sorted by class, then id", test_a_list_is_sorted_by_class_then_id);
        TEST("a list is of now", test_a_list_is_of_now);
        TEST("a VF that makes mdevs is a parent", test_a_vf_that_makes_mdevs_is_a_parent);
        TEST("a kind is asked once and known ever after",
             test_a_kind_is_asked_once_and_known_ever_after);
        TEST("another type is another kind", test_another_type_is_another_kind);
        TEST("a module loaded anew is another kind", test_a_module_loaded_anew_is_another_kind);
        TEST("an answer has the size of the state", test_an_answer_has_the_size_of_the_state);
        TEST("no answer is no knowledge", test_no_answer_is_no_knowledge);
        TEST("debugfs tells of a device that a guest holds",
             test_debugfs_tells_of_a_device_that_a_guest_holds);
        TEST("a parent is not asked", test_a_parent_is_not_asked);
        TEST("a kernel without the report is found", test_a_kernel_without_the_report_is_found);
        TEST("a kernel with the report is no finding", test_a_kernel_with_the_report_is_no_finding);
        TEST("without DMA logging there is nothing to find",
             test_without_dma_logging_there_is_nothing_to_find);
        TEST("an offer is a type with an instance left",
             test_an_offer_is_a_type_with_an_instance_left);
        TEST("an offer is known by an instance", test_an_offer_is_known_by_an_instance);
        TEST("a device is in its pool", test_a_device_is_in_its_pool);
        return g_test_run();
}
