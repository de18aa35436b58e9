/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/duration.h"

static void test_a_number_and_a_unit(void) {
        static const struct {
                const char *text;
                uint64_t seconds;
        } table[] = { { "5min", 300 },  { "90min", 5400 },   { "1h", 3600 },
                      { "24h", 86400 }, { "3d", 3 * 86400 }, { "2w", 14 * 86400 } };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                uint64_t seconds = 0;

                g_assert_true(duration_from_text(table[i].text, 300, 2419200, &seconds));
                g_assert_cmpuint(seconds, ==, table[i].seconds);
        }
}

static void test_all_else_is_none(void) {
        static const char *const table[] = {
                "",
                "5",
                "min",
                "4min",
                "5w",
                "29d",
                "-1h",
                "+1h",
                " 1h",
                "1 h",
                "1.5h",
                "0h",
                "1m",
                "1H",
                "1hh",
                "99999999999999999999w",
                "18446744073709551615w",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                uint64_t seconds = 7;

                g_assert_false(duration_from_text(table[i], 300, 2419200, &seconds));
                g_assert_cmpuint(seconds, ==, 7);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/duration/a number and a unit", test_a_number_and_a_unit);
        g_test_add_func("/duration/all else is none", test_all_else_is_none);
        return g_test_run();
}
