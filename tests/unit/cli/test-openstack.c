/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What `virt-ferry openstack` writes; whether Nova takes it, tests/openstack/test-config says. */

#include "daemon/names.h"
#include "tests/unit/cli/fixture.h"

/* ID is the function's number: the test's host has none of them. */
#define VF(ID, PARENT, KNOWN, CAPS)                                                           \
        "'/org/virtferry1/device/_3" ID "': {'org.virtferry1.Device': {"                      \
        "'Id': <'0000:5e:00." ID "'>, 'Class': <'sriov'>, 'Role': <'function'>, "             \
        "'Parent': <'" PARENT "'>, 'Pool': <''>, 'Vendor': <0x15b3>, 'Device': <0x101e>, "    \
        "'SubsystemVendor': <-1>, 'SubsystemDevice': <-1>, 'Revision': <0>, 'Driver': <''>, " \
        "'MigrationDriver': <'mlx5_vfio_pci'>, 'DriverVersion': <'2.1-rc'>, "                 \
        "'Firmware': <''>, 'MdevType': <''>, 'VfioCaps': <@as [" CAPS "]>, "                  \
        "'VfioCapsKnown': <" KNOWN ">, 'StateSize': <uint64 0>, 'NumaNode': <-1>, "           \
        "'IommuGroup': <-1>, 'Netdev': <''>, 'HostUse': <''>, 'LinkSpeed': <0.0>, "           \
        "'LinkWidth': <0>, 'VFsMade': <uint32 0>, 'VFsTotal': <uint32 0>, "                   \
        "'MdevTypes': <@a(ssu) []>, 'Lease': <objectpath '/'>}}"
#define ASKED(ID, PARENT)     VF(ID, PARENT, "true", "'stop-copy'")
#define NOT_ASKED(ID, PARENT) VF(ID, PARENT, "false", "")

static const char headroom[] =
        "([('', 'host', 'hosta', 'cores', 96, 0, 0, 'high'),"
        "('0000:3b:00.0', 'pf', 'ens1f0', 'vfs', 8, 1, 0, 'high'),"
        "('0000:3b:00.0', 'pf', 'ens1f0', 'lanes', 16, 4, 2, 'high'),"
        "('0000:3b:00.0', 'pf', 'ens1f0', 'bandwidth', 25000000, 0, 0, 'high'),"
        "('0000:3b:00.1', 'pf', 'ens1f1', 'vfs', 4, 0, 0, 'low'),"
        "('0000:3b:00.1', 'pf', 'ens1f1', 'lanes', 16, 4, 2, 'high'),"
        "('0000:5e:00.0', 'pf', 'ens2', 'lanes', 8, 0, 0, 'high'),"
        "('dpu0', 'offload', 'dpu0', 'cores', 8, 0, 3, 'med'),"
        "('dpu0', 'offload', 'dpu0', 'memory', 16384, 0, 0, 'med'),"
        "('dpu0', 'offload', 'dpu0', 'keys', 4294967296, 0, 0, 'med'),"
        "('dpu1', 'offload', 'dpu1', 'cores', 16, 0, 0, 'med'),"
        "('dpu1', 'offload', 'dpu1', 'tea', 1, 0, 0, 'med')],)";

static MockDaemon *mock_new(void) {
        MockDaemon *mock = cli_mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListHeadroom", headroom);
        return mock;
}

static void test_golden(void) {
        static const struct {
                const char *command, *golden, *calls;
        } table[] = {
                { "openstack device-spec", "openstack-device-spec.txt", "GetManagedObjects()" },
                { "openstack device-spec --no-legend", "openstack-device-spec-no-legend.txt",
                  "GetManagedObjects()" },
                { "openstack device-spec --nova 26", "openstack-device-spec-26.txt",
                  "GetManagedObjects()" },
                { "openstack device-spec --json", "openstack-device-spec.json",
                  "GetManagedObjects()" },
                { "openstack provider-yaml", "openstack-provider.yaml",
                  "ListHeadroom(), GetManagedObjects()" },
                { "openstack provider-yaml --json", "openstack-provider.json",
                  "ListHeadroom(), GetManagedObjects()" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(MockDaemon) mock = mock_new();
                g_autoptr(Program) program = cli_run(mock, table[i].command);

                g_test_message("%s", table[i].command);
                g_assert_cmpstr(program->err->str, ==, "");
                g_assert_cmpint(program->status, ==, 0);
                cli_check_golden(table[i].golden, program->out->str);
                cli_check_calls(mock, table[i].calls);
        }
}

#define SPEC(ADDRESS)                                                                       \
        "device_spec = {\"address\":\"" ADDRESS "\",\"vendor_id\":\"15b3\",\"product_id\":" \
        "\"101e\",\"resource_class\":\"CUSTOM_FERRY_VF_15B3_101E\",\"traits\":"             \
        "\"CUSTOM_VIRTFERRY_MIGRATABLE,CUSTOM_VIRTFERRY_FORMAT_MLX5_VFIO_PCI_2_1_RC\","     \
        "\"managed\":\"no\",\"live_migratable\":\"yes\"}\n"

static void check_spec(const char *objects, const char *expected) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_objects(mock, objects);
        program = cli_run(mock, "openstack device-spec");
        cli_check(program, 0, expected, "");
}

static void test_a_whole_pf_is_one_line(void) {
        check_spec("{" ASKED("1", "0000:5e:00.0") "," ASKED("2", "0000:5e:00.0") "}",
                   "[pci]\n" SPEC("0000:5e:00.0"));
}

static void test_an_answer_holds_for_the_card(void) {
        check_spec("{" ASKED("1", "0000:5e:00.0") "," NOT_ASKED("2", "0000:5e:00.0") "}",
                   "[pci]\n" SPEC("0000:5e:00.0"));
}

static void test_what_nobody_asked_is_left_out(void) {
        check_spec("{" ASKED("1", "0000:5e:00.0") "," NOT_ASKED("2", "0000:af:00.0") "}",
                   "[pci]\n" SPEC("0000:5e:00.0") "# without 0000:5e:00.2: it is not known yet "
                                                  "whether mlx5_vfio_pci saves its "
                                                  "state; 'virt-ferry probe 0000:5e:00.2' tells\n");
}

static void test_nothing_is_said_of_a_host_without_vfs(void) {
        check_spec("{}", "# This host has no VFs.\n");

        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) bare = NULL, json = NULL;

        mock_daemon_set_objects(mock, "{}");
        bare = cli_run(mock, "openstack device-spec --no-legend");
        cli_check(bare, 0, "", "");
        json = cli_run(mock, "openstack device-spec --json");
        cli_check(json, 0, "[]\n", "");
}

static void test_nothing_to_share_out_is_no_provider(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();
        g_autoptr(Program) program = NULL;

        mock_daemon_set_objects(mock, "{}");
        mock_daemon_set_reply(mock, FERRY_INTERFACE_MANAGER, "ListHeadroom",
                              "([('', 'host', 'hosta', 'cores', 96, 0, 0, 'high')],)");
        program = cli_run(mock, "openstack provider-yaml --no-legend");
        cli_check(program, 0,
                  "meta:\n  schema_version: '1.0'\nproviders:\n  - identification:\n"
                  "      uuid: $COMPUTE_NODE\n",
                  "");
}

static void test_usage(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        cli_check_usage(mock, "openstack", "'openstack' needs device-spec or provider-yaml");
        cli_check_usage(mock, "openstack cloud", "there is no command 'openstack cloud'");
        cli_check_usage(mock, "openstack provider-yaml --nova 31",
                        "'openstack provider-yaml' takes no --nova");
        cli_check_usage(mock, "openstack device-spec --nova 25",
                        "Nova 25 has no device_spec, Nova 26 is the first");
        cli_check_usage(mock, "openstack device-spec --nova zed",
                        "--nova must be a number from 1 to 99, not 'zed'");
        cli_check_usage(mock, "devices --nova 31", "'devices' takes no --nova");
}

static void test_a_refusal_is_a_no(void) {
        g_autoptr(MockDaemon) mock = cli_mock_new();

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NotFound", "gone");
        g_autoptr(Program) spec = cli_run(mock, "openstack device-spec");
        cli_check(spec, 1, "", "virt-ferry: gone\n");
        g_autoptr(Program) yaml = cli_run(mock, "openstack provider-yaml");
        cli_check(yaml, 1, "", "virt-ferry: gone\n");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        cli_test_init();
        g_test_add_func("/openstack/it writes what each command is known to write", test_golden);
        g_test_add_func("/openstack/a PF all of whose VFs may move is one line",
                        test_a_whole_pf_is_one_line);
        g_test_add_func(
                "/openstack/what a driver answers for one VF holds for the others of its PF",
                test_an_answer_holds_for_the_card);
        g_test_add_func(
                "/openstack/a VF of a card that nobody has asked is left out, with the reason",
                test_what_nobody_asked_is_left_out);
        g_test_add_func("/openstack/a host without VFs has no line",
                        test_nothing_is_said_of_a_host_without_vfs);
        g_test_add_func("/openstack/a host with nothing on cards has a provider without inventory",
                        test_nothing_to_share_out_is_no_provider);
        g_test_add_func("/openstack/what is wrong with the usage is said", test_usage);
        g_test_add_func("/openstack/a refusal is a no", test_a_refusal_is_a_no);
        r = g_test_run();
        cli_test_done();
        return r;
}
