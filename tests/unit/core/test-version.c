/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/version.h"

#include <errno.h>
#include <glib.h>

static void assert_order(const char *a, const char *b, int order) {
        Version left, right;

        g_assert_cmpint(version_from_text(a, &left), ==, 0);
        g_assert_cmpint(version_from_text(b, &right), ==, 0);
        g_assert_cmpint(version_compare(&left, &right), ==, order);
        g_assert_cmpint(version_compare(&right, &left), ==, -order);
}

static void test_numbers_count_and_not_letters(void) {
        assert_order("6.2", "6.12", -1);
        assert_order("22.39.1002 (MT_0000000436)", "22.39.1002 (MT_0000000437)", 0);
        assert_order("22.38.9999", "22.39.1 (x)", -1);
        assert_order("9.20 0x8000d95e 22.0.9", "9.20", 0);
        assert_order("6.12.57+deb13-amd64", "6.12.57", 0);
        assert_order("8.1", "8.1.0", 0);
        assert_order("550.54.10", "550.54.9", 1);
        assert_order("1.2.3.4.5", "1.2.3.4.6", 0);
}

static void test_what_is_no_version(void) {
        static const char *const texts[] = { NULL,  "",    "6",       "v6.1",           ".1",
                                             "1.",  "1.x", "8000d95", "0x800003e2.1.9", "-1.2",
                                             " 1.2" };
        static const char *const behind[] = { "6.1 ", "6.1-rc1", "1.2.3.4.5", "8.1.0)" };
        Version version;

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_cmpint(version_from_text(texts[i], &version), ==, -EINVAL);
        for (size_t i = 0; i < G_N_ELEMENTS(behind); i++)
                g_assert_cmpint(version_from_string(behind[i], &version), ==, -EINVAL);
        g_assert_cmpint(version_from_text("4294967296.1", &version), ==, -EINVAL);
        g_assert_cmpint(version_from_text("1.99999999999999999999999", &version), ==, -EINVAL);
}

static void test_people_read_it_without_zeros_at_the_end(void) {
        static const struct {
                const char *text, *shown;
        } table[] = { { "8.1.0", "8.1" },
                      { "6.0", "6.0" },
                      { "6.12.57", "6.12.57" },
                      { "1.0.0.7", "1.0.0.7" },
                      { "4294967295.4294967295.4294967295.4294967295",
                        "4294967295.4294967295.4294967295.4294967295" } };
        char text[VERSION_STRING_MAX];

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                Version version;

                g_assert_cmpint(version_from_string(table[i].text, &version), ==, 0);
                g_assert_cmpstr(version_to_string(&version, text), ==, table[i].shown);
        }
}

static void test_it_counts_as_libvirt_does(void) {
        Version version = version_from_number(9001002), none = { 0 };
        char text[VERSION_STRING_MAX];

        g_assert_cmpstr(version_to_string(&version, text), ==, "9.1.2");
        g_assert_true(version_is_set(&version));
        g_assert_false(version_is_set(&none));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/version/numbers count and not letters",
                        test_numbers_count_and_not_letters);
        g_test_add_func("/version/what is no version", test_what_is_no_version);
        g_test_add_func("/version/people read it without zeros at the end",
                        test_people_read_it_without_zeros_at_the_end);
        g_test_add_func("/version/it counts as libvirt does", test_it_counts_as_libvirt_does);
        return g_test_run();
}
