/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/device-class.h"

#include <errno.h>

static void add_type(Device *device, const char *id, unsigned available) {
        MdevType *type = g_new0(MdevType, 1);

        type->parent = g_strdup("mtty");
        type->id = g_strdup(id);
        type->name = g_strdup("Single port serial");
        type->device_api = g_strdup("vfio-pci");
        type->available = available;
        g_ptr_array_add(device->types, type);
}

static Device *make(void) {
        Device *device = device_new(&device_class_mdev, DEVICE_ROLE_PARENT, "mtty");

        device->types = g_ptr_array_new_with_free_func((GDestroyNotify)mdev_type_free);
        add_type(device, "mtty-1", 24);
        add_type(device, "mtty-2", 12);
        return device;
}

static void test_a_new_one_knows_nothing_but_its_id(void) {
        g_autoptr(Device) device = device_new(&device_class_sriov, DEVICE_ROLE_FUNCTION, "a");

        g_assert_cmpstr(device->id, ==, "a");
        g_assert_cmpint(device->numa_node, ==, -1);
        g_assert_cmpint(device->iommu_group, ==, -1);
        g_assert_nonnull(device->fingerprint);
        g_assert_cmpint(device->fingerprint->vfio_caps, ==, VFIO_CAPS_UNKNOWN);
        g_assert_null(device->finding);
        device_free(NULL);
}

static void change_class(Device *device) {
        device->class = &device_class_sriov;
}

static void change_role(Device *device) {
        device->role = DEVICE_ROLE_FUNCTION;
}

static void change_parent(Device *device) {
        device->parent = g_strdup("other");
}

static void change_fingerprint(Device *device) {
        device->fingerprint->revision = 1;
}

static void change_driver(Device *device) {
        device->driver = g_strdup("mtty");
}

static void change_numa_node(Device *device) {
        device->numa_node = 1;
}

static void change_group(Device *device) {
        device->iommu_group = 1;
}

static void change_netdev(Device *device) {
        device->netdev = g_strdup("eth0");
}

static void change_host_use(Device *device) {
        device->host_use = g_strdup("eth0 is a port of br0");
}

static void change_link_speed(Device *device) {
        device->link_speed = 16.0;
}

static void change_link_width(Device *device) {
        device->link_width = 8;
}

static void change_vfs_made(Device *device) {
        device->vfs_made = 1;
}

static void change_vfs_total(Device *device) {
        device->vfs_total = 1;
}

static void change_finding(Device *device) {
        device->finding = "it is raining";
}

static void change_available(Device *device) {
        ((MdevType *)device->types->pdata[1])->available--;
}

static void change_type(Device *device) {
        g_ptr_array_set_size(device->types, 1);
}

static void change_types(Device *device) {
        g_clear_pointer(&device->types, g_ptr_array_unref);
}

static void (*const changes[])(Device *device) = {
        change_class,      change_role,     change_parent,    change_fingerprint, change_driver,
        change_numa_node,  change_group,    change_netdev,    change_host_use,    change_link_speed,
        change_link_width, change_vfs_made, change_vfs_total, change_finding,     change_available,
        change_type,       change_types,
};

static void test_every_fact_makes_a_difference(void) {
        g_autoptr(Device) device = make(), same = make();

        g_assert_true(device_equal(device, same));
        g_assert_true(device_equal(NULL, NULL));
        g_assert_false(device_equal(device, NULL));

        for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
                g_autoptr(Device) other = make();

                g_test_message("change %zu", i);
                changes[i](other);
                g_assert_false(device_equal(device, other));
                g_assert_false(device_equal(other, device));
        }
}

static void test_each_class_is_found_by_its_name_and_its_kind(void) {
        for (const DeviceClass *const *class = device_classes; *class; class ++) {
                g_assert_true(device_class_from_string((*class)->name) == *class);
                g_assert_true(device_class_for_kind((*class)->kind) == *class);
        }
        g_assert_null(device_class_from_string("gpu"));
        g_assert_null(device_class_from_string(NULL));
        g_assert_null(device_class_for_kind(_DOMAIN_DEVICE_KIND_MAX));
}

static void test_each_role_has_a_word(void) {
        g_assert_cmpstr(device_role_to_string(DEVICE_ROLE_FUNCTION), ==, "function");
        g_assert_cmpstr(device_role_to_string(DEVICE_ROLE_PARENT), ==, "parent");
        g_assert_null(device_role_to_string(_DEVICE_ROLE_MAX));
        g_assert_cmpint(device_role_from_string("parent"), ==, DEVICE_ROLE_PARENT);
        g_assert_cmpint(device_role_from_string("Parent"), ==, _DEVICE_ROLE_INVALID);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/device/a new one knows nothing but its id",
                        test_a_new_one_knows_nothing_but_its_id);
        g_test_add_func("/device/every fact makes a difference",
                        test_every_fact_makes_a_difference);
        g_test_add_func("/device/each class is found by its name and its kind",
                        test_each_class_is_found_by_its_name_and_its_kind);
        g_test_add_func("/device/each role has a word", test_each_role_has_a_word);
        return g_test_run();
}
