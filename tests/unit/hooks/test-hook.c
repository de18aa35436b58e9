/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the hook as libvirt runs it. */

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/lib/mock-daemon.h"
#include "tests/unit/lib/private-bus.h"

#define PLAIN "<domain type='kvm'><name>g1</name><devices><disk type='file'/></devices></domain>"
#define USB                                                                                \
        "<domain type='kvm'><name>g1</name><devices><hostdev mode='subsystem' type='usb'>" \
        "<source><address bus='1' device='3'/></source></hostdev></devices></domain>"
#define MDEV                                          \
        "<domain type='kvm'><name>g1</name><devices>" \
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'/></devices></domain>"
#define MDEV_AP                                       \
        "<domain type='kvm'><name>g1</name><devices>" \
        "<hostdev mode='subsystem' type='mdev' model='vfio-ap'/></devices></domain>"
#define PCI                                           \
        "<domain type='kvm'><name>g1</name><devices>" \
        "<hostdev mode='subsystem' type='pci' managed='yes'/></devices></domain>"
#define NETWORK                                         \
        "<domain type=\"kvm\"><name>g1</name><devices>" \
        "<interface type=\"hostdev\" managed=\"yes\"/></devices></domain>"
#define OURS                                           \
        "<domain type='kvm'><name>g1</name><metadata>" \
        "<ferry:domain xmlns:ferry='urn:virtferry:domain:1'/></metadata></domain>"
#define MOVED   "<domain type='kvm'><name>g1</name><description>moved</description></domain>"

#define WAY_OUT ": start it with 'systemctl start virtferryd', or remove " HOOK_PATH "\n"
#define SILENT  "virt-ferry: virtferryd does not answer (not in time)" WAY_OUT

static PrivateBus *private_bus;

/* `operation` is "migrate begin -". */
static Program *start_at(sd_event *event, const char *address, const char *hook,
                         const char *operation, const char *xml, size_t size) {
        g_autofree char *bus = g_strconcat("DBUS_SYSTEM_BUS_ADDRESS=", address, NULL);
        g_autofree char *line = g_strdup_printf("%s g1 %s", hook, operation);
        g_auto(GStrv) argv = g_strsplit(line, " ", -1);
        const char *environment[] = { "LC_ALL=C", bus, g_getenv("HOOK_LIBRARIES"), NULL };

        return program_start(event, (const char *const *)argv, environment, xml, size);
}

static Program *run(MockDaemon *mock, const char *operation, const char *xml) {
        Program *program = start_at(mock->event, private_bus->address, HOOK, operation, xml,
                                    strlen(xml));

        program_finish(program);
        return program;
}

static void check(const Program *program, int status, const char *out, const char *err) {
        g_assert_cmpstr(program->err->str, ==, err);
        g_assert_cmpstr(program->out->str, ==, out);
        g_assert_cmpint(program->status, ==, status);
}

static MockDaemon *mock_new(void) {
        MockDaemon *mock = mock_daemon_new(private_bus->address, true);

        mock_daemon_set_reply(mock, FERRY_INTERFACE_HOOK, "FilterDomain", "(\"" MOVED "\",)");
        return mock;
}

/* All operations of libvirt's qemu hook, and some that do not exist. */
static const struct {
        const char *operation;
        const char *call; /* NULL: none */
        const char *out;
} table[] = {
        { "migrate begin -", "FilterDomain(migrate, XML)", MOVED },
        { "restore begin -", "FilterDomain(restore, XML)", MOVED },
        { "prepare begin -", "PrepareDomain(XML)", "" },
        { "attach begin -", "PrepareDomain(XML)", "" },
        { "start begin -", "StartDomain(XML)", "" },
        { "release end migrated", "ReleaseDomain(XML, migrated)", "" },
        { "release end -", "ReleaseDomain(XML, -)", "" },
        { "started begin -", NULL, "" },
        { "stopped end -", NULL, "" },
        { "reconnect begin -", NULL, "" },
        { "migrate end -", NULL, "" },
        { "prepare", NULL, "" },
        { "swim begin -", NULL, "" },
};

static void test_operations(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(MockDaemon) mock = mock_new();
                g_autoptr(Program) result = run(mock, table[i].operation, MDEV);
                g_autofree char *calls = mock_daemon_take_calls(mock);

                g_test_message("%s", table[i].operation);
                check(result, 0, table[i].out, "");
                g_assert_cmpstr(calls, ==, table[i].call ?: "");
                g_assert_cmpstr(mock->xml, ==, table[i].call ? MDEV : NULL);
        }
}

/* No bus is there, so that a call would fail. */
static void check_quiet(const char *xml, size_t size) {
        sd_event *event = NULL;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(Program) result = start_at(event, "unix:path=/nonexistent/bus", HOOK,
                                                     table[i].operation, xml, size);

                program_finish(result);
                g_test_message("%s", table[i].operation);
                check(result, 0, "", "");
        }
        (void)sd_event_unref(event);
}

static void test_unconcerned(void) {
        check_quiet(PLAIN, strlen(PLAIN));
        check_quiet(USB, strlen(USB));
        check_quiet("", 0);
}

static void test_concerned(void) {
        static const char *const domains[] = { MDEV, MDEV_AP, PCI, NETWORK, OURS };

        for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
                g_autoptr(MockDaemon) mock = mock_new();
                g_autoptr(Program) result = run(mock, "migrate begin -", domains[i]);

                check(result, 0, MOVED, "");
                g_assert_cmpstr(mock->xml, ==, domains[i]);
        }
}

/* No guest may come, and to start one is nobody's business. */
static void test_drained_host(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autofree char *calls = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(g_file_set_contents(FERRY_DRAINED_PATH, "", 0, &error));
        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "InvalidState", "drained");
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                bool comes = g_str_equal(table[i].operation, "migrate begin -");
                g_autoptr(Program)
                        result = start_at(mock->event, private_bus->address, HOOK_IMPATIENT,
                                          table[i].operation, PLAIN, strlen(PLAIN));

                program_finish(result);
                g_test_message("%s", table[i].operation);
                check(result, comes, "", comes ? "virt-ferry: drained\n" : "");
        }
        (void)g_remove(FERRY_DRAINED_PATH);
        calls = mock_daemon_take_calls(mock);
        g_assert_cmpstr(calls, ==, "FilterDomain(migrate, XML)");
}

#define NOVAS                                          \
        "<domain type='kvm'><name>g1</name><metadata>" \
        "<nova:instance xmlns:nova='" FERRY_NOVA_URI "1.1'/></metadata></domain>"

/* Those who need one come and start neither without a claim nor without an answer. */
static void check_claims(const char *xml, bool demanded) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autofree char *calls = NULL;

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NoResources", "no claim");
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                bool asked = demanded && (g_str_equal(table[i].operation, "migrate begin -") ||
                                          g_str_equal(table[i].operation, "prepare begin -"));
                g_autoptr(Program)
                        result = start_at(mock->event, private_bus->address, HOOK_IMPATIENT,
                                          table[i].operation, xml, strlen(xml));
                g_autoptr(Program)
                        lonely = start_at(mock->event, "unix:path=/nonexistent/bus", HOOK_IMPATIENT,
                                          table[i].operation, xml, strlen(xml));

                program_finish(result);
                program_finish(lonely);
                g_test_message("%s", table[i].operation);
                check(result, asked, "", asked ? "virt-ferry: no claim\n" : "");
                g_assert_cmpint(lonely->status, ==, asked);
        }
        calls = mock_daemon_take_calls(mock);
        g_assert_cmpstr(calls, ==,
                        demanded ? "FilterDomain(migrate, XML), PrepareDomain(XML)" : "");
}

static void test_host_with_claims(void) {
        g_autoptr(GError) error = NULL;

        check_claims(NOVAS, false);
        g_assert_true(g_file_set_contents(FERRY_CLAIMS_NOVA_PATH, "", 0, &error));
        check_claims(NOVAS, true);
        check_claims(PLAIN, false);
        (void)g_remove(FERRY_CLAIMS_NOVA_PATH);
        g_assert_true(g_file_set_contents(FERRY_CLAIMS_ALL_PATH, "", 0, &error));
        check_claims(NOVAS, true);
        check_claims(PLAIN, true);
        (void)g_remove(FERRY_CLAIMS_ALL_PATH);
}

static void test_unchanged(void) {
        g_autoptr(MockDaemon) mock = mock_new();

        mock_daemon_set_reply(mock, FERRY_INTERFACE_HOOK, "FilterDomain", "(\"" MDEV "\",)");
        g_autoptr(Program) result = run(mock, "migrate begin -", MDEV);
        check(result, 0, "", "");
}

/* What holds when nobody answers. */
static const struct {
        const char *operation;
        const char *xml;
        int status;
} guards[] = {
        { "migrate begin -", MDEV, 1 },    { "migrate begin -", OURS, 1 },
        { "restore begin -", MDEV, 1 },    { "restore begin -", OURS, 1 },
        { "prepare begin -", MDEV, 0 },    { "prepare begin -", OURS, 1 },
        { "attach begin -", MDEV, 0 },     { "attach begin -", OURS, 1 },
        { "start begin -", MDEV, 0 },      { "start begin -", OURS, 1 },
        { "release end failed", MDEV, 0 }, { "release end failed", OURS, 0 },
};

/* All at once, since some only end by their deadline. */
static void check_guards(MockDaemon *mock, const char *address, const char *hook,
                         const char *sentence) {
        Program *programs[G_N_ELEMENTS(guards)];

        for (size_t i = 0; i < G_N_ELEMENTS(guards); i++)
                programs[i] = start_at(mock->event, address, hook, guards[i].operation,
                                       guards[i].xml, strlen(guards[i].xml));

        for (size_t i = 0; i < G_N_ELEMENTS(guards); i++) {
                program_finish(programs[i]);
                g_test_message("%s: %d", guards[i].operation, programs[i]->status);
                check(programs[i], guards[i].status, "", sentence);
                program_free(programs[i]);
        }
}

static void test_no_bus(void) {
        g_autoptr(MockDaemon) mock = mock_daemon_new(private_bus->address, false);

        check_guards(mock, "unix:path=/nonexistent/bus", HOOK,
                     "virt-ferry: virtferryd does not answer (the system bus cannot be "
                     "reached)" WAY_OUT);
}

static void test_no_daemon(void) {
        g_autoptr(MockDaemon) mock = mock_daemon_new(private_bus->address, false);

        check_guards(mock, private_bus->address, HOOK,
                     "virt-ferry: virtferryd does not answer (The name org.virtferry1 was not "
                     "provided by any .service files)" WAY_OUT);
}

static void test_silent_daemon(void) {
        g_autoptr(MockDaemon) mock = mock_new();

        mock->silent = true;
        check_guards(mock, private_bus->address, HOOK_IMPATIENT, SILENT);
}

/* An error of the bus, not of the daemon. */
static void test_foreign_error(void) {
        g_autoptr(MockDaemon) mock = mock_new();

        mock_daemon_set_error(mock, "org.freedesktop.DBus.Error.AccessDenied", "Not you");
        check_guards(mock, private_bus->address, HOOK,
                     "virt-ferry: virtferryd does not answer (Not you)" WAY_OUT);
}

static void test_no_library(void) {
        g_autoptr(MockDaemon) mock = mock_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *folder = g_dir_make_tmp("hook-XXXXXX", &error);
        g_autofree char *library = g_build_filename(folder, "libsystemd.so.0", NULL);
        g_autofree char *variable = g_strconcat("LD_LIBRARY_PATH=", folder, NULL);

        g_assert_no_error(error);
        g_assert_true(g_file_set_contents(library, "", 0, NULL));
        g_setenv("HOOK_LIBRARIES", variable, TRUE);
        g_autoptr(Program) result = run(mock, "migrate begin -", MDEV);
        g_unsetenv("HOOK_LIBRARIES");
        (void)g_remove(library);
        (void)g_rmdir(folder);

        g_assert_cmpint(result->status, ==, 1);
        g_assert_true(
                g_str_has_prefix(result->err->str, "virt-ferry: virtferryd does not answer ("));
        g_assert_nonnull(strstr(result->err->str, "libsystemd.so.0"));
        g_assert_true(g_str_has_suffix(result->err->str, WAY_OUT));
}

static void test_stalled_input(void) {
        static const struct {
                const char *operation;
                int status;
        } cases[] = { { "migrate begin -", 1 }, { "prepare begin -", 0 }, { "release end -", 0 } };
        Program *programs[G_N_ELEMENTS(cases)];
        g_autoptr(MockDaemon) mock = mock_new();

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                programs[i] = start_at(mock->event, private_bus->address, HOOK_IMPATIENT,
                                       cases[i].operation, NULL, 0);

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                program_finish(programs[i]);
                check(programs[i], cases[i].status, "",
                      "virt-ferry: libvirt did not hand over the domain in time\n");
                program_free(programs[i]);
        }
}

static void test_refusal(void) {
        static const struct {
                const char *operation;
                int status;
        } cases[] = { { "migrate begin -", 1 }, { "restore begin -", 1 },
                      { "prepare begin -", 1 }, { "attach begin -", 1 },
                      { "start begin -", 1 },   { "release end migrated", 0 } };
        g_autoptr(MockDaemon) mock = mock_new();

        mock_daemon_set_error(mock, FERRY_ERROR_PREFIX "NoDevice",
                              "hostdev0: no 100% free mdev of type mtty-2;\nhostdev1: n\303\266");
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Program) result = run(mock, cases[i].operation, MDEV);

                check(result, cases[i].status, "",
                      "virt-ferry: hostdev0: no 100% free mdev of type mtty-2; "
                      "hostdev1: n\303\266\n");
        }
}

/* `xml` with blanks after it, `size` bytes in all. */
static char *pad(const char *xml, size_t size) {
        char *text = g_malloc(size + 1);

        memset(text, ' ', size);
        memcpy(text, xml, strlen(xml));
        text[size] = '\0';
        return text;
}

static void test_oversize(void) {
        const size_t limit = 4 * 1024 * 1024;
        g_autoptr(MockDaemon) mock = mock_new();
        g_autofree char *calls = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(guards); i++) {
                g_autofree char *xml = pad(guards[i].xml, limit + 1);
                g_autoptr(Program) result = run(mock, guards[i].operation, xml);

                check(result, guards[i].status, "",
                      "virt-ferry: the domain's XML is larger than 4 MiB, "
                      "which virtferryd does not read\n");
        }
        calls = mock_daemon_take_calls(mock);
        g_assert_cmpstr(calls, ==, "");

        g_autofree char *largest = pad(MDEV, limit);
        g_autoptr(Program) result = run(mock, "migrate begin -", largest);
        check(result, 0, MOVED, "");
        g_assert_cmpuint(strlen(mock->xml), ==, limit);
}

static void test_oversize_unconcerned(void) {
        g_autofree char *xml = pad(PLAIN, 5 * 1024 * 1024);

        check_quiet(xml, strlen(xml));
}

int main(int argc, char *argv[]) {
        int r;

        g_test_init(&argc, &argv, NULL);
        (void)g_remove(FERRY_DRAINED_PATH); /* what a run that broke off has left */
        (void)g_remove(FERRY_CLAIMS_NOVA_PATH);
        (void)g_remove(FERRY_CLAIMS_ALL_PATH);
        private_bus = private_bus_new();

        g_test_add_func("/hook/asks what each operation of libvirt's needs and nothing else",
                        test_operations);
        g_test_add_func("/hook/lets a guest that does not concern us pass without a call",
                        test_unconcerned);
        g_test_add_func("/hook/is concerned by PCI, mdev and network devices and by our metadata",
                        test_concerned);
        g_test_add_func("/hook/asks for every guest that comes to a host that is drained",
                        test_drained_host);
        g_test_add_func("/hook/asks for guests that come or start where they need a claim",
                        test_host_with_claims);
        g_test_add_func("/hook/prints nothing when the domain stays as it is", test_unchanged);
        g_test_add_func("/hook/says how to go on when there is no bus", test_no_bus);
        g_test_add_func("/hook/says how to go on when there is no daemon", test_no_daemon);
        g_test_add_func("/hook/does not wait for a daemon that is silent", test_silent_daemon);
        g_test_add_func("/hook/takes an error of the bus for no answer", test_foreign_error);
        g_test_add_func("/hook/says how to go on when libsystemd cannot be loaded",
                        test_no_library);
        g_test_add_func("/hook/does not wait for a libvirt that is silent", test_stalled_input);
        g_test_add_func("/hook/hands the daemon's refusal on in one line", test_refusal);
        g_test_add_func("/hook/refuses to hand over more than the daemon reads", test_oversize);
        g_test_add_func("/hook/lets a large guest that does not concern us pass",
                        test_oversize_unconcerned);

        r = g_test_run();
        private_bus_free(private_bus);
        return r;
}
