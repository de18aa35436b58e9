/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the command against a daemon of the test's own. What it prints is in
 * golden/; UPDATE_GOLDEN=1 writes the files anew, to be read before they are
 * committed.
 */

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

static const struct {
        const char *command, *golden, *calls;
        int status;
} table[] = {
        { "devices", "devices.txt", "GetManagedObjects()", 0 },
        { "devices --no-legend", "devices-no-legend.txt", "GetManagedObjects()", 0 },
        { "devices --class mdev", "devices-class.txt", "GetManagedObjects()", 0 },
        { "devices --free", "devices-free.txt", "GetManagedObjects()", 0 },
        { "devices --json", "devices.json", "GetManagedObjects()", 0 },
        { "--json devices --free --class mdev", "devices-free-class.json", "GetManagedObjects()",
          0 },
        { "offers", "offers.txt", "ListOffers()", 0 },
        { "offers --json", "offers.json", "ListOffers()", 0 },
        { "advice", "advice.txt", "GetManagedObjects()", 0 },
        { "advice --json", "advice.json", "GetManagedObjects()", 0 },
        { "apply 7", NULL, "GetManagedObjects(), Apply()", 0 },
        { "policy", "policy.txt", "GetPolicy()", 0 },
        { "policy --json", "policy.json", "GetPolicy()", 0 },
        { "policy freeze", NULL, "FreezePolicy()", 0 },
        { "policy thaw", NULL, "ThawPolicy()", 0 },
        { "policy decide", NULL, "DecideNow()", 0 },
        { "resources", "resources.txt", "ListResources()", 0 },
        { "resources --no-legend", "resources-no-legend.txt", "ListResources()", 0 },
        { "resources --json", "resources.json", "ListResources()", 0 },
        { "headroom", "headroom.txt", "ListHeadroom()", 0 },
        { "headroom --json", "headroom.json", "ListHeadroom()", 0 },
        { "hosts", "hosts.txt", "ListHosts()", 0 },
        { "hosts --json", "hosts.json", "ListHosts()", 0 },
        { "hosts forget hostc", NULL, "ForgetHost(hostc)", 0 },
        { "hosts offers", "hosts-offers.txt", "ListHostOffers()", 0 },
        { "hosts offers hosta --json", "hosts-offers.json", "ListHostOffers(hosta)", 0 },
        { "hosts limit", "hosts-limit.txt", "GetMoveLimits()", 0 },
        { "hosts limit --json", "hosts-limit.json", "GetMoveLimits()", 0 },
        { "hosts limit --no-legend", "hosts-limit-no-legend.txt", "GetMoveLimits()", 0 },
        { "hosts limit --together 8", NULL, "SetMoveLimits(8, -1)", 0 },
        { "hosts limit --together none --per-host 2", NULL, "SetMoveLimits(0, 2)", 0 },
        { "place -", "place.txt", "Place(XML)", 0 },
        { "place - --explain", "place-explain.txt", "Place(XML)", 0 },
        { "place - --json", "place.json", "Place(XML)", 0 },
        { "place db1 --no-legend", "place-no-legend.txt", "CheckGuest(db1), Place(XML)", 0 },
        { "leases", "leases.txt", "GetManagedObjects()", 0 },
        { "leases --json", "leases.json", "GetManagedObjects()", 0 },
        { "migrations", "migrations.txt", "GetManagedObjects()", 0 },
        { "migrations --json", "migrations.json", "GetManagedObjects()", 0 },
        { "check", "check-host.txt", "CheckHost()", 1 },
        { "check --json", "check-host.json", "CheckHost()", 1 },
        { "check --xml -", "check-domain.txt", "CheckDomain(XML)", 0 },
        { "check --no-legend --xml=-", "check-domain-no-legend.txt", "CheckDomain(XML)", 0 },
        { "check --xml - --json", "check-domain.json", "CheckDomain(XML)", 0 },
        { "probe 0000:3b:00.2", "probe.txt", "GetDevice(0000:3b:00.2), Probe()", 0 },
        { "probe 0000:3b:00.2 --json", "probe.json", "GetDevice(0000:3b:00.2), Probe()", 0 },
        { "probe 0000:3b:00.2 --no-legend", "probe-no-legend.txt",
          "GetDevice(0000:3b:00.2), Probe()", 0 },
        { "release c1a3e6f0", NULL, "ReleaseLease(c1a3e6f0)", 0 },
        { "rescan", NULL, "Rescan()", 0 },
        { "--help", "help.txt", "", 0 },
        { "--version", "version.txt", "", 0 },
};

static void test_golden(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(MockDaemon) mock = cli_mock_new();
                g_autoptr(Program) program = cli_run(mock, table[i].command);

                g_test_message("%s", table[i].command);
                g_assert_cmpstr(program->err->str, ==, "");
                if (table[i].golden)
                        cli_check_golden(table[i].golden, program->out->str);
                else
                        g_assert_cmpstr(program->out->str, ==, "");
                g_assert_cmpint(program->status, ==, table[i].status);
                cli_check_calls(mock, table[i].calls);
        }
}

static void test_nothing(void) {
        static const struct {
                const char *command, *out, *json;
        } cases[] = {
                { "devices", "No devices.\n", "[]\n" },
                { "leases", "No leases.\n", "[]\n" },
                { "migrations", "No migrations.\n", "[]\n" },
                { "offers", "No parent on this host can make a device.\n", "[]\n" },
                { "resources", "No resources.\n", "[]\n" },
                { "headroom", "No resources.\n", "[]\n" },
                { "advice", "Nothing is advised.\n", "[]\n" },
                { "hosts", "No hosts.\n", "{\n  \"Away\" : \"\",\n  \"Hosts\" : []\n}\n" },
                { "hosts offers", "Nothing is offered.\n", "[]\n" },
                { "check", "Nothing is missing: guests can move with their devices.\n", "[]\n" },
                { "check --xml -", "db1 has no passthrough devices.\n",
                  "{\n  \"Domain\" : \"db1\",\n  \"Devices\" : []\n}\n" },
        };
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_objects(mock, "{}");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListOffers", "(@a(ssssus) [],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListResources",
                              "(@a(sssstttsa{ss}) [],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListHeadroom", "(@a(ssssttts) [],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListHosts", "('', @a(sbbtsssss) [])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListHostOffers",
                              "(@a(ssxa(sssxt)) [],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckHost", "(@a(sss) [],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain",
                              "('db1', @a(sbssbssss) [])");
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *json = g_strconcat("--json ", cases[i].command, NULL);
                g_autofree char *bare = g_strconcat("--no-legend ", cases[i].command, NULL);
                g_autoptr(Program) a = cli_run(mock, cases[i].command), b = cli_run(mock, json),
                                   c = cli_run(mock, bare);

                cli_check(a, 0, cases[i].out, "");
                cli_check(b, 0, cases[i].json, "");
                cli_check(c, 0, "", "");
        }
}

static void test_no_place(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "Place",
                              "('db1', [('hosta', '', false, 'away', '', 0.0, 'hosta: it is "
                              "away')])");
        g_autoptr(Program) program = cli_run(mock, "place -");
        cli_check(program, 1, "No host fits: --explain says why.\n", "");
}

/* What is known of the others is as old as that. */
static void test_etcd_is_away(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListHosts",
                              "('etcd does not answer', @a(sbbtsssss) [])");
        g_autoptr(Program) program = cli_run(mock, "hosts");
        cli_check(program, 0, "No hosts.\n",
                  "virt-ferry: This is how it was before etcd was away: etcd does not answer\n");
}

static void test_misfit(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain",
                              "('db1', [('hostdev0', true, '0000:3b:00.2', '', false, 'sriov', '', "
                              "'fast', 'it is free here too'),"
                              "('hostdev1', false, '3b8f4f25-09f3-4b2f-8c1e-e6bfe0fa1001', '', "
                              "false, 'mdev', 'mtty-2', '', 'no mdev of type mtty-2 is left: "
                              "remove one, or choose another host')])");
        g_autoptr(Program) program = cli_run(mock, "check --xml -");
        cli_check_golden("check-misfit.txt", program->out->str);
        g_assert_cmpint(program->status, ==, 1);
}

static void test_refused_slice(void) {
        static const struct {
                const char *device, *verdict;
        } cases[] = {
                { "", "db1 does not fit: its hardware slice.\n" },
                { "('hostdev0', true, '0000:3b:00.2', '', false, 'sriov', '', 'fast', 'free'),",
                  "db1 does not fit: its hardware slice.\n" },
                { "('hostdev0', false, '0000:3b:00.2', '', false, 'sriov', '', '', 'none'),",
                  "db1 does not fit: its hardware slice, and 1 of 1 devices.\n" },
        };
        g_autoptr(MockDaemon) mock = cli_mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *reply = g_strdup_printf(
                        "('db1', [%s('slice', false, '', '', false, '', '', '', 'no room')])",
                        cases[i].device);

                mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain", reply);
                g_autoptr(Program) program = cli_run(mock, "check --xml -");
                g_assert_true(g_str_has_suffix(program->out->str, cases[i].verdict));
                g_assert_nonnull(strstr(program->out->str, "no room"));
                g_assert_cmpint(program->status, ==, 1);
        }
}

static void test_failed_probe(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_DEVICE, "Probe",
                              "(false, 'x: its driver mtty refuses to load the state: Bad address "
                              "(EFAULT)', [('open', 'done', 120, 0, 0, '', ''),"
                              "('load', 'failed', 77, 40, 14, 'EFAULT', 'Bad address'),"
                              "('resume', 'skipped', 0, 0, 0, '', 'a step before it has failed'),"
                              "('reset', 'done', 9, 0, 0, '', '')])");
        g_autoptr(Program) program = cli_run(mock, "probe x");
        cli_check_golden("probe-failed.txt", program->out->str);
        g_assert_cmpint(program->status, ==, 1);
}

static void test_warning(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckHost",
                              "([('warning', 'mtty', 'it is a sample')],)");
        g_autoptr(Program) program = cli_run(mock, "check --no-legend");
        cli_check(program, 0, "warning  mtty  it is a sample\n", "");
}

static void test_xml_file(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autofree char *path = g_build_filename(g_get_tmp_dir(), "cli-domain-XXXXXX", NULL);
        g_autofree char *command = NULL, *large = g_strnfill(4 * 1024 * 1024 + 1, ' ');
        g_autofree char *message = NULL;
        int fd = g_mkstemp(path);

        g_assert_cmpint(fd, >=, 0);
        g_close(fd, NULL);
        command = g_strdup_printf("check --xml %s", path);
        message = g_strdup_printf("virt-ferry: %s is not a domain: it must be UTF-8 text of at "
                                  "most 4 MiB\n",
                                  path);

        g_assert_true(g_file_set_contents(path, DOMAIN_XML "<!-- -->", -1, NULL));
        g_autoptr(Program) good = cli_run(mock, command);
        g_assert_cmpint(good->status, ==, 0);
        g_assert_cmpstr(mock->xml, ==, DOMAIN_XML "<!-- -->");

        g_assert_true(g_file_set_contents(path, large, -1, NULL));
        g_autoptr(Program) too_large = cli_run(mock, command);
        cli_check(too_large, 1, "", message);

        g_assert_true(g_file_set_contents(path, "<domain>\xff", -1, NULL));
        g_autoptr(Program) no_text = cli_run(mock, command);
        cli_check(no_text, 1, "", message);

        (void)g_remove(path);
        g_autoptr(Program) missing = cli_run(mock, "check --xml /nonexistent/d.xml");
        cli_check(missing, 1, "",
                  "virt-ferry: /nonexistent/d.xml cannot be read: No such file or directory\n");
}

static void test_usage(void) {
        static const struct {
                const char *command, *err;
        } cases[] = {
                { "", "there is no command ''" },
                { "--json", "no command" },
                { "swim", "there is no command 'swim'" },
                { "leases --free", "'leases' takes no --free" },
                { "leases --watch", "'leases' takes no --watch" },
                { "devices --xml -", "'devices' takes no --xml" },
                { "migrations --class mdev", "'migrations' takes no --class" },
                { "probe", "'probe' needs DEVICE" },
                { "probe a b", "'probe' takes one DEVICE" },
                { "release", "'release' needs LEASE" },
                { "release a b", "'release' takes one LEASE" },
                { "hosts forget", "'hosts' takes nothing, offers, limit, or forget and a HOST" },
                { "hosts hosta", "'hosts' takes nothing, offers, limit, or forget and a HOST" },
                { "hosts limit 4", "'hosts' takes nothing, offers, limit, or forget and a HOST" },
                { "hosts --per-host 4", "--together and --per-host are of 'hosts limit'" },
                { "hosts limit --together -1",
                  "--together must be none, or a number up to 1000000, not '-1'" },
                { "hosts limit --together 1000001",
                  "--together must be none, or a number up to 1000000, not '1000001'" },
                { "hosts limit --per-host many",
                  "--per-host must be none, or a number up to 1000000, not 'many'" },
                { "place", "'place' needs DOMAIN or FILE" },
                { "place a b", "'place' takes one DOMAIN or FILE" },
                { "rescan now", "'rescan' takes no arguments" },
                { "policy stop", "there is no command 'policy stop'" },
                { "policy thaw now", "'policy' takes one of freeze, thaw and decide" },
                { "check a b c", "'check' takes at most DOMAIN and HOST" },
        };
        g_autoptr(MockDaemon) mock = cli_mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                cli_check_usage(mock, cases[i].command, cases[i].err);

        g_autoptr(Program) unknown = cli_run(mock, "devices --swim");
        g_assert_cmpint(unknown->status, ==, 2);
        g_assert_nonnull(strstr(unknown->err->str, "unrecognized option '--swim'"));
        cli_check_calls(mock, "");
}

static void test_errors(void) {
        static const struct {
                const char *name, *text, *err;
                int status;
        } cases[] = {
                { FERRY_ERROR_PREFIX "NotFound", "There is no lease 'x': see 'virt-ferry leases'",
                  "There is no lease 'x': see 'virt-ferry leases'", 1 },
                { SD_BUS_ERROR_ACCESS_DENIED, "ReleaseLease is not allowed: call it as root",
                  "ReleaseLease is not allowed: call it as root", 1 },
                { SD_BUS_ERROR_FAILED, "The disk is full", "The disk is full", 1 },
                { SD_BUS_ERROR_UNKNOWN_METHOD, "Unknown method ReleaseLease",
                  "virtferryd is of another version (Unknown method ReleaseLease): bring both to "
                  "the same",
                  1 },
                { "org.freedesktop.systemd1.UnitMasked", "Unit virtferryd.service is masked.",
                  "virtferryd does not answer (Unit virtferryd.service is masked.): start it with "
                  "'systemctl start virtferryd'",
                  3 },
        };
        g_autoptr(MockDaemon) mock = cli_mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *err = g_strdup_printf("virt-ferry: %s\n", cases[i].err);

                mock_daemon_set_error(mock, cases[i].name, cases[i].text);
                g_autoptr(Program) program = cli_run(mock, "release x");
                cli_check(program, cases[i].status, "", err);
        }
}

static void test_no_daemon(void) {
        g_autoptr(MockDaemon) mock = mock_daemon_new(cli_bus->address, false);
        g_autoptr(Program) program = cli_run(mock, "leases");

        cli_check(program, 3, "",
                  "virt-ferry: virtferryd does not answer (The name org.virtferry1 was not "
                  "provided by "
                  "any .service files): start it with 'systemctl start virtferryd'\n");
}

static void test_terminal(void) {
        static const char plain[] = "SEVERITY  OBJECT  FINDING\r\nerror     mtty    broken\r\n";
        static const char coloured[] = "\033[4mSEVERITY\033[0m  \033[4mOBJECT\033[0m  "
                                       "\033[4mFINDING\033[0m\r\n"
                                       "\033[31;1merror\033[0m     mtty    broken\r\n";
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckHost",
                              "([('error', 'mtty', 'broken')],)");
        g_autoptr(Program) program = cli_start(mock, "check", true);
        program_finish(program);
        cli_check(program, 1, coloured, "");

        g_setenv("CLI_VARIABLE", "NO_COLOR=1", TRUE);
        g_autoptr(Program) without = cli_start(mock, "check", true);
        g_unsetenv("CLI_VARIABLE");
        program_finish(without);
        cli_check(without, 1, plain, "");
}

int main(int argc, char *argv[]) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();

        g_test_add_func("/cli/prints what each command is known to print", test_golden);
        g_test_add_func("/cli/says so when there is nothing, and is silent without legend",
                        test_nothing);
        g_test_add_func("/cli/place says where nothing fits and exits with 1", test_no_place);
        g_test_add_func("/cli/hosts says when etcd is away", test_etcd_is_away);
        g_test_add_func("/cli/check names the devices that do not fit and exits with 1",
                        test_misfit);
        g_test_add_func("/cli/check tells a refused slice from devices", test_refused_slice);
        g_test_add_func("/cli/probe names the step that failed and exits with 1",
                        test_failed_probe);
        g_test_add_func("/cli/check exits with 0 when there are warnings only", test_warning);
        g_test_add_func("/cli/check reads a domain from a file and refuses what is none",
                        test_xml_file);
        g_test_add_func("/cli/exits with 2 and says what is wrong with the usage", test_usage);
        g_test_add_func("/cli/shows the daemon's sentence and tells a no from no answer",
                        test_errors);
        g_test_add_func("/cli/exits with 3 when there is no daemon", test_no_daemon);
        g_test_add_func("/cli/has colours on a terminal only, and none with NO_COLOR",
                        test_terminal);

        r = g_test_run();
        cli_test_done();
        return r;
}
