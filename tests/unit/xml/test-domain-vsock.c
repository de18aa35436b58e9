/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-vsock.h"

#include <string.h>

#include "xml/ferry-error.h"

static void check(const char *devices, uint32_t expected) {
        g_autofree char *xml = g_strdup_printf("<domain><name>g1</name>%s</domain>", devices);
        g_autoptr(GError) error = NULL;
        uint32_t cid = 99;

        (void)domain_cid_from_xml(xml, strlen(xml), &cid, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(cid, ==, expected);
}

static void test_a_guest_has_the_number_of_its_vsock(void) {
        check("<devices><vsock model='virtio'><cid auto='no' address='3'/>"
              "<alias name='vsock0'/></vsock></devices>",
              3);
        check("<devices><vsock><cid auto='yes' address='4294967294'/></vsock></devices>",
              4294967294u);
}

static void test_a_guest_without_a_vsock_has_none(void) {
        check("", 0);
        check("<devices/>", 0);
        check("<devices><vsock/></devices>", 0);
        check("<devices><vsock><cid auto='yes'/></vsock></devices>", 0);
        check("<vsock><cid address='7'/></vsock>", 0);
}

static void test_the_number_of_a_host_is_no_guests(void) {
        static const char *const numbers[] = { "0", "1", "2", "4294967295", "-3", "0x3", "3 ", "" };

        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                g_autofree char *xml = g_strdup_printf(
                        "<domain><devices><vsock><cid address='%s'/></vsock></devices></domain>",
                        numbers[i]);
                g_autoptr(GError) error = NULL;
                uint32_t cid = 99;

                g_assert_false(domain_cid_from_xml(xml, strlen(xml), &cid, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                g_assert_cmpuint(cid, ==, 99);
        }
}

static void test_what_is_no_domain_is_refused(void) {
        g_autoptr(GError) error = NULL;
        uint32_t cid;

        g_assert_false(domain_cid_from_xml("<domain>", 8, &cid, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/domain-vsock/a guest has the number of its vsock",
                        test_a_guest_has_the_number_of_its_vsock);
        g_test_add_func("/domain-vsock/a guest without a vsock has none",
                        test_a_guest_without_a_vsock_has_none);
        g_test_add_func("/domain-vsock/the number of a host is no guest's",
                        test_the_number_of_a_host_is_no_guests);
        g_test_add_func("/domain-vsock/what is no domain is refused",
                        test_what_is_no_domain_is_refused);
        return g_test_run();
}
