/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* `virt-ferry slice`: what is shown, what is asked, and what is refused. */

static MockDaemon *mock_with_answers(void) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "AllocateSlice",
                "(objectpath '/org/virtferry1/slice/_31', [('core:4', 'cores', uint64 2000, true), "
                "('memory:1', 'memory', 4294967296, false), ('key:sev', 'key:sev', 1, false), "
                "('link:0000:00:1c.0', 'nic', 1073741824, false)], ['web7', 'web8'], "
                "['Node 1 is the fullest that has room for all of it'])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "AllocateResource",
                              "(objectpath '/org/virtferry1/slice/_31', "
                              "['core 4 is on the node of the others'])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Defragment",
                              "([(objectpath '/org/virtferry1/slice/_31', 'db1', "
                              "[('cores', ['core:0', 'core:2'], ['core:8', 'core:10'])], uint64 0, "
                              "uint32 2, uint32 0, 'Guest db1 moves 2 cores from node 0 to node 1')"
                              "], ['largest free run: 4 -> 6 cores of node 0'], '')");
        return mock;
}

static const struct {
        const char *command, *golden, *calls;
} table[] = {
        { "slice list", "slice-list.txt", "GetManagedObjects()" },
        { "--no-legend slice list", "slice-list-no-legend.txt", "GetManagedObjects()" },
        { "slice list --json", "slice-list.json", "GetManagedObjects()" },
        { "slice show db1", "slice-show.txt", "GetManagedObjects()" },
        { "slice show 0B7E3A52-51A9-4F0D-8F6B-1C0F1DE40003", "slice-show-promised.txt",
          "GetManagedObjects()" },
        { "slice show web7 --json", "slice-show.json", "GetManagedObjects()" },
        { "slice allocate db1 -", "slice-allocate.txt", "AllocateSlice(db1, XML)" },
        { "slice allocate db1 - --explain --dry-run", "slice-allocate-explain.txt",
          "AllocateSlice(db1, XML, explain=yes, dry-run=yes)" },
        { "slice allocate db1 - --json", "slice-allocate.json", "AllocateSlice(db1, XML)" },
        { "slice add db1 memory 512MiB page=2048 tier=local", "slice-add.txt",
          "AllocateResource(db1, memory, 536870912, page=2048, tier=local)" },
        { "slice add db1 cores 2 --explain", "slice-add-explain.txt",
          "AllocateResource(db1, cores, 2)" },
        { "slice add db1 bandwidth 2Gbit name=nic --json", "slice-add.json",
          "AllocateResource(db1, bandwidth, 2000, name=nic)" },
        { "slice remove db1 functions 1 name=nic", "slice-remove.txt",
          "DeallocateResource(db1, functions, 1, name=nic)" },
        { "slice defragment", "slice-defragment.txt", "Defragment()" },
        { "slice defragment --apply --functions --no-legend", "slice-defragment-no-legend.txt",
          "Defragment(apply=yes, functions=yes)" },
        { "slice defragment --for web7 --json", "slice-defragment.json", "Defragment(for=web7)" },
        { "slice deallocate db1", NULL, "GetManagedObjects(), Deallocate()" },
};

static void test_golden(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(MockDaemon) mock = mock_with_answers();
                g_autoptr(Program) program = cli_run(mock, table[i].command);

                g_test_message("%s", table[i].command);
                g_assert_cmpstr(program->err->str, ==, "");
                if (table[i].golden)
                        cli_check_golden(table[i].golden, program->out->str);
                else
                        g_assert_cmpstr(program->out->str, ==, "");
                g_assert_cmpint(program->status, ==, 0);
                cli_check_calls(mock, table[i].calls);
        }
}

static void test_amounts_have_the_units_of_their_kind(void) {
        static const struct {
                const char *words, *call;
        } good[] = {
                { "memory 4096B", "memory, 4096" },
                { "memory 3KiB", "memory, 3072" },
                { "memory 4GiB", "memory, 4294967296" },
                { "offload-memory 1TiB", "offload-memory, 1099511627776" },
                { "bandwidth 500", "bandwidth, 500" },
                { "bandwidth 500Mbit", "bandwidth, 500" },
                { "keys 18446744073709551615", "keys, 18446744073709551615" },
        };
        static const char *const wrong[] = { "memory 4",          "memory 4Gib", "memory MiB",
                                             "cores 4MiB",        "cores four",  "bandwidth 2Tbit",
                                             "memory 99999999TiB" };
        g_autoptr(MockDaemon) mock = mock_with_answers();

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *command = g_strconcat("slice add db1 ", good[i].words, NULL);
                g_autofree char *call = g_strdup_printf("AllocateResource(db1, %s)", good[i].call);
                g_autoptr(Program) program = cli_run(mock, command);

                g_assert_cmpint(program->status, ==, 0);
                cli_check_calls(mock, call);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                g_autofree char *command = g_strconcat("slice remove db1 ", wrong[i], NULL);
                g_autoptr(Program) program = cli_run(mock, command);

                g_assert_cmpint(program->status, ==, 2);
                g_assert_nonnull(strstr(program->err->str, "the amount of "));
                cli_check_calls(mock, "");
        }
}

static void test_a_file_is_checked_without_a_daemon(void) {
        g_autoptr(MockDaemon) mock = mock_daemon_new(cli_bus->address, false);
        g_autofree char *path = g_build_filename(g_get_tmp_dir(), "cli-slice-XXXXXX", NULL);
        g_autofree char *command = NULL, *good = NULL, *bad = NULL;
        int fd = g_mkstemp(path);

        g_assert_cmpint(fd, >=, 0);
        g_close(fd, NULL);
        command = g_strdup_printf("slice check %s", path);
        good = g_strdup_printf("%s is a good definition of a hardware slice.\n", path);
        bad = g_strdup_printf("virt-ferry: %s: line 2: attribute 'count' must be 1 to 4096, not "
                              "'0'\n",
                              path);

        g_assert_true(g_file_set_contents(path, "<slice version='1'><cores count='2'/></slice>", -1,
                                          NULL));
        g_autoptr(Program) is_good = cli_run(mock, command);
        cli_check(is_good, 0, good, "");

        g_assert_true(g_file_set_contents(path, "<slice version='1'>\n<cores count='0'/></slice>",
                                          -1, NULL));
        g_autoptr(Program) is_bad = cli_run(mock, command);
        cli_check(is_bad, 1, "", bad);

        (void)g_remove(path);
        g_autoptr(Program) none = cli_run(mock, "--json slice check -");
        cli_check(none, 1,
                  "{\n  \"Good\" : false,\n  \"Problem\" : \"line 1: <domain> is not <ferry:slice> "
                  "of namespace urn:virtferry:domain:1\"\n}\n",
                  "");
}

#define NAMELESS "0b7e3a52-51a9-4f0d-8f6b-1c0f1de40003"

static void test_a_guest_without_a_name_is_named_once(void) {
        g_autofree char *text = cli_test_file("objects.gvariant");
        g_autofree char *current = cli_replace(text, EXPIRES, cli_expires);
        g_autofree char *objects = cli_replace(current, "büro-2", NAMELESS);
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_objects(mock, objects);
        program = cli_run(mock, "slice show " NAMELESS);
        g_assert_true(g_str_has_prefix(program->out->str, "guest     " NAMELESS "\nstate "));
}

static void test_a_refusal_is_one_sentence(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL, nobody = NULL, gone = NULL;

        gone = cli_run(mock, "slice show db2");
        cli_check(gone, 1, "",
                  "virt-ferry: guest 'db2' has no hardware slice: 'virt-ferry slice list' names "
                  "those that have one\n");
        nobody = cli_run(mock, "slice deallocate db2");
        cli_check(nobody, 1, "",
                  "virt-ferry: guest 'db2' has no hardware slice: 'virt-ferry slice list' names "
                  "those that have one\n");
        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NoResources",
                              "This host has 1 free core of the 3 that are asked for exclusively; "
                              "'db1' holds most of the rest (3 cores)");
        program = cli_run(mock, "slice add web7 cores 3 exclusive=yes");
        cli_check(program, 1, "",
                  "virt-ferry: This host has 1 free core of the 3 that are asked for exclusively; "
                  "'db1' holds most of the rest (3 cores)\n");
}

static void test_no_moves(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Defragment",
                              "(@a(osa(sasas)tuus) [], @as [], '')");
        g_autoptr(Program) none = cli_run(mock, "slice defragment");
        g_autoptr(Program) fits = cli_run(mock, "slice defragment --for db1");
        cli_check(none, 0, "Nothing to move.\n", "");
        cli_check(fits, 0, "It fits as it is.\n", "");

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Defragment",
                              "(@a(osa(sasas)tuus) [], @as [], 'Node 0 has 1 free core')");
        g_autoptr(Program) full = cli_run(mock, "slice defragment --for db1");
        cli_check(full, 1, "No moves make room: Node 0 has 1 free core\n", "");
}

static void test_nothing(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_objects(mock, "{}");
        g_autoptr(Program) list = cli_run(mock, "slice list");
        g_autoptr(Program) json = cli_run(mock, "slice list --json");
        cli_check(list, 0, "No hardware slices.\n", "");
        cli_check(json, 0, "[]\n", "");
}

static void test_usage(void) {
        static const struct {
                const char *command, *err;
        } cases[] = {
                { "slice", "'slice' needs list, show, allocate, add, remove, deallocate, "
                           "defragment or check" },
                { "slice cut", "there is no command 'slice cut'" },
                { "slice list db1", "'slice list' takes no arguments" },
                { "slice show", "'slice show' needs DOMAIN" },
                { "slice show a b", "'slice show' takes DOMAIN" },
                { "slice allocate db1", "'slice allocate' needs DOMAIN and FILE" },
                { "slice add db1 cores", "'slice add' needs DOMAIN, KIND, AMOUNT and KEY=VALUEs" },
                { "slice add db1 cores 1 node", "'node' is no KEY=VALUE" },
                { "slice add db1 cores 1 =1", "'=1' is no KEY=VALUE" },
                { "slice add db1 cores 1 --dry-run", "'slice add' takes no --dry-run" },
                { "slice defragment db1", "'slice defragment' takes no arguments" },
                { "slice defragment --dry-run", "'slice defragment' takes no --dry-run" },
                { "slice allocate db1 - --apply", "'slice allocate' takes no --apply" },
                { "slice list --explain", "'slice list' takes no --explain" },
                { "leases --explain", "'leases' takes no --explain" },
        };
        g_autoptr(MockDaemon) mock = cli_mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                cli_check_usage(mock, cases[i].command, cases[i].err);
        cli_check_calls(mock, "");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/slice/prints what each command is known to print", test_golden);
        g_test_add_func("/slice/amounts have the units of their kind",
                        test_amounts_have_the_units_of_their_kind);
        g_test_add_func("/slice/a file is checked without a daemon",
                        test_a_file_is_checked_without_a_daemon);
        g_test_add_func("/slice/a guest without a name is named once",
                        test_a_guest_without_a_name_is_named_once);
        g_test_add_func("/slice/a refusal is one sentence", test_a_refusal_is_one_sentence);
        g_test_add_func("/slice/says so when no moves are of use", test_no_moves);
        g_test_add_func("/slice/says so when there is nothing", test_nothing);
        g_test_add_func("/slice/exits with 2 and says what is wrong with the usage", test_usage);
        r = g_test_run();
        cli_test_done();
        return r;
}
