/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/host-check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/drain.h"
#include "tests/unit/daemon/manager-fixture.h"

typedef struct HostFixture {
        Fixture base;
        HostState state;
} HostFixture;

/* A host where all is well. */
static void set_up(HostFixture *f, gconstpointer unused) {
        g_autofree char *hook = NULL;

        fixture_set_up(&f->base, NULL);
        f->base.manager->libvirt_known = true;
        f->state.libvirt_version = 9000000;

        fake_root_put(f->base.root, &HOOK_PATH[1], "#!/bin/true\n", -1);
        hook = g_build_filename(fake_root_path(f->base.root), HOOK_PATH, NULL);
        g_assert_cmpint(g_chmod(hook, 0755), ==, 0);
        fake_root_put(f->base.root, "dev/vfio/vfio", "", 0);
        fake_root_put(f->base.root, "sys/kernel/security/lockdown",
                      "[none] integrity confidentiality\n", -1);
}

static void tear_down(HostFixture *f, gconstpointer unused) {
        fixture_tear_down(&f->base, NULL);
}

/* "SEVERITY OBJECT: SENTENCE\n" of each finding. */
static char *check(HostFixture *f) {
        g_autoptr(GPtrArray) findings = host_check(f->base.manager, &f->state);
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < findings->len; i++) {
                const Finding *finding = findings->pdata[i];

                g_assert_null(strchr(finding->sentence, '\n'));
                g_string_append_printf(text, "%s %s: %s\n",
                                       finding_severity_to_string(finding->severity),
                                       finding->object, finding->sentence);
        }
        return g_string_free(text, false);
}

static void assert_finds(HostFixture *f, const char *begin, const char *words) {
        g_autofree char *text = check(f);

        if (!g_str_has_prefix(text, begin) || !strstr(text, words))
                g_error("no '%s' with '%s' but '%s'", begin, words, text);
        g_assert_cmpint(strchr(text, '\n') - text + 1, ==, (long)strlen(text));
}

static void assert_all_is_well(HostFixture *f) {
        g_autofree char *text = check(f);

        g_assert_cmpstr(text, ==, "");
}

/* A process that began `msec` after now, as proc(5) shows it. */
static void run_libvirt(HostFixture *f, const char *name, long msec) {
        g_autofree char *stat = NULL, *comm = g_strconcat(name, "\n", NULL);
        const long ticks = sysconf(_SC_CLK_TCK);
        struct timespec now;

        g_assert_cmpint(clock_gettime(CLOCK_BOOTTIME, &now), ==, 0);
        stat = g_strdup_printf("812 (%s) S 1 812 812 0 -1 4194560 1 0 0 0 5 5 0 0 20 0 19 0 %li "
                               "1 2 3\n",
                               name,
                               now.tv_sec * ticks + (now.tv_nsec / 1000000 + msec) * ticks / 1000);
        fake_root_put(f->base.root, "proc/812/comm", comm, -1);
        fake_root_put(f->base.root, "proc/812/stat", stat, -1);
        fake_root_put(f->base.root, "proc/meminfo", "", 0);
}

static void test_a_host_where_all_is_well_has_no_findings(HostFixture *f, gconstpointer unused) {
        assert_all_is_well(f);
}

static void test_a_host_without_the_hook(HostFixture *f, gconstpointer unused) {
        fake_root_remove(f->base.root, &HOOK_PATH[1]);
        assert_finds(f, "error " HOOK_PATH ": ", "--sysconfdir=/etc");
}

static void test_a_hook_that_libvirt_passes_over(HostFixture *f, gconstpointer unused) {
        g_autofree char *hook = g_build_filename(fake_root_path(f->base.root), HOOK_PATH, NULL);

        g_assert_cmpint(g_chmod(hook, 0644), ==, 0);
        assert_finds(f, "error " HOOK_PATH ": ", "'chmod 755 " HOOK_PATH "'");
}

static void test_a_libvirt_that_is_older_than_the_hook(HostFixture *f, gconstpointer unused) {
        run_libvirt(f, "virtqemud", -100000);
        assert_finds(f, "warning virtqemud: ", "'systemctl restart virtqemud'");

        /* a call of the libvirt before it proves nothing */
        f->state.hook_heard = 1;
        assert_finds(f, "warning virtqemud: ", "'systemctl restart virtqemud'");

        f->state.hook_heard = INT64_MAX;
        assert_all_is_well(f);
}

/* A package that restarts both in one second. */
static void test_a_libvirt_that_is_a_moment_older(HostFixture *f, gconstpointer unused) {
        g_autofree char *hook = g_build_filename(fake_root_path(f->base.root), HOOK_PATH, NULL);

        run_libvirt(f, "libvirtd", -50);
        g_assert_cmpint(g_chmod(hook, 0755), ==, 0);
        assert_finds(f, "warning libvirtd: ", "'systemctl restart libvirtd'");
}

static void test_a_libvirt_that_is_younger_than_the_hook(HostFixture *f, gconstpointer unused) {
        run_libvirt(f, "libvirtd", 100000);
        assert_all_is_well(f);
}

static void test_a_process_without_a_time_is_no_finding(HostFixture *f, gconstpointer unused) {
        run_libvirt(f, "libvirtd", -100000);
        fake_root_put(f->base.root, "proc/812/stat", "812 (libvirtd", -1);
        assert_all_is_well(f);
        fake_root_remove(f->base.root, "proc/812/stat");
        assert_all_is_well(f);
}

static void test_a_host_without_libvirt(HostFixture *f, gconstpointer unused) {
        f->base.manager->libvirt_known = false;
        f->state.libvirt_version = 0;
        assert_finds(f, "error libvirt: virtferryd has no connection", "journalctl -u virtferryd");
}

static void test_a_libvirt_that_moves_no_devices(HostFixture *f, gconstpointer unused) {
        f->state.libvirt_version = 8005003;
        assert_finds(f, "error libvirt: libvirt 8.5.3 refuses", "install 8.6.0 or newer");
        f->state.libvirt_version = 8006000;
        assert_all_is_well(f);
}

static void test_a_qemu_that_moves_no_state(HostFixture *f, gconstpointer unused) {
        f->state.qemu_version = 7002022;
        assert_finds(f, "warning QEMU: QEMU 7.2.22 does not move", "install 8.1 or newer");
        f->state.qemu_version = 8001000;
        assert_all_is_well(f);
}

static void test_a_kernel_without_vfio(HostFixture *f, gconstpointer unused) {
        fake_root_remove(f->base.root, "dev/vfio/vfio");
        assert_finds(f, "error kernel: ", "modprobe vfio-pci");
        fake_root_put(f->base.root, "sys/module/vfio/initstate", "live\n", -1);
        assert_all_is_well(f);
}

static void test_a_kernel_that_is_locked_down(HostFixture *f, gconstpointer unused) {
        fake_root_put(f->base.root, "sys/kernel/security/lockdown",
                      "none [integrity] confidentiality\n", -1);
        assert_finds(f, "warning kernel: The kernel is locked down", "[integrity]");
        fake_root_remove(f->base.root, "sys/kernel/security/lockdown");
        assert_all_is_well(f);
}

static void test_vfs_without_an_iommu(HostFixture *f, gconstpointer unused) {
        const FakePci pf = { .driver = "igb", .iommu_group = FAKE_NO_GROUP, .vf_driver = "igbvf" };
        g_autofree char *group = NULL;
        const char *vf;

        fake_root_add_pf(f->base.root, "0000:01:00.0", &pf);
        vf = fake_root_add_vf(f->base.root, "0000:01:00.0");
        group = g_build_filename("sys/bus/pci/devices", vf, "iommu_group", NULL);
        fake_root_remove(f->base.root, group);
        g_assert_cmpint(inventory_scan(f->base.manager->inventory), ==, 0);
        assert_finds(f, "warning kernel: The IOMMU is off", "intel_iommu=on");
}

static void test_rules_with_a_fault(HostFixture *f, gconstpointer unused) {
        static const char *const directories[] = { "etc/virtferry/compat.d", NULL };
        Config *config = f->base.manager->config;

        fake_root_put(f->base.root, "etc/virtferry/compat.d/x.conf", "[Rule x]\nDrivers=\n", -1);
        compat_free(config->compat);
        config->compat = compat_load(sysfs_root_fd(f->base.manager->sysfs), directories);
        assert_finds(f, "warning rules: A file of rules is passed over: ",
                     "/etc/virtferry/compat.d/x.conf:2: [Rule x] Drivers must not be empty: put it "
                     "right, then 'systemctl restart virtferryd'");
}

static void test_a_severity_has_a_word_and_back(void) {
        for (int i = 0; i < _FINDING_SEVERITY_MAX; i++)
                g_assert_cmpint(finding_severity_from_string(
                                        finding_severity_to_string((FindingSeverity)i)),
                                ==, i);
        g_assert_cmpint(finding_severity_from_string("fatal"), ==, _FINDING_SEVERITY_INVALID);
}

static void ignore(void *userdata, const char *name) {
}

static int do_connect(void *userdata, const char *name, const char *destination) {
        return 0;
}

static void test_an_agent_that_is_away(HostFixture *f, gconstpointer unused) {
        const AgentOps ops = { do_connect, ignore, NULL };
        Agents *agents = f->base.manager->agents;
        g_autofree char *nothing = NULL;

        fake_root_put(f->base.root, "etc/virtferry/pools.d/dpu.conf",
                      "[Resource dpu0]\nParent=0000:3b:00.0\nAgent=root@dpu0\n", -1);
        agents_set_ops(agents, &ops);
        agents_on_time(agents);
        nothing = check(f);
        g_assert_cmpstr(nothing, ==, "");
        agents_on_lost(agents, "dpu0", "the connection has ended: No route to host");
        assert_finds(f,
                     "warning dpu0: Its agent root@dpu0 is away, so of this offload device only ",
                     "the connection has ended: No route to host: 'ssh root@dpu0' as root");
        agents_set_ops(agents, NULL);
}

static void test_a_host_that_is_drained(HostFixture *f, gconstpointer unused) {
        const char *const uris[] = { "qemu+ssh://b/system", NULL };
        const DrainWish wish = { .destinations = uris };

        g_assert_true(drain_begin(f->base.manager->drain, &wish, NULL));
        assert_finds(f, "warning drain: ", "is drained for maintenance: 'virt-ferry undrain'");
        g_assert_true(drain_end(f->base.manager->drain, NULL));
        assert_all_is_well(f);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/host-check/" name, HostFixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a host where all is well has no findings",
            test_a_host_where_all_is_well_has_no_findings);
        ADD("a host without the hook is told to install it", test_a_host_without_the_hook);
        ADD("a hook that libvirt passes over is told about", test_a_hook_that_libvirt_passes_over);
        ADD("a libvirt that is older than the hook is to be restarted",
            test_a_libvirt_that_is_older_than_the_hook);
        ADD("and one that is a moment older too", test_a_libvirt_that_is_a_moment_older);
        ADD("a libvirt that is younger than the hook knows it",
            test_a_libvirt_that_is_younger_than_the_hook);
        ADD("a process without a time is no finding", test_a_process_without_a_time_is_no_finding);
        ADD("a host without libvirt is told so", test_a_host_without_libvirt);
        ADD("a libvirt that moves no devices is told about", test_a_libvirt_that_moves_no_devices);
        ADD("a QEMU that moves no state is told about", test_a_qemu_that_moves_no_state);
        ADD("a kernel without VFIO is told about", test_a_kernel_without_vfio);
        ADD("a kernel that is locked down is told about", test_a_kernel_that_is_locked_down);
        ADD("rules with a fault are told about", test_rules_with_a_fault);
        ADD("VFs without an IOMMU are told about", test_vfs_without_an_iommu);
        ADD("an agent that is away is told about, and one that is on its way is not",
            test_an_agent_that_is_away);
        ADD("a host that is drained is told about", test_a_host_that_is_drained);
        g_test_add_func("/host-check/a severity has a word and back",
                        test_a_severity_has_a_word_and_back);
        return g_test_run();
}
