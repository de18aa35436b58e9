/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/host-check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/drain.h"
#include "daemon/facts/libvirt-process.h"

/* libvirt and QEMU ---------------------------------------------------------------- */

static void check_libvirt(GPtrArray *findings, const Manager *manager, const HostState *state,
                          const LibvirtProcess *process) {
        unsigned long version = state->libvirt_version;

        if (!manager->libvirt_known)
                findings_add(findings, FINDING_ERROR, "libvirt",
                             "virtferryd has no connection to libvirt, so it does not learn when "
                             "guests come and go: start %s, and see 'journalctl -u virtferryd' for "
                             "libvirt's answer",
                             process->name ?: "libvirtd or virtqemud");

        if (version > 0 && version < LIBVIRT_VERSION_MIN)
                findings_add(
                        findings, FINDING_ERROR, "libvirt",
                        "libvirt %lu.%lu.%lu refuses to migrate any guest with a passthrough "
                        "device: install 8.6.0 or newer, which asks QEMU whether the device can "
                        "migrate",
                        version / 1000000, version / 1000 % 1000, version % 1000);
}

/* What the rules ask where no driver has a word of its own. A guest that brings no state may come:
 * what is unplugged for the move. */
static void check_qemu(GPtrArray *findings, const Manager *manager, const HostState *state,
                       FindingSeverity severity) {
        g_autoptr(Fingerprint) any = fingerprint_new();
        const CompatRule *rule = compat_find(manager->config->compat, any);
        Version version = version_from_number(state->qemu_version);
        char have[VERSION_STRING_MAX], want[VERSION_STRING_MAX];

        if (state->qemu_version == 0 || version_compare(&version, &rule->qemu_min) >= 0)
                return;

        findings_add(findings, severity, "QEMU",
                     "QEMU %s does not move the state of devices, so only those move that are "
                     "unplugged for it: install %s or newer",
                     version_to_string(&version, have), version_to_string(&rule->qemu_min, want));
}

/* The hook ------------------------------------------------------------------------ */

static bool is_moving(const Manager *manager) {
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);

        for (guint i = 0; i < migrations->len; i++)
                if (!migration_state_is_final(((const Migration *)migrations->pdata[i])->state))
                        return true;
        return false;
}

/* libvirt looks once, when it starts, whether there are any hooks for QEMU. Only a hook that has
 * called since then proves that it knows. (libvirt: src/util/virhook.c, virHookInitialize) */
static void check_hook_is_known(GPtrArray *findings, const Manager *manager,
                                const struct stat *hook, const LibvirtProcess *process) {
        const struct timespec *changed = &hook->st_ctim;
        int64_t installed = (int64_t)changed->tv_sec * G_USEC_PER_SEC + changed->tv_nsec / 1000;

        if (process->started == 0 || process->started > installed)
                return;

        findings_add(findings, FINDING_WARNING, process->name,
                     "%s (process %s) has been running since before the hook was installed and has "
                     "not called it yet: 'systemctl restart %s' makes it look for hooks again, and "
                     "guests run on meanwhile",
                     process->name, process->pid, process->name);
        if (!is_moving(manager)) /* a move would end with it */
                findings_set_fix(findings, FIX_RESTART_LIBVIRT, process->name);
}

static bool has_copy_of_hook(const Manager *manager) {
        return faccessat(sysfs_root_fd(manager->sysfs), &HOOK_COPY[1], X_OK, 0) == 0;
}

/* The hook cannot be called as it is. */
static void tell_hook(GPtrArray *findings, const Manager *manager, const char *sentence) {
        findings_add(findings, FINDING_ERROR, HOOK_PATH, "%s", sentence);
        if (has_copy_of_hook(manager))
                findings_set_fix(findings, FIX_INSTALL_HOOK, "hook");
}

static void check_hook(GPtrArray *findings, const Manager *manager, const HostState *state,
                       const LibvirtProcess *process) {
        g_autofree char *missing = NULL;
        struct stat hook;

        if (fstatat(sysfs_root_fd(manager->sysfs), &HOOK_PATH[1], &hook, 0) < 0) {
                missing = g_strdup_printf(
                        "The libvirt hook is not there, so no guest can come with "
                        "its devices: install virt-ferry with --sysconfdir=/etc, "
                        "then restart %s",
                        process->name ?: "libvirtd or virtqemud");
                tell_hook(findings, manager, missing);
        } else if (!(hook.st_mode & S_IXUSR))
                tell_hook(findings, manager,
                          "The libvirt hook is not executable, so libvirt passes over it: 'chmod "
                          "755 " HOOK_PATH "'");
        else if (state->hook_heard < process->started || process->started == 0)
                check_hook_is_known(findings, manager, &hook, process);
}

/* The kernel ---------------------------------------------------------------------- */

/* dev/vfio/vfio is there before the module, which opening it loads. */
static void check_vfio(GPtrArray *findings, const Sysfs *sysfs) {
        if (sysfs_exists(sysfs, "dev/vfio/vfio") || sysfs_exists(sysfs, "sys/module/vfio"))
                return;

        findings_add(findings, FINDING_ERROR, "kernel",
                     "This kernel has no VFIO, so no device can be passed through: 'modprobe "
                     "vfio-pci', or boot a kernel with CONFIG_VFIO");
}

static void check_lockdown(GPtrArray *findings, const Sysfs *sysfs) {
        g_autofree char *text = NULL;

        if (sysfs_read_string(sysfs, "sys/kernel/security/lockdown", &text) < 0 ||
            strstr(text, "[none]"))
                return;

        findings_add(findings, FINDING_WARNING, "kernel",
                     "The kernel is locked down (%s) and does not show the state of devices that "
                     "guests hold: what they can do is known only if it was asked for while they "
                     "were free; boot without lockdown= or Secure Boot to see it",
                     text);
}

/* Its devices --------------------------------------------------------------------- */

static void check_devices(GPtrArray *findings, const Manager *manager) {
        g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->finding && g_hash_table_add(said, (void *)device->finding))
                        findings_add(findings, FINDING_WARNING, device->id, "%s", device->finding);
        }
}

static void tell_iommu(GPtrArray *findings, FindingSeverity severity) {
        findings_add(findings, severity, "kernel",
                     "The IOMMU is off, so VFs cannot be passed through: switch it on in the "
                     "firmware and, for Intel, boot with intel_iommu=on");
}

static void check_iommu(GPtrArray *findings, const Manager *manager) {
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->role == DEVICE_ROLE_FUNCTION &&
                    device->class->kind == DOMAIN_DEVICE_PCI && device->iommu_group < 0) {
                        tell_iommu(findings, FINDING_WARNING);
                        return;
                }
        }
}

/* The driver's own name may be another than that of its module, which its aliases have. */
static bool is_loaded(const Sysfs *sysfs, const char *driver) {
        g_autofree char *of_bus = g_strdup_printf("sys/bus/pci/drivers/%s", driver);
        g_autofree char *module = g_strdup_printf("sys/module/%s", driver);

        return sysfs_exists(sysfs, of_bus) || sysfs_exists(sysfs, g_strdelimit(module, "-", '_'));
}

/* What a guest would need, and the kernel has on its disk alone. Each driver is told once. */
static void check_drivers(GPtrArray *findings, const Manager *manager) {
        g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];
                const char *driver = device->fingerprint->driver;

                if (device->role != DEVICE_ROLE_FUNCTION || !driver ||
                    device->class->kind != DOMAIN_DEVICE_PCI || !driver_is_vfio(driver) ||
                    is_loaded(manager->sysfs, driver) || !g_hash_table_add(said, (void *)driver))
                        continue;

                findings_add(findings, FINDING_WARNING, device->id,
                             "Its driver %s is not loaded, so virt-ferry cannot give it to a guest "
                             "that comes: 'modprobe %s'",
                             driver, driver);
                findings_set_fix(findings, FIX_LOAD_DRIVER, driver);
        }
}

/* virtferryd ---------------------------------------------------------------------- */

/* The guest has ended, and nobody has told. */
static void check_leases(GPtrArray *findings, const Manager *manager) {
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; manager->libvirt_known && i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                if (lease->state != LEASE_RUNNING ||
                    g_hash_table_contains(manager->active, lease->domain_uuid))
                        continue;

                findings_add(findings, FINDING_WARNING, lease->device,
                             "It is leased to guest %s, which does not run here, so no other guest "
                             "can have it: 'virt-ferry check --fix' gives it back",
                             lease->domain_name);
                findings_set_fix(findings, FIX_RELEASE_LEASE, lease->id);
        }
}

static void check_rules(GPtrArray *findings, const Manager *manager) {
        const GPtrArray *problems = compat_problems(manager->config->compat);

        for (guint i = 0; i < problems->len; i++)
                findings_add(findings, FINDING_WARNING, "rules",
                             "A file of rules is passed over: %s: put it right, then 'systemctl "
                             "restart virtferryd'",
                             (const char *)problems->pdata[i]);
}

/* One that is on its way for the first time is no news yet. */
static void check_agents(GPtrArray *findings, const Manager *manager) {
        g_autoptr(GPtrArray) agents = agent_book_list(agents_book(manager->agents));

        for (guint i = 0; i < agents->len; i++) {
                const AgentEntry *agent = agents->pdata[i];

                if (agent->state == AGENT_AWAY)
                        findings_add(
                                findings, FINDING_WARNING, agent->name,
                                "Its agent %s is away, so of this offload device only what its "
                                "file says is shared out: %s: 'ssh %s' as root of this host "
                                "shows whether it can be reached",
                                agent->destination, agent->reason, agent->destination);
        }
}

static void check_drain(GPtrArray *findings, const Manager *manager) {
        g_autofree char *refusal = drain_refusal(manager->drain);

        if (refusal)
                findings_add(findings, FINDING_WARNING, "drain", "%s", refusal);
}

void host_check_passthrough(GPtrArray *findings, const Manager *manager, bool lacks_iommu) {
        check_vfio(findings, manager->sysfs);
        if (lacks_iommu)
                tell_iommu(findings, FINDING_ERROR);
}

void host_check_source(GPtrArray *findings, const Manager *manager, const HostState *state) {
        g_auto(LibvirtProcess) process = { 0 };

        (void)libvirt_process_find(manager->sysfs, &process);
        check_libvirt(findings, manager, state, &process);
        check_lockdown(findings, manager->sysfs);
}

void host_check_guest(GPtrArray *findings, const Manager *manager, const HostState *state,
                      const HostGuest *guest) {
        g_auto(LibvirtProcess) process = { 0 };

        (void)libvirt_process_find(manager->sysfs, &process);
        check_libvirt(findings, manager, state, &process);
        if (guest->brings_state)
                check_qemu(findings, manager, state, FINDING_ERROR);
        if (guest->lacks_iommu)
                tell_iommu(findings, FINDING_ERROR);
        if (guest->has_device) {
                check_hook(findings, manager, state, &process);
                check_vfio(findings, manager->sysfs);
                check_rules(findings, manager);
        }
}

GPtrArray *host_check(const Manager *manager, const HostState *state) {
        g_autoptr(GPtrArray) findings = findings_new();
        g_auto(LibvirtProcess) process = { 0 };

        (void)libvirt_process_find(manager->sysfs, &process);
        check_libvirt(findings, manager, state, &process);
        check_qemu(findings, manager, state, FINDING_WARNING);
        check_hook(findings, manager, state, &process);
        check_vfio(findings, manager->sysfs);
        check_lockdown(findings, manager->sysfs);
        check_devices(findings, manager);
        check_iommu(findings, manager);
        check_drivers(findings, manager);
        check_leases(findings, manager);
        check_rules(findings, manager);
        check_agents(findings, manager);
        check_drain(findings, manager);
        return g_steal_pointer(&findings);
}
