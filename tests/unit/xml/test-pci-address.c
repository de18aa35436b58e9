/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>

#include "xml/pci-address.h"

static void test_reads_what_it_writes(void) {
        static const char *const texts[] = {
                "0000:00:00.0", "0000:3b:00.2", "ffff:ff:1f.7", "10000:e1:00.0", "ffffffff:00:1f.0",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                char buffer[PCI_ADDRESS_STRING_MAX];
                PciAddress address;

                g_assert_cmpint(pci_address_from_string(texts[i], &address), ==, 0);
                g_assert_cmpstr(pci_address_to_string(&address, buffer), ==, texts[i]);
        }
}

static void test_upper_case_becomes_lower_case(void) {
        char buffer[PCI_ADDRESS_STRING_MAX];
        PciAddress address;

        g_assert_cmpint(pci_address_from_string("00AB:3B:1F.7", &address), ==, 0);
        g_assert_cmpuint(address.domain, ==, 0xab);
        g_assert_cmpuint(address.bus, ==, 0x3b);
        g_assert_cmpuint(address.slot, ==, 0x1f);
        g_assert_cmpuint(address.function, ==, 7);
        g_assert_cmpstr(pci_address_to_string(&address, buffer), ==, "00ab:3b:1f.7");
}

static void test_refuses_everything_else_and_leaves_the_output_alone(void) {
        static const char *const texts[] = {
                "",
                "0000",
                "3b:00.2",
                "000:3b:00.2",
                "000000000:3b:00.2",
                "0000:3b:00",
                "0000:3b:00.",
                "0000:3b:00.8",
                "0000:3b:20.0",
                "0000:3b:0.0",
                "0000:b:00.0",
                "0000:3bb:00.0",
                "0000:3b:00.00",
                "0000:3b:00.0 ",
                " 0000:3b:00.0",
                "0000:3b:00.0\n",
                "0000-3b-00.0",
                "0x00:3b:00.0",
                "-000:3b:00.0",
                "0000:3g:00.0",
                "../0000:3b:00.0",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                PciAddress address = { .bus = 0x42 };

                g_assert_cmpint(pci_address_from_string(texts[i], &address), ==, -EINVAL);
                g_assert_cmpuint(address.bus, ==, 0x42);
                g_assert_false(pci_address_is_valid(texts[i]));
        }
        g_assert_false(pci_address_is_valid(NULL));
}

static void test_a_uuid_has_its_five_groups(void) {
        g_assert_true(uuid_is_valid("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"));
        g_assert_true(uuid_is_valid("83B8F4F2-509F-382F-3C1E-E6BFE0FA1001"));

        g_assert_false(uuid_is_valid(NULL));
        g_assert_false(uuid_is_valid(""));
        g_assert_false(uuid_is_valid("83b8f4f2509f382f3c1ee6bfe0fa1001"));
        g_assert_false(uuid_is_valid("83b8f4f2-509f-382f-3c1e-e6bfe0fa100"));
        g_assert_false(uuid_is_valid("83b8f4f2-509f-382f-3c1e-e6bfe0fa10011"));
        g_assert_false(uuid_is_valid("83b8f4f2-509f-382f-3c1e-e6bfe0fa100g"));
        g_assert_false(uuid_is_valid("83b8f4f2-509f-382f-3c1e/e6bfe0fa1001"));
        g_assert_false(uuid_is_valid("{3b8f4f2-509f-382f-3c1e-e6bfe0fa1001"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/pci-address/reads-what-it-writes", test_reads_what_it_writes);
        g_test_add_func("/pci-address/upper-case-becomes-lower-case",
                        test_upper_case_becomes_lower_case);
        g_test_add_func("/pci-address/refuses-everything-else-and-leaves-the-output-alone",
                        test_refuses_everything_else_and_leaves_the_output_alone);
        g_test_add_func("/pci-address/a-uuid-has-its-five-groups", test_a_uuid_has_its_five_groups);

        return g_test_run();
}
