/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/names.h"

#include <string.h>

#include "nova-driver-shim/placement/uuid5.h"

static void test_each_class_is_of_one_resource(void) {
        g_assert_cmpstr(names_class("cores"), ==, "CUSTOM_VIRTFERRY_CORE");
        g_assert_cmpstr(names_class("bandwidth"), ==, "CUSTOM_VIRTFERRY_KBPS");
        g_assert_null(names_class("disks"));
        for (size_t i = 0; names_classes[i]; i++)
                g_assert_true(names_class(names_resource(names_classes[i])) == names_classes[i]);
        g_assert_null(names_resource("VCPU"));
}

static void test_a_level_has_one_trait(void) {
        g_assert_cmpstr(names_headroom("low"), ==, NAMES_HEADROOM_LOW);
        g_assert_null(names_headroom("none"));
}

static void test_a_format_has_only_characters_of_traits(void) {
        g_autofree char *name = names_format("mlx5-vfio-pci", "1.0"), *many = g_strnfill(400, 'a');
        g_autofree char *cut = names_format(many, "1");

        g_assert_cmpstr(name, ==, "CUSTOM_VIRTFERRY_FORMAT_MLX5_VFIO_PCI_1_0");
        g_assert_cmpuint(strlen(cut), ==, NAMES_TRAIT_MAX);
}

static void test_a_provider_keeps_its_device_when_the_host_has_a_long_name(void) {
        g_autofree char *name = names_provider("hosta", "0000:3b:00.0");
        g_autofree char *many = g_strnfill(300, 'h'), *cut = names_provider(many, "dpu0");

        g_assert_cmpstr(name, ==, "hosta_virtferry_0000:3b:00.0");
        g_assert_cmpuint(strlen(cut), ==, NAMES_PROVIDER_MAX);
        g_assert_true(g_str_has_suffix(cut, "h_virtferry_dpu0"));
}

/* The first is of RFC 9562, appendix A.4; Python's uuid.uuid5() says the second. */
static void test_the_same_name_has_the_same_uuid_everywhere(void) {
        g_autofree char *rfc = uuid5_new("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com");
        g_autofree char *ours = uuid5_new(UUID5_VIRTFERRY, "root/0000:3b:00.0");

        g_assert_cmpstr(rfc, ==, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
        g_assert_cmpstr(ours, ==, "db958760-58ac-5c4f-8faf-2cc8fd808afe");
}

static void test_what_is_no_uuid_is_known(void) {
        g_assert_true(uuid_is_valid("6BA7b810-9dad-11d1-80b4-00c04fd430c8"));
        g_assert_false(uuid_is_valid(""));
        g_assert_false(uuid_is_valid("6ba7b810-9dad-11d1-80b4-00c04fd430c"));
        g_assert_false(uuid_is_valid("6ba7b810-9dad-11d1-80b4-00c04fd430cg"));
        g_assert_false(uuid_is_valid("6ba7b810x9dad-11d1-80b4-00c04fd430c8"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/names/each class is of one resource", test_each_class_is_of_one_resource);
        g_test_add_func("/names/a level has one trait", test_a_level_has_one_trait);
        g_test_add_func("/names/a format has only characters of traits",
                        test_a_format_has_only_characters_of_traits);
        g_test_add_func("/names/a provider keeps its device when the host has a long name",
                        test_a_provider_keeps_its_device_when_the_host_has_a_long_name);
        g_test_add_func("/uuid5/the same name has the same UUID everywhere",
                        test_the_same_name_has_the_same_uuid_everywhere);
        g_test_add_func("/uuid5/what is no UUID is known", test_what_is_no_uuid_is_known);
        return g_test_run();
}
