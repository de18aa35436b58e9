/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-check.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define PF      "0000:3b:00.0"
#define VF0     "0000:3b:10.0"
#define VF1     "0000:3b:10.2"
#define RELEASE "6.12.0-test"

#define FULL    (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY | VFIO_CAP_DMA_LOG)

typedef struct GuestFixture {
        Fixture base;
        HostState state;
        GString *devices, *entries, *rest; /* of the guest's XML */
        unsigned slot;
        bool shut_off;
        const char *const *agent_macs;
} GuestFixture;

/* A host where all is well, whose kernel reports DMA logging. */
static void set_up(GuestFixture *f, gconstpointer unused) {
        fixture_set_up(&f->base, NULL);
        f->base.manager->libvirt_known = true;
        f->state.libvirt_version = 10000000;
        f->state.qemu_version = 10000000;
        f->devices = g_string_new(NULL);
        f->entries = g_string_new(NULL);
        f->rest = g_string_new(NULL);
        f->slot = 5;
        fake_root_put(f->base.root, "proc/sys/kernel/osrelease", RELEASE "\n", -1);
        fake_root_put(f->base.root, "proc/kallsyms",
                      "0000000000000000 t iova_bitmap_alloc\t[vfio]\n", -1);
}

static void tear_down(GuestFixture *f, gconstpointer unused) {
        g_string_free(f->devices, TRUE);
        g_string_free(f->entries, TRUE);
        g_string_free(f->rest, TRUE);
        fixture_tear_down(&f->base, NULL);
}

static void add_vfs(GuestFixture *f, const char *driver) {
        fake_root_add_pf(f->base.root, PF,
                         &(FakePci){ .vendor = 0x15b3,
                                     .device = 0x101d,
                                     .vf_device = 0x101e,
                                     .driver = "mlx5_core",
                                     .vf_driver = driver });
        (void)fake_root_add_vf(f->base.root, PF);
        (void)fake_root_add_vf(f->base.root, PF);
        g_assert_cmpint(inventory_scan(f->base.manager->inventory), ==, 0);
}

/* VFs whose driver has answered what it offers, while they were free. */
static void add_asked_vfs(GuestFixture *f, int caps) {
        fake_root_set_vfio(f->base.root, "mlx5_vfio_pci", caps, 0);
        add_vfs(f, "mlx5_vfio_pci");
        g_assert_cmpint(inventory_probe(f->base.manager->inventory, VF0), ==, 0);
}

static void add_rule(GuestFixture *f, const char *text) {
        g_autoptr(GError) error = NULL;

        (void)compat_add(f->base.manager->config->compat, text, "x.conf", &error);
        g_assert_no_error(error);
}

/* `inside` is XML of the device; `seen` attributes, NULL for no entry. */
static void give(GuestFixture *f, const char *vf, const char *inside, const char *seen) {
        g_string_append_printf(f->devices,
                               "<hostdev mode='subsystem' type='pci'><source><address "
                               "domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' function='0x%c'/>"
                               "</source>%s<address type='pci' domain='0x0000' bus='0x00' "
                               "slot='0x%02x' function='0x0'/></hostdev>",
                               vf, vf + 5, vf + 8, vf[11], inside, f->slot);
        if (seen)
                g_string_append_printf(f->entries,
                                       "<ferry:device address='0000:00:%02x.0'><ferry:seen %s/>"
                                       "</ferry:device>",
                                       f->slot, seen);
        f->slot++;
}

#define SEEN "class='sriov' vendor='0x15b3' device='0x101e' driver='mlx5_vfio_pci'"

static char *xml_of(GuestFixture *f) {
        return g_strdup_printf("<domain type='kvm' "
                               "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
                               "<name>g1</name><uuid>" GUEST_UUID "</uuid><metadata><ferry:domain "
                               "xmlns:ferry='urn:virtferry:domain:1' version='1'>%s</ferry:domain>"
                               "</metadata><devices>%s</devices>%s</domain>",
                               f->entries->str, f->devices->str, f->rest->str);
}

/* "SEVERITY OBJECT: SENTENCE\n" of each finding. */
static char *check(GuestFixture *f) {
        g_autofree char *xml = xml_of(f);
        GString *text = g_string_new(NULL);
        g_autoptr(GPtrArray) findings = NULL;
        g_autoptr(GError) error = NULL;

        findings = guest_check(f->base.manager, &f->state,
                               &(GuestEvent){ .kind = GUEST_FOUND,
                                              .name = (char *)"g1",
                                              .xml = xml,
                                              .running = !f->shut_off,
                                              .agent_macs = (char **)f->agent_macs },
                               &error);
        g_assert_no_error(error);
        for (guint i = 0; i < findings->len; i++) {
                const Finding *finding = findings->pdata[i];

                g_assert_null(strchr(finding->sentence, '\n'));
                g_string_append_printf(text, "%s %s: %s\n",
                                       finding_severity_to_string(finding->severity),
                                       finding->object, finding->sentence);
        }
        return g_string_free(text, FALSE);
}

static void assert_findings(GuestFixture *f, const char *expected) {
        g_autofree char *text = check(f);

        g_assert_cmpstr(text, ==, expected);
}

static void test_a_guest_that_can_move_has_none(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL);
        give(f, VF0, "", SEEN);
        give(f, VF1, "", SEEN);
        assert_findings(f, "");
}

static void test_a_guest_without_devices_has_none(GuestFixture *f, gconstpointer unused) {
        assert_findings(f, "");
}

static void test_a_guest_that_is_shut_off(GuestFixture *f, gconstpointer unused) {
        f->shut_off = true;
        assert_findings(f, "error g1: The guest is shut off, so there is nothing that could move: "
                           "start it, or define it on the other host\n");
}

static void assert_refusal(GuestFixture *f, const char *xml, bool running, const char *expected) {
        const GuestEvent found = {
                .kind = GUEST_FOUND, .name = (char *)"g1", .xml = (char *)xml, .running = running
        };
        g_autofree char *refusal = guest_check_refusal(f->base.manager, &f->state, &found);

        g_assert_cmpstr(refusal, ==, expected);
}

static void test_the_first_error_refuses(GuestFixture *f, gconstpointer unused) {
        static const char xml[] = "<domain><name>g1</name><devices/></domain>";

        assert_refusal(f, xml, true, NULL);
        assert_refusal(f, xml, false,
                       "g1: The guest is shut off, so there is nothing that could move: start it, "
                       "or define it on the other host");
        assert_refusal(f, "<pool/>", true, "line 1: <pool> is not the <domain> of a guest");
}

static void test_what_is_unplugged_is_in_nobodys_way(GuestFixture *f, gconstpointer unused) {
        add_vfs(f, "vfio-pci");
        g_string_append(f->devices, "<iommu model='intel'/>");
        give(f, VF0, "<teaming type='transient' persistent='ua-x'/>", SEEN);
        assert_findings(f, "");
}

static void test_a_team_whose_virtio_half_has_no_link(GuestFixture *f, gconstpointer unused) {
        g_string_append(f->devices,
                        "<interface type='bridge'><mac address='52:54:00:76:00:01'/>"
                        "<link state='down'/><teaming type='persistent'/></interface>"
                        "<interface type='hostdev'><mac address='52:54:00:76:00:01'/><source>"
                        "<address type='pci' domain='0' bus='0x3b' slot='0x10' function='0'/>"
                        "</source><teaming type='transient' persistent='ua-x'/></interface>");
        assert_findings(f,
                        "error team: The virtio half of the team of 52:54:00:76:00:01 is to carry "
                        "its traffic and has its link down: 'virsh domif-setlink g1 "
                        "52:54:00:76:00:01 up'\n");
}

#define TEAM_MAC "52:54:00:76:00:01"

static void test_a_team_that_the_guest_does_not_see(GuestFixture *f, gconstpointer unused) {
        static const char *const team[] = { "00:00:00:00:00:00", TEAM_MAC, TEAM_MAC, TEAM_MAC,
                                            NULL },
                                 *const vf_alone[] = { TEAM_MAC, "52:54:00:76:00:09", NULL },
                                 *const nothing[] = { NULL };
        g_autofree char *alone = NULL, *none = NULL;

        g_string_append(f->devices,
                        "<interface type='bridge'><mac address='" TEAM_MAC "'/>"
                        "<teaming type='persistent'/></interface>"
                        "<interface type='hostdev'><mac address='" TEAM_MAC "'/><source>"
                        "<address type='pci' domain='0' bus='0x3b' slot='0x10' function='0'/>"
                        "</source><teaming type='transient' persistent='ua-x'/></interface>");
        assert_findings(f, ""); /* no agent, no word */
        f->agent_macs = team;
        assert_findings(f, "");
        f->agent_macs = vf_alone;
        alone = check(f);
        g_assert_nonnull(strstr(alone, "sees only one interface of the team of " TEAM_MAC));
        g_assert_nonnull(strstr(alone, "--strategy cold"));
        f->agent_macs = nothing;
        none = check(f);
        g_assert_nonnull(strstr(none, "sees no interface of the team"));
}

#define REPLUG "'virsh migrate' is refused, and 'virt-ferry migrate' unplugs it for the move"

static void test_a_vf_that_is_bound_to_the_plain_driver(GuestFixture *f, gconstpointer unused) {
        fake_root_put(f->base.root, "lib/modules/" RELEASE "/modules.alias",
                      "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n", -1);
        add_vfs(f, "vfio-pci");
        give(f, VF0, "", SEEN);
        assert_findings(f,
                        "warning hostdev 0 (" VF0 "): It is bound to vfio-pci, which saves no "
                        "state, and mlx5_vfio_pci is there for it: shut the guest down and start "
                        "it with <driver model='mlx5_vfio_pci'/> in the device, which libvirt 10.0 "
                        "chooses by itself; until then " REPLUG "\n");
}

static void test_a_vf_that_nobody_saves(GuestFixture *f, gconstpointer unused) {
        add_vfs(f, "vfio-pci");
        give(f, VF0, "", SEEN);
        assert_findings(f, "warning hostdev 0 (" VF0 "): vfio-pci saves no state: " REPLUG
                           "; or take a kernel that has a driver for it\n");

        add_rule(f, "[Rule x]\nDevices=15b3:101e\nMigrates=no\nWhy=it never will be\n");
        assert_findings(f, "warning hostdev 0 (" VF0 "): Its state cannot be saved, since it never "
                           "will be: " REPLUG "\n");
}

/* What cannot migrate is unplugged, so it does not have to stand still with the others. */
static void test_one_that_nobody_saves_is_in_nobodys_way(GuestFixture *f, gconstpointer unused) {
        g_autofree char *findings = NULL;

        add_asked_vfs(f, VFIO_CAP_STOP_COPY | VFIO_CAP_DMA_LOG | VFIO_CAP_PRE_COPY);
        fake_root_add_mdev(f->base.root, "mtty", "mtty-1", HERE_MDEV);
        fake_root_set_vfio(f->base.root, "mtty", 0, 0);
        g_assert_cmpint(inventory_scan(f->base.manager->inventory), ==, 0);
        g_assert_cmpint(inventory_probe(f->base.manager->inventory, HERE_MDEV), ==, 0);
        give(f, VF0, "", SEEN);
        g_string_append(f->devices, "<hostdev mode='subsystem' type='mdev'><source><address "
                                    "uuid='" HERE_MDEV "'/></source><alias name='ua-uart'/>"
                                    "</hostdev>");
        g_string_append(f->entries, "<ferry:device alias='ua-uart'/>");

        findings = check(f);
        g_assert_nonnull(strstr(findings, "warning ua-uart (" HERE_MDEV "): mtty saves no state"));
        g_assert_null(strstr(findings, "(P2P)"));
}

#define NOTE                                                                                      \
        "<ferry:device alias='ua-nic' address='0000:00:05.0'><ferry:unplugged strategy='replug' " \
        "source='" VF0 "'>&lt;hostdev type='pci'&gt;&lt;source&gt;&lt;address bus='0x3b' "        \
        "slot='0x10'/&gt;&lt;/source&gt;&lt;/hostdev&gt;</ferry:unplugged></ferry:device>"

static void test_one_that_is_not_plugged_in_again(GuestFixture *f, gconstpointer unused) {
        g_autofree char *xml = NULL;

        g_string_append(f->entries, NOTE);
        assert_findings(f,
                        "warning ua-nic: It was unplugged for a move and is not plugged in again "
                        "yet: virtferryd tries it every 30 s, and so does the host that the "
                        "guest moves to\n");
        xml = xml_of(f);
        assert_refusal(f, xml, true, NULL);
}

/* The device is the guest's since before the daemon came. */
static void test_what_nobody_can_tell(GuestFixture *f, gconstpointer unused) {
        add_vfs(f, "mlx5_vfio_pci");
        give(f, VF0, "", SEEN);
        assert_findings(f, "warning hostdev 0 (" VF0 "): Nobody can tell whether mlx5_vfio_pci "
                           "saves its state while the guest has it: a kernel of 6.8 or newer with "
                           "CONFIG_VFIO_DEBUGFS does\n");

        add_rule(f, "[Rule x]\nDrivers=mlx5_vfio_pci\nKernelMin=6.13\n");
        assert_findings(f, "error hostdev 0 (" VF0 "): The kernel is too old for mlx5_vfio_pci to "
                           "save its state: boot 6.13 or newer\n");
}

static void test_what_was_seen_before_tells(GuestFixture *f, gconstpointer unused) {
        add_vfs(f, "mlx5_vfio_pci");
        give(f, VF0, "", SEEN " vfio='stop-copy p2p pre-copy dma-log'");
        assert_findings(f, "");
}

static void test_the_kernel_tells_of_what_a_guest_holds(GuestFixture *f, gconstpointer unused) {
        add_vfs(f, "mlx5_vfio_pci");
        fake_root_put(f->base.root, "sys/kernel/debug/vfio/" VF0 "/migration/state", "RUNNING\n",
                      -1);
        give(f, VF0, "", SEEN);
        assert_findings(f, "");
}

static void test_a_driver_that_logs_no_dma(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, VFIO_CAP_STOP_COPY | VFIO_CAP_P2P);
        give(f, VF0, "", SEEN);
        assert_findings(f, "error hostdev 0 (" VF0 "): mlx5_vfio_pci does not log what the device "
                           "writes, so QEMU refuses to move the guest: set enable-migration to "
                           "'on' by <qemu:override>, and all memory is sent while the guest "
                           "stands\n");

        g_string_append(f->rest, "<qemu:commandline><qemu:arg "
                                 "value='vfio-pci.enable-migration=on'/></qemu:commandline>");
        assert_findings(f, "");
}

static void test_iommufd_logs_for_a_driver(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, VFIO_CAP_STOP_COPY | VFIO_CAP_P2P);
        give(f, VF0, "<driver iommufd='yes'/>", SEEN);
        assert_findings(f, "");
}

static void test_a_kernel_that_cannot_report_the_log(GuestFixture *f, gconstpointer unused) {
        fake_root_put(f->base.root, "proc/kallsyms", "0000000000000000 T vfio_init\n", -1);
        fake_root_put(f->base.root, "sys/module/vfio/initstate", "live\n", -1);
        add_vfs(f, "mlx5_vfio_pci");
        give(f, VF0, "", SEEN " vfio='stop-copy p2p pre-copy dma-log'");
        assert_findings(f, "error hostdev 0 (" VF0 "): mlx5_vfio_pci logs what the device writes, "
                           "and this kernel cannot report it, so QEMU stops a migration at its "
                           "start: boot a kernel with CONFIG_IOMMUFD\n");
}

static void test_a_domain_that_forbids_it(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL);
        give(f, VF0, "", SEEN);
        g_string_append(f->rest, "<qemu:commandline><qemu:arg "
                                 "value='vfio-pci.enable-migration=off'/></qemu:commandline>");
        assert_findings(f, "error hostdev 0 (" VF0 "): The domain switches its migration off "
                           "(enable-migration): take that out and start the guest anew\n");
}

static void test_several_that_cannot_stand_still(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, VFIO_CAP_STOP_COPY | VFIO_CAP_DMA_LOG);
        give(f, VF0, "", SEEN);
        assert_findings(f, "");
        give(f, VF1, "", SEEN);
        assert_findings(f, "error hostdev 0 (" VF0 "): mlx5_vfio_pci cannot hold the device still "
                           "for the others (P2P), and the guest has 2: detach it or the others for "
                           "the move\n"
                           "error hostdev 1 (" VF1 "): mlx5_vfio_pci cannot hold the device still "
                           "for the others (P2P), and the guest has 2: detach it or the others for "
                           "the move\n");
}

static void test_a_qemu_that_is_too_old(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL);
        f->state.qemu_version = 7002000;
        assert_findings(f, ""); /* nothing that it would have to move */
        give(f, VF0, "", SEEN);
        assert_findings(f,
                        "error QEMU: QEMU 7.2 does not move such devices: install 8.1 or newer and "
                        "start the guest anew\n");

        f->state.qemu_version = 8001000;
        assert_findings(f, "");
        give(f, VF1, "", SEEN);
        assert_findings(f, "error QEMU: QEMU 8.1 does not move a guest with several VFIO devices: "
                           "install 8.2 or newer and start the guest anew\n");
}

static void test_a_libvirt_that_is_too_old(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL);
        add_rule(f, "[Rule x]\nDrivers=mlx5_vfio_pci\nLibvirtMin=11.0\n");
        give(f, VF0, "", SEEN);
        assert_findings(f,
                        "error libvirt: libvirt 10.0 does not move such devices: install 11.0 or "
                        "newer\n");
}

static void test_a_guest_with_an_iommu(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL);
        g_string_append(f->devices, "<iommu model='intel'/>");
        give(f, VF0, "", SEEN);
        assert_findings(f, "error iommu: The guest has an IOMMU of its own, and QEMU before 11.0 "
                           "does not move VFIO devices behind one: take <iommu> out of the domain "
                           "and start it anew\n");
        f->state.qemu_version = 11000000;
        assert_findings(f, "");
}

static void test_a_driver_that_sends_nothing_before(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL & ~VFIO_CAP_PRE_COPY);
        add_rule(f, "[Rule x]\nDrivers=mlx5_vfio_pci\nPreCopyKernelMin=6.13\n");
        give(f, VF0, "", SEEN);
        assert_findings(f, "warning hostdev 0 (" VF0 "): mlx5_vfio_pci of this kernel sends all "
                           "state while the guest stands: since 6.13 it sends some before\n");
}

static void test_a_device_that_nobody_describes(GuestFixture *f, gconstpointer unused) {
        add_asked_vfs(f, FULL);
        give(f, VF0, "", NULL);
        assert_findings(f, "warning hostdev 0 (" VF0 "): The domain does not describe it, so "
                           "another host cannot choose a device for it: set Adopt=yes in "
                           "virtferry.conf, or write a <ferry:need>\n");
}

static void test_a_host_without_libvirt(GuestFixture *f, gconstpointer unused) {
        g_autofree char *text = NULL;

        f->base.manager->libvirt_known = false;
        text = check(f);
        g_assert_true(g_str_has_prefix(text, "error libvirt: virtferryd has no connection"));
}

static void test_what_is_no_domain_is_refused(GuestFixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_assert_null(guest_check(f->base.manager, &f->state,
                                  &(GuestEvent){ .xml = (char *)"<network/>", .running = true },
                                  &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/guest-check/" name, GuestFixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a guest that can move has none", test_a_guest_that_can_move_has_none);
        ADD("a guest without devices has none", test_a_guest_without_devices_has_none);
        ADD("a guest that is shut off is told so", test_a_guest_that_is_shut_off);
        ADD("the first error refuses", test_the_first_error_refuses);
        ADD("what is unplugged is in nobody's way", test_what_is_unplugged_is_in_nobodys_way);
        ADD("a team whose virtio half has no link", test_a_team_whose_virtio_half_has_no_link);
        ADD("a team that the guest itself does not see", test_a_team_that_the_guest_does_not_see);
        ADD("a VF that is bound to the plain driver is told of the other",
            test_a_vf_that_is_bound_to_the_plain_driver);
        ADD("a VF that nobody saves is told how to be unplugged", test_a_vf_that_nobody_saves);
        ADD("one that nobody saves is in nobody's way",
            test_one_that_nobody_saves_is_in_nobodys_way);
        ADD("one that is not plugged in again is a warning", test_one_that_is_not_plugged_in_again);
        ADD("what nobody can tell is a warning", test_what_nobody_can_tell);
        ADD("what was seen before tells", test_what_was_seen_before_tells);
        ADD("the kernel tells of what a guest holds", test_the_kernel_tells_of_what_a_guest_holds);
        ADD("a driver that logs no DMA is told about", test_a_driver_that_logs_no_dma);
        ADD("IOMMUFD logs for a driver", test_iommufd_logs_for_a_driver);
        ADD("a kernel that cannot report the log is told about",
            test_a_kernel_that_cannot_report_the_log);
        ADD("a domain that forbids it is told about", test_a_domain_that_forbids_it);
        ADD("several that cannot stand still are told about", test_several_that_cannot_stand_still);
        ADD("a QEMU that is too old is told about", test_a_qemu_that_is_too_old);
        ADD("a libvirt that is too old is told about", test_a_libvirt_that_is_too_old);
        ADD("a guest with an IOMMU is told about", test_a_guest_with_an_iommu);
        ADD("a driver that sends nothing before is told about",
            test_a_driver_that_sends_nothing_before);
        ADD("a device that nobody describes is told about", test_a_device_that_nobody_describes);
        ADD("a host without libvirt is told so", test_a_host_without_libvirt);
        ADD("what is no domain is refused", test_what_is_no_domain_is_refused);
        return g_test_run();
}
