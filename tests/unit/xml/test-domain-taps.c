/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-taps.h"

#include <string.h>

#include "xml/ferry-error.h"

static void check(const char *devices, const char *expected) {
        g_autofree char *xml = g_strdup_printf("<domain><name>g1</name>%s</domain>", devices);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) taps = domain_taps_from_xml(xml, strlen(xml), &error);
        g_autofree char *text = NULL;

        g_assert_no_error(error);
        g_ptr_array_add(taps, NULL);
        text = g_strjoinv(" ", (char **)taps->pdata);
        g_assert_cmpstr(text, ==, expected);
}

static void test_taps_have_the_names_that_the_host_has(void) {
        check("<devices><interface type='bridge'><mac address='52:54:00:00:00:01'/>"
              "<target dev='vnet0'/></interface>"
              "<interface type='hostdev'><source/></interface>"
              "<interface type='ethernet'><target dev='tap-7' managed='no'/></interface>"
              "<disk><target dev='vda'/></disk></devices>",
              "vnet0 tap-7");
        check("<devices/>", "");
        check("", "");
}

static void test_what_no_netdev_is_called_is_passed_over(void) {
        static const char *const names[] = {
                "", "..", ".", "../x", "a b", "a:b", "vnet0123456789ab"
        };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *devices = g_strdup_printf(
                        "<devices><interface><target dev='%s'/></interface></devices>", names[i]);

                check(devices, "");
        }
}

static void test_what_is_no_domain_is_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_taps_from_xml("<domain>", 8, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

static void test_too_many_are_not_looked_at(void) {
        g_autoptr(GString) xml = g_string_new("<domain><devices>");
        g_autoptr(GPtrArray) taps = NULL;

        for (int i = 0; i < DOMAIN_TAPS_MAX + 2; i++)
                g_string_append_printf(xml, "<interface><target dev='vnet%d'/></interface>", i);
        g_string_append(xml, "</devices></domain>");
        taps = domain_taps_from_xml(xml->str, xml->len, NULL);
        g_assert_cmpuint(taps->len, ==, DOMAIN_TAPS_MAX);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/domain-taps/taps have the names that the host has",
                        test_taps_have_the_names_that_the_host_has);
        g_test_add_func("/domain-taps/what no netdev is called is passed over",
                        test_what_no_netdev_is_called_is_passed_over);
        g_test_add_func("/domain-taps/what is no domain is refused",
                        test_what_is_no_domain_is_refused);
        g_test_add_func("/domain-taps/too many are not looked at", test_too_many_are_not_looked_at);
        return g_test_run();
}
