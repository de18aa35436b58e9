/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/resource-tree.h"

#include <string.h>

/* "(id, parent, kind, name, total, used, promised, unit, attributes)" of each, shown in `width`. */
static char *show(const char *rows, unsigned width) {
        g_autofree char *typed = g_strdup_printf("@a" RESOURCE_ROW " [%s]", rows);
        g_autoptr(GVariant) value = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(Table) table = NULL;
        char *text = NULL;
        size_t size;
        FILE *file;

        value = g_variant_parse(NULL, typed, NULL, NULL, &error);
        g_assert_no_error(error);
        table = resource_tree(value, width);
        file = open_memstream(&text, &size);
        g_assert_nonnull(file);
        table_print(table, file, false, false);
        g_assert_cmpint(fclose(file), ==, 0);
        return text;
}

static void assert_shown(const char *rows, unsigned width, const char *expected) {
        char *text = show(rows, width);

        g_assert_cmpstr(text, ==, expected);
        free(text); /* of open_memstream() */
}

#define KEY(total, used, promised) \
        "('k', '', 'key', 'k', " #total ", " #used ", " #promised ", 'x', {})"

static void test_bars(void) {
        static const struct {
                const char *row, *line;
        } cases[] = {
                { KEY(10, 0, 0), "k  ..........  0  0  10  x\n" },
                { KEY(10, 5, 2), "k  #####++...  5  2  3  x\n" },
                { KEY(10, 10, 0), "k  ##########  10  0  0  x\n" },
                { KEY(1000, 1, 1), "k  #+........  1  1  998  x\n" },
                { KEY(1000, 999, 0), "k  #########.  999  0  1  x\n" },
                { KEY(1000, 1, 998), "k  #++++++++.  1  998  1  x\n" },
                { KEY(10, 90, 90), "k  ##########  90  90  0  x\n" },
                { KEY(0, 0, 0), "k  -  -  -  -  x\n" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_shown(cases[i].row, 48, cases[i].line);
}

static void test_width(void) {
        /* Never less than six, however narrow it is. */
        assert_shown(KEY(9, 3, 0), 10, "k  ##....  3  0  6  x\n");
        assert_shown(KEY(9, 3, 0), 400, "k  ##########....................  3  0  6  x\n");
}

static void test_order(void) {
        assert_shown("('h', '', 'host', 'host', 0, 0, 0, '', {}),"
                     "('a', 'h', 'node', 'a', 0, 0, 0, '', {}),"
                     "('b', 'h', 'node', 'b', 0, 0, 0, '', {}),"
                     "('c', 'a', 'node', 'c', 0, 0, 0, '', {})",
                     48,
                     "host   -  -  -  -  -\n"
                     "  a    -  -  -  -  -\n"
                     "    c  -  -  -  -  -\n"
                     "  b    -  -  -  -  -\n");
}

static void test_cores(void) {
        assert_shown("('c0', '', 'core', 'core 0', 2, 0, 1, 'CPUs', {}),"
                     "('c1', '', 'core', 'core 1', 2, 1, 0, 'CPUs', {}),"
                     "('o', '', 'core', 'cores', 2, 0, 0, 'cores', {})",
                     50,
                     "2 cores  ###+++.....  1  1  2  CPUs\n"
                     "cores    ...........  0  0  2  cores\n");
        assert_shown("('l0', '', 'cache', 'L3 cache', 1024, 0, 0, 'bytes', {}),"
                     "('l4', '', 'cache', 'L3 cache', 1024, 0, 0, 'bytes', {}),"
                     "('g', '', 'cache', 'L3 allocation', 16, 1, 0, 'groups', {})",
                     60,
                     "2 caches       ............  0 B  0 B  2.0 KiB  -\n"
                     "L3 allocation  #...........    1    0       15  groups\n");
}

static void test_remarks(void) {
        assert_shown("('l', '', 'link', 'slot 1', 0, 0, 0, '', {'state': 'down'}),"
                     "('o', '', 'offload', 'dpu0', 0, 0, 0, '', {'agent': 'connected'}),"
                     "('p', '', 'offload', 'dpu1', 0, 0, 0, '', {'agent': 'away: it hangs'})",
                     60,
                     "slot 1 (down)      -  -  -  -  -\n"
                     "dpu0               -  -  -  -  -\n"
                     "dpu1 (agent away)  -  -  -  -  -\n");
}

/* A daemon that is not ours could say that a thing is within itself. */
static void test_loop(void) {
        g_autoptr(GString) rows = g_string_new("('x', '', 'node', 'x', 0, 0, 0, '', {})");
        char *text;

        for (unsigned i = 0; i < 8; i++)
                g_string_append(rows, ",('x', 'x', 'node', 'x', 0, 0, 0, '', {})");
        text = show(rows->str, 48);
        g_assert_cmpuint(strlen(text), <, 1000);
        free(text);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/resource-tree/bars show what is used, promised and free", test_bars);
        g_test_add_func("/resource-tree/bars take what the figures leave", test_width);
        g_test_add_func("/resource-tree/what is within a thing is below it", test_order);
        g_test_add_func("/resource-tree/cores, or caches, beside each other are one line",
                        test_cores);
        g_test_add_func("/resource-tree/what is down, or whose agent is away, is told",
                        test_remarks);
        g_test_add_func("/resource-tree/what is within itself comes to an end", test_loop);
        return g_test_run();
}
