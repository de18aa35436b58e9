/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "cli/table.h"
#include "cli/text.h"

#define SEC UINT64_C(1000000)

static void check(char *text, const char *expected) {
        g_assert_cmpstr(text, ==, expected);
        g_free(text);
}

static void test_bytes(void) {
        check(text_bytes(0), "0 B");
        check(text_bytes(1023), "1023 B");
        check(text_bytes(1024), "1.0 KiB");
        check(text_bytes(76755763), "73.2 MiB");
        check(text_bytes(UINT64_C(3) << 40), "3.0 TiB");
        check(text_bytes(UINT64_MAX), "16.0 EiB");
}

static void test_duration(void) {
        check(text_duration(0), "0ms");
        check(text_duration(525000), "525ms");
        check(text_duration(999999), "999ms");
        check(text_duration(SEC), "1.0s");
        check(text_duration(59999999), "59.9s");
        check(text_duration(60 * SEC), "1min");
        check(text_duration(125 * SEC), "2min 5s");
        check(text_duration(3600 * SEC), "1h");
        check(text_duration(90061 * SEC), "1d 1h");
        check(text_duration(UINT64_MAX), "213503982d 8h");
}

static void test_time(void) {
        check(text_time(0), "");
        check(text_time(INT64_C(1795173605999999)), "2026-11-20 11:20:05");
        check(text_time(INT64_MAX), "");
}

static void test_clean(void) {
        check(text_clean("plain b\303\274ro"), "plain b\303\274ro");
        check(text_clean("a\033[31mb\nc\302\233d"), "a [31mb c d");
        check(text_clean("a\377b"), "a\357\277\275b");
}

static void test_width(void) {
        g_assert_cmpuint(text_width(""), ==, 0);
        g_assert_cmpuint(text_width("b\303\274ro"), ==, 4);
        g_assert_cmpuint(text_width("u\314\210"), ==, 1);
        g_assert_cmpuint(text_width("\344\270\255\346\226\207"), ==, 4);
}

static void test_table(void) {
        static const Column columns[] = { { "NAME" }, { "LEFT", true }, { "WHY" }, { NULL } };
        g_autoptr(Table) table = table_new(columns);
        size_t size;
        char *text;
        FILE *file;

        g_assert_true(table_is_empty(table));
        table_add(table, STYLE_NONE, "\344\270\255");
        table_add(table, STYLE_NONE, "%d", 7);
        table_add(table, STYLE_NONE, "%s", "");
        table_add(table, STYLE_NONE, "a longer name");
        table_add(table, STYLE_NONE, "%d", 12345);
        table_add(table, STYLE_GOOD, "two\nlines");
        g_assert_false(table_is_empty(table));

        file = open_memstream(&text, &size);
        table_print(table, file, true, false);
        table_print(table, file, false, true);
        (void)fclose(file);
        g_assert_cmpstr(text, ==,
                        "NAME            LEFT  WHY\n"
                        "\344\270\255                 7  -\n"
                        "a longer name  12345  two lines\n"
                        "\344\270\255                 7  -\n"
                        "a longer name  12345  \033[32mtwo lines\033[0m\n");
        free(text);
}

int main(int argc, char *argv[]) {
        g_setenv("TZ", "UTC", TRUE);
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/text/sizes have a unit that fits", test_bytes);
        g_test_add_func("/text/durations have their two largest units", test_duration);
        g_test_add_func("/text/times are local and empty when there is none", test_time);
        g_test_add_func("/text/control characters do not reach the terminal", test_clean);
        g_test_add_func("/text/widths are those of a terminal", test_width);
        g_test_add_func("/table/columns are as wide as what is in them", test_table);

        return g_test_run();
}
