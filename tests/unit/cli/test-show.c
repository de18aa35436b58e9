/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that is known of one migration, as golden/show-*.txt have it; UPDATE_GOLDEN=1 writes them
 * anew. */

#include "tests/unit/cli/fixture.h"

#define UUID "0b7e3a52-51a9-4f0d-8f6b-1c0f1de40001"

/* Two moves of one guest, and one of another; the second has all that a record can have. */
static MockDaemon *mock_new(void) {
        g_autofree char *all = cli_test_file("show.gvariant");
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_objects(mock, all);
        return mock;
}

static void check_golden(const char *command, const char *name) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, command);

        cli_check_golden(name, program->out->str);
        cli_check(program, 0, program->out->str, "");
}

static void test_all_that_is_known_is_on_a_page(void) {
        check_golden("show f20", "show-finished.txt");
        check_golden("show web7", "show-precopy.txt");
        check_golden("show f1000000-0000-4000-8000-000000000001", "show-rolled-back.txt");
        check_golden("show db1 --json", "show.json");
}

static void assert_begins(const char *command, const char *beginning) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(Program) program = cli_run(mock, command);

        if (!g_str_has_prefix(program->out->str, beginning))
                g_error("'%s' shows '%s'", command, program->out->str);
        g_assert_cmpint(program->status, ==, 0);
}

static void test_a_guest_stands_for_its_latest(void) {
        assert_begins("show db1", "db1 outgoing: finished\n");
        assert_begins("show " UUID, "db1 outgoing: finished\n");
        assert_begins("show f1", "db1 incoming: rolled-back\n");
        assert_begins("show f2f", "web7 outgoing: precopy\n");
}

/* Whoever named a guest so has no other word for it. */
static void test_a_name_is_before_the_beginning_of_an_id(void) {
        g_autofree char *all = cli_test_file("show.gvariant");
        g_autofree char *objects = cli_replace(all, "'web7'", "'f1'");
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_objects(mock, objects);
        program = cli_run(mock, "show f1");
        g_assert_true(g_str_has_prefix(program->out->str, "f1 outgoing: precopy\n"));
}

static void test_what_is_not_known_or_not_clear_is_said(void) {
        static const struct {
                const char *command, *message;
                int status;
        } cases[] = {
                { "show g9",
                  "nothing is known of a migration or of a guest 'g9': 'virt-ferry migrations' "
                  "lists them\n",
                  1 },
                { "show f2", "the ids of 2 migrations begin with 'f2': write more of it\n", 1 },
                { "show", "'show' needs MIGRATION; see 'virt-ferry --help'\n", 2 },
                { "show a b", "'show' takes one MIGRATION; see 'virt-ferry --help'\n", 2 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(MockDaemon) mock = mock_new();
                g_autoptr(Program) program = cli_run(mock, cases[i].command);
                g_autofree char *said = g_strconcat("virt-ferry: ", cases[i].message, NULL);

                cli_check(program, cases[i].status, "", said);
        }
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/show/all that is known is on a page",
                        test_all_that_is_known_is_on_a_page);
        g_test_add_func("/show/a guest stands for its latest", test_a_guest_stands_for_its_latest);
        g_test_add_func("/show/a name is before the beginning of an id",
                        test_a_name_is_before_the_beginning_of_an_id);
        g_test_add_func("/show/what is not known or not clear is said",
                        test_what_is_not_known_or_not_clear_is_said);
        r = g_test_run();
        cli_test_done();
        return r;
}
