/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/number-set.h"

static void test_text_is_read_as_the_kernel_and_libvirt_write_it(void) {
        static const struct {
                const char *text, *is;
        } cases[] = {
                { "", "" },
                { "0", "0" },
                { "0-3,8", "0-3,8" },
                { " 8 , 0-3 ", "0-3,8" },
                { "0-7,^4", "0-3,5-7" },
                { "^4,0-7", "0-7" },
                { "3,3,2", "2-3" },
                { "4095", "4095" },
                { "63-64", "63-64" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = NULL;
                NumberSet set;

                g_assert_true(number_set_from_text(cases[i].text, &set));
                text = number_set_to_text(&set);
                g_assert_cmpstr(text, ==, cases[i].is);
        }
}

static void test_what_is_no_set_is_refused(void) {
        static const char *const texts[] = { "a",    "-1",   "3-",  "3-2",        "0,",
                                             "4096", "0 1",  "^",   "^0-3",       ",",
                                             "0,,1", "0x10", "1.5", "99999999999" };

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
                NumberSet set = { .bits = { 42 } };

                g_assert_false(number_set_from_text(texts[i], &set));
                g_assert_cmpuint(set.bits[0], ==, 42);
        }
}

static void test_sets_are_added_and_taken_away(void) {
        NumberSet a, b, rest;

        g_assert_true(number_set_from_text("0-3,100", &a));
        g_assert_true(number_set_from_text("2-5", &b));
        rest = number_set_without(&a, &b);
        g_assert_cmpuint(number_set_count(&rest), ==, 3);
        g_assert_true(number_set_has(&rest, 100));
        g_assert_false(number_set_has(&rest, 2));
        g_assert_false(number_set_has(&rest, 4096));

        number_set_add(&a, &b);
        g_assert_cmpuint(number_set_count(&a), ==, 7);
}

static void test_members_are_walked_in_order(void) {
        NumberSet set;

        g_assert_true(number_set_from_text("2,63-64,4095", &set));
        g_assert_cmpuint(number_set_next(&set, 0), ==, 2);
        g_assert_cmpuint(number_set_next(&set, 2), ==, 2);
        g_assert_cmpuint(number_set_next(&set, 3), ==, 63);
        g_assert_cmpuint(number_set_next(&set, 65), ==, 4095);
        g_assert_cmpuint(number_set_next(&set, 4096), ==, NUMBER_SET_MAX);

        set = (NumberSet){ 0 };
        g_assert_cmpuint(number_set_next(&set, 0), ==, NUMBER_SET_MAX);
}

static void test_a_set_of_one_has_that_one(void) {
        static const unsigned numbers[] = { 0, 63, 64, NUMBER_SET_MAX - 1 };

        for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
                NumberSet set = number_set_of(numbers[i]);

                g_assert_cmpuint(number_set_count(&set), ==, 1);
                g_assert_true(number_set_has(&set, numbers[i]));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/number-set/text is read as the kernel and libvirt write it",
                        test_text_is_read_as_the_kernel_and_libvirt_write_it);
        g_test_add_func("/number-set/what is no set is refused", test_what_is_no_set_is_refused);
        g_test_add_func("/number-set/sets are added and taken away",
                        test_sets_are_added_and_taken_away);
        g_test_add_func("/number-set/members are walked in order",
                        test_members_are_walked_in_order);
        g_test_add_func("/number-set/a set of one has that one", test_a_set_of_one_has_that_one);
        return g_test_run();
}
