/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "daemon/drain.h"
#include "tests/unit/edges/causes-fixture.h"

/* Every cause by which a guest cannot move, and the one finding that names it: where it is asked
 * for, what is wrong, and the way out. Whole sentences are in the tests of each check. */

/* Of the host, before its devices are made ---------------------------------------------- */

static void no_vfio(Scene *s) {
        fake_root_remove(s->base.root, "dev/vfio/vfio");
        fake_root_remove(s->base.root, "sys/module/vfio");
}

static void locked_down(Scene *s) {
        fake_root_put(s->base.root, "sys/kernel/security/lockdown",
                      "none [integrity] confidentiality\n", -1);
}

static void no_iova_bitmap(Scene *s) {
        fake_root_put(s->base.root, "proc/kallsyms", "0000000000000000 T vfio_init\n", -1);
        fake_root_put(s->base.root, "sys/module/vfio/initstate", "live\n", -1);
}

static void hook_not_installed(Scene *s) {
        fake_root_remove(s->base.root, &HOOK_PATH[1]);
}

static void hook_not_executable(Scene *s) {
        g_autofree char *hook = g_build_filename(fake_root_path(s->base.root), HOOK_PATH, NULL);

        g_assert_cmpint(g_chmod(hook, 0644), ==, 0);
}

/* It runs since one tick after boot. */
static void hook_newer_than_libvirtd(Scene *s) {
        fake_root_put(s->base.root, "proc/812/comm", "libvirtd\n", -1);
        fake_root_put(s->base.root, "proc/812/stat",
                      "812 (libvirtd) S 1 812 812 0 -1 4194560 1 0 0 0 5 5 0 0 20 0 19 0 1 1 2 3\n",
                      -1);
}

static void libvirt_not_connected(Scene *s) {
        s->base.manager->libvirt_known = false;
        s->state.libvirt_version = 0;
}

static void libvirt_too_old(Scene *s) {
        s->state.libvirt_version = 8005003;
}

static void libvirt_too_old_for_the_rule(Scene *s) {
        scene_add_rule(s, "LibvirtMin=11.0\n");
}

static void qemu_too_old(Scene *s) {
        s->state.qemu_version = 7002000;
}

static void rules_with_an_error(Scene *s) {
        static const char *const directories[] = { "etc/virtferry/compat.d", NULL };
        Config *config = s->base.manager->config;

        fake_root_put(s->base.root, "etc/virtferry/compat.d/x.conf", "[Rule x]\nDrivers=\n", -1);
        compat_free(config->compat);
        config->compat = compat_load(sysfs_root_fd(s->base.manager->sysfs), directories);
}

/* Of its devices ------------------------------------------------------------------------ */

static void driver_without_migration(Scene *s) {
        s->caps = 0;
}

static void variant_missing(Scene *s) {
        s->variant = false;
        s->pf.vf_driver = "vfio-pci";
}

static void variant_not_bound(Scene *s) {
        s->pf.vf_driver = "vfio-pci";
}

/* So nobody has ever asked it. */
static void variant_never_bound(Scene *s) {
        s->pf.vf_driver = "mlx5_core";
        s->seen = NULL;
        s->need = "vendor='0x15b3' device='0x101e' migration='required'";
}

static void nobody_can_tell(Scene *s) {
        s->unasked = true;
        s->seen = "class='sriov' vendor='0x15b3' device='0x101e' driver='mlx5_vfio_pci'";
}

static void kernel_too_old_for_the_rule(Scene *s) {
        scene_add_rule(s, "KernelMin=6.13\n");
        nobody_can_tell(s);
}

static void no_state_by_rule(Scene *s) {
        s->caps = 0;
        scene_add_rule(s, "Migrates=no\nWhy=its firmware keeps it\n");
}

static void no_dma_log(Scene *s) {
        s->caps = FULL & ~VFIO_CAP_DMA_LOG;
}

static void no_device(Scene *s) {
        s->pf.driver = NULL;
        s->vfs = 0;
}

static void no_vfs_made(Scene *s) {
        s->vfs = 0;
}

static void other_ids(Scene *s) {
        s->pf.vf_device = 0x101c;
}

static void other_revision(Scene *s) {
        s->pf.revision = 2;
}

static void older_driver(Scene *s) {
        scene_add_rule(s, "NotOlder=driver-version\nWhy=an older driver reads no newer state\n");
        fake_root_put(s->base.root, "sys/module/mlx5_vfio_pci/version", "0.9\n", -1);
}

static void other_firmware(Scene *s) {
        scene_add_rule(s, "Equal=driver;firmware\nWhy=the image is made for one firmware\n");
        fake_root_set_firmware(s->base.root, "eth3", "28.43.1000 (MT_2)");
}

static void used_by_the_host(Scene *s) {
        s->pf.vf_driver = "mlx5_core";
        fake_root_set_address(s->base.root, "eth3v0", "192.0.2.7");
}

static void two_vfs(Scene *s) {
        s->vfs = 2;
}

/* Of the guest -------------------------------------------------------------------------- */

static void several_without_p2p(Scene *s) {
        s->caps = FULL & ~VFIO_CAP_P2P;
        fake_root_add_mdev(s->base.root, "mtty", "mtty-1", HERE_MDEV);
        scene_give_vf(s, VF0);
        scene_give_mdev(s, HERE_MDEV, "mtty-1");
}

static void several_for_an_old_qemu(Scene *s) {
        s->state.qemu_version = 8001000;
        s->vfs = 2;
        scene_give_vf(s, VF0);
        scene_give_vf(s, VF1);
}

static void guest_with_an_iommu(Scene *s) {
        g_string_append(s->devices, "<iommu model='intel'/>");
        scene_give_vf(s, VF0);
}

static void migration_off_for_all(Scene *s) {
        g_string_append(s->quirks, "<qemu:commandline><qemu:arg value='-global'/><qemu:arg "
                                   "value='vfio-pci.enable-migration=off'/></qemu:commandline>");
}

static void shut_off(Scene *s) {
        s->shut_off = true;
}

static void not_described(Scene *s) {
        scene_give_vf(s, VF0);
        g_string_truncate(s->entries, 0);
}

static void other_type(Scene *s) {
        scene_give_mdev(s, SOURCE_MDEV, "mtty-4");
}

/* Two ports each: all 24. */
static void no_instance_left(Scene *s) {
        for (unsigned i = 0; i < 12; i++) {
                g_autofree char *uuid = g_uuid_string_random();

                fake_root_add_mdev(s->base.root, "mtty", "mtty-2", uuid);
        }
        scene_give_mdev(s, SOURCE_MDEV, "mtty-1");
}

/* What the guest asks for, of 1 GiB and 2 CPUs: this host has 4 GiB and 1 of swap, CPUs 0-3, nodes
 * 0 with 512 and 1 with 100 free hugepages of 2 MiB. */

static void much_memory(Scene *s) {
        fake_root_put(s->base.root, "proc/meminfo", "MemAvailable: 524288 kB\nSwapFree: 1024 kB\n",
                      -1);
}

static void memory_in_swap(Scene *s) {
        fake_root_put(s->base.root, "proc/meminfo",
                      "MemAvailable: 524288 kB\nSwapFree: 524288 kB\n", -1);
}

static void few_hugepages(Scene *s) {
        s->pf.numa_node = 1;
        s->demand = "<memoryBacking><hugepages/></memoryBacking><numatune><memory "
                    "mode='strict' nodeset='1'/></numatune>";
}

static void other_hugepages(Scene *s) {
        s->demand = "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages>"
                    "</memoryBacking>";
}

static void no_hugepages(Scene *s) {
        s->demand = "<memoryBacking><hugepages/></memoryBacking>";
        fake_root_put(s->base.root, "proc/meminfo", "MemAvailable: 4194304 kB\n", -1);
}

static void few_cpus(Scene *s) {
        fake_root_put(s->base.root, "sys/devices/system/cpu/online", "0\n", -1);
}

static void pinned_to_absent_cpus(Scene *s) {
        s->demand = "<cputune><vcpupin vcpu='0' cpuset='2-5'/></cputune>";
}

static void kept_on_absent_cpus(Scene *s) {
        s->demand = "<cputune><emulatorpin cpuset='7'/></cputune>";
}

static void absent_nodes(Scene *s) {
        s->demand = "<numatune><memnode cellid='0' mode='preferred' nodeset='0,3'/></numatune>";
}

static void far_device(Scene *s) {
        s->pf.numa_node = 1;
        s->demand = "<numatune><memory mode='preferred' nodeset='0'/></numatune>";
}

static void kernel_too_old_there(Scene *s) {
        s->pf.vf_driver = "mlx5_core"; /* so nobody has asked the other one yet */
        scene_add_rule(s, "KernelMin=6.13\n");
}

#define SLICE(cores) \
        "<ferry:slice version='1'><ferry:cores count='" cores "' exclusive='yes'/></ferry:slice>"

static void no_room_for_its_slice(Scene *s) {
        s->demand = "<cputune><vcpupin vcpu='0' cpuset='9'/></cputune>"; /* of the other host */
        g_string_append(s->entries, SLICE("5"));
}

/* When the devices are there ------------------------------------------------------------ */

static void iommu_off(Scene *s) {
        fake_root_remove(s->base.root, "sys/bus/pci/devices/" VF0 "/iommu_group");
        g_assert_cmpint(inventory_scan(s->base.manager->inventory), ==, 0);
}

static void leased(Scene *s) {
        scene_lease(s, VF0, "db1");
}

static void held_by_a_process(Scene *s) {
        fake_root_hold(s->base.root, VF0);
}

static void being_tried(Scene *s) {
        scene_try(s, VF0);
}

static void helper_hangs(Scene *s) {
        scene_try(s, VF0);
        trials_on_late(s->base.manager->trials, VF0);
}

static void helper_has_hung(Scene *s) {
        helper_hangs(s);
        trials_on_end(s->base.manager->trials, VF0, -SIGKILL, "", 0, NULL);
}

static void drained(Scene *s) {
        const char *const uris[] = { "qemu+ssh://b/system", NULL };
        const DrainWish wish = { .destinations = uris };
        g_autoptr(GError) error = NULL;

        drain_begin(s->base.manager->drain, &wish, &error);
        g_assert_no_error(error);
}

static void group_in_use(Scene *s) {
        const Device *device = inventory_find(s->base.manager->inventory, VF0);
        g_autofree char *path = NULL;

        path = g_strdup_printf("sys/kernel/iommu_groups/%d/devices/" PF, device->iommu_group);
        fake_root_put(s->base.root, path, "", -1);
}

/* The table ----------------------------------------------------------------------------- */

#define DEVICE "hostdev 0 (" VF0 ")"
#define OTHER  "choose another host"

typedef struct Cause {
        const char *name;
        Asked asked;
        void (*before)(Scene *scene); /* scene_play() */
        void (*after)(Scene *scene);
        const char *config;
        FindingSeverity severity;
        const char *object, *reason, *way_out;
} Cause;

static const Cause causes[] = {
        { "no VFIO", ASKED_HOST, no_vfio, NULL, NULL, FINDING_ERROR, "kernel", "has no VFIO",
          ": 'modprobe vfio-pci', or boot a kernel with CONFIG_VFIO" },
        { "no IOMMU", ASKED_HOST, NULL, iommu_off, NULL, FINDING_WARNING, "kernel",
          "The IOMMU is off", ": switch it on in the firmware and, for Intel, boot with" },
        { "lockdown", ASKED_HOST, locked_down, NULL, NULL, FINDING_WARNING, "kernel",
          "locked down (none [integrity] confidentiality)", "; boot without lockdown=" },
        { "no iova bitmap", ASKED_HOST, no_iova_bitmap, NULL, NULL, FINDING_WARNING, VF0,
          "mlx5_vfio_pci offers DMA logging, but this kernel cannot report it",
          ": boot a kernel with CONFIG_IOMMUFD" },
        { "hook not installed", ASKED_HOST, hook_not_installed, NULL, NULL, FINDING_ERROR,
          HOOK_PATH, "The libvirt hook is not there", ": install virt-ferry with" },
        { "hook not executable", ASKED_HOST, hook_not_executable, NULL, NULL, FINDING_ERROR,
          HOOK_PATH, "The libvirt hook is not executable", ": 'chmod 755 " HOOK_PATH "'" },
        { "hook newer than libvirtd", ASKED_HOST, hook_newer_than_libvirtd, NULL, NULL,
          FINDING_WARNING, "libvirtd", "(process 812) has been running since before the hook",
          ": 'systemctl restart libvirtd'" },
        { "libvirt not connected", ASKED_HOST, libvirt_not_connected, NULL, NULL, FINDING_ERROR,
          "libvirt", "virtferryd has no connection to libvirt", ": start libvirtd or virtqemud" },
        { "libvirt too old", ASKED_HOST, libvirt_too_old, NULL, NULL, FINDING_ERROR, "libvirt",
          "libvirt 8.5.3 refuses to migrate", ": install 8.6.0 or newer" },
        { "QEMU too old", ASKED_HOST, qemu_too_old, NULL, NULL, FINDING_WARNING, "QEMU",
          "QEMU 7.2 does not move", ": install 8.1 or newer" },
        { "rules with an error", ASKED_HOST, rules_with_an_error, NULL, NULL, FINDING_WARNING,
          "rules", "/etc/virtferry/compat.d/x.conf:2: [Rule x] Drivers must not be empty",
          ": put it right, then 'systemctl restart virtferryd'" },
        { "a helper that hangs", ASKED_HOST, NULL, helper_hangs, NULL, FINDING_WARNING, VF0,
          "driver mlx5_vfio_pci hangs", "; load the driver anew, or boot the host" },
        { "drained", ASKED_HOST, NULL, drained, NULL, FINDING_WARNING, "drain",
          "is drained for maintenance", ": 'virt-ferry undrain'" },

        { "driver without migration", ASKED_SOURCE, driver_without_migration, NULL, NULL,
          FINDING_WARNING, DEVICE, "mlx5_vfio_pci saves no state",
          "'virt-ferry migrate' unplugs it for the move" },
        { "no state by a rule", ASKED_SOURCE, no_state_by_rule, NULL, NULL, FINDING_WARNING, DEVICE,
          "Its state cannot be saved, since its firmware keeps it",
          "'virt-ferry migrate' unplugs it for the move" },
        { "variant driver missing", ASKED_SOURCE, variant_missing, NULL, NULL, FINDING_WARNING,
          DEVICE, "vfio-pci saves no state", "or take a kernel that has a driver for it" },
        { "variant driver not bound", ASKED_SOURCE, variant_not_bound, NULL, NULL, FINDING_WARNING,
          DEVICE, "mlx5_vfio_pci is there for it",
          ": shut the guest down and start it with <driver model='mlx5_vfio_pci'/>" },
        { "kernel too old", ASKED_SOURCE, kernel_too_old_for_the_rule, NULL, NULL, FINDING_ERROR,
          DEVICE, "The kernel is too old for mlx5_vfio_pci", ": boot 6.13 or newer" },
        { "nobody can tell", ASKED_SOURCE, nobody_can_tell, NULL, NULL, FINDING_WARNING, DEVICE,
          "Nobody can tell whether mlx5_vfio_pci saves its state", ": a kernel of 6.8 or newer" },
        { "no iova bitmap", ASKED_SOURCE, no_iova_bitmap, NULL, NULL, FINDING_ERROR, DEVICE,
          "this kernel cannot report it", ": boot a kernel with CONFIG_IOMMUFD" },
        { "no DMA log", ASKED_SOURCE, no_dma_log, NULL, NULL, FINDING_ERROR, DEVICE,
          "mlx5_vfio_pci does not log what the device writes",
          ": set enable-migration to 'on' by <qemu:override>" },
        { "lockdown", ASKED_SOURCE, locked_down, NULL, NULL, FINDING_WARNING, "kernel",
          "locked down (none [integrity] confidentiality)", "; boot without lockdown=" },
        { "libvirt not connected", ASKED_SOURCE, libvirt_not_connected, NULL, NULL, FINDING_ERROR,
          "libvirt", "virtferryd has no connection to libvirt", ": start libvirtd or virtqemud" },
        { "libvirt too old", ASKED_SOURCE, libvirt_too_old, NULL, NULL, FINDING_ERROR, "libvirt",
          "libvirt 8.5.3 refuses to migrate", ": install 8.6.0 or newer" },
        { "libvirt too old for the rule", ASKED_SOURCE, libvirt_too_old_for_the_rule, NULL, NULL,
          FINDING_ERROR, "libvirt", "libvirt 10.0 does not move such devices",
          ": install 11.0 or newer" },
        { "QEMU too old", ASKED_SOURCE, qemu_too_old, NULL, NULL, FINDING_ERROR, "QEMU",
          "QEMU 7.2 does not move such devices",
          ": install 8.1 or newer and start the guest anew" },
        { "QEMU too old for several devices", ASKED_SOURCE, several_for_an_old_qemu, NULL, NULL,
          FINDING_ERROR, "QEMU", "QEMU 8.1 does not move a guest with several VFIO devices",
          ": install 8.2 or newer and start the guest anew" },
        { "several devices without P2P", ASKED_SOURCE, several_without_p2p, NULL, NULL,
          FINDING_ERROR, DEVICE, "cannot hold the device still for the others (P2P)",
          ": detach it or the others for the move" },
        { "a helper that has hung", ASKED_SOURCE, NULL, helper_has_hung, NULL, FINDING_WARNING,
          DEVICE, "mlx5_vfio_pci hung in a trial", ": shut the guest down and load the driver" },
        { "a guest with an IOMMU", ASKED_SOURCE, guest_with_an_iommu, NULL, NULL, FINDING_ERROR,
          "iommu", "The guest has an IOMMU of its own",
          ": take <iommu> out of the domain and start it anew" },
        { "migration off by the command line", ASKED_SOURCE, migration_off_for_all, NULL, NULL,
          FINDING_ERROR, DEVICE, "switches its migration off (enable-migration)",
          ": take that out and start the guest anew" },
        { "a guest that is shut off", ASKED_SOURCE, shut_off, NULL, NULL, FINDING_ERROR, "g1",
          "The guest is shut off", ": start it, or define it on the other host" },
        { "a device that nobody describes", ASKED_SOURCE, not_described, NULL, NULL,
          FINDING_WARNING, DEVICE, "The domain does not describe it", ": set Adopt=yes" },

        { "no device", ASKED_DESTINATION, no_device, NULL, NULL, FINDING_ERROR, "hostdev 0",
          "needs a VF 15b3:101e, and this host has no device with SR-IOV", ": " OTHER },
        { "no VFs made", ASKED_DESTINATION, no_vfs_made, NULL, NULL, FINDING_ERROR, "hostdev 0",
          "this host has made no VFs", ": write a number to sriov_numvfs of " PF },
        { "other ids", ASKED_DESTINATION, other_ids, NULL, NULL, FINDING_ERROR, "hostdev 0",
          "needs a VF 15b3:101e, and this host has only 15b3:101c",
          ": choose a host that has 15b3:101e" },
        { "other type", ASKED_DESTINATION, other_type, NULL, NULL, FINDING_ERROR, "hostdev 0",
          "needs an mdev of type mtty-4, and this host makes only mtty-1 and mtty-2",
          ": load or configure a parent that offers mtty-4" },
        { "no instance left", ASKED_DESTINATION, no_instance_left, NULL, NULL, FINDING_ERROR,
          "hostdev 0", "mtty has no instance left", ": remove one that no guest uses" },
        { "driver differs", ASKED_DESTINATION, variant_missing, NULL, NULL, FINDING_ERROR,
          "hostdev 0", "brings the state of driver mlx5_vfio_pci, and this host has vfio-pci",
          ": install mlx5_vfio_pci, or " OTHER },
        { "variant driver never bound", ASKED_DESTINATION, variant_never_bound, NULL, NULL,
          FINDING_ERROR, "hostdev 0", VF0 " tells only when its driver is bound",
          ": bind it to mlx5_vfio_pci once, or " OTHER },
        { "driver without migration", ASKED_DESTINATION, driver_without_migration, NULL, NULL,
          FINDING_ERROR, "hostdev 0", "driver mlx5_vfio_pci on this host has no migration support",
          ": choose a host whose driver has it" },
        { "driver older than a rule allows", ASKED_DESTINATION, older_driver, NULL, NULL,
          FINDING_ERROR, "hostdev 0", "the state of driver version 1.0, and this host has 0.9",
          ": choose a host with the same or a newer one, since an older driver reads no newer" },
        { "firmware differs", ASKED_DESTINATION, other_firmware, NULL, NULL, FINDING_ERROR,
          "hostdev 0", "firmware 28.41.1000 (MT_2), and this host has 28.43.1000 (MT_2)",
          ": choose a host with the same, since the image is made for one firmware" },
        { "revision differs", ASKED_DESTINATION, other_revision, NULL, NULL, FINDING_ERROR,
          "hostdev 0", "of revision 0x01, and this host has revision 0x02", ": " OTHER },
        { "pool exhausted", ASKED_DESTINATION, two_vfs, leased, "[Pool one]\nMax=1\n",
          FINDING_ERROR, "hostdev 0", "pool 'one' lets out 1 device at a time and db1 has it",
          ": raise Max in [Pool one] of virtferry.conf" },
        { "leased to another", ASKED_DESTINATION, NULL, leased, NULL, FINDING_ERROR, "hostdev 0",
          "the only one in pool 'default' is leased to db1",
          ": free one with 'virt-ferry leases'" },
        { "used by the host", ASKED_DESTINATION, used_by_the_host, NULL, NULL, FINDING_ERROR,
          "hostdev 0", "is used by the host (eth3v0 has 192.0.2.7)", ": take the host off it" },
        { "IOMMU group in use", ASKED_DESTINATION, NULL, group_in_use, NULL, FINDING_ERROR,
          "hostdev 0", "with " PF ", which is bound to mlx5_core", ": free the whole group" },
        { "held by a process", ASKED_DESTINATION, NULL, held_by_a_process, NULL, FINDING_ERROR,
          "hostdev 0", "is open in a process that has no lease", ": end what has it open" },
        { "being tried", ASKED_DESTINATION, NULL, being_tried, NULL, FINDING_ERROR, "hostdev 0",
          "being tried by 'virt-ferry probe'", ": try again in a minute" },
        { "no IOMMU", ASKED_DESTINATION, NULL, iommu_off, NULL, FINDING_ERROR, "kernel",
          "The IOMMU is off", ": switch it on in the firmware and, for Intel, boot with" },
        { "QEMU too old", ASKED_DESTINATION, qemu_too_old, NULL, NULL, FINDING_ERROR, "QEMU",
          "QEMU 7.2 does not move", ": install 8.1 or newer" },
        { "libvirt too old", ASKED_DESTINATION, libvirt_too_old, NULL, NULL, FINDING_ERROR,
          "libvirt", "libvirt 8.5.3 refuses to migrate", ": install 8.6.0 or newer" },
        { "hook not installed", ASKED_DESTINATION, hook_not_installed, NULL, NULL, FINDING_ERROR,
          HOOK_PATH, "The libvirt hook is not there", ": install virt-ferry with" },
        { "memory that is not there", ASKED_DESTINATION, much_memory, NULL, NULL, FINDING_ERROR,
          "memory", "has 1024 MiB of memory, and this host has 512 MiB available",
          ": free some, or " OTHER },
        { "memory that must be swapped for", ASKED_DESTINATION, memory_in_swap, NULL, NULL,
          FINDING_WARNING, "memory", "and this host has 512 MiB available", ": free some, or " },
        { "too few hugepages on the node", ASKED_DESTINATION, few_hugepages, NULL, NULL,
          FINDING_ERROR, "hugepages",
          "needs 512 hugepages of 2048 KiB on NUMA node 1, and 100 are free",
          ": write a larger number to nr_hugepages" },
        { "hugepages of another size", ASKED_DESTINATION, other_hugepages, NULL, NULL,
          FINDING_ERROR, "hugepages", "needs 1 hugepages of 1048576 KiB, and 0 are free",
          ", or " OTHER },
        { "no hugepages at all", ASKED_DESTINATION, no_hugepages, NULL, NULL, FINDING_ERROR,
          "hugepages", "this kernel has none", ": boot one with CONFIG_HUGETLBFS" },
        { "fewer CPUs", ASKED_DESTINATION, few_cpus, NULL, NULL, FINDING_WARNING, "cpus",
          "has 2 CPUs, and this host has 1 online", ": " OTHER },
        { "pinned to CPUs that are not there", ASKED_DESTINATION, pinned_to_absent_cpus, NULL, NULL,
          FINDING_ERROR, "cpus", "pins the guest to CPU 4-5, which this host does not have",
          ": change <cpuset> and <cputune>" },
        { "QEMU pinned to a CPU that is not there", ASKED_DESTINATION, kept_on_absent_cpus, NULL,
          NULL, FINDING_ERROR, "cpus", "CPU 7, which this host does not have online (it has 0-3)",
          ": change <cpuset> and <cputune>" },
        { "no room for its hardware slice", ASKED_DESTINATION, no_room_for_its_slice, NULL, NULL,
          FINDING_ERROR, "slice", "Hardware slice of guest g1: This host has 4 cores of the 5",
          "; ask for less, or choose another host" },
        { "a NUMA node that is not there", ASKED_DESTINATION, absent_nodes, NULL, NULL,
          FINDING_ERROR, "numa", "on NUMA node 3, which this host does not have (it has 0-1)",
          ": change <numatune>" },
        { "a device on another node than the memory", ASKED_DESTINATION, far_device, NULL, NULL,
          FINDING_WARNING, "hostdev 0", "get " VF0 " on NUMA node 1, and its memory is on node 0",
          ": free a device on that node" },
        { "kernel too old for the rule", ASKED_DESTINATION, kernel_too_old_there, NULL, NULL,
          FINDING_ERROR, "hostdev 0", "Kernel 6.12 is too old for mlx5_vfio_pci",
          ": boot 6.13 or newer" },
};

static const char *const checks[] = {
        [ASKED_HOST] = "host",
        [ASKED_SOURCE] = "source",
        [ASKED_DESTINATION] = "destination",
};
G_STATIC_ASSERT(G_N_ELEMENTS(checks) == _ASKED_MAX);

/* Nor is an old QEMU in the way of a device that is unplugged for the move. */
static void test_what_brings_no_state_needs_no_qemu(void) {
        g_autoptr(GPtrArray) findings = NULL;
        Scene scene = { 0 };

        scene_set_up(&scene, ASKED_DESTINATION, NULL);
        qemu_too_old(&scene);
        scene.seen = "class='sriov' vendor='0x15b3' device='0x101e' driver='mlx5_vfio_pci' vfio=''";
        scene_play(&scene);
        findings = scene_check(&scene);
        g_assert_cmpuint(findings->len, ==, 0);
        scene_tear_down(&scene);
}

/* Those that the other host has given it matter to nobody. */
static void test_a_slice_has_cpus_of_this_host(void) {
        g_autoptr(GPtrArray) findings = NULL;
        Scene scene = { 0 };

        scene_set_up(&scene, ASKED_DESTINATION, NULL);
        scene.demand = "<cputune><vcpupin vcpu='0' cpuset='9'/></cputune>";
        g_string_append(scene.entries, SLICE("2"));
        scene_play(&scene);
        findings = scene_check(&scene);
        g_assert_cmpuint(findings->len, ==, 0);
        scene_tear_down(&scene);
}

/* What is held against the host is what the guest would have here. */
static void test_a_device_far_from_the_slice_is_found(void) {
        g_autoptr(GPtrArray) findings = NULL;
        Scene scene = { 0 };

        scene_set_up(&scene, ASKED_DESTINATION, NULL);
        fake_root_put(scene.base.root, "sys/devices/system/node/node0/meminfo",
                      "Node 0 MemTotal: 4194304 kB\n", -1);
        scene.pf.numa_node = 1;
        g_string_append(scene.entries, "<ferry:slice version='1'><ferry:memory size='64' "
                                       "unit='MiB' node='0'/></ferry:slice>");
        scene_play(&scene);
        findings = scene_check(&scene);
        g_assert_cmpuint(findings->len, ==, 1);
        g_assert_nonnull(strstr(((Finding *)findings->pdata[0])->sentence,
                                "on NUMA node 1, and its memory is on node 0"));
        scene_tear_down(&scene);
}

static char *findings_text(const GPtrArray *findings) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < findings->len; i++) {
                const Finding *finding = findings->pdata[i];

                g_string_append_printf(text, "%s %s: %s\n",
                                       finding_severity_to_string(finding->severity),
                                       finding->object, finding->sentence);
        }
        return g_string_free(text, FALSE);
}

/* What a check touches is nothing. */
static GPtrArray *check_untouched(Scene *scene) {
        g_autofree char *tree = fake_root_dump(scene->base.root), *tree_after = NULL;
        g_autofree char *leases = leases_text(&scene->base), *leases_after = NULL;
        g_autofree char *writes = NULL;
        GPtrArray *findings;

        g_free(fake_root_take_writes(scene->base.root)); /* those that made the host */
        findings = scene_check(scene);

        writes = fake_root_take_writes(scene->base.root);
        g_assert_cmpstr(writes, ==, "");
        tree_after = fake_root_dump(scene->base.root);
        g_assert_cmpstr(tree_after, ==, tree);
        leases_after = leases_text(&scene->base);
        g_assert_cmpstr(leases_after, ==, leases);
        return findings;
}

static bool is_named(const Cause *cause, const GPtrArray *findings) {
        const Finding *finding = findings->len == 1 ? findings->pdata[0] : NULL;

        return finding && finding->severity == cause->severity &&
               g_str_equal(finding->object, cause->object) &&
               strstr(finding->sentence, cause->reason) &&
               strstr(finding->sentence, cause->way_out) && !strchr(finding->sentence, '\n');
}

/* Goes on, so that -k shows all rows that are red. */
static void expect_named(const Cause *cause, const GPtrArray *findings) {
        g_autofree char *text = NULL;

        if (is_named(cause, findings))
                return;

        text = findings_text(findings);
        g_test_message("%s", text);
        g_test_fail_printf("no one %s about '%s' with '%s' and '%s'",
                           finding_severity_to_string(cause->severity), cause->object,
                           cause->reason, cause->way_out);
}

static void test_cause(gconstpointer data) {
        g_autoptr(GPtrArray) findings = NULL;
        const Cause *cause = data;
        Scene scene = { 0 };

        scene_set_up(&scene, cause->asked, cause->config);
        if (cause->before)
                cause->before(&scene);
        scene_play(&scene);
        if (cause->after)
                cause->after(&scene);

        findings = check_untouched(&scene);
        expect_named(cause, findings);
        scene_tear_down(&scene);
}

/* Each row stands on this: its finding is of its cause. */
static void test_without_a_cause(gconstpointer data) {
        g_autoptr(GPtrArray) findings = NULL;
        g_autofree char *text = NULL;
        Scene scene = { 0 };

        scene_set_up(&scene, GPOINTER_TO_INT(data), NULL);
        scene_play(&scene);
        findings = check_untouched(&scene);
        text = findings_text(findings);
        g_assert_cmpstr(text, ==, "");
        scene_tear_down(&scene);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (int asked = 0; asked < _ASKED_MAX; asked++) {
                g_autofree char *path = NULL;

                path = g_strdup_printf("/causes/%s/without a cause nothing is found",
                                       checks[asked]);
                g_test_add_data_func(path, GINT_TO_POINTER(asked), test_without_a_cause);
        }
        g_test_add_func("/causes/destination/what brings no state needs no QEMU",
                        test_what_brings_no_state_needs_no_qemu);
        g_test_add_func("/causes/destination/a slice has CPUs of this host",
                        test_a_slice_has_cpus_of_this_host);
        g_test_add_func("/causes/destination/a device far from the slice is found",
                        test_a_device_far_from_the_slice_is_found);
        for (size_t i = 0; i < G_N_ELEMENTS(causes); i++) {
                g_autofree char *path = NULL;

                path = g_strdup_printf("/causes/%s/%s is named with the way out",
                                       checks[causes[i].asked], causes[i].name);
                g_test_add_data_func(path, &causes[i], test_cause);
        }
        return g_test_run();
}
