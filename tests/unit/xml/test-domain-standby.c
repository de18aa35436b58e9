/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-standby.h"

#include <string.h>

#include "xml/ferry-error.h"

#define DOMAIN(inside) "<domain><name>g1</name>" inside "</domain>"
#define STANDBY                                                                   \
        "<interface type='bridge'><mac address='52:54:00:AA:00:01'/>"             \
        "<source bridge='br0'/><target dev='vnet7'/><teaming type='persistent'/>" \
        "<alias name='ua-stby'/></interface>"

static GPtrArray *read_standbys(const char *xml) {
        g_autoptr(GError) error = NULL;
        GPtrArray *standbys = domain_standbys_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return standbys;
}

static void test_it_is_found_by_its_mac(void) {
        g_autoptr(GPtrArray) standbys = read_standbys(DOMAIN("<devices>" STANDBY "</devices>"));
        const DomainStandby *standby = domain_standby_find(standbys, "52:54:00:AA:00:01");

        g_assert_nonnull(standby);
        g_assert_cmpstr(standby->tap, ==, "vnet7");
        g_assert_cmpstr(standby->bridge, ==, "br0");
        g_assert_null(domain_standby_find(standbys, "52:54:00:aa:00:02"));
        g_assert_null(domain_standby_find(standbys, NULL));
}

static void test_of_a_guest_that_does_not_run_the_tap_is_not_known(void) {
        g_autoptr(GPtrArray) standbys = read_standbys(
                DOMAIN("<devices><interface type='network'><mac address='52:54:00:aa:00:01'/>"
                       "<teaming type='persistent'/></interface></devices>"));

        g_assert_cmpuint(standbys->len, ==, 1);
        g_assert_null(((DomainStandby *)standbys->pdata[0])->tap);
        g_assert_null(((DomainStandby *)standbys->pdata[0])->bridge);
}

static void test_others_are_passed_over(void) {
        static const char *const table[] = {
                DOMAIN(""),
                DOMAIN("<devices/>"),
                DOMAIN("<devices><interface type='bridge'><mac address='52:54:00:aa:00:01'/>"
                       "</interface></devices>"),
                DOMAIN("<devices><interface type='hostdev'><mac address='52:54:00:aa:00:01'/>"
                       "<teaming type='transient' persistent='ua-stby'/></interface></devices>"),
                DOMAIN("<devices><interface type='bridge'><teaming type='persistent'/>"
                       "</interface></devices>"),
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(GPtrArray) standbys = read_standbys(table[i]);

                g_assert_cmpuint(standbys->len, ==, 0);
        }
}

static void test_bad_xml_is_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_standbys_from_xml("<domain>", 8, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/domain-standby/it is found by its MAC", test_it_is_found_by_its_mac);
        g_test_add_func("/domain-standby/of a guest that does not run the tap is not known",
                        test_of_a_guest_that_does_not_run_the_tap_is_not_known);
        g_test_add_func("/domain-standby/others are passed over", test_others_are_passed_over);
        g_test_add_func("/domain-standby/bad XML is refused", test_bad_xml_is_refused);
        return g_test_run();
}
