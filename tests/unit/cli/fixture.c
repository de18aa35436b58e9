/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cli/fixture.h"

#include <string.h>

#include "daemon/names.h"

PrivateBus *cli_bus;
char *cli_expires;

void cli_test_init(void) {
        cli_bus = private_bus_new();
        cli_expires = g_strdup_printf("%" G_GINT64_FORMAT,
                                      g_get_real_time() + 5430 * G_TIME_SPAN_SECOND);
}

void cli_test_done(void) {
        g_clear_pointer(&cli_bus, private_bus_free);
        g_clear_pointer(&cli_expires, g_free);
}

char *cli_test_file(const char *name) {
        g_autofree char *path = g_build_filename(CLI_TEST_DATA, name, NULL);
        g_autoptr(GError) error = NULL;
        char *text = NULL;

        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        return text;
}

char *cli_replace(const char *text, const char *from, const char *to) {
        g_auto(GStrv) parts = g_strsplit(text, from, -1);

        return g_strjoinv(to, parts);
}

/* What each method returns beside the objects. */
MockDaemon *cli_mock_new(void) {
        MockDaemon *mock = mock_daemon_new(cli_bus->address, true);
        g_autofree char *text = cli_test_file("objects.gvariant");
        g_autofree char *objects = cli_replace(text, EXPIRES, cli_expires);

        mock_daemon_set_objects(mock, objects);
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListOffers",
                              "([('mdev', 'mtty', 'mtty-1', 'Single port serial', 22, 'default'),"
                              "  ('mdev', 'mtty', 'mtty-2', 'Dual port serial', 9, 'fast')],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "GetPolicy",
                              "({'Mode': <'advise'>, 'Frozen': <false>, 'Theta': <0.25>,"
                              "  'MovesPerDay': <uint32 24>, 'MovesLeft': <uint32 21>},)");
        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "ListResources",
                "([('host', '', 'host', 'host', 0, 0, 0, '', {'cpus': '0-3'}),"
                "('package:0', 'host', 'package', 'package 0', 4, 0, 1, 'CPUs', {}),"
                "('core:0', 'package:0', 'core', 'core 0', 2, 0, 1, 'CPUs', {'cpus': '0,2'}),"
                "('core:1', 'package:0', 'core', 'core 1', 2, 0, 0, 'CPUs', {'cpus': '1,3'}),"
                "('node:0', 'host', 'node', 'node 0', 4, 0, 0, 'CPUs', {'distances': '10'}),"
                "('memory:0', 'node:0', 'memory', 'memory', 8589934592, 3221225472, 1073741824, "
                "'bytes', {}),"
                "('link:0000:00:1c.0', 'node:0', 'link', 'link 0000:00:1c.0', 15753846153, "
                "0, 0, 'bytes/s', {'speed': '16', 'width': '8', 'state': 'up'}),"
                "('pf:0000:3b:00.0', 'link:0000:00:1c.0', 'pf', 'PF 0000:3b:00.0', 1000, 100, 0, "
                "'Mbit/s', {'netdev': 'eth2'}),"
                "('vf-pool:0000:3b:00.0', 'pf:0000:3b:00.0', 'vf-pool', 'VFs', 7, 1, 0, 'VFs', "
                "{'made': '2', 'vf1-rate': '100-500'}),"
                "('link:0000:00:1d.0', 'node:0', 'link', 'link 0000:00:1d.0', 0, 0, 0, "
                "'bytes/s', {'state': 'down'}),"
                "('key:sev', 'host', 'key', 'sev keys', 410, 410, 0, 'keys', {}),"
                "('offload:/0', 'host', 'offload', 'offload device', 0, 0, 0, '', {'problem': "
                "'/etc/virtferry/pools.d/dpu.conf:2: [Resource dpu0] Cores must be 1 to 65536, "
                "not \\\'0\\\''})],)");
        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "ListHeadroom",
                "([('', 'host', 'host', 'cores', 32, 6, 11, 'med'),"
                "('', 'host', 'host', 'memory', 131072, 34816, 40960, 'high'),"
                "('0000:3b:00.0', 'pf', 'PF 0000:3b:00.0', 'vfs', 8, 3, 0, 'high'),"
                "('0000:3b:00.0', 'pf', 'PF 0000:3b:00.0', 'bandwidth', 10000000, 2500000, "
                "7100000, 'low'),"
                "('dpu0', 'offload', 'offload device dpu0', 'keys', 64, 64, 0, 'low')],)");
        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "ListHosts",
                "('', [('hosta', true, false, 1763632805000000, '0.1.0', '8.2', '9.0', 'high', "
                "'qemu+ssh://hosta/system'),"
                "('hostb', true, true, 1763632805000000, '0.1.0', '8.2', '9.0', 'med', "
                "'qemu+ssh://hostb/system'),"
                "('hostc', false, false, 0, '', '7.2', '', 'low', ''),"
                "('hostd', false, true, 0, '', '8.2', '9.0', 'low', '')])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ForgetHost", "()");
        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "ListHostOffers",
                "([('hosta', '0000:3b:10.2', int64 1, @a(sssxt) []),"
                "('hosta', 'cores', 16, [('11111111-2222-4333-8444-555555555555', 'hostb', "
                "'5c0cbf4e-5d1c-4b5c-a2a5-3d5a5c7d9a11', 4, 1763632805000000),"
                "('99999999-2222-4333-8444-555555555555', 'hostc', "
                "'0b8d2a44-8a3e-4d58-93a4-2f6f3a1d7c22', 2, 1763632806000000)]),"
                "('hostb', '0000:3b:10.4', 1, [('11111111-2222-4333-8444-555555555555', 'hosta', "
                "'5c0cbf4e-5d1c-4b5c-a2a5-3d5a5c7d9a33', 1, 1763632805000000)])],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "GetMoveLimits", "(int64 4, int64 0)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "SetMoveLimits", "()");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckGuest",
                              "('db1', '<domain/>', @a(sss) [])");
        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_MANAGER, "Place",
                "('db1', [('hosta', 'qemu+ssh://hosta/system', true, 'fits', 'high', 75.25, "
                "'hosta: all that is needed is offered'),"
                "('hostd', 'qemu+ssh://hostd/system', true, 'fits', 'med', 12.0, "
                "'hostd: all that is needed is offered, and of memory enough'),"
                "('hostb', 'qemu+ssh://hostb/system', false, 'drained', '', 0.0, 'hostb: it is "
                "being emptied: take the drain back, or wait')])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "GetDevice",
                              "(objectpath '/org/virtferry1/device/_30000_3a3b_3a00_2e2',)");
        mock_daemon_set_reply(
                mock, FERRY_INTERFACE_DEVICE, "Probe",
                "(true, '0000:3b:00.2: its driver mlx5_vfio_pci saves and loads its state', ["
                "('open', 'done', 183100, 0, 0, '', ''),"
                "('dma-log', 'done', 900, 4096, 0, '', ''),"
                "('pre-copy', 'skipped', 0, 0, 0, '', 'the driver does not offer it'),"
                "('stop-copy', 'skipped', 0, 0, 0, '', 'the driver does not offer it'),"
                "('suspend', 'done', 2140, 0, 0, '', ''), ('size', 'done', 31, 1048576, 0, '', ''),"
                "('save', 'done', 41000, 1003520, 0, '', ''),"
                "('load', 'done', 52700, 1003520, 0, '', ''),"
                "('resume', 'done', 1800, 0, 0, '', ''), ('reset', 'done', 1204000, 0, 0, '', "
                "'')])");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckHost",
                              "([('error', 'mtty', 'dirty page logging needs a kernel with "
                              "CONFIG_IOMMUFD: install one'),"
                              "  ('warning', '0000:3b:00.0', 'no variant driver is loaded: "
                              "modprobe mlx5_vfio_pci')],)");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "CheckDomain",
                              "('db1', [('hostdev0', true, '0000:3b:00.2', '0000:af:00.4', false, "
                              "'sriov', '', 'fast', 'same ids and driver'),"
                              "('hostdev1', true, '3b8f4f25-09f3-4b2f-8c1e-e6bfe0fa1001', "
                              "'9d2c9d6e-4d0c-4f5f-93f1-2b6a3c5e0002', true, 'mdev', 'mtty-2', "
                              "'default', 'mtty can make one more'),"
                              "('hostdev2', true, '0000:05:00.0', '', false, '', '', '', "
                              "'not ours to decide')])");
        return mock;
}

Program *cli_start(MockDaemon *mock, const char *command, bool terminal) {
        g_autofree char *bus = g_strconcat("DBUS_SYSTEM_BUS_ADDRESS=", cli_bus->address, NULL);
        g_autofree char *path = g_strconcat("PATH=", g_getenv("PATH"), NULL);
        g_autofree char *line = g_strdup_printf("%s %s", CLI, command);
        g_auto(GStrv) argv = g_strsplit(line, " ", -1);
        const char *environment[] = { "LC_ALL=C.UTF-8",         "TZ=UTC", "TERM=xterm", bus, path,
                                      g_getenv("CLI_VARIABLE"), NULL };

        return terminal ? program_start_on_terminal(mock->event, (const char *const *)argv,
                                                    environment)
                        : program_start(mock->event, (const char *const *)argv, environment,
                                        DOMAIN_XML, strlen(DOMAIN_XML));
}

Program *cli_run(MockDaemon *mock, const char *command) {
        Program *program = cli_start(mock, command, false);

        program_finish(program);
        return program;
}

void cli_check(const Program *program, int status, const char *out, const char *err) {
        g_assert_cmpstr(program->err->str, ==, err);
        g_assert_cmpstr(program->out->str, ==, out);
        g_assert_cmpint(program->status, ==, status);
}

void cli_check_calls(MockDaemon *mock, const char *expected) {
        g_autofree char *calls = mock_daemon_take_calls(mock);

        g_assert_cmpstr(calls, ==, expected);
}

void cli_check_golden(const char *name, const char *out) {
        g_autofree char *file = g_build_filename("golden", name, NULL);
        g_autofree char *path = g_build_filename(CLI_TEST_DATA, file, NULL);
        g_autofree char *stable = cli_replace(out, cli_expires, EXPIRES);
        g_autofree char *golden = NULL;

        if (g_getenv("UPDATE_GOLDEN"))
                g_assert_true(g_file_set_contents(path, stable, -1, NULL));
        golden = cli_test_file(file);
        g_assert_cmpstr(stable, ==, golden);
}

void cli_check_usage(MockDaemon *mock, const char *command, const char *words) {
        g_autofree char *err = g_strdup_printf("virt-ferry: %s; see 'virt-ferry --help'\n", words);
        g_autoptr(Program) program = cli_run(mock, command);

        cli_check(program, 2, "", err);
}
